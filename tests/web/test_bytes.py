"""Answers from open files, over ASGI by hand."""

import asyncio
import os
import tracemalloc
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import pytest
from starlette.requests import Request
from starlette.responses import Response
from tests.support.descriptors import all_closed
from typing_extensions import override

from gatewright.core.errors import PreconditionFailed, RangeNotSatisfiable
from gatewright.web.bytes import (
    EXTENSION,
    BodyCutShort,
    DescriptorFile,
    DescriptorResponse,
    file_response,
)
from gatewright.web.ranges import Span

CONTENT = bytes(range(256)) * 8192  # 2 MiB


@pytest.fixture
def path(tmp_path: Path) -> Path:
    (tmp_path / "file").write_bytes(CONTENT)
    return tmp_path / "file"


@pytest.fixture(autouse=True)
async def nothing_left_open() -> AsyncIterator[None]:
    """Fail, by name, for each descriptor that an answer has left open.

    A read that was under way when its answer ended has a descriptor of its own, which
    its thread closes; so those threads are waited for.
    """
    async with all_closed():
        yield
        await asyncio.get_running_loop().shutdown_default_executor()


def opened(path: Path) -> DescriptorFile:
    return DescriptorFile(os.open(path, os.O_RDONLY))


def request(method: str = "GET", **headers: str) -> Request:
    fields = [
        (name.replace("_", "-").encode(), value.encode())
        for name, value in headers.items()
    ]
    return Request({"type": "http", "method": method, "headers": fields})


def answer(path: Path, asked: Request, size: int | None = None) -> Response:
    return file_response(
        asked,
        opened(path),
        path.stat().st_size if size is None else size,
        media_type="application/octet-stream",
        etag='"tag"',
        modified_at=1_000_000_000.0,
        headers={"X-More": "yes"},
    )


class Client:
    """What is on the other side of a response."""

    def __init__(self, *, zero_copy: bool = False, method: str = "GET") -> None:
        self.extensions: dict[str, object] = {EXTENSION: {}} if zero_copy else {}
        self.method = method
        self.messages: list[Any] = []
        self.body = b""
        self.gone = asyncio.Event()
        self.on_send: Callable[[], None] = lambda: None

    async def receive(self) -> Any:
        await self.gone.wait()
        return {"type": "http.disconnect"}

    async def send(self, message: Any) -> None:
        self.messages.append(message)
        if message["type"] == EXTENSION:
            self.body += os.pread(message["file"], message["count"], message["offset"])
        else:
            self.body += message.get("body", b"")
        self.on_send()
        await asyncio.sleep(0)

    async def get(self, response: Response) -> "Client":
        scope = {
            "type": "http",
            "method": self.method,
            "extensions": self.extensions,
            "headers": [],
        }
        await response(scope, self.receive, self.send)
        return self

    @property
    def status(self) -> int:
        return int(self.messages[0]["status"])

    @property
    def headers(self) -> dict[str, str]:
        fields = self.messages[0]["headers"]
        return {name.decode(): value.decode() for name, value in fields}

    @property
    def complete(self) -> bool:
        return not self.messages[-1].get("more_body", False)


