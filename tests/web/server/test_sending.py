"""How a file is sent, step by step, between two sockets in this process."""

import asyncio
import os
import socket
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from tests.support.descriptors import all_closed
from typing_extensions import override

from gatewright.web.server import zero_copy
from gatewright.web.server.cold_files import ColdFiles, is_cold, mount_of
from gatewright.web.server.zero_copy import (
    TruncatedFileError,
    ZeroCopy,
    span,
)


class Sending(asyncio.Protocol):
    """The sender's side, as the server's connection is."""

    transport: asyncio.Transport

    def __init__(self) -> None:
        self.gone = False
        self.callback: Callable[[], None] | None = None
        self.writable = asyncio.Event()
        self.writable.set()

    @override
    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self.transport = transport

    @override
    def connection_lost(self, exc: Exception | None) -> None:
        self.gone = True
        if self.callback is not None:
            self.callback()

    @override
    def pause_writing(self) -> None:
        self.writable.clear()

    @override
    def resume_writing(self) -> None:
        self.writable.set()

    def is_gone(self) -> bool:
        return self.gone or self.transport.is_closing()

    def on_gone(self, callback: Callable[[], None] | None) -> None:
        self.callback = callback

    async def drain(self) -> None:
        await self.writable.wait()


@asynccontextmanager
async def pair() -> AsyncIterator[tuple[Sending, socket.socket]]:
    ours, theirs = socket.socketpair()
    loop = asyncio.get_running_loop()
    _, protocol = await loop.create_connection(Sending, sock=ours)
    theirs.setblocking(False)
    try:
        yield protocol, theirs
    finally:
        theirs.close()
        protocol.transport.abort()


async def received(theirs: socket.socket, size: int) -> bytes:
    loop, parts = asyncio.get_running_loop(), bytearray()
    while len(parts) < size:
        part = await loop.sock_recv(theirs, 65_536)
        assert part
        parts += part
        await asyncio.sleep(0)
    return bytes(parts)


@pytest.fixture(params=["warm", "cold"])
def cold(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    """Let files be taken as in memory, or as not."""
    is_cold = request.param == "cold"
    monkeypatch.setattr(zero_copy, "is_cold", lambda *_: is_cold)
    return str(request.param)


@pytest.fixture
def content(tmp_path: Path) -> tuple[int, bytes]:
    data = os.urandom(6_000_001)
    path = tmp_path / "file"
    path.write_bytes(data)
    return os.open(path, os.O_RDONLY), data


@pytest.mark.usefixtures("cold")
async def test_all_bytes_come_behind_what_was_written(
    content: tuple[int, bytes],
) -> None:
    file, data = content
    threads = ColdFiles()
    async with pair() as (protocol, theirs):
        head = b"h" * 2_000_000
        protocol.transport.write(head)
        sending = asyncio.create_task(
            ZeroCopy(protocol, threads).send(file, 1, 6_000_000)
        )
        assert await received(theirs, 8_000_000) == head + data[1:]
        await sending
    threads.close()
    os.close(file)


@pytest.mark.usefixtures("cold")
async def test_a_client_that_goes_ends_the_sending(content: tuple[int, bytes]) -> None:
    file, _ = content
    async with pair() as (protocol, theirs):
        sending = asyncio.create_task(
            ZeroCopy(protocol, ColdFiles()).send(file, 0, 6_000_001)
        )
        await received(theirs, 1000)
        theirs.close()
        await asyncio.wait_for(sending, 60)
        assert protocol.is_gone()
    os.close(file)


async def test_a_client_that_has_gone_is_sent_nothing(
    content: tuple[int, bytes],
) -> None:
    file, _ = content
    async with pair() as (protocol, theirs):
        protocol.transport.abort()
        await ZeroCopy(protocol, ColdFiles()).send(file, 0, 10)
        loop = asyncio.get_running_loop()
        assert await loop.sock_recv(theirs, 1) == b""
    os.close(file)


@pytest.mark.usefixtures("cold")
async def test_a_file_that_is_too_short_is_an_error(content: tuple[int, bytes]) -> None:
    file, data = content
    async with pair() as (protocol, theirs):
        sending = asyncio.create_task(
            ZeroCopy(protocol, ColdFiles()).send(file, 0, len(data) + 1)
        )
        await received(theirs, len(data))
        with pytest.raises(TruncatedFileError):
            await sending
    os.close(file)


@pytest.mark.usefixtures("cold")
async def test_what_cannot_be_read_is_an_error_and_a_cut(tmp_path: Path) -> None:
    folder = os.open(tmp_path, os.O_RDONLY)
    async with pair() as (protocol, _):
        with pytest.raises(OSError, match=r"Invalid|Is a directory"):
            await ZeroCopy(protocol, ColdFiles()).send(folder, 0, 10)
        assert protocol.is_gone()
    os.close(folder)


async def test_a_sending_that_is_cancelled_leaves_no_descriptor(
    content: tuple[int, bytes],
) -> None:
    file, _ = content
    async with pair() as (protocol, theirs), all_closed():
        sending = asyncio.create_task(
            ZeroCopy(protocol, ColdFiles()).send(file, 0, 6_000_001)
        )
        await received(theirs, 1000)
        sending.cancel()
        with pytest.raises(asyncio.CancelledError):
            await sending
    os.close(file)


def test_a_pipe_counts_as_cold() -> None:
    read, write = os.pipe()
    assert is_cold(read, 0, 10)
    os.close(read)
    os.close(write)


def test_a_message_names_a_span_of_a_file(tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_bytes(b"0123456789")
    with path.open("rb") as file:
        assert span({"file": file, "offset": 2, "count": 3}) == (file.fileno(), 2, 3)
        assert span({"file": file.fileno(), "offset": 4})[1:] == (4, 6)
        file.seek(7)
        assert span({"file": file})[1:] == (7, 3)
        assert span({"file": file, "offset": 99})[1:] == (99, 0)


def test_the_mount_of_a_file_is_found_without_asking_its_file_system(
    tmp_path: Path,
) -> None:
    (tmp_path / "file").touch()
    with (tmp_path / "file").open("rb") as file:
        own = mount_of(file.fileno())
    with Path("/proc/self/stat").open("rb") as other:
        assert mount_of(other.fileno()) not in {"", own}
    assert mount_of(1_000_000) == ""


async def test_a_window_that_leaves_memory_is_sent_by_a_thread(
    content: tuple[int, bytes], monkeypatch: pytest.MonkeyPatch
) -> None:
    file, data = content
    asked: list[int] = []

    def second_is_cold(_: int, offset: int, __: int) -> bool:
        asked.append(offset)
        return offset == zero_copy.WINDOW_BYTES

    monkeypatch.setattr(zero_copy, "is_cold", second_is_cold)
    async with pair() as (protocol, theirs):
        sending = asyncio.create_task(
            ZeroCopy(protocol, ColdFiles()).send(file, 0, len(data))
        )
        assert await received(theirs, len(data)) == data
        await sending
    assert zero_copy.WINDOW_BYTES in asked
    os.close(file)
