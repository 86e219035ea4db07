"""Converts rows of Slurm's commands to statuses of jobs; pure functions."""

import math
from bisect import bisect_right
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from gatewright.backends.slurm.marks import NativeId, mark_in
from gatewright.backends.slurm.rows import (
    AccountingRow,
    NodeRow,
    PartitionRow,
    QueueRow,
    ReservationRow,
)
from gatewright.backends.slurm.script import Claim
from gatewright.backends.slurm.words import (
    NOT_STARTED,
    state_of,
    why_it_ended,
    why_it_waits,
)
from gatewright.domains.compute import (
    ENDED,
    Component,
    JobState,
    JobStatus,
    Node,
    Partition,
    QueuedJob,
    Reservation,
    Usage,
)


def own_id(row: QueueRow) -> NativeId | None:
    """Return the native id of a job; None if it is not the gateway's."""
    mark = mark_in(row.comment)
    if mark is None:
        return None
    return NativeId(row.number, mark.name, row.account, mark.user)


@dataclass(frozen=True, slots=True)
class PriorityOrder:
    """The order in which waiting jobs start."""

    rows: Mapping[str, Sequence[int]] = field(default_factory=dict)
    """Priorities of the waiting jobs of each partition, ascending."""

    @classmethod
    def of(cls, rows: Sequence[QueueRow]) -> "PriorityOrder":
        """Return the order of a queue."""
        found: defaultdict[str, list[int]] = defaultdict(list)
        for row in rows:
            if row.state == "PENDING" and row.reason in {"Priority", "Resources"}:
                found[row.partition].append(row.priority)
        return cls({name: sorted(priorities) for name, priorities in found.items()})

    def ahead(self, row: QueueRow) -> int:
        """Return how many jobs of the same partition have a higher priority."""
        priorities = self.rows.get(row.partition, ())
        return len(priorities) - bisect_right(priorities, row.priority)


def living(row: QueueRow, native: str, order: PriorityOrder) -> JobStatus:
    """Return the status of a job that has not ended."""
    state = state_of(row.state, row.reason)
    active = state is JobState.ACTIVE
    # Slurm counts a restart as soon as it puts a job back, while the processes of the
    # run before are still being ended. Taken for the next run, that would hide that the
    # job waits again.
    before = row.state == "COMPLETING"
    return JobStatus(
        native_id=native,
        state=state,
        native_state=row.state,
        reason="" if active else why_it_waits(row, order.ahead(row)),
        started_at=row.started_at if active else None,
        usage=given(row),
        expected_start_at=None if active else row.started_at,
        restarts=max(0, row.restarts - 1) if before else row.restarts,
    )


def given(row: QueueRow, used: Usage = Usage()) -> Usage:  # noqa: B008  # frozen
    """Return what a job has used, with what the queue says that it was given."""
    return replace(
        used,
        nodes=row.nodes,
        partition=row.partition,
        project=row.project,
        limit_seconds=row.limit,
    )


def finishing(row: QueueRow, native: str) -> JobStatus:
    """Return the status of a job that has ended, but has no complete record yet."""
    return JobStatus(
        native,
        JobState.ACTIVE,
        "COMPLETING",
        started_at=row.started_at,
        usage=given(row),
        restarts=row.restarts,
    )


def has_ended(row: QueueRow) -> bool:
    """Return whether a job's state is final."""
    return state_of(row.state, row.reason) in ENDED


def recorded(rows: Sequence[AccountingRow], native: NativeId) -> AccountingRow | None:
    """Return a job's last accounting record among records with the same id.

    A record belongs to the job if account and mark match. At a site that records no
    comments, and so no marks, it has to be the only record of that account. None if
    there is no record in a final state.
    """
    jobs = [
        row
        for row in rows
        if not row.step
        and row.number == native.number
        and row.account == native.account
        and state_of(row.state, "") in ENDED
    ]
    marked = [row for row in jobs if mark_in(row.comment) == native.mark]
    if marked:
        return marked[-1]
    return jobs[0] if len(jobs) == 1 and not jobs[0].comment else None


