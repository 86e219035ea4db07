"""Converts jobs to rows of their tables, and back."""

import logging
from collections.abc import Sequence

import msgspec

from gatewright.backends.sql.database import Row
from gatewright.backends.sql.records import optional_moment
from gatewright.domains.compute import (
    UNREADABLE,
    Job,
    JobSpec,
    JobState,
    JobStatus,
    Usage,
    with_own_numbers,
)

SELECT = (
    "SELECT j.*, s.spec, s.token_path "
    "FROM jobs j JOIN job_submissions s ON s.number = j.number"
)
"""Beginning of all queries for jobs."""

INSERT = """
INSERT INTO jobs (number, array_index, uuid, system, owner, name, state, native_state,
    lease, directory, stdout_path, stderr_path, submitted_at, reason, wall_seconds,
    cpu_seconds, peak_memory_bytes)
VALUES (?, ?, ?, ?, ?, ?, 'new', '', ?, ?, ?, ?, ?, '', 0.0, 0.0, 0)
"""

# A job that has ended stays as it is; one that runs does not wait again, unless it was
# put back into the queue, so that it is another attempt; what was said of an earlier
# attempt comes late; and a reason for waiting stays until another is known. So does
# what a job was given: of one that has ended, not every source knows that.
UPDATE = """
UPDATE jobs SET state = ?, native_state = ?, reason = ?, exit_code = ?, end_signal = ?,
    started_at = ?, ended_at = ?, wall_seconds = ?, cpu_seconds = ?,
    peak_memory_bytes = ?, cores = ?, memory_limit_bytes = ?, gpus = ?, gpus_busy = ?,
    nodes = COALESCE(NULLIF(?, 0), nodes),
    queue_name = COALESCE(NULLIF(?, ''), queue_name),
    project = COALESCE(NULLIF(?, ''), project),
    limit_seconds = COALESCE(?, limit_seconds),
    attempts = CASE WHEN attempts < ? THEN ? ELSE attempts END
WHERE system = ? AND native_id = ? AND ended_at IS NULL
    AND (started_at IS NULL OR ? = 1 OR attempts < ?)
    AND (? = 1 OR attempts <= ?)
    AND (? = 1 OR attempts < ? OR state <> ? OR native_state <> ?
        OR (reason <> ? AND ? <> ''))
RETURNING number, array_index
"""

_log = logging.getLogger(__name__)
_DECODER = msgspec.json.Decoder(JobSpec)
_DAMAGED = "The record of this job is damaged: its state cannot be read."
_STATES = {state.value: state for state in JobState}


def encode_spec(spec: JobSpec) -> str:
    """Return a specification as JSON text."""
    return msgspec.json.encode(spec).decode()


def job_of(row: Row) -> Job:
    """Return the job of a row; one whose state is damaged counts as failed."""
    state = _STATES.get(row["state"])
    if state is None:
        what = row["number"], row["state"]
        _log.error("The state of job %s cannot be read: %r", *what)
    index = None if row["array_index"] < 0 else row["array_index"]
    spec = _spec(row)
    return Job(
        id=job_id(row["number"], index),
        system=row["system"],
        user=row["owner"],
        name=row["name"],
        state=JobState.FAILED if state is None else state,
        native_state=row["native_state"],
        spec=spec,
        directory=row["directory"],
        stdout_path=row["stdout_path"],
        stderr_path=row["stderr_path"],
        submitted_at=_time(row, "submitted_at") or 0.0,
        started_at=_time(row, "started_at"),
        ended_at=_time(row, "ended_at"),
        exit_code=row["exit_code"],
        signal=row["end_signal"],
        reason=with_own_numbers(row["reason"], spec) if state else _DAMAGED,
        usage=Usage(
            row["wall_seconds"],
            row["cpu_seconds"],
            row["peak_memory_bytes"],
            row["cores"],
            row["memory_limit_bytes"],
            row["gpus"],
            row["gpus_busy"],
            row["nodes"],
            row["queue_name"],
            row["project"],
            row["limit_seconds"],
        ),
        array_index=index,
        uuid=row["uuid"],
        native_id=row["native_id"],
        attempts=row["attempts"],
        token_path=row["token_path"],
    )


def _time(row: Row, column: str) -> float | None:
    """Return a time of a job; None if it has none, or if it is damaged."""
    try:
        return optional_moment(row[column])
    except (ValueError, TypeError):
        _log.error("%s of job %s cannot be read.", column, row["number"])
        return None


def _spec(row: Row) -> JobSpec:
    """Return the specification of a job; :data:`UNREADABLE` if its record is damaged.

    A damaged specification must not make a list of jobs fail.
    """
    try:
        return _DECODER.decode(row["spec"])
    except (msgspec.DecodeError, RecursionError):
        _log.warning("The specification of job %s cannot be read.", row["number"])
        return UNREADABLE


def job_id(number: int, index: int | None) -> str:
    """Return the id of a job, as users know it."""
    return str(number) if index is None else f"{number}_{index}"


def update_values(system: str, status: JobStatus) -> Sequence[object]:
    """Return the values for :data:`UPDATE`."""
    attempt = 0 if status.restarts is None else status.restarts + 1
    ended = status.ended_at is not None
    further = status.state not in {JobState.QUEUED, JobState.HELD, JobState.NEW}
    return (
        status.state.value,
        status.native_state,
        status.reason,
        status.exit_code,
        status.signal,
        status.started_at,
        status.ended_at,
        status.usage.wall_seconds,
        status.usage.cpu_seconds,
        status.usage.peak_memory_bytes,
        status.usage.cores,
        status.usage.memory_limit_bytes,
        status.usage.gpus,
        status.usage.gpus_busy,
        status.usage.nodes,
        status.usage.partition,
        status.usage.project,
        status.usage.limit_seconds,
        attempt,
        attempt,
        system,
        status.native_id,
        int(further),
        attempt,
        int(ended or not attempt),
        attempt,
        int(ended),
        attempt,
        status.state.value,
        status.native_state,
        status.reason,
        status.reason,
    )
