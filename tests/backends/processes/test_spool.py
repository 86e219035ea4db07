"""The queue on disk."""

import errno
import os
import shutil
import time
from dataclasses import replace
from pathlib import Path

import msgspec
import pytest

from gatewright.backends.processes.entries import entry_of, login_environment
from gatewright.backends.processes.program import disk
from gatewright.backends.processes.records import Damaged, Entry, Final
from gatewright.backends.processes.spool import Spool
from gatewright.core.errors import BackendFailed, StorageFull
from gatewright.domains.compute import JobSpec, JobState, Submission

SUBMISSION = Submission(
    uuid="u1",
    id="7",
    system="local",
    user="ada",
    name="n",
    spec=JobSpec(script="echo ü", environment={"PATH": "/x"}),
    directory="/tmp",
    stdout_path="/tmp/o",
    stderr_path="/tmp/e",
    submitted_at=1.0,
)


def entry(**changes: object) -> Entry:
    made = replace(SUBMISSION, **changes)  # type: ignore[arg-type]  # fields by name
    return entry_of(made, {"PATH": "/bin", "HOME": "/h"}, "/wake", 5.0)


def final(state: JobState = JobState.FAILED) -> Final:
    return Final(state=state, native_state="X", reason="r", ended_at=2.0)


def written(spool: Spool, uuid: str) -> Entry:
    data = (spool.job_folder(uuid) / "job.json").read_bytes()
    return msgspec.json.decode(data, type=Entry)


@pytest.fixture
def spool(tmp_path: Path) -> Spool:
    return Spool(tmp_path / "spool")


def test_what_was_added_is_there_and_is_added_once(spool: Spool) -> None:
    spool.add([entry(), entry(uuid="u2")])
    assert sorted(spool.uuids()) == ["u1", "u2"]
    found = written(spool, "u1")
    assert found.environment["PATH"] == "/x"
    assert found.environment["HOME"] == "/h"
    assert (spool.job_folder("u1") / "script").read_text() == "echo ü"
    spool.add([entry(user="eve"), entry(uuid="u3")])
    assert written(spool, "u1").user == "ada"
    brief = spool.brief("u1")
    assert brief is not None
    assert (brief.user, brief.name) == ("ada", "n")
    assert len(spool.uuids()) == 3


def test_two_who_add_the_same_at_once(
    spool: Spool, monkeypatch: pytest.MonkeyPatch
) -> None:
    sync = disk.sync

    def meanwhile(path: Path) -> None:
        monkeypatch.setattr(disk, "sync", sync)
        Spool(spool.folder).add([entry()])

    monkeypatch.setattr(disk, "sync", meanwhile)
    spool.add([entry()])
    assert spool.uuids() == ["u1"]
    assert list((spool.folder / "new").iterdir()) == []


def test_old_incomplete_job_folders_are_removed(spool: Spool) -> None:
    for name, age in (("old", 7200), ("young", 60)):
        (spool.folder / "new" / name).mkdir()
        then = time.time() - age
        os.utime(spool.folder / "new" / name, (then, then))
    spool.clean()
    assert [p.name for p in (spool.folder / "new").iterdir()] == ["young"]


def test_a_name_that_is_taken_by_something_else(spool: Spool) -> None:
    spool.job_folder("u1").mkdir()
    (spool.job_folder("u1") / "other").touch()
    with pytest.raises(BackendFailed):
        spool.add([entry(uuid="u2"), entry(uuid="no/such/folder")])
    assert spool.uuids() == ["u1"]


@pytest.mark.parametrize(
    ("number", "error"),
    [
        (errno.ENOSPC, StorageFull),
        (errno.EDQUOT, StorageFull),
        (errno.EIO, BackendFailed),
    ],
)
def test_a_full_disk_takes_nothing(
    spool: Spool,
    monkeypatch: pytest.MonkeyPatch,
    number: int,
    error: type[Exception],
) -> None:
    def fail(path: Path) -> None:
        raise OSError(number, "no")

    monkeypatch.setattr(disk, "sync", fail)
    with pytest.raises(error):
        spool.add([entry(), entry(uuid="u2")])
    assert spool.uuids() == []
    assert list((spool.folder / "new").iterdir()) == []


def test_what_is_no_job_is_none(spool: Spool) -> None:
    spool.job_folder("lost+found").mkdir()
    (spool.folder / "README").touch()
    for name in ("lost+found", "README", "absent"):
        assert spool.brief(name) is None
        assert spool.status(name) is None
    assert spool.queue() == []


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "job.json is empty"),
        (bytes(64), "job.json is empty"),
        (b"{", "job.json cannot be read"),
        (b'{"uuid": "u1"}', "job.json cannot be read"),
        (b"[" * 100_000, "job.json cannot be read"),
        (b"\xff", "job.json cannot be read"),
        (None, "job.json is gone"),
    ],
)
def test_a_job_whose_record_is_damaged_is_lost_and_says_why(
    spool: Spool, content: bytes | None, words: str
) -> None:
    spool.add([entry(), entry(uuid="u2")])
    spool.mark("u1", "launched")
    path = spool.job_folder("u1") / "job.json"
    if content is None:
        path.unlink()
    else:
        path.write_bytes(content)
    with pytest.raises(Damaged, match=words):
        spool.brief("u1")
    status = spool.status("u1")
    assert status is not None
    assert (status.state, status.native_state) == (JobState.FAILED, "LOST")
    assert words in status.reason
    assert [job.status.native_id for job in spool.queue()] == ["u2"]


