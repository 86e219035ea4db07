"""The transactions of the job tables."""

from collections.abc import Mapping, Sequence

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
    Job,
    JobState,
    JobStatus,
    KeyUse,
    NewJob,
)

KEY_SECONDS = 7 * 86_400.0
"""A key is remembered for a week after its job was submitted."""


def keyed(use: KeyUse) -> Work[Sequence[Job] | None]:
    """Return the jobs that were made under a key, or None if there is none yet."""
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
    found: list[Row] = []
    for number in msgspec.json.decode(rows[0]["numbers"], type=list[int]):
        found += yield Statement(
            f"{SELECT} WHERE j.number = ? ORDER BY j.array_index", (number,)
        )
    new = [row for row in found if row["state"] == JobState.NEW]
    if any(row["lease"] > use.at for row in new):
        raise Conflict(
            "The first request with this “Idempotency-Key” is still in progress.",
            headers={"Retry-After": "1"},
        )
    yield from _lease(new, use.at + use.lease)
    return [job_of(row) for row in found]


def admit(admission: Admission) -> Work[Sequence[Job]]:
    """Write the jobs and their key, unless the key is there already."""
    # Two requests of one user with one key, or above the limit together, take turns.
    yield Lock(f"jobs:{admission.system}:{admission.user}")
    if admission.use is not None:
        known = yield from keyed(admission.use)
        if known is not None:
            return known
    yield from _check_in_flight(admission)
    jobs: list[Job] = []
    for new in admission.jobs:
        jobs += yield from _insert(admission, new)
    if admission.use is not None:
        yield from _remember(admission.use, jobs)
    return jobs


def _check_in_flight(admission: Admission) -> Work[None]:
    rows = yield Statement(
        "SELECT COUNT(*) AS n FROM jobs WHERE system = ? AND owner = ? "
        "AND ended_at IS NULL",
        (admission.system, admission.user),
    )
    wanted = sum(len(job.uuids) for job in admission.jobs)
    if rows[0]["n"] + wanted > admission.in_flight:
        raise TooManyRequests(
            f"You have {rows[0]['n']} jobs waiting and running, and "
            f"{admission.in_flight} is the most. Try again when some have ended.",
            retry_after=10,
        )


def _insert(admission: Admission, new: NewJob) -> Work[list[Job]]:
    rows = yield Statement(
        "INSERT INTO job_submissions (system, owner, spec) VALUES (?, ?, ?) "
        "RETURNING number",
        (admission.system, admission.user, encode_spec(new.spec)),
    )
    number = int(rows[0]["number"])
    values = [
        _row(admission, new, number, uuid, index)
        for uuid, index in zip(new.uuids, new.indices, strict=True)
    ]
    yield Batch(INSERT, values)
    found = yield Statement(
        f"{SELECT} WHERE j.number = ? ORDER BY j.array_index", (number,)
    )
    return [job_of(row) for row in found]


def _row(
    admission: Admission, new: NewJob, number: int, uuid: str, index: int | None
) -> Sequence[object]:
    return (
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


def _path(pattern: str, number: int, index: int | None) -> str:
    shown = "" if index is None else str(index)
    return pattern.replace("{id}", job_id(number, index)).replace("{index}", shown)


def _remember(use: KeyUse, jobs: Sequence[Job]) -> Work[None]:
    yield Statement("DELETE FROM job_keys WHERE at < ?", (use.at - KEY_SECONDS,))
    numbers = list(dict.fromkeys(job.number for job in jobs))
    yield Statement(
        "INSERT INTO job_keys (system, owner, key, body_hash, numbers, at) "
        "VALUES (?, ?, ?, ?, ?, ?)",
        (
            use.system,
            use.user,
            use.key,
            use.body_hash,
            msgspec.json.encode(numbers).decode(),
            use.at,
        ),
    )


def submitted(
    native_ids: Mapping[str, str], statuses: Mapping[str, JobStatus]
) -> Work[Sequence[Job]]:
    """Note the native ids; return the jobs that were new until now."""
    changed: list[Row] = []
    for uuid, native_id in native_ids.items():
        rows = yield Statement(
            "UPDATE jobs SET native_id = ?, state = 'queued' "
            "WHERE uuid = ? AND state = 'new' RETURNING system",
            (native_id, uuid),
        )
        if not rows:
            continue
        status = statuses.get(native_id)
        if status is not None:
            yield Statement(UPDATE, update_values(rows[0]["system"], status))
        changed += yield Statement(f"{SELECT} WHERE j.uuid = ?", (uuid,))
    return [job_of(row) for row in changed]


def withdraw(uuids: Sequence[str]) -> Work[None]:
    """Remove jobs that are still new, and the key that they came with."""
    for uuid in uuids:
        rows = yield Statement(
            "DELETE FROM jobs WHERE uuid = ? AND state = 'new' "
            "RETURNING number, system, owner",
            (uuid,),
        )
        for row in rows:
            yield from _forget_key(row)


def _forget_key(job: Row) -> Work[None]:
    keys = yield Statement(
        "SELECT key, numbers FROM job_keys WHERE system = ? AND owner = ?",
        (job["system"], job["owner"]),
    )
    for row in keys:
        if job["number"] in msgspec.json.decode(row["numbers"], type=list[int]):
            yield Statement(
                "DELETE FROM job_keys WHERE system = ? AND owner = ? AND key = ?",
                (job["system"], job["owner"], row["key"]),
            )


def cut_short(system: str, now: float, lease: float) -> Work[Sequence[Job]]:
    """Take the lease of the jobs whose submission was cut short."""
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
    """Write what a scheduler said; return the jobs that this changed."""
    changed: list[Row] = []
    for status in statuses:
        rows = yield Statement(UPDATE, update_values(system, status))
        for row in rows:
            changed += yield Statement(
                f"{SELECT} WHERE j.number = ? AND j.array_index = ?",
                (row["number"], row["array_index"]),
            )
    return [job_of(row) for row in changed]
