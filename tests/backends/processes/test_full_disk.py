"""On a full disk jobs wait for room, and go on as soon as there is some."""

import asyncio
import os
import time
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
from tests.backends.processes.support import scheduler_on
from tests.support.go import WAIT_FOR_GO
from tests.support.needs import missing

from gatewright.backends.processes import ProcessScheduler
from gatewright.core.errors import StorageFull
from gatewright.domains.compute import JobState
from gatewright.testing.followed import Followed


@pytest.fixture
def small(tmp_path: Path) -> Iterator[Path]:
    """Yield a folder on a file system of one mebibyte."""
    folder = tmp_path / "small"
    folder.mkdir()
    if os.system(f"mount -t tmpfs -o size=1m none {folder} 2>/dev/null"):
        missing("the right to mount a small tmpfs")
    yield folder
    os.system(f"umount -l {folder}")


@pytest.fixture
async def followed(small: Path, tmp_path: Path) -> AsyncIterator[Followed]:
    scheduler: ProcessScheduler = scheduler_on(small)
    (tmp_path / "home").mkdir()
    yield Followed(scheduler, tmp_path / "home")
    await scheduler.close()


def fill(folder: Path) -> Path:
    """Take all the room of a file system; return the file that has it."""
    path = folder / "fill"
    with path.open("wb", buffering=0) as file:
        try:
            while True:
                file.write(bytes(4096))
        except OSError:
            return path


async def test_the_end_of_a_job_waits_for_room(followed: Followed, small: Path) -> None:
    async with followed.following():
        native_id = await followed.submit(
            f"echo up > up\n{WAIT_FOR_GO}echo out; exit 4"
        )
        await followed.until_file("up")
        await followed.until_state(native_id, JobState.ACTIVE)
        filled = fill(small)
        (followed.directory / "go").touch()
        output = followed.directory / "1.out"
        await followed.until_true(lambda: output.read_text() == "out\n", "no output")
        await asyncio.sleep(0.5)
        assert (await followed.status(native_id)).state is JobState.ACTIVE
        filled.unlink()
        status = await followed.until_ended(native_id)
    assert (status.state, status.exit_code) == (JobState.FAILED, 4)


async def test_a_job_that_starts_on_a_full_disk_is_not_lost(
    followed: Followed, small: Path
) -> None:
    native_id = await followed.submit("echo ran >> ran; exit 5")
    filled = fill(small)
    async with followed.following():
        await followed.until_file("ran")
        await asyncio.sleep(0.5)
        assert (await followed.status(native_id)).ended_at is None
        filled.unlink()
        status = await followed.until_ended(native_id)
        assert (status.state, status.exit_code) == (JobState.FAILED, 5)
        assert status.started_at is not None
    assert (followed.directory / "ran").read_text() == "ran\n"


async def test_a_job_that_fills_the_disk_is_reported_when_there_is_room(
    followed: Followed, small: Path
) -> None:
    async with followed.following():
        native_id = await followed.submit(
            f"dd if=/dev/zero of={small}/own bs=4096 2> dd.err\n"
            f"echo filled > filled\n{WAIT_FOR_GO}rm {small}/own; exit 6"
        )
        await followed.until_file("filled")
        assert "No space left" in (followed.directory / "dd.err").read_text()
        (followed.directory / "go").touch()
        status = await followed.until_ended(native_id)
    assert (status.state, status.exit_code) == (JobState.FAILED, 6)


async def test_a_submission_is_refused_while_there_is_no_room(
    followed: Followed, small: Path
) -> None:
    async with followed.following():
        filled = fill(small)
        with pytest.raises(StorageFull, match="no room for more jobs"):
            await followed.submit("true")
        filled.unlink()
        began = time.time()
        status = await followed.until_ended(await followed.submit("true"))
    assert status.state is JobState.COMPLETED
    assert (status.started_at or 0.0) >= began - 1.0