@pytest.mark.parametrize("zero_copy", [False, True])
class TestBothWays:
    async def test_whole(self, path: Path, zero_copy: bool) -> None:
        client = await Client(zero_copy=zero_copy).get(answer(path, request()))
        assert client.status == 200
        assert client.body == CONTENT
        assert client.complete
        assert client.headers["content-length"] == str(len(CONTENT))
        assert client.headers["etag"] == '"tag"'
        assert client.headers["accept-ranges"] == "bytes"
        assert client.headers["last-modified"] == "Sun, 09 Sep 2001 01:46:40 GMT"
        assert client.headers["x-more"] == "yes"
        kinds = {message["type"] for message in client.messages[1:]}
        assert kinds == ({EXTENSION} if zero_copy else {"http.response.body"})

    async def test_one_range(self, path: Path, zero_copy: bool) -> None:
        asked = request(range="bytes=100000-1999999")
        client = await Client(zero_copy=zero_copy).get(answer(path, asked))
        assert client.status == 206
        assert client.body == CONTENT[100_000:2_000_000]
        total = len(CONTENT)
        assert client.headers["content-range"] == f"bytes 100000-1999999/{total}"
        assert client.headers["content-length"] == "1900000"
        assert client.complete

    async def test_several_ranges(self, path: Path, zero_copy: bool) -> None:
        asked = request(range="bytes=0-99999,1000000-1099999,-5")
        client = await Client(zero_copy=zero_copy).get(answer(path, asked))
        assert client.status == 206
        assert client.headers["content-type"].startswith("multipart/byteranges; ")
        assert client.headers["content-length"] == str(len(client.body))
        assert CONTENT[:100_000] in client.body
        assert client.body.count(b"Content-Range: bytes ") == 3
        assert client.complete

    async def test_head(self, path: Path, zero_copy: bool) -> None:
        client = Client(zero_copy=zero_copy, method="HEAD")
        await client.get(answer(path, request("HEAD", range="bytes=0-1")))
        assert (client.status, client.body) == (200, b"")
        assert client.headers["content-length"] == str(len(CONTENT))

    async def test_an_empty_file(self, path: Path, zero_copy: bool) -> None:
        path.write_bytes(b"")
        client = await Client(zero_copy=zero_copy).get(answer(path, request()))
        assert (client.status, client.body) == (200, b"")
        assert client.headers["content-length"] == "0"
        assert client.complete

    async def test_a_client_that_goes_stops_the_sending(
        self, path: Path, zero_copy: bool
    ) -> None:
        client = Client(zero_copy=zero_copy)

        def go_at_the_body() -> None:
            if len(client.messages) == 2:
                client.gone.set()

        client.on_send = go_at_the_body
        pieces = [piece for _ in range(50) for piece in (b"x", Span(0, 1 << 20))]
        await client.get(DescriptorResponse(opened(path), pieces))
        assert len(client.messages) < 20
        assert not client.complete


async def test_a_file_that_shrinks_ends_no_answer(path: Path) -> None:
    client = Client()
    response = answer(path, request())
    os.truncate(path, 1_500_000)
    with pytest.raises(BodyCutShort):
        await client.get(response)
    assert not client.complete
    assert CONTENT.startswith(client.body)


async def test_a_file_that_grows_is_sent_as_it_was(path: Path) -> None:
    response = answer(path, request())
    with path.open("ab") as file:
        file.write(b"more")
    assert (await Client().get(response)).body == CONTENT


async def test_a_disk_that_fails_ends_no_answer(path: Path) -> None:
    class Failing(DescriptorFile):
        @override
        async def read(self, offset: int, count: int) -> bytes:
            raise OSError(5, "disk")

    file = Failing(os.open(path, os.O_RDONLY))
    with pytest.raises(BodyCutShort):
        await Client().get(DescriptorResponse(file, [Span(0, 10)]))


async def test_conditions(path: Path) -> None:
    asked = request(if_none_match='"tag"')
    client = await Client().get(answer(path, asked))
    assert (client.status, client.body) == (304, b"")
    asked = request(if_modified_since="Sun, 09 Sep 2001 01:46:40 GMT")
    assert (await Client().get(answer(path, asked))).status == 304
    with pytest.raises(PreconditionFailed):
        answer(path, request(if_match='"other"'))
    with pytest.raises(RangeNotSatisfiable):
        answer(path, request(range="bytes=9999999-"))


async def test_if_range(path: Path) -> None:
    asked = request(range="bytes=0-0", if_range='"tag"')
    assert (await Client().get(answer(path, asked))).status == 206
    asked = request(range="bytes=0-0", if_range='"other"')
    assert (await Client().get(answer(path, asked))).status == 200


async def test_a_cancelled_answer_is_closed(path: Path) -> None:
    client = Client()
    stuck = asyncio.Event()

    async def send(message: Any) -> None:
        stuck.set()
        await asyncio.sleep(60)

    client.send = send  # type: ignore[method-assign]
    task = asyncio.create_task(client.get(answer(path, request())))
    await stuck.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task


