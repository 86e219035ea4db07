"""Parses the output of Slurm's commands, without any I/O."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from gatewright.backends.slurm import values
from gatewright.backends.slurm.commands import (
    ACCOUNTING_FIELDS,
    NODE_FIELDS,
    PARTITION_FIELDS,
    QUEUE_FIELDS,
    parting,
)
from gatewright.core.errors import BackendFailed

_SUBMITTED = re.compile(r"^(\d+)(?:;[^\n]*)?$", re.MULTILINE | re.ASCII)
_EXIT = re.compile(r"(\d+):(\d+)", re.ASCII)


@dataclass(frozen=True, slots=True)
class QueueRow:
    """A job as listed by ``squeue``."""

    number: str
    """Job id, with ``_INDEX`` for an element of an array."""
    shown: str
    """Job id as users see it; a part of a heterogeneous job has ``+`` in it."""
    account: str
    """Unix account that the job runs under."""
    state: str
    """Slurm's name of the state."""
    reason: str
    """Slurm's name of the reason why it waits or ended."""
    dependency: str
    """Jobs that it waits for, in Slurm's notation."""
    cores: int
    """Number of CPU cores that it uses or requests."""
    nodes: int
    """Number of nodes that it uses or requests."""
    partition: str
    """Its partition, or the partitions that it requests."""
    project: str
    """Account that is charged."""
    priority: int
    """Priority; a job with a higher one starts earlier."""
    memory: str
    """Minimum memory of a node, in Slurm's notation."""
    limit: float | None
    """Time limit in seconds; None for no limit."""
    submitted_at: float | None
    """Time of submission, seconds since 1970 UTC."""
    started_at: float | None
    """Time of start, seconds since 1970 UTC; for a waiting job, the expected start."""
    ended_at: float | None
    """Time of the end, seconds since 1970 UTC; for a running job, its time limit."""
    places: str
    """Nodes that it runs on, in Slurm's notation."""
    name: str
    """Name of the job."""
    comment: str
    """Comment of the job."""


@dataclass(frozen=True, slots=True)
class AccountingRow:
    """A job, or a step of a job, as listed by ``sacct``."""

    number: str
    """Job id, with ``_INDEX`` for an element of an array."""
    raw: str
    """Numeric id, which each element of an array has for itself."""
    step: str
    """Name of the step; empty for the job itself."""
    account: str
    """Unix account that the job ran under; empty for a step."""
    state: str
    """Slurm's name of the state, with the account that canceled the job."""
    submitted_at: float | None
    """Time of submission, seconds since 1970 UTC."""
    started_at: float | None
    """Time of start, seconds since 1970 UTC; None if it never started."""
    ended_at: float | None
    """Time of the end, seconds since 1970 UTC; None before the end."""
    cpu_seconds: float
    """CPU time of its processes, seconds."""
    peak_memory_bytes: int
    """Largest memory of all tasks together, bytes, as sampled."""
    cores: int
    """Number of CPU cores that it had."""
    wall_seconds: float
    """Elapsed time, seconds."""
    comment: str
    """Comment of the job, if the site records it."""
    exit_code: int
    """Exit code; ``sacct`` subtracts 128 from codes above 128."""
    signal: int
    """Number of the signal that ended it; 0 without one."""
    memory_limit_bytes: int = 0
    """Memory that Slurm granted, bytes; 0 if Slurm does not manage memory."""


@dataclass(frozen=True, slots=True)
class NodeRow:
    """A node as listed by ``sinfo``, in one of its partitions."""

    name: str
    """Name of the node."""
    state: str
    """Slurm's name of the state, with marks such as ``*`` (does not respond)."""
    cores: int
    """Number of CPU cores."""
    cores_in_use: int
    """Number of CPU cores that jobs use."""
    memory_bytes: int
    """Memory in bytes."""
    free_memory_bytes: int | None
    """Memory that the operating system reports as free, bytes; None if unknown."""
    gpus: int
    """Number of GPUs."""
    reason: str
    """Why it accepts no jobs, as written by an administrator or by Slurm."""
    features: tuple[str, ...]
    """Names of features that jobs can request."""
    partition: str
    """One partition that contains the node."""


@dataclass(frozen=True, slots=True)
class PartitionRow:
    """A partition as listed by ``sinfo``; one row for each kind of node."""

    name: str
    """Name of the partition."""
    default: bool
    """Whether jobs that name no partition go there."""
    state: str
    """State: ``up``, ``down``, ``drain`` or ``inact``."""
    limit: float | None
    """Longest time limit of a job in seconds; None for no limit."""
    nodes: int
    """Number of nodes."""
    cores: int
    """Number of CPU cores of all its nodes."""
    cores_in_use: int
    """Number of CPU cores that jobs use."""
    most_nodes: int | None
    """Largest number of nodes of one job; None for no limit."""
    memory_bytes: int
    """Memory of one of its nodes, bytes."""
    gpus: int
    """Number of GPUs of one of its nodes."""


def queue(text: str, nonce: str) -> list[QueueRow]:
    """Return the jobs from the output of :meth:`Slurm.queue`.

    Raises
    ------
    BackendFailed
        The output has another form or is incomplete.
    """
    return [_queue_row(*fields) for fields in _records(text, nonce, len(QUEUE_FIELDS))]


