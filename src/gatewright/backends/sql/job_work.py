"""The transactions on the tables of jobs."""

import logging
from collections.abc import Iterator, Mapping, Sequence

import msgspec

from gatewright.backends.sql.database import Batch, Lock, Row, Statement, Work
from gatewright.backends.sql.job_rows import (
    INSERT,
    SELECT,
    UPDATE,
    encode_spec,
    job_id,
    job_of,
    update_values,
)
from gatewright.core.errors import Conflict, InvalidContent, TooManyRequests
from gatewright.domains.compute import (
    Admission,
    Admitted,
    Job,
    JobState,
    JobStatus,
    KeyUse,
    NewJob,
    Refusal,
)

_log = logging.getLogger(__name__)

_DAY_SECONDS = 86_400.0
_LAST_MOMENT = 1e11
"""Moments after that, in the year 5138, come of damaged records."""
_BEGAN_LATE = """
INSERT INTO accounting_late (system, day)
SELECT system, CAST(? AS BIGINT) FROM jobs
WHERE system = ? AND native_id = ? AND started_at IS NULL
ON CONFLICT (system, day) DO NOTHING
"""
_ENDED_LATE = """
INSERT INTO accounting_late (system, day) VALUES (?, ?)
ON CONFLICT (system, day) DO NOTHING
"""
KEY_SECONDS = 7 * 86_400.0
"""Time for which an ``Idempotency-Key`` is remembered, in seconds: a week."""


def keyed(use: KeyUse) -> Work[Sequence[Admitted] | None]:
    """Return the results of an earlier request with the same key; None without one.

    Raises
    ------
    InvalidContent
        The key was used with another body.
    Conflict
        The first request with the key is still in progress.
    """
    rows = yield Statement(
        "SELECT * FROM job_keys WHERE system = ? AND owner = ? AND key = ?",
        (use.system, use.user, use.key),
    )
    if not rows or rows[0]["at"] < use.at - KEY_SECONDS:
        return None
    if rows[0]["body_hash"] != use.body_hash:
        raise InvalidContent(
            "This “Idempotency-Key” was used before with another body. "
            "Use a new key for a new job."
        )
    outcomes: list[Refusal | Sequence[Row]] = []
    for outcome in _remembered(rows[0]):
        if isinstance(outcome, Refusal):
            outcomes.append(outcome)
        else:
            found = yield Statement(
                f"{SELECT} WHERE j.number = ? ORDER BY j.array_index", (outcome,)
            )
            if not found:
                return None
            outcomes.append(found)
    if not outcomes:
        return None
    new = [
        row
        for outcome in outcomes
        if not isinstance(outcome, Refusal)
        for row in outcome
        if row["state"] == JobState.NEW
    ]
    if any(row["lease"] > use.at for row in new):
        raise Conflict(
            "The first request with this “Idempotency-Key” is still in progress.",
            headers={"Retry-After": "1"},
        )
    yield from _lease(new, use.at + use.lease)
    return [
        one if isinstance(one, Refusal) else [job_of(row) for row in one]
        for one in outcomes
    ]


def _remembered(key: Row) -> Sequence[int | Refusal]:
    """Return the job numbers and refusals of a key; empty if they are unreadable."""
    try:
        return msgspec.json.decode(key["numbers"], type=list[int | Refusal])
    except msgspec.DecodeError:
        _log.warning("The key of a submission is unreadable, and is forgotten.")
        return ()


def admit(admission: Admission) -> Work[Sequence[Admitted]]:
    """Record the jobs and their key, unless the key is known already.

    Raises
    ------
    TooManyRequests
        The jobs belong together, and the user would have too many unfinished jobs.
    """
    # Two requests of one user with one key, or above the limit together, take turns.
    yield Lock(f"jobs:{admission.system}:{admission.user}")
    if admission.use is not None:
        known = yield from keyed(admission.use)
        if known is not None:
            return known
    rows = yield Statement(
        "SELECT COUNT(*) AS n FROM jobs WHERE system = ? AND owner = ? "
        "AND ended_at IS NULL",
        (admission.system, admission.user),
    )
    outcomes: list[Admitted] = []
    for new in _within_limit(admission, rows[0]["n"]):
        if isinstance(new, Refusal):
            outcomes.append(new)
        else:
            jobs = yield from _insert(admission, new)
            outcomes.append(jobs)
    if admission.use is not None:
        yield from _remember(admission.use, outcomes)
    return outcomes


def _within_limit(admission: Admission, there: int) -> Iterator[NewJob | Refusal]:
    """Yield the jobs; those above the user's limit are refused."""
    wanted = [
        0 if isinstance(job, Refusal) else len(job.uuids) for job in admission.jobs
    ]
    if admission.together and there + sum(wanted) > admission.in_flight:
        raise _too_many(there, admission.in_flight)
    for job, count in zip(admission.jobs, wanted, strict=True):
        if there + count > admission.in_flight:
            yield Refusal.of(_too_many(there, admission.in_flight))
        else:
            there += count
            yield job


def _too_many(there: int, most: int) -> TooManyRequests:
    return TooManyRequests(
        f"You have {there} jobs waiting and running, and {most} is the most. "
        "Try again when some have ended.",
        retry_after=10,
    )