def counted(rows: Sequence[AccountingRow], native: NativeId) -> AccountingRow | None:
    """Return the accounting record of a job if it is complete; else None.

    A record in a final state without an end is incomplete: for a short job, the
    controller sends two messages to accounting, and a controller that was killed never
    sends the second one.
    """
    row = recorded(rows, native)
    return None if row is None or row.ended_at is None else row


def ended(
    job: AccountingRow, steps: Sequence[AccountingRow], native: str, reason: str = ""
) -> JobStatus:
    """Return the status of a job from its final record and those of its steps.

    If the record has no end, its elapsed time is a lower limit. Accounting has the
    records of all runs with a job number. Steps of an earlier run, or of an earlier job
    of somebody else with the same number, are left out.
    """
    state = state_of(job.state, reason)
    begin = job.started_at or job.submitted_at or 0.0
    end = begin + job.wall_seconds if job.ended_at is None else job.ended_at
    latest = math.inf if job.ended_at is None else end
    of_job = [
        job,
        *(
            one
            for one in steps
            if one.number == job.number
            and one.step
            and (one.started_at is None or begin <= one.started_at <= latest)
        ),
    ]
    code, signal = _ending(job.exit_code, job.signal)
    started = job.started_at if job.started_at != job.ended_at or job.cores else None
    if state is JobState.CANCELED and job.wall_seconds == 0 and job.cpu_seconds == 0:
        started = None
    ran = state is not JobState.CANCELED and job.signal != NOT_STARTED
    return JobStatus(
        native_id=native,
        state=state,
        native_state=job.state.partition(" ")[0],
        reason=why_it_ended(job.state, reason, code or 0, signal or 0),
        exit_code=code if ran else None,
        signal=signal if ran else None,
        started_at=started,
        ended_at=end,
        usage=Usage(
            wall_seconds=job.wall_seconds,
            cpu_seconds=job.cpu_seconds,
            peak_memory_bytes=max(one.peak_memory_bytes for one in of_job),
            cores=job.cores,
            memory_limit_bytes=job.memory_limit_bytes,
            gpus=job.gpus,
            gpus_busy=_gpus_busy(job, of_job),
        ),
    )


def _gpus_busy(job: AccountingRow, of_job: Sequence[AccountingRow]) -> float | None:
    """Return the most GPUs that a job and all its steps can have kept busy at once."""
    told = [one.gpus_busy for one in of_job if one.gpus_busy is not None]
    return min(float(job.gpus), sum(told)) if job.gpus and told else None


def ended_uncounted(
    row: QueueRow, native: str, codes: tuple[int, int] | None, seen_at: float
) -> JobStatus:
    """Return the status of an ended job that has no accounting record.

    If its end is unknown, ``seen_at`` is used, in seconds since 1970 UTC.
    """
    state = state_of(row.state, row.reason)
    code, signal = _ending(*(codes or (0, 0)))
    canceled = state is JobState.CANCELED
    ran = not canceled and (codes or (0, 0))[1] != NOT_STARTED
    began, end = row.started_at, row.ended_at or seen_at
    return JobStatus(
        native_id=native,
        state=state,
        native_state=row.state,
        reason=why_it_ended(row.state, row.reason, code or 0, signal or 0),
        exit_code=code if ran else None,
        signal=signal if ran else None,
        started_at=None if canceled and began == end else began,
        ended_at=end,
        usage=given(row, Usage(max(0.0, end - (began or end)), cores=row.cores)),
        restarts=row.restarts,
    )


def claimed(claim: Claim, native: str) -> JobStatus:
    """Return the status of a job from its claim file."""
    code, signal = _ending(claim.exit_code or 0, 0)
    state = JobState.COMPLETED if code == 0 else JobState.FAILED
    end = claim.ended_at or claim.began_at
    return JobStatus(
        native_id=native,
        state=state,
        native_state=state.value.upper(),
        reason=why_it_ended(state.value.upper(), "", code or 0, signal or 0),
        exit_code=code,
        signal=signal,
        started_at=claim.began_at,
        ended_at=end,
        usage=Usage(wall_seconds=max(0.0, end - claim.began_at)),
    )


