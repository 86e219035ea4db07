"""Reads and checks the files of a job's folder."""

import errno
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

import msgspec

from gatewright.domains.compute import JobState, JobStatus, NativeDependency, Usage

T = TypeVar("T")

_LASTING = {errno.EACCES, errno.EIO, errno.EISDIR, errno.ELOOP, errno.EPERM}
"""Errors that occur again for the same file; others, as too few descriptors, may not.
"""


class Damaged(Exception):  # it is no mistake of this program
    """A file of a job's folder is empty, unreadable or of another version.

    The message is meant for the owner of the job.
    """


class Brief(msgspec.Struct, frozen=True, kw_only=True):
    """The part of ``job.json`` by which jobs are queued."""

    uuid: str
    id: str
    user: str
    name: str = ""
    submitted_at: float
    cores: int
    memory: int | None
    dependencies: Sequence[NativeDependency]
    array: str
    array_limit: int | None

    @property
    def order(self) -> tuple[float, list[int]]:
        """Sort key that orders jobs by submission."""
        return self.submitted_at, [int(n) for n in re.findall(r"\d+", self.id)]


class Entry(Brief, frozen=True, kw_only=True):
    """``job.json``: all that the runner needs."""

    executable: str | None
    arguments: Sequence[str]
    directory: str
    environment: Mapping[str, str]
    stdin_path: str
    stdout_path: str
    stderr_path: str
    duration: int | None
    grace_seconds: float
    wake_path: str
    hold: bool
    script: bytes | None = None
    """The script, which is stored in its own file."""


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
        """Return it as the status of a job."""
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
    """What is known about the start of a job."""

    started_at: float | None
    """Time of start, seconds since 1970 UTC; None until the runner has reported it."""
    boot_id: str
    """Boot id of the machine at the start; empty if unknown."""


class RunningRecord(msgspec.Struct, frozen=True):
    """``running.json``: when a job started."""

    started_at: float
    boot_id: str


def read_record(path: Path, kind: type[T]) -> T | None:
    """Return the content of a file of a job's folder; None if there is no such file.

    Raises
    ------
    Damaged
        The file has other content.
    OSError
        The file cannot be read at the moment.
    """
    try:
        data = path.read_bytes()
    except FileNotFoundError:
        return None
    except OSError as error:
        if error.errno not in _LASTING:
            raise
        raise Damaged(
            f"The record of this job is damaged: its file {path.name} cannot be read "
            f"({error.strerror})."
        ) from error
    try:
        return msgspec.json.decode(data, type=kind)
    except (msgspec.DecodeError, RecursionError) as error:
        how = "cannot be read" if data.strip(b"\0") else "is empty"
        raise Damaged(
            f"The record of this job is damaged: its file {path.name} {how}."
        ) from error


def started_status(uuid: str, started_at: float | None) -> JobStatus:
    """Return the status of a job for which a runner was started."""
    if started_at is None:
        return JobStatus(uuid, JobState.QUEUED, "STARTING")
    return JobStatus(uuid, JobState.ACTIVE, "RUNNING", started_at=started_at)


def waiting_status(uuid: str, *, held: bool, reason: str) -> JobStatus:
    """Return the status of a waiting job."""
    if held:
        return JobStatus(
            uuid, JobState.HELD, "HELD", reason or "Held until it is released."
        )
    return JobStatus(uuid, JobState.QUEUED, "PENDING", reason)


def lost(reason: str, ended_at: float, running: Running | None = None) -> Final:
    """Return the final record of a job whose end was not observed."""
    started_at = None if running is None else running.started_at
    return Final(
        state=JobState.FAILED,
        native_state="LOST",
        reason=reason,
        ended_at=ended_at,
        started_at=started_at,
        wall_seconds=0.0 if started_at is None else max(0.0, ended_at - started_at),
    )
