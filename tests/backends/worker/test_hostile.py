"""A worker that is its user's tool against the gateway."""

import asyncio
import json
import os
import socket
from collections.abc import AsyncIterator, Callable, Coroutine
from pathlib import Path

import pytest
from tests.support.descriptors import all_closed
from tests.support.workers import acting

from gatewright.backends.posix import PosixFileSystem
from gatewright.backends.worker import OneWorker, Worker, WorkerCommands, open_worker
from gatewright.backends.worker.descriptors import is_plain_file
from gatewright.backends.worker.program.frames import HEADER, PROTOCOL, Assembler, pack
from gatewright.backends.worker.program.sockets import receive, rights
from gatewright.core.errors import BackendFailed, TimedOut, Unavailable
from gatewright.domains.files import Command

HELLO = {"protocol": PROTOCOL, "pid": 1}
ROW = ["name", 0o100644, 7, 0, 0, "ada", "ada", 1, 1, 1, None]
Trick = Callable[[socket.socket, int], None]


def worker_that(trick: Trick, hello: bytes = pack(HELLO)) -> Worker:
    """Return a worker that greets and answers its first request by a trick."""

    def target(sock: socket.socket) -> None:
        try:
            sock.sendall(hello)
            frames = Assembler()
            while (frame := frames.take()) is None:
                data, descriptors = receive(sock)
                if not data:
                    return
                frames.feed(data, descriptors)
            if frame[1] is not None:
                os.close(frame[1])
            trick(sock, json.loads(frame[0])["id"])
            while sock.recv(4096):
                pass
        except OSError:
            return

    return Worker(acting(target))


def sends(*data: bytes) -> Trick:
    def trick(sock: socket.socket, number: int) -> None:
        for block in data:
            sock.sendall(block)

    return trick


def passes(*descriptors: int, body: object = ROW, count: int | None = None) -> Trick:
    def trick(sock: socket.socket, number: int) -> None:
        told = len(descriptors) if count is None else count
        frame = pack({"id": number, "ok": body}, min(told, 1))
        socket.send_fds(sock, [frame], list(descriptors))

    return trick


@pytest.fixture
async def closes_all() -> AsyncIterator[None]:
    async with all_closed():
        yield


async def check_refused(
    trick: Trick, operation: str = "stat", error: type[Exception] = Unavailable
) -> None:
    worker = worker_that(trick)
    try:
        asking: Coroutine[None, None, object]
        if operation == "open":
            files = PosixFileSystem(OneWorker(worker), b"/")
            asking = files.open("ada", b"/x")
        else:
            asking = worker.call("stat", {}, list[object], seconds=60)
        with pytest.raises(error):
            await asking
        assert worker._connection is not None
        assert worker._connection.ended
    finally:
        await worker.close()


@pytest.mark.usefixtures("closes_all")
@pytest.mark.parametrize(
    "data",
    [
        pack({"id": 999, "ok": None}),
        pack({"id": -1}),
        pack({"id": "1"}),
        pack({"ok": 1}),
        pack([]),
        pack("x"),
        HEADER.pack((1 << 20) + 1, 0),
        HEADER.pack(1 << 31, 0),
        HEADER.pack(2, 7) + b"{}",
        HEADER.pack(2, 1) + b"{}",
        HEADER.pack(1, 0) + b"\xff",
        HEADER.pack(4, 0) + b"nope",
        HEADER.pack(200_000, 0) + b"[" * 200_000,
        HEADER.pack(4, 0) + b'"\xed\xa0"',
        b"GET / HTTP/1.1\r\n\r\n" * 100,
        pack({"id": 10**30}),
        pack(HELLO),
    ],
)
async def test_garbage_ends_the_worker(data: bytes) -> None:
    await check_refused(sends(data))


@pytest.mark.usefixtures("closes_all")
async def test_deep_json_within_an_answer_is_refused() -> None:
    def trick(sock: socket.socket, number: int) -> None:
        body = b'{"id":%d,"ok":%s%s}' % (number, b"[" * 300_000, b"]" * 300_000)
        sock.sendall(HEADER.pack(len(body), 0) + body)

    worker = worker_that(trick)
    try:
        with pytest.raises((Unavailable, BackendFailed)):
            await worker.call("stat", {}, list[object])
    finally:
        await worker.close()


