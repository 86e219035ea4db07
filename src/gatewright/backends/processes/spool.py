"""The spool: a folder that is the queue, which survives everything but its disk.

::

    SPOOL/wake              a pipe; a byte in it says that there is something new
    SPOOL/requests/U.cancel what was asked for job U, until the leader has seen to it
    SPOOL/new/              jobs that are being written
    SPOOL/U/job.json        what to run (its folder appears whole, by a rename)
    SPOOL/U/script          the script, where there is one
    SPOOL/U/held            waits until it is released
    SPOOL/U/launched        a runner was sent for; then see ``runner.py``

All methods block for as long as the disk does, and are called in threads.
"""

import os
import re
import shutil
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec

from gatewright.backends.processes import runner
from gatewright.core.errors import BackendFailed, StorageFull
from gatewright.core.ids import new_id
from gatewright.domains.compute import (
    ENDED,
    JobState,
    JobStatus,
    NativeDependency,
    QueuedJob,
    Usage,
)

_SYNCS = 16
_STAGING_SECONDS = 3600.0
_FULL = {28, 122}  # ENOSPC, EDQUOT


class Entry(msgspec.Struct, frozen=True, kw_only=True):
    """``job.json``: a job as the runner and the leader read it."""

    uuid: str
    id: str
    user: str
    name: str = ""
    submitted_at: float
    executable: str | None
    arguments: Sequence[str]
    directory: str
    environment: Mapping[str, str]
    stdin_path: str
    stdout_path: str
    stderr_path: str
    duration: int | None
    memory: int | None
    cores: int
    grace_seconds: float
    wake_path: str
    dependencies: Sequence[NativeDependency]
    array: str
    array_limit: int | None
    hold: bool
    script: bytes | None = None
    """Kept in a file of its own."""

    @property
    def order(self) -> tuple[float, list[int]]:
        """Sorts jobs by their submission."""
        return self.submitted_at, [int(n) for n in re.findall(r"\d+", self.id)]


class Final(msgspec.Struct, frozen=True, kw_only=True):
    """``final.json``: how a job ended."""

    state: JobState
    native_state: str
    reason: str
    ended_at: float
    started_at: float | None = None
    exit_code: int | None = None
    signal: int | None = None
    wall_seconds: float = 0.0
    cpu_seconds: float = 0.0
    peak_memory_bytes: int = 0

    def status(self, uuid: str) -> JobStatus:
        """Return the same in the domain's words."""
        return JobStatus(
            native_id=uuid,
            state=self.state,
            native_state=self.native_state,
            reason=self.reason,
            exit_code=self.exit_code,
            signal=self.signal,
            started_at=self.started_at,
            ended_at=self.ended_at,
            usage=Usage(
                round(self.wall_seconds, 6),
                round(self.cpu_seconds, 6),
                self.peak_memory_bytes,
            ),
        )


@dataclass(frozen=True, slots=True)
class Running:
    """What is known of a job that was sent for."""

    started_at: float | None
    """When it started; None until its runner has said so."""
    boot_id: str
    """Boot of the machine on which it started."""


@contextmanager
def _disk() -> Iterator[None]:
    try:
        yield
    except OSError as error:
        if error.errno in _FULL:
            raise StorageFull("There is no room for more jobs.") from error
        raise BackendFailed("The queue of this machine cannot be written.") from error


