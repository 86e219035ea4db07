import os
from collections.abc import AsyncIterator, Callable
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from tests.support.descriptors import all_closed
from typing_extensions import override

from gatewright.backends.posix.opened import OpenedFile
from gatewright.domains.files import Entry
from gatewright.web.server.cold_files import is_cold


class CountedThreads(ThreadPoolExecutor):
    """Threads that count the calls that they get."""

    calls = 0

    @override
    def submit(
        self, fn: Callable[..., Any], /, *args: Any, **kwargs: Any
    ) -> Future[Any]:
        self.calls += 1
        return super().submit(fn, *args, **kwargs)


@pytest.fixture
async def threads() -> AsyncIterator[CountedThreads]:
    async with all_closed():
        with CountedThreads(1) as threads:
            yield threads


def opened(path: Path, threads: CountedThreads) -> OpenedFile:
    entry = Entry(b"file", 0o100644, 0, 0, 0, "ada", "ada", 1, 2)
    return OpenedFile(entry, os.open(path, os.O_RDONLY), threads)


async def test_a_short_read_from_memory_needs_no_thread(
    tmp_path: Path, threads: CountedThreads
) -> None:
    (tmp_path / "file").write_bytes(b"0123456789" * 10_000)
    file = opened(tmp_path / "file", threads)
    assert file.descriptor is not None
    # Where the disk's file system never says what is in memory, a thread reads.
    by_thread = is_cold(file.descriptor, 0, 5)
    assert await file.read(12, 5) == b"23456"
    assert threads.calls == by_thread
    file.close()


async def test_a_thread_reads_what_is_long_or_at_the_end(
    tmp_path: Path, threads: CountedThreads
) -> None:
    content = b"0123456789" * 10_000
    (tmp_path / "file").write_bytes(content)
    file = opened(tmp_path / "file", threads)
    assert await file.read(0, 100_000) == content
    assert await file.read(99_995, 100) == b"56789"
    assert await file.read(100_000, 100) == b""
    assert threads.calls == 3
    file.close()


async def test_a_thread_reads_from_a_file_system_that_may_wait(
    threads: CountedThreads,
) -> None:
    file = opened(Path("/proc/self/stat"), threads)
    assert (await file.read(0, 4)).startswith(str(os.getpid()).encode()[:4])
    assert threads.calls == 1
    file.close()