@pytest.mark.usefixtures("closes_all")
@pytest.mark.parametrize(
    "hello",
    [
        b"",
        pack({"protocol": 1, "pid": 1}),
        pack({"protocol": "2", "pid": 1}),
        pack([1]),
        b"\0" * 100,
        pack(HELLO, 1),
    ],
)
async def test_a_wrong_greeting(hello: bytes) -> None:
    def target(sock: socket.socket) -> None:
        sock.sendall(hello)
        sock.shutdown(socket.SHUT_WR)

    async with open_worker(acting(target)) as worker:
        with pytest.raises(Unavailable):
            await worker.call("stat", {}, list[object])


async def test_no_greeting_at_all() -> None:
    async with open_worker(acting(lambda sock: sock.recv(1))) as worker:  # type: ignore[arg-type]
        with pytest.raises(TimedOut):
            await worker.call("stat", {}, list[object], seconds=0.2)
        with pytest.raises(TimedOut):
            await worker.call("stat", {}, list[object], seconds=0.2)


@pytest.fixture
async def odd(tmp_path: Path) -> AsyncIterator[dict[str, int]]:
    (tmp_path / "file").write_text("content")
    os.mkfifo(tmp_path / "pipe")
    ours, theirs = socket.socketpair()
    opened = {
        "folder": os.open(tmp_path, os.O_RDONLY),
        "pipe": os.open(tmp_path / "pipe", os.O_RDWR | os.O_NONBLOCK),
        "device": os.open("/dev/zero", os.O_RDONLY),
        "path": os.open(tmp_path / "file", os.O_PATH),
        "writable": os.open(tmp_path / "file", os.O_RDWR),
        "write-only": os.open(tmp_path / "file", os.O_WRONLY),
        "direct": os.open(tmp_path / "file", os.O_RDONLY | os.O_DIRECT),
        "socket": os.dup(ours.fileno()),
        "event": os.eventfd(0),
        "good": os.open(tmp_path / "file", os.O_RDONLY),
    }
    ours.close()
    theirs.close()
    yield opened
    for descriptor in opened.values():
        os.close(descriptor)


ODD = (
    "folder",
    "pipe",
    "device",
    "path",
    "writable",
    "write-only",
    "direct",
    "socket",
    "event",
)


@pytest.mark.parametrize("kind", ODD)
async def test_only_plain_files_are_taken(odd: dict[str, int], kind: str) -> None:
    assert not is_plain_file(odd[kind], os.O_RDONLY)
    async with all_closed():
        await check_refused(passes(odd[kind]), "open")


async def test_a_plain_file_is_taken(odd: dict[str, int]) -> None:
    worker = worker_that(passes(odd["good"]))
    opened = await PosixFileSystem(OneWorker(worker), b"/").open("ada", b"/x")
    assert await opened.read(0, 100) == b"content"
    opened.close()
    await worker.close()


async def test_what_is_no_descriptor_has_no_type() -> None:
    assert is_plain_file(0, 99) is False
    with pytest.raises(OSError, match=r"."):
        is_plain_file(99_999, os.O_RDONLY)


@pytest.mark.parametrize("count", [2, 3, 50])
async def test_several_descriptors(odd: dict[str, int], count: int) -> None:
    async with all_closed():
        await check_refused(passes(*[odd["good"]] * count), "open")


async def test_a_descriptor_that_nobody_asked_for(odd: dict[str, int]) -> None:
    async with all_closed():
        await check_refused(passes(odd["good"]))


async def test_descriptors_without_end(odd: dict[str, int]) -> None:
    def trick(sock: socket.socket, number: int) -> None:
        for _ in range(2000):
            sock.sendmsg([b"\0"], rights(odd["good"]))

    async with all_closed():
        await check_refused(trick, "open")


