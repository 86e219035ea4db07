"""What is damaged or out of reach in the queue costs that job alone, and says so."""

import errno
import os
from pathlib import Path

import pytest
from tests.support.go import WAIT_FOR_GO

from gatewright.backends.processes import ProcessScheduler, Settings
from gatewright.backends.processes.spool import Spool
from gatewright.core.errors import BackendFailed
from gatewright.domains.compute import JobSpec, JobState
from gatewright.testing.followed import USER, Followed, lives


@pytest.fixture
def settings() -> Settings:
    return Settings(watch=0.1)


@pytest.fixture
def followed(scheduler: ProcessScheduler, directory: Path) -> Followed:
    return Followed(scheduler, directory)


@pytest.mark.parametrize("content", [b"", b"{", b'{"id": "old"}', bytes(99)])
@pytest.mark.parametrize("name", ["job.json", "final.json"])
async def test_a_damaged_record_ends_its_job_as_lost_and_no_other(
    tmp_path: Path, followed: Followed, name: str, content: bytes
) -> None:
    bad, good = await followed.submit("true"), await followed.submit("true")
    (tmp_path / "spool" / bad / name).write_bytes(content)
    followed.scheduler._spool._briefs.clear()  # type: ignore[attr-defined]  # a restart
    async with followed.following():
        status = await followed.until_ended(bad)
        assert (status.state, status.native_state) == (JobState.FAILED, "LOST")
        assert name in status.reason
        await followed.until_true(
            lambda: JobState.FAILED in followed.told(bad), "the end was not told of"
        )
        assert (await followed.until_ended(good)).state is JobState.COMPLETED
        await followed.until_ended(await followed.submit("true"))


@pytest.mark.parametrize("name", ["running.json", "final.json"])
async def test_a_job_that_spoils_its_own_records_ends_as_it_does(
    followed: Followed, name: str
) -> None:
    async with followed.following():
        native_id = await followed.submit(
            f': > "$(dirname "$0")/{name}"\necho spoiled > told\n{WAIT_FOR_GO}exit 3'
        )
        await followed.until_file("told")
        other = await followed.submit("true")
        assert (await followed.until_ended(other)).state is JobState.COMPLETED
        (followed.directory / "go").touch()
        status = await followed.until_ended(native_id)
        assert (status.state, status.exit_code) == (JobState.FAILED, 3)


async def test_a_start_that_a_power_cut_left_empty_ends_as_lost(
    tmp_path: Path, followed: Followed
) -> None:
    async with followed.following():
        native_id = await followed.submit("echo $$ $PPID > pids; sleep 300")
        job, runner = (await followed.until_file("pids")).split()
        await followed.until_state(native_id, JobState.ACTIVE)
    for process in (runner, job):
        os.kill(int(process), 9)
    (tmp_path / "spool" / native_id / "running.json").write_bytes(b"")
    async with followed.following():
        status = await followed.until_ended(native_id)
        assert (status.native_state, "killed" in status.reason) == ("LOST", True)
        assert status.started_at is not None
        assert not lives(int(job))
        other = await followed.submit("true")
        assert (await followed.until_ended(other)).state is JobState.COMPLETED


async def test_what_does_not_belong_into_the_queue_is_passed_over(
    tmp_path: Path, followed: Followed
) -> None:
    spool = tmp_path / "spool"
    (spool / "lost+found").mkdir()
    (spool / "README").touch()
    (spool / "requests" / "folder.cancel").mkdir()
    (spool / "requests" / "noverb").touch()
    (spool / "requests" / "absent.hold").touch()
    (spool / "new" / "file").touch()
    async with followed.following():
        status = await followed.until_ended(await followed.submit("true"))
        held = await followed.submit(JobSpec(executable="true", hold=True))
        await followed.scheduler.cancel(USER, [held])
        assert (await followed.until_ended(held)).state is JobState.CANCELED
    assert status.state is JobState.COMPLETED
    assert sorted(path.name for path in (spool / "requests").iterdir()) == [
        "folder.cancel",
        "noverb",
    ]


@pytest.mark.parametrize(
    ("method", "error"),
    [
        ("mark", BackendFailed("no")),
        ("finish", BackendFailed("no")),
        ("settle", OSError(errno.EIO, "no")),
        ("sent_for", OSError(errno.EIO, "no")),
    ],
)
async def test_an_error_of_the_disk_at_one_job_is_not_the_others(
    followed: Followed,
    monkeypatch: pytest.MonkeyPatch,
    method: str,
    error: Exception,
) -> None:
    bad = await followed.submit(JobSpec(executable="true", hold=method == "finish"))
    real = getattr(Spool, method)

    def failing(self: Spool, uuid: object, *more: object) -> object:
        if uuid == bad or (isinstance(uuid, set | list) and bad in uuid):
            raise error
        return real(self, uuid, *more)

    monkeypatch.setattr(Spool, method, failing)
    async with followed.following():
        good = await followed.submit("true")
        assert (await followed.until_ended(good)).state is JobState.COMPLETED
        held = await followed.submit(JobSpec(executable="true", hold=True))
        await followed.scheduler.cancel(USER, [bad, held])
        assert (await followed.until_ended(held)).state is JobState.CANCELED
        if method == "mark":
            await followed.until_true(
                lambda: JobState.FAILED in followed.told(bad), "it was not told of"
            )
        elif method == "finish":
            await followed.until_true(
                lambda: JobState.CANCELED in followed.told(bad), "it was not told of"
            )
