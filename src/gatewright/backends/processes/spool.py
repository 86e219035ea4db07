"""The spool: a folder that holds the queue, and survives crashes of everything else.

::

    SPOOL/wake              a named pipe; a byte in it signals that something is new
    SPOOL/requests/U.cancel a request for job U, until the leader has handled it
    SPOOL/new/              jobs that are being written
    SPOOL/hosts/            named pipes of the processes that start runners
    SPOOL/U/job.json        what to run (the folder appears complete, by a rename)
    SPOOL/U/script          the script, if there is one
    SPOOL/U/held            exists while the job is held
    SPOOL/U/launched        a runner was started; see ``program/runner.py``

All methods may block on the disk, and are called in threads.
"""

import os
import shutil
import time
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from pathlib import Path

import msgspec

from gatewright.backends.processes.program import disk
from gatewright.backends.processes.records import (
    Brief,
    Damaged,
    Entry,
    Final,
    Running,
    RunningRecord,
    lost,
    read_record,
    started_status,
    waiting_status,
)
from gatewright.core.errors import BackendFailed, StorageFull
from gatewright.core.ids import new_id
from gatewright.domains.compute import ENDED, JobStatus, QueuedJob

_SYNCS = 16
_STAGING_SECONDS = 3600.0
_SETTLED_NS = 2_000_000_000
_OWN = frozenset({"wake", "requests", "new", "hosts", "leader"})
_MARKS = ("lock", "launched", "started", "final.json")


@contextmanager
def _disk() -> Iterator[None]:
    try:
        yield
    except OSError as error:
        if error.errno in disk.NO_ROOM:
            raise StorageFull("There is no room for more jobs.") from error
        raise BackendFailed("The queue of this machine cannot be written.") from error