def _insert(admission: Admission, new: NewJob) -> Work[list[Job]]:
    rows = yield Statement(
        "INSERT INTO job_submissions (system, owner, spec, token_path) "
        "VALUES (?, ?, ?, ?) RETURNING number",
        (admission.system, admission.user, encode_spec(new.spec), new.token_path),
    )
    number = int(rows[0]["number"])
    if new.token_path:
        yield Statement(
            "UPDATE job_tokens SET number = ? WHERE uuid = ?", (number, new.uuids[0])
        )
    values = [
        (
            number,
            -1 if index is None else index,
            uuid,
            admission.system,
            admission.user,
            new.name,
            admission.at + admission.lease,
            new.directory,
            _path(new.stdout_path, number, index),
            _path(new.stderr_path, number, index),
            admission.at,
        )
        for uuid, index in zip(new.uuids, new.indices, strict=True)
    ]
    yield Batch(INSERT, values)
    found = yield Statement(
        f"{SELECT} WHERE j.number = ? ORDER BY j.array_index", (number,)
    )
    return [job_of(row) for row in found]


def _path(pattern: str, number: int, index: int | None) -> str:
    shown = "" if index is None else str(index)
    return pattern.replace("{id}", job_id(number, index)).replace("{index}", shown)


def _remember(use: KeyUse, outcomes: Sequence[Admitted]) -> Work[None]:
    yield Statement("DELETE FROM job_keys WHERE at < ?", (use.at - KEY_SECONDS,))
    numbers = [one if isinstance(one, Refusal) else one[0].number for one in outcomes]
    yield Statement(
        "DELETE FROM job_keys WHERE system = ? AND owner = ? AND key = ?",
        (use.system, use.user, use.key),
    )
    yield Statement(
        "INSERT INTO job_keys (system, owner, key, body_hash, numbers, at) "
        "VALUES (?, ?, ?, ?, ?, ?)",
        (use.system, use.user, use.key, use.body_hash, _encoded(numbers), use.at),
    )


def _encoded(numbers: Sequence[int | Refusal]) -> str:
    return msgspec.json.encode(numbers).decode()


def submitted(statuses: Mapping[str, JobStatus]) -> Work[Sequence[Job]]:
    """Store native ids and first statuses; return the jobs that were new."""
    changed: list[Row] = []
    for uuid, status in statuses.items():
        rows = yield Statement(
            "UPDATE jobs SET native_id = ?, state = 'queued', attempts = 1 "
            "WHERE uuid = ? AND state = 'new' RETURNING system",
            (status.native_id, uuid),
        )
        if rows:
            yield from _update(rows[0]["system"], status)
            changed += yield Statement(f"{SELECT} WHERE j.uuid = ?", (uuid,))
    return [job_of(row) for row in changed]


def withdraw(refused: Mapping[str, Refusal]) -> Work[None]:
    """Remove jobs that are still new; their keys keep the reasons."""
    gone: dict[int, tuple[Row, Refusal]] = {}
    for uuid, refusal in refused.items():
        rows = yield Statement(
            "DELETE FROM jobs WHERE uuid = ? AND state = 'new' "
            "RETURNING number, system, owner",
            (uuid,),
        )
        gone |= {row["number"]: (row, refusal) for row in rows}
    for number, (job, refusal) in gone.items():
        left = yield Statement("SELECT 1 FROM jobs WHERE number = ? LIMIT 1", (number,))
        if not left:
            yield from _forget(number, job, refusal)


def _forget(number: int, job: Row, refusal: Refusal) -> Work[None]:
    """Store in a job's key why it was refused; remove a key without other jobs."""
    keys = yield Statement(
        "SELECT key, numbers FROM job_keys WHERE system = ? AND owner = ?",
        (job["system"], job["owner"]),
    )
    for row in keys:
        before = _remembered(row)
        if number not in before:
            continue
        after = [refusal if one == number else one for one in before]
        where = (job["system"], job["owner"], row["key"])
        if any(isinstance(one, int) for one in after):
            yield Statement(
                "UPDATE job_keys SET numbers = ? "
                "WHERE system = ? AND owner = ? AND key = ?",
                (_encoded(after), *where),
            )
        else:
            yield Statement(
                "DELETE FROM job_keys WHERE system = ? AND owner = ? AND key = ?", where
            )


def cut_short(system: str, now: float, lease: float) -> Work[Sequence[Job]]:
    """Renew the lease of jobs whose submission was interrupted; return the jobs."""
    rows = yield Statement(
        f"{SELECT} WHERE j.system = ? AND j.state = 'new' AND j.lease <= ? "
        "AND j.ended_at IS NULL ORDER BY j.number, j.array_index",
        (system, now),
    )
    yield from _lease(rows, now + lease)
    return [job_of(row) for row in rows]


def _lease(rows: Sequence[Row], until: float) -> Work[None]:
    if rows:
        yield Batch(
            "UPDATE jobs SET lease = ? WHERE uuid = ?",
            [(until, row["uuid"]) for row in rows],
        )


def record(system: str, statuses: Sequence[JobStatus]) -> Work[Sequence[Job]]:
    """Record what a scheduler reported; return the jobs that changed."""
    changed: list[Row] = []
    for status in statuses:
        rows = yield from _update(system, status)
        for row in rows:
            changed += yield Statement(
                f"{SELECT} WHERE j.number = ? AND j.array_index = ?",
                (row["number"], row["array_index"]),
            )
    return [job_of(row) for row in changed]


def _update(system: str, status: JobStatus) -> Work[Sequence[Row]]:
    """Store the status of a job; return its number and index if that changed it.

    The days on which the job began and ended are marked, so that the accounting reads
    them again: it may have read them already, as when no gateway ran for a night.
    """
    began, ended = status.started_at, status.ended_at
    if began is not None and 0 <= began < _LAST_MOMENT:
        day = int(began // _DAY_SECONDS)
        yield Statement(_BEGAN_LATE, (day, system, status.native_id))
    rows = yield Statement(UPDATE, update_values(system, status))
    if rows and ended is not None and 0 <= ended < _LAST_MOMENT:
        yield Statement(_ENDED_LATE, (system, int(ended // _DAY_SECONDS)))
    return rows