def _queue_row(
    number: str,
    array: str,
    index: str,
    shown: str,
    account: str,
    state: str,
    reason: str,
    dependency: str,
    cores: str,
    nodes: str,
    partition: str,
    project: str,
    priority: str,
    memory: str,
    limit: str,
    submitted: str,
    started: str,
    ended: str,
    places: str,
    name: str,
    comment: str,
) -> QueueRow:
    return QueueRow(
        number=f"{array}_{index}" if index.isdigit() else number,
        shown=shown,
        account=account,
        state=state,
        reason=reason,
        dependency=values.given(dependency),
        cores=values.count(cores),
        nodes=values.count(nodes),
        partition=partition,
        project=values.given(project),
        priority=values.count(priority),
        memory=memory,
        limit=values.seconds(limit),
        submitted_at=values.moment(submitted),
        started_at=values.moment(started),
        ended_at=values.moment(ended),
        places=values.given(places),
        name=name,
        comment=values.given(comment),
    )


def accounting(text: str, nonce: str) -> list[AccountingRow]:
    """Return the jobs and steps from the output of :meth:`Slurm.accounting`.

    Raises
    ------
    BackendFailed
        The output has another form or is incomplete.
    """
    # A record ends with the line of its last column and the next begins with the
    # line's other half, so that no line end that somebody wrote is taken for one.
    columns = ACCOUNTING_FIELDS.count(",")
    cells = text.split(nonce)
    rows: list[AccountingRow] = []
    first = cells[0]
    if first.strip() == "" and len(cells) == 1:
        return rows
    for start in range(1, len(cells), columns):
        fields = [first, *cells[start : start + columns]]
        last, _, first = fields[-1].partition("\n")
        if len(fields) != columns + 1 or not _EXIT.fullmatch(last):
            raise BackendFailed("What sacct answered makes no sense.")
        rows.append(_accounting_row(*[*fields[:columns], last]))
    return rows


def _accounting_row(
    job: str,
    raw: str,
    account: str,
    state: str,
    submitted: str,
    started: str,
    ended: str,
    cpu: str,
    memory: str,
    used: str,
    cores: str,
    given: str,
    elapsed: str,
    comment: str,
    exit_text: str,
) -> AccountingRow:
    number, _, step = job.partition(".")
    code, _, signal = exit_text.partition(":")
    return AccountingRow(
        number=number,
        raw=raw.partition(".")[0],
        step=step,
        account=account,
        state=state,
        submitted_at=values.moment(submitted),
        started_at=values.moment(started),
        ended_at=values.moment(ended),
        cpu_seconds=values.seconds(cpu) or 0.0,
        peak_memory_bytes=values.memory(used) or values.size(memory, "") or 0,
        cores=values.count(cores),
        memory_limit_bytes=values.memory(given),
        wall_seconds=values.seconds(elapsed) or 0.0,
        comment=values.given(comment),
        exit_code=int(code),
        signal=int(signal),
    )


def nodes(text: str, nonce: str) -> list[NodeRow]:
    """Return the nodes from the output of :meth:`Slurm.nodes`.

    Raises
    ------
    BackendFailed
        The output has another form or is incomplete.
    """
    found = []
    for fields in _records(text, nonce, len(NODE_FIELDS)):
        name, state, cores, memory, free, gres, reason, features, partition = fields
        in_use, total = values.cores(cores)
        found.append(
            NodeRow(
                name=name,
                state=state,
                cores=total,
                cores_in_use=in_use,
                memory_bytes=values.size(memory, "M") or 0,
                free_memory_bytes=values.size(free, "M"),
                gpus=values.gpus(gres),
                reason="" if reason.lower() == "none" else values.given(reason),
                features=tuple(filter(None, values.given(features).split(","))),
                partition=partition.rstrip("*"),
            )
        )
    return found


def partitions(text: str, nonce: str) -> list[PartitionRow]:
    """Return the partitions from the output of :meth:`Slurm.partitions`.

    Raises
    ------
    BackendFailed
        The output has another form or is incomplete.
    """
    found = []
    for fields in _records(text, nonce, len(PARTITION_FIELDS)):
        name, state, limit, machines, cores, sizes, memory, gres = fields
        in_use, total = values.cores(cores)
        most = sizes.rpartition("-")[2]
        found.append(
            PartitionRow(
                name=name.rstrip("*"),
                default=name.endswith("*"),
                state=state,
                limit=values.seconds(limit),
                nodes=values.count(machines),
                cores=total,
                cores_in_use=in_use,
                most_nodes=int(most) if most.isdigit() else None,
                memory_bytes=values.size(memory.rstrip("+"), "M") or 0,
                gpus=values.gpus(gres),
            )
        )
    return found


def _records(text: str, nonce: str, width: int) -> list[Sequence[str]]:
    between, end = parting(nonce)
    *records, rest = text.split(end)
    found: list[Sequence[str]] = [
        record.removeprefix("\n").split(between) for record in records
    ]
    if rest.strip() or any(len(fields) != width for fields in found):
        raise BackendFailed("What Slurm answered makes no sense.")
    return found


def exit_codes(text: str) -> dict[str, tuple[int, int]]:
    """Return exit code and signal of jobs by their ids."""
    found = {}
    for line in text.splitlines():
        words = line.split()
        if len(words) == 2 and words[1].isdigit():
            status = int(words[1])
            found[words[0]] = (status >> 8 & 255, status & 127)
    return found


def submitted(text: str) -> str:
    """Return the job id that ``sbatch --parsable`` printed.

    Raises
    ------
    BackendFailed
        There is no job id.
    """
    found = _SUBMITTED.search(text)
    if found is None:
        raise BackendFailed("sbatch told no id of the job.")
    return found[1]


def settings(text: str) -> dict[str, str]:
    """Return the settings that ``scontrol show config`` printed, by name."""
    pairs = (line.partition("=") for line in text.splitlines() if "=" in line)
    return {name.strip(): value.strip() for name, _, value in pairs}