class Spool:
    """Reads and writes the spool of one system."""

    def __init__(self, folder: Path) -> None:
        with _disk():
            self.folder = folder.absolute()
            self.requests_folder = self.folder / "requests"
            self.hosts_folder = self.folder / "hosts"
            self._staging = self.folder / "new"
            for inner in (self.requests_folder, self.hosts_folder, self._staging):
                inner.mkdir(mode=0o700, parents=True, exist_ok=True)
            self.wake_path = self.folder / "wake"
            with suppress(FileExistsError):
                os.mkfifo(self.wake_path, 0o600)
        self._briefs: dict[str, Brief] = {}
        self._listed: tuple[int, list[str]] = (0, [])

    def job_folder(self, uuid: str) -> Path:
        """Return the folder of a job."""
        return self.folder / uuid

    def add(self, entries: Iterable[Entry]) -> None:
        """Add jobs durably; a job that exists already is left as it is."""
        new = [e for e in entries if not self.job_folder(e.uuid).exists()]
        stage = self._staging / new_id()
        written: list[Path] = []
        try:
            with _disk():
                stage.mkdir(mode=0o700)
                for entry in new:
                    folder = stage / entry.uuid
                    folder.mkdir(mode=0o700)
                    if entry.script is not None:
                        (folder / "script").write_bytes(entry.script)
                    if entry.hold:
                        (folder / "held").touch(0o600)
                    fields = {**msgspec.to_builtins(entry), "script": None}
                    (folder / "job.json").write_bytes(msgspec.json.encode(fields))
                    written += [*folder.iterdir(), folder]
                sync_all(written)
                for entry in new:
                    folder = self.job_folder(entry.uuid)
                    try:
                        (stage / entry.uuid).rename(folder)
                    except OSError:
                        # The same submission has just been made again by another.
                        if not (folder / "job.json").exists():
                            raise
                disk.sync(self.folder)
        finally:
            shutil.rmtree(stage, ignore_errors=True)
        disk.poke(self.wake_path)

    def clean(self) -> None:
        """Remove leftovers of jobs whose addition or removal was interrupted."""
        with _disk():
            old = time.time() - _STAGING_SECONDS
            for stage in self._staging.iterdir():
                with suppress(FileNotFoundError):
                    if stage.stat().st_mtime < old:
                        shutil.rmtree(stage, ignore_errors=True)

    def uuids(self) -> list[str]:
        """Return the names of all folders of jobs, and of any other entries.

        The list is cached as long as the folder's time of modification stays the same.
        """
        with _disk():
            changed = self.folder.stat().st_mtime_ns
            if changed != self._listed[0]:
                found = (path.name for path in self.folder.iterdir())
                names = [name for name in found if name not in _OWN]
                # Within the grain of a file system's times another may still come.
                settled = time.time_ns() - changed > _SETTLED_NS
                self._listed = (changed if settled else 0, names)
                if len(self._briefs) > len(names):
                    there = self._briefs.keys() & set(names)
                    self._briefs = {uuid: self._briefs[uuid] for uuid in there}
        return self._listed[1]

    def brief(self, uuid: str) -> Brief | None:
        """Return the part of a job's record by which it is queued.

        None if it is no job.

        Raises
        ------
        Damaged
            It is a job whose record cannot be read.
        """
        known = self._briefs.get(uuid)
        if known is not None:
            return known
        folder = self.job_folder(uuid)
        try:
            found = read_record(folder / "job.json", Brief)
        except NotADirectoryError:
            return None
        if found is not None:
            if found.uuid != uuid:
                raise Damaged("The record of this job is damaged: it is another job's.")
            self._briefs[uuid] = found
        elif any((folder / mark).exists() for mark in _MARKS):
            raise Damaged("The record of this job is damaged: job.json is gone.")
        return found

    def queue(self) -> Sequence[QueuedJob]:
        """Return the waiting and running jobs, oldest first, without damaged ones."""
        found: list[tuple[Brief, JobStatus]] = []
        for uuid in self.uuids():
            with suppress(Damaged, OSError):
                brief = self.brief(uuid)
                status = None if brief is None else self.status(uuid)
                if brief and status and status.state not in ENDED:
                    found.append((brief, status))
        return [
            QueuedJob(status, brief.user, brief.name, brief.cores, brief.submitted_at)
            for brief, status in sorted(found, key=lambda pair: pair[0].order)
        ]

    def remove(self, uuid: str) -> None:
        """Remove the folder of a job."""
        away = self._staging / new_id()
        with suppress(OSError):
            self.job_folder(uuid).rename(away)
        shutil.rmtree(away, ignore_errors=True)
        self._briefs.pop(uuid, None)

    def has(self, uuid: str, mark: str) -> bool:
        """Return whether a job has a mark: a file such as ``held``."""
        return (self.job_folder(uuid) / mark).exists()

    def sent_for(self, uuid: str) -> bool:
        """Return whether a runner was started for the job."""
        return self.has(uuid, "launched") or self.has(uuid, "started")

    def mark(self, uuid: str, mark: str) -> None:
        """Set a mark of a job; :meth:`settle` makes it durable."""
        with _disk():
            (self.job_folder(uuid) / mark).touch(0o600)

    def unmark(self, uuid: str, mark: str) -> None:
        """Remove a mark of a job; :meth:`settle` makes this durable."""
        with _disk():
            (self.job_folder(uuid) / mark).unlink(missing_ok=True)

    def settle(self, uuids: Iterable[str]) -> None:
        """Make the files of jobs durable (fsync)."""
        folders = [self.job_folder(uuid) for uuid in uuids]
        finals = [folder / "final.json" for folder in folders]
        with _disk():
            sync_all([path for path in [*finals, *folders] if path.exists()])

    def ask(self, uuid: str, verb: str) -> None:
        """Store a request for the leader."""
        with _disk():
            (self.requests_folder / f"{uuid}.{verb}").touch(0o600)

    def sent(self) -> None:
        """Make requests durable and wake the leader."""
        with _disk():
            disk.sync(self.requests_folder)
        disk.poke(self.wake_path)

    def requests(self) -> list[tuple[str, str]]:
        """Return job and verb of each request, oldest first."""
        found = []
        with _disk(), os.scandir(self.requests_folder) as entries:
            for entry in entries:
                uuid, _, verb = entry.name.rpartition(".")
                with suppress(FileNotFoundError):
                    found.append((entry.stat().st_mtime_ns, uuid, verb))
        return [(uuid, verb) for _, uuid, verb in sorted(found)]

    def asked(self, uuid: str, verb: str) -> bool:
        """Return whether a request for a job is stored and not handled yet."""
        return (self.requests_folder / f"{uuid}.{verb}").exists()

    def answered(self, uuid: str, verb: str) -> None:
        """Delete a request that was handled.

        If that fails, the leader handles it once more.
        """
        with suppress(OSError):
            (self.requests_folder / f"{uuid}.{verb}").unlink(missing_ok=True)

    def final(self, uuid: str) -> Final | None:
        """Return how a job ended; None if it has not.

        Raises
        ------
        Damaged
            The record of the end cannot be read.
        """
        return read_record(self.job_folder(uuid) / "final.json", Final)

    def running(self, uuid: str) -> Running:
        """Return what a job's runner has reported about the start.

        If its report is damaged, the time at which it claimed the job is used.
        """
        try:
            record = read_record(self.job_folder(uuid) / "running.json", RunningRecord)
        except Damaged:
            with suppress(OSError):
                started = (self.job_folder(uuid) / "started").stat().st_mtime
                return Running(started, "")
            return Running(None, "")
        if record is None:
            return Running(None, "")
        return Running(record.started_at, record.boot_id)

    def finish(self, uuid: str, final: Final) -> bool:
        """Write the final record of a job without a runner.

        Call :meth:`settle` afterwards. A damaged record is replaced. Returns False if a
        runner is alive, or has just written its own record.
        """
        held = disk.lock(self.job_folder(uuid) / "lock", 0.0)
        if held is None:
            return False
        try:
            with suppress(Damaged):
                if self.final(uuid) is not None:
                    return False
            with _disk():
                disk.write_whole(
                    self.job_folder(uuid) / "final.json", msgspec.json.encode(final)
                )
        finally:
            os.close(held)
        return True

    def watched(self, uuid: str) -> bool:
        """Return whether a runner of the job is alive.

        False if the job's folder cannot be accessed.
        """
        try:
            held = disk.lock(self.job_folder(uuid) / "lock", 0.0)
        except (PermissionError, NotADirectoryError, FileNotFoundError):
            return False
        if held is None:
            return True
        os.close(held)
        return False

    def status(self, uuid: str) -> JobStatus | None:
        """Return the status of a job as the spool shows it.

        None if it has no such job.
        """
        try:
            final = self.final(uuid)
            if final is not None:
                return final.status(uuid)
            if self.brief(uuid) is None:
                return None
        except NotADirectoryError:
            return None
        except Damaged as damage:
            if not self.watched(uuid):
                return lost(str(damage), time.time()).status(uuid)
        if self.sent_for(uuid):
            return started_status(uuid, self.running(uuid).started_at)
        return waiting_status(uuid, held=self.has(uuid, "held"), reason="")


def sync_all(paths: Sequence[Path]) -> None:
    """Make files and folders durable in parallel, so the disk combines the writes."""
    if len(paths) <= 3:
        for path in paths:
            disk.sync(path)
        return
    with ThreadPoolExecutor(_SYNCS) as threads:
        for _ in threads.map(disk.sync, paths):
            pass
