"""Bodies that are written: blocks, room, failures and the uploads of a user."""

import asyncio
from collections.abc import AsyncIterator

import pytest
from tests.domains.files.memory import ADA, Memory, Writing, body
from tests.support.app import caller

from gatewright.core.errors import (
    GatewayError,
    InvalidRequest,
    StorageFull,
    TooLarge,
    TooManyRequests,
)
from gatewright.domains.files import (
    FileService,
)


async def test_a_body_is_written_in_large_blocks(
    files: FileService, memory: Memory
) -> None:
    blocks = [bytes([n]) * 65_536 for n in range(40)]
    stored = await files.put(ADA, "local", b"/a/b", body(blocks), length=40 * 65_536)
    assert stored.created
    assert b"".join(memory.writing.writes) == b"".join(blocks)
    assert [len(w) for w in memory.writing.writes] == [1 << 20, 1 << 20, 1 << 19]
    assert memory.writing.ended == "committed"
    assert memory.asked == [("begin", "ada", b"/a/b")]


async def test_an_empty_body(files: FileService, memory: Memory) -> None:
    await files.put(ADA, "local", b"/a", body([b""]))
    assert memory.writing.ended == "committed"
    memory.writing = Writing(0)
    await files.put(ADA, "local", b"/a", body([]), length=0)
    assert memory.asked[-1] == ("begin", "ada", b"/a")


@pytest.mark.parametrize(
    ("blocks", "length", "error"),
    [
        ([], (4 << 20) + 1, TooLarge),
        ([bytes(3 << 20), bytes(2 << 20)], None, TooLarge),
        ([b"x"], 2, InvalidRequest),
        ([b"xx"], 1, InvalidRequest),
    ],
)
async def test_bodies_that_leave_nothing(
    files: FileService,
    memory: Memory,
    blocks: list[bytes],
    length: int | None,
    error: type[GatewayError],
) -> None:
    with pytest.raises(error):
        await files.put(ADA, "local", b"/a", body(blocks), length=length)
    assert memory.writing.ended in {"", "aborted"}


async def test_no_room(files: FileService, memory: Memory) -> None:
    memory.writing.free = 10
    with pytest.raises(StorageFull):
        await files.put(ADA, "local", b"/a", body([b"x" * 11]), length=11)
    memory.writing = Writing(5)
    with pytest.raises(StorageFull):
        await files.put(ADA, "local", b"/a", body([b"x" * 11]))
    assert memory.writing.ended == "aborted"


async def test_a_body_that_fails_or_is_cancelled(
    files: FileService, memory: Memory
) -> None:
    begun = asyncio.Event()

    async def failing() -> AsyncIterator[bytes]:
        yield b"x"
        begun.set()
        await asyncio.sleep(60)

    task = asyncio.create_task(files.put(ADA, "local", b"/a", failing()))
    await begun.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert memory.writing.ended == "aborted"


async def test_each_user_has_so_many_uploads(
    files: FileService, memory: Memory
) -> None:
    go = asyncio.Event()

    async def slow() -> AsyncIterator[bytes]:
        yield b"x"
        await go.wait()

    begun = [
        asyncio.create_task(files.put(ADA, "local", b"/a", slow())) for _ in range(2)
    ]
    while len(memory.asked) < 2:
        await asyncio.sleep(0)
    with pytest.raises(TooManyRequests):
        await files.put(ADA, "local", b"/a", body([b"x"]))
    await files.put(caller("bob"), "local", b"/a", body([b"x"]))
    go.set()
    await asyncio.gather(*begun)
    await files.put(ADA, "local", b"/a", body([b"x"]))
