"""Output as it is written."""

import os
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from tests.domains.compute.conftest import ToldScheduler
from tests.support.app import caller

from gatewright.backends.sql.jobs import SqlJobTable
from gatewright.core.errors import Conflict, NotFound
from gatewright.core.events import EventHub
from gatewright.core.homes import one_home
from gatewright.domains.compute import (
    ComputeSystem,
    JobService,
    JobSpec,
    JobState,
    JobStatus,
    JobTokens,
    Stream,
    follow,
)

ADA = caller("ada")


class Output:
    """An open file of a folder."""

    size, modified_at, etag = 0, 0.0, '"0"'

    def __init__(self, descriptor: int) -> None:
        self.descriptor: int | None = descriptor

    async def read(self, offset: int, count: int) -> bytes:
        assert self.descriptor is not None
        return os.pread(self.descriptor, count, offset)

    def size_now(self) -> int | None:
        assert self.descriptor is not None
        return os.fstat(self.descriptor).st_size

    def close(self) -> None:
        assert self.descriptor is not None
        os.close(self.descriptor)
        self.descriptor = None


class Folder:
    """Output files in a folder."""

    async def open(self, system: str, user: str, path: str) -> Output:
        try:
            return Output(os.open(path, os.O_RDONLY))
        except OSError as error:
            raise NotFound("none") from error


@pytest.fixture
async def pieces(
    scheduler: ToldScheduler,
    table: SqlJobTable,
    events: EventHub,
    tokens: JobTokens,
    tmp_path: Path,
) -> AsyncIterator[bytes]:
    systems = {"local": (ComputeSystem("local", one_home(tmp_path)), scheduler)}
    jobs = JobService(systems, table, events, Folder(), tokens)
    await jobs.submit(ADA, "local", [JobSpec(executable="a", stdout_path="o")])
    return follow(jobs, ADA, "local", "1", Stream.OUTPUT)


async def end(scheduler: ToldScheduler, table: SqlJobTable) -> None:
    native = scheduler.submissions[0].uuid
    done = JobStatus(native, JobState.COMPLETED, "DONE", ended_at=3.0)
    assert await table.record("local", [done])


async def test_all_that_is_written_comes_and_then_the_end(
    pieces: AsyncIterator[bytes],
    scheduler: ToldScheduler,
    table: SqlJobTable,
    tmp_path: Path,
) -> None:
    assert await anext(pieces) == b""
    (tmp_path / "o").write_bytes(b"one")
    assert [await anext(pieces), await anext(pieces)] == [b"one", b""]
    with (tmp_path / "o").open("ab") as file:
        file.write(b"x" * 100_000)
    await end(scheduler, table)
    rest = [piece async for piece in pieces]
    assert b"".join(rest) == b"x" * 100_000
    assert len(rest) == 2


async def test_a_job_without_output_ends_empty(
    pieces: AsyncIterator[bytes], scheduler: ToldScheduler, table: SqlJobTable
) -> None:
    await end(scheduler, table)
    assert [piece async for piece in pieces] == []


async def test_a_file_that_shrinks_is_no_normal_end(
    pieces: AsyncIterator[bytes], tmp_path: Path
) -> None:
    (tmp_path / "o").write_bytes(b"one")
    assert await anext(pieces) == b"one"
    (tmp_path / "o").write_bytes(b"")
    with pytest.raises(Conflict):
        await anext(pieces)
