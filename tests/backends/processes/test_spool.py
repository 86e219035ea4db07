"""The queue on disk."""

import errno
import os
import time
from dataclasses import replace
from pathlib import Path

import pytest

from gatewright.backends.processes import runner
from gatewright.backends.processes.entries import entry_of, login_environment
from gatewright.backends.processes.spool import Entry, Final, Spool
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


@pytest.fixture
def spool(tmp_path: Path) -> Spool:
    return Spool(tmp_path / "spool")


def test_what_was_added_is_there_and_is_added_once(spool: Spool) -> None:
    spool.add([entry(), entry(uuid="u2")])
    assert sorted(spool.uuids()) == ["u1", "u2"]
    found = spool.entry("u1")
    assert found is not None
    assert found.environment["PATH"] == "/x"
    assert found.environment["HOME"] == "/h"
    assert (spool.job_folder("u1") / "script").read_text() == "echo ü"
    spool.add([entry(user="eve"), entry(uuid="u3")])
    again = spool.entry("u1")
    assert again is not None
    assert again.user == "ada"
    assert len(spool.uuids()) == 3


def test_two_who_add_the_same_at_once(
    spool: Spool, monkeypatch: pytest.MonkeyPatch
) -> None:
    sync = runner.sync

    def meanwhile(path: Path) -> None:
        monkeypatch.setattr(runner, "sync", sync)
        Spool(spool.folder).add([entry()])

    monkeypatch.setattr(runner, "sync", meanwhile)
    spool.add([entry()])
    assert spool.uuids() == ["u1"]
    assert list((spool.folder / "new").iterdir()) == []


def test_what_was_cut_short_is_cleaned_away(spool: Spool) -> None:
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

    monkeypatch.setattr(runner, "sync", fail)
    with pytest.raises(error):
        spool.add([entry(), entry(uuid="u2")])
    assert spool.uuids() == []
    assert list((spool.folder / "new").iterdir()) == []


def test_a_folder_that_is_not_whole_is_no_job(spool: Spool) -> None:
    spool.job_folder("u1").mkdir()
    assert spool.entry("u1") is None
    assert spool.status("u1") is None
    (spool.job_folder("u1") / "job.json").write_text("{")
    assert spool.entry("u1") is None


def test_an_end_is_written_once_and_not_under_a_runner(spool: Spool) -> None:
    spool.add([entry()])
    held = runner.lock(spool.job_folder("u1") / "lock", 0.0)
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