async def test_a_request_body_is_not_taken_for_the_end(path: Path) -> None:
    client = Client()
    told = iter([{"type": "http.request", "body": b"", "more_body": False}])

    async def receive() -> Any:
        message = next(told, None)
        if message is None:
            await asyncio.sleep(60)
        return message

    client.receive = receive  # type: ignore[method-assign]
    assert (await client.get(answer(path, request()))).body == CONTENT


async def test_ten_gigabytes_in_ranges_take_no_memory(tmp_path: Path) -> None:
    path = tmp_path / "sparse"
    size = 10 << 30
    with path.open("wb") as file:
        file.truncate(size)
        for place, mark in ((0, b"first"), (size // 2, b"middle"), (size - 4, b"last")):
            file.seek(place)
            file.write(mark)
    for field, expected in (
        ("bytes=0-1048575", b"first"),
        (f"bytes={size // 2}-{size // 2 + 1048575}", b"middle"),
        ("bytes=-4", b"last"),
    ):
        client = await Client().get(answer(path, request(range=field)))
        assert client.status == 206
        assert client.body.startswith(expected)
    counted = 0

    class Counting(Client):
        @override
        async def send(self, message: Any) -> None:
            nonlocal counted
            counted += len(message.get("body", b""))
            self.messages[:] = [message]

    asked = request(range=f"bytes={size - (256 << 20)}-")
    tracemalloc.start()  # what is held, and not what the C library keeps of it
    try:
        await Counting().get(answer(path, asked))
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert counted == 256 << 20
    assert peak < 16 << 20


@pytest.mark.parametrize("zero_copy", [False, True])
class TestFilesThatChange:
    """A file that is overwritten while it is sent ends the answer before its end."""

    @pytest.fixture
    def large(self, tmp_path: Path) -> Path:
        path = tmp_path / "large"
        with path.open("wb") as file:
            file.truncate(100 << 20)
        return path

    async def get(
        self, path: Path, after: int, asked: Request, *, zero_copy: bool
    ) -> tuple[int, Client]:
        changed = False
        received = 0

        class Counting(Client):
            @override
            async def send(self, message: Any) -> None:
                nonlocal received, changed
                received += message.get("count", len(message.get("body", b"")))
                changed = changed or received >= after
                self.messages.append(message)

        client = Counting(zero_copy=zero_copy)
        response = file_response(
            asked,
            opened(path),
            path.stat().st_size,
            media_type="application/octet-stream",
            holds=lambda: not changed,
        )
        try:
            await client.get(response)
        except BodyCutShort:
            assert changed
        return received, client

    @pytest.mark.parametrize("after", [1, 50 << 20, (100 << 20) - (3 << 20)])
    async def test_it_is_cut_short(
        self, large: Path, after: int, zero_copy: bool
    ) -> None:
        received, client = await self.get(large, after, request(), zero_copy=zero_copy)
        assert received < 100 << 20
        assert not client.complete

    async def test_a_range_of_it_too(self, large: Path, zero_copy: bool) -> None:
        asked = request(range="bytes=1000-90000000,-5")
        received, client = await self.get(large, 1, asked, zero_copy=zero_copy)
        assert received < 90_000_000
        assert not client.complete

    async def test_one_that_nobody_changes_is_whole(
        self, large: Path, zero_copy: bool
    ) -> None:
        received, client = await self.get(
            large, 200 << 20, request(), zero_copy=zero_copy
        )
        assert received == 100 << 20
        assert client.complete
        from_kernel = [m["count"] for m in client.messages if m["type"] == EXTENSION]
        assert sum(from_kernel) == (92 << 20 if zero_copy else 0)


class InMemory:
    """A file that was read before its answer begins."""

    descriptor = None
    closed = False

    async def read(self, offset: int, count: int) -> bytes:
        return CONTENT[offset : offset + count]

    def close(self) -> None:
        self.closed = True


async def test_bytes_in_memory_are_sent_without_a_look_for_the_client() -> None:
    client, file = Client(), InMemory()

    async def receive() -> Any:
        raise AssertionError("Nothing is asked of the client.")

    client.receive = receive  # type: ignore[method-assign]
    await client.get(DescriptorResponse(file, [Span(5, 10), b"and", Span(0, 2)]))
    assert client.body == CONTENT[5:15] + b"and" + CONTENT[:2]
    assert client.complete
    assert file.closed