def _ending(code: int, signal: int) -> tuple[int | None, int | None]:
    """Return exit code and signal in the gateway's form.

    A shell whose command was ended by a signal exits with 128 plus its number.
    """
    if signal:
        return 128 + signal, signal
    if 128 < code <= 192:
        return code, code - 128
    return code, None


def queued(row: QueueRow, status: JobStatus, user: str) -> QueuedJob:
    """Return a job as an entry of the whole queue."""
    return QueuedJob(
        status=status,
        user=user,
        name=row.name,
        cores=row.cores,
        submitted_at=row.submitted_at or 0.0,
        number=row.shown,
        nodes=row.nodes,
        partition=row.partition,
        project=row.project,
        duration=row.limit,
    )


def whole_of(parts: Sequence[QueuedJob]) -> QueuedJob:
    """Return the parts of a heterogeneous job as one job.

    It is active while any part is, and held only if all parts that wait are. It starts
    when all parts can, so its expected start is the latest of theirs.
    """
    left = [part for part in parts if part.status.state not in ENDED]
    states = {part.status.state for part in left}
    state = next(
        s for s in (JobState.ACTIVE, JobState.QUEUED, JobState.HELD) if s in states
    )
    deciding = next(part for part in left if part.status.state is state)
    starts = [part.status.expected_start_at for part in left]
    known = [one for one in starts if one is not None]
    begun = [p.status.started_at for p in parts if p.status.started_at is not None]
    return replace(
        deciding,
        status=replace(
            deciding.status,
            started_at=min(begun, default=None),
            expected_start_at=max(known) if len(known) == len(starts) else None,
        ),
        name=parts[0].name,
        number=parts[0].number.partition("+")[0],
        cores=sum(part.cores for part in parts),
        nodes=sum(part.nodes for part in parts),
        partition=",".join(dict.fromkeys(part.partition for part in parts)),
        components=tuple(
            Component(
                number=part.number,
                state=part.status.state,
                reason=part.status.reason,
                cores=part.cores,
                nodes=part.nodes,
                partition=part.partition,
            )
            for part in parts
        ),
    )


def reservations(rows: Sequence[ReservationRow]) -> list[Reservation]:
    """Return the reservations."""
    return [
        Reservation(
            name=row.name,
            state=row.state,
            starts_at=row.started_at,
            ends_at=row.ended_at,
            nodes=row.places,
            node_count=row.nodes,
            cores=row.cores,
            partition=row.partition,
            users=row.users,
            projects=row.accounts,
            flags=row.flags,
        )
        for row in rows
    ]


def machines(rows: Sequence[NodeRow]) -> list[Node]:
    """Return the nodes, each once with all its partitions."""
    found: dict[str, Node] = {}
    for row in rows:
        before = found.get(row.name)
        found[row.name] = Node(
            name=row.name,
            state=row.state,
            reason=row.reason,
            cores=row.cores,
            cores_in_use=row.cores_in_use,
            memory_bytes=row.memory_bytes,
            free_memory_bytes=row.free_memory_bytes,
            gpus=row.gpus,
            features=row.features,
            partitions=(*(before.partitions if before else ()), row.partition),
        )
    return list(found.values())


def partitions(rows: Sequence[PartitionRow]) -> list[Partition]:
    """Return the partitions, each once for all its kinds of nodes."""
    found: dict[str, Partition] = {}
    for row in rows:
        before = found.get(row.name)
        nodes, cores, in_use, memory = (
            (before.nodes, before.cores, before.cores_in_use, before.memory_bytes)
            if before
            else (0, 0, 0, 0)
        )
        found[row.name] = Partition(
            name=row.name,
            state=row.state,
            default=row.default,
            nodes=nodes + row.nodes,
            cores=cores + row.cores,
            cores_in_use=in_use + row.cores_in_use,
            memory_bytes=max(memory, row.memory_bytes),
            duration=row.limit,
            most_nodes=row.most_nodes,
        )
    return list(found.values())