class Spool:
    """Reads and writes the spool of one system."""

    def __init__(self, folder: Path) -> None:
        with _disk():
            self.folder = folder.absolute()
            self.requests_folder = self.folder / "requests"
            self._staging = self.folder / "new"
            for inner in (self.requests_folder, self._staging):
                inner.mkdir(mode=0o700, parents=True, exist_ok=True)
            self.wake_path = self.folder / "wake"
            with suppress(FileExistsError):
                os.mkfifo(self.wake_path, 0o600)

    def job_folder(self, uuid: str) -> Path:
        """Return the folder of a job."""
        return self.folder / uuid

    def add(self, entries: Iterable[Entry]) -> None:
        """Take jobs, durably; one that is there already is left as it is."""
        new = [e for e in entries if not self.job_folder(e.uuid).exists()]
        stage = self._staging / new_id()
        try:
            with _disk():
                stage.mkdir(mode=0o700)
                written = [_write(stage / entry.uuid, entry) for entry in new]
                sync_all([path for paths in written for path in paths])
                for entry in new:
                    self._show(stage, entry.uuid)
                runner.sync(self.folder)
        finally:
            shutil.rmtree(stage, ignore_errors=True)
        runner.poke(self.wake_path)

    def _show(self, stage: Path, uuid: str) -> None:
        try:
            (stage / uuid).rename(self.job_folder(uuid))
        except OSError:
            # The same submission has just been made again by another.
            if not (self.job_folder(uuid) / "job.json").exists():
                raise

    def clean(self) -> None:
        """Remove what was cut short while it was added, or let go of."""
        with _disk():
            old = time.time() - _STAGING_SECONDS
            for stage in self._staging.iterdir():
                with suppress(FileNotFoundError):
                    if stage.stat().st_mtime < old:
                        shutil.rmtree(stage, ignore_errors=True)

    def uuids(self) -> list[str]:
        """Return the names of all jobs."""
        kept = {"leader", "wake", "requests", "new"}
        with _disk():
            names = [path.name for path in self.folder.iterdir()]
        return [name for name in names if name not in kept]

    def entry(self, uuid: str) -> Entry | None:
        """Return a job, or None where its folder is not whole."""
        try:
            data = (self.job_folder(uuid) / "job.json").read_bytes()
            return msgspec.json.decode(data, type=Entry)
        except (OSError, msgspec.DecodeError):
            return None

    def queue(self) -> Sequence[QueuedJob]:
        """Return the jobs that wait or run, oldest first."""
        entries = [entry for uuid in self.uuids() if (entry := self.entry(uuid))]
        jobs = [
            QueuedJob(status, entry.user, entry.name, entry.cores, entry.submitted_at)
            for entry in sorted(entries, key=lambda entry: entry.order)
            if (status := self.status(entry.uuid)) is not None
        ]
        return [job for job in jobs if job.status.state not in ENDED]

    def remove(self, uuid: str) -> None:
        """Let go of a job."""
        away = self._staging / new_id()
        with suppress(OSError):
            self.job_folder(uuid).rename(away)
        shutil.rmtree(away, ignore_errors=True)

    def has(self, uuid: str, mark: str) -> bool:
        """Return whether a job carries a mark, such as ``held``."""
        return (self.job_folder(uuid) / mark).exists()

    def sent_for(self, uuid: str) -> bool:
        """Return whether a runner was sent for."""
        return self.has(uuid, "launched") or self.has(uuid, "started")

    def mark(self, uuid: str, mark: str) -> None:
        """Put a mark on a job; :meth:`settle` puts it on disk."""
        with _disk():
            (self.job_folder(uuid) / mark).touch(0o600)

    def unmark(self, uuid: str, mark: str) -> None:
        """Take a mark off a job; :meth:`settle` takes it off the disk."""
        with _disk():
            (self.job_folder(uuid) / mark).unlink(missing_ok=True)

    def settle(self, uuids: Iterable[str]) -> None:
        """Put on disk what was written of jobs."""
        folders = [self.job_folder(uuid) for uuid in uuids]
        finals = [folder / "final.json" for folder in folders]
        with _disk():
            sync_all([path for path in [*finals, *folders] if path.exists()])

    def ask(self, uuid: str, verb: str) -> None:
        """Leave a request for the leader."""
        with _disk():
            (self.requests_folder / f"{uuid}.{verb}").touch(0o600)

    def sent(self) -> None:
        """Make the requests durable and tell the leader."""
        with _disk():
            runner.sync(self.requests_folder)
        runner.poke(self.wake_path)

    def requests(self) -> list[tuple[str, str]]:
        """Return the job and the verb of each request, oldest first."""
        found = []
        with _disk(), os.scandir(self.requests_folder) as entries:
            for entry in entries:
                uuid, _, verb = entry.name.rpartition(".")
                with suppress(FileNotFoundError):
                    found.append((entry.stat().st_mtime_ns, uuid, verb))
        return [(uuid, verb) for _, uuid, verb in sorted(found)]

    def asked(self, uuid: str, verb: str) -> bool:
        """Return whether a request has not been seen to yet."""
        return (self.requests_folder / f"{uuid}.{verb}").exists()

    def answered(self, uuid: str, verb: str) -> None:
        """Take a request away."""
        (self.requests_folder / f"{uuid}.{verb}").unlink(missing_ok=True)

    def final(self, uuid: str) -> Final | None:
        """Return how a job ended, or None if it has not."""
        try:
            data = (self.job_folder(uuid) / "final.json").read_bytes()
        except FileNotFoundError:
            return None
        return msgspec.json.decode(data, type=Final)

    def running(self, uuid: str) -> Running:
        """Return what a job's runner has said of its start."""
        try:
            data = (self.job_folder(uuid) / "running.json").read_bytes()
        except FileNotFoundError:
            return Running(None, "")
        record = msgspec.json.decode(data)
        return Running(record["started_at"], record["boot_id"])

    def finish(self, uuid: str, final: Final) -> bool:
        """Write how a job ended that no runner watches; then :meth:`settle` it.

        Returns False if a runner lives, or has just written its own record.
        """
        held = runner.lock(self.job_folder(uuid) / "lock", 0.0)
        if held is None:
            return False
        try:
            path = self.job_folder(uuid) / "final.json"
            if path.exists():
                return False
            with _disk():
                new = path.with_suffix(".new")
                new.write_bytes(msgspec.json.encode(final))
                new.rename(path)
        finally:
            os.close(held)
        return True

    def watched(self, uuid: str) -> bool:
        """Return whether a runner lives and has the job."""
        held = runner.lock(self.job_folder(uuid) / "lock", 0.0)
        if held is None:
            return True
        os.close(held)
        return False

    def status(self, uuid: str) -> JobStatus | None:
        """Return what the spool alone says of a job, or None if it has none such."""
        final = self.final(uuid)
        if final is not None:
            return final.status(uuid)
        if not self.has(uuid, "job.json"):
            return None
        if self.sent_for(uuid):
            return started_status(uuid, self.running(uuid).started_at)
        return waiting_status(uuid, held=self.has(uuid, "held"), reason="")