@pytest.mark.parametrize(
    "row",
    [
        [*ROW[:2], -1, *ROW[3:]],
        [*ROW[:2], 1 << 63, *ROW[3:]],
        ["\u0100", *ROW[1:]],
        ROW[:5],
        [*ROW, 1],
        {},
        None,
        [None] * 10,
    ],
)
async def test_rows_that_cannot_be(odd: dict[str, int], row: object) -> None:
    worker = worker_that(passes(odd["good"], body=row))
    async with all_closed():
        with pytest.raises(BackendFailed):
            await PosixFileSystem(OneWorker(worker), b"/").open("ada", b"/x")
        await worker.close()


@pytest.mark.parametrize(
    "sizes", [(-1, 0), (0, -1), (1 << 40, 0), (0, 101), (1.5, 0), ("1", 0)]
)
async def test_more_output_than_was_allowed(sizes: tuple[object, object]) -> None:
    descriptor = os.memfd_create("output")
    body = {
        "exit_code": 0,
        "stdout": sizes[0],
        "stderr": sizes[1],
        "stdout_truncated": False,
        "stderr_truncated": False,
        "timed_out": False,
    }
    worker = worker_that(passes(descriptor, body=body))
    command = Command((b"x",), b"/", output_bytes=100)
    async with all_closed():
        with pytest.raises(BackendFailed):
            await WorkerCommands(OneWorker(worker), b"/").run("ada", command)
        await worker.close()
    os.close(descriptor)


async def test_no_descriptor_where_one_must_be() -> None:
    body = {
        "exit_code": 0,
        "stdout": 0,
        "stderr": 0,
        "stdout_truncated": False,
        "stderr_truncated": False,
        "timed_out": False,
    }
    worker = worker_that(passes(body=body))
    with pytest.raises(BackendFailed):
        await WorkerCommands(OneWorker(worker), b"/").run("ada", Command((b"x",), b"/"))
    await worker.close()
    worker = worker_that(passes(body={"token": "x"}))
    with pytest.raises(BackendFailed):
        await PosixFileSystem(OneWorker(worker), b"/").begin("ada", b"/x")
    await worker.close()


async def test_longer_lists_than_asked_for() -> None:
    body = {"rows": [ROW] * 11, "next": None}
    worker = worker_that(passes(body=body))
    with pytest.raises(BackendFailed):
        await PosixFileSystem(OneWorker(worker), b"/").list(
            "ada", b"/", after=b"", limit=10
        )
    await worker.close()


async def test_late_answers_are_dropped(odd: dict[str, int]) -> None:
    begun, go = asyncio.Event(), asyncio.Event()
    loop = asyncio.get_running_loop()

    def target(sock: socket.socket) -> None:
        sock.sendall(pack(HELLO))
        frames = Assembler()
        first: int | None = None
        while True:
            data, _ = receive(sock)
            if not data:
                return
            frames.feed(data)
            while (frame := frames.take()) is not None:
                message = json.loads(frame[0])
                if first is None:
                    first = message["id"]
                    loop.call_soon_threadsafe(begun.set)
                    continue
                if message["op"] == "cancel":
                    continue
                sock.sendmsg([pack({"id": first, "ok": ROW}, 1)], rights(odd["good"]))
                sock.sendall(pack({"id": message["id"], "ok": ROW}))
                loop.call_soon_threadsafe(go.set)
                first = -1

    async with open_worker(acting(target)) as worker:
        files = PosixFileSystem(OneWorker(worker), b"/")
        slow = asyncio.create_task(files.open("ada", b"/x"))
        await begun.wait()
        async with all_closed():
            slow.cancel()
            with pytest.raises(asyncio.CancelledError):
                await slow
            assert await worker.call("stat", {}, list[object]) == ROW
            await go.wait()


async def test_what_a_worker_writes_reaches_nobody_as_it_is() -> None:
    def trick(sock: socket.socket, number: int) -> None:
        sock.sendall(pack({"id": number, "errno": 99999, "text": "<b>\n\x1b[31m"}))

    worker = worker_that(trick)
    with pytest.raises(BackendFailed) as caught:
        await worker.call("stat", {}, list[object])
    assert "<b>" not in caught.value.text
    await worker.close()