def test_a_record_of_another_job_is_damaged(spool: Spool) -> None:
    spool.add([entry()])
    shutil.copytree(spool.job_folder("u1"), spool.job_folder("copy"))
    with pytest.raises(Damaged, match="another job"):
        spool.brief("copy")


def test_a_record_that_is_a_folder_or_cannot_be_reached(spool: Spool) -> None:
    spool.add([entry()])
    (spool.job_folder("u1") / "final.json").mkdir()
    with pytest.raises(Damaged, match=r"final\.json cannot be read"):
        spool.final("u1")
    passing = OSError(errno.EMFILE, "no descriptors")
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(Path, "read_bytes", lambda _: raise_(passing))
        with pytest.raises(OSError, match="no descriptors"):
            spool.brief("u1")


def test_a_start_that_cannot_be_read_was_when_the_job_was_claimed(
    spool: Spool,
) -> None:
    spool.add([entry()])
    assert spool.running("u1").started_at is None
    folder = spool.job_folder("u1")
    (folder / "running.json").touch()
    assert spool.running("u1").started_at is None
    (folder / "started").touch()
    os.utime(folder / "started", (5.0, 5.0))
    assert spool.running("u1").started_at == 5.0


def test_a_damaged_end_is_written_anew_unless_a_runner_lives(spool: Spool) -> None:
    spool.add([entry()])
    path = spool.job_folder("u1") / "final.json"
    path.touch()
    held = disk.lock(spool.job_folder("u1") / "lock", 0.0)
    assert held is not None
    spool.mark("u1", "started")
    status = spool.status("u1")
    assert status is not None
    assert status.state is JobState.QUEUED  # its runner will write the end
    os.close(held)
    assert spool.finish("u1", final())
    assert spool.final("u1") == final()


def raise_(error: Exception) -> None:
    raise error


def test_what_comes_while_the_folder_is_settling_is_seen(spool: Spool) -> None:
    spool.add([entry()])
    then = time.time() - 100
    os.utime(spool.folder, (then, then))
    assert spool.uuids() == ["u1"]
    spool.add([entry(uuid="u2")])
    assert sorted(spool.uuids()) == ["u1", "u2"]
    spool.brief("u1")
    spool.remove("u2")
    spool.job_folder("u1").rename(spool.folder.parent / "away")
    assert spool.uuids() == []


def test_an_end_is_written_once_and_not_under_a_runner(spool: Spool) -> None:
    spool.add([entry()])
    held = disk.lock(spool.job_folder("u1") / "lock", 0.0)
    assert held is not None
    assert spool.watched("u1")
    assert not spool.finish("u1", final())
    os.close(held)
    assert not spool.watched("u1")
    assert spool.finish("u1", final())
    assert not spool.finish("u1", final(JobState.COMPLETED))
    spool.settle(["u1"])
    status = spool.status("u1")
    assert status is not None
    assert (status.state, status.reason) == (JobState.FAILED, "r")
    spool.remove("u1")
    assert spool.status("u1") is None
    spool.remove("u1")


def test_requests_come_in_their_order(spool: Spool) -> None:
    for number, (uuid, verb) in enumerate((("b", "hold"), ("a", "cancel"))):
        spool.ask(uuid, verb)
        then = time.time() - 100 + 10 * number  # apart on any file system
        os.utime(spool.requests_folder / f"{uuid}.{verb}", (then, then))
    spool.sent()
    assert spool.requests() == [("b", "hold"), ("a", "cancel")]
    assert spool.asked("a", "cancel")
    spool.answered("a", "cancel")
    assert not spool.asked("a", "cancel")


def test_jobs_sort_by_submission_and_number() -> None:
    ids = ["10_2", "9", "10_10", "10_1"]
    ordered = sorted((entry(id=one) for one in ids), key=lambda e: e.order)
    assert [e.id for e in ordered] == ["9", "10_1", "10_2", "10_10"]


def test_the_gateways_secrets_are_not_in_a_job() -> None:
    own = {"PATH": "/p", "LC_ALL": "C", "GATEWRIGHT_SECRET": "x", "PGPASSWORD": "y"}
    login = login_environment(own)
    assert login["PATH"] == "/p"
    assert login["LC_ALL"] == "C"
    assert {"HOME", "USER", "LOGNAME", "SHELL"} <= login.keys()
    assert not {"GATEWRIGHT_SECRET", "PGPASSWORD"} & login.keys()
    spec = JobSpec(executable="a", inherit_environment=False, environment={"A": "b"})
    bare = entry_of(replace(SUBMISSION, spec=spec), login, "/wake", 5.0).environment
    assert {n for n in bare if not n.startswith("GATEWRIGHT_")} == {"A"}