def _write(folder: Path, entry: Entry) -> list[Path]:
    """Write a job's folder, and return what of it must be put on disk."""
    folder.mkdir(mode=0o700)
    if entry.script is not None:
        (folder / "script").write_bytes(entry.script)
    if entry.hold:
        (folder / "held").touch(0o600)
    fields: dict[str, Any] = msgspec.to_builtins(entry)
    (folder / "job.json").write_bytes(msgspec.json.encode({**fields, "script": None}))
    return [*folder.iterdir(), folder]


def sync_all(paths: Sequence[Path]) -> None:
    """Put files and folders on disk, many at once: the disk commits them together."""
    if len(paths) <= 3:
        for path in paths:
            runner.sync(path)
        return
    with ThreadPoolExecutor(_SYNCS) as threads:
        for _ in threads.map(runner.sync, paths):
            pass


def started_status(uuid: str, started_at: float | None) -> JobStatus:
    """Return the status of a job that was sent for."""
    if started_at is None:
        return JobStatus(uuid, JobState.QUEUED, "STARTING")
    return JobStatus(uuid, JobState.ACTIVE, "RUNNING", started_at=started_at)


def waiting_status(uuid: str, *, held: bool, reason: str) -> JobStatus:
    """Return the status of a job that waits."""
    if held:
        return JobStatus(
            uuid, JobState.HELD, "HELD", reason or "Held until it is released."
        )
    return JobStatus(uuid, JobState.QUEUED, "PENDING", reason)
