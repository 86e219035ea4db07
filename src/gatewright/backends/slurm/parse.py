"""Parsers for what the commands print, without input or output."""

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
    """A job as ``squeue`` knows it."""

    number: str
    """Its id, with ``_INDEX`` for an element of an array."""
    shown: str
    """Its id as people see it: that of a part of a heterogeneous job has ``+``."""
    account: str
    """Unix account that it runs for."""
    state: str
    """Slurm's word for its state."""
    reason: str
    """Slurm's word for why it waits, or why it ended."""
    dependency: str
    """Jobs that it waits for, in Slurm's notation."""
    cores: int
    """Cores that it takes, or asks for."""
    nodes: int
    """Machines that it takes, or asks for."""
    partition: str
    """Its partition, or those that it asks for."""
    project: str
    """Account that is charged."""
    priority: int
    """The higher, the sooner."""
    memory: str
    """Least memory of a machine, in Slurm's notation."""
    limit: float | None
    """Longest time that it may run, in seconds."""
    submitted_at: float | None
    """Seconds since 1970 UTC."""
    started_at: float | None
    """Seconds since 1970 UTC; of one that waits when it is expected to start."""
    ended_at: float | None
    """Seconds since 1970 UTC; of one that runs when it must end."""
    places: str
    """Machines that it runs on, in Slurm's notation."""
    name: str
    """Its name."""
    comment: str
    """Its comment."""


@dataclass(frozen=True, slots=True)
class AccountingRow:
    """A job, or a step of one, as ``sacct`` keeps it."""

    number: str
    """The job's id, with ``_INDEX`` for an element of an array."""
    raw: str
    """The id alone, which an element has of its own."""
    step: str
    """Name of the step; empty for the job itself."""
    account: str
    """Unix account that it ran for; empty for a step."""
    state: str
    """Slurm's word for its state, with by whom it was canceled."""
    submitted_at: float | None
    """Seconds since 1970 UTC."""
    started_at: float | None
    """Seconds since 1970 UTC; None for one that never started."""
    ended_at: float | None
    """Seconds since 1970 UTC; None before."""
    cpu_seconds: float
    """Processor time of its processes."""
    peak_memory_bytes: int
    """Largest memory, as sampled; of several tasks that of them all."""
    cores: int
    """Cores that it had."""
    wall_seconds: float
    """Time that it ran."""
    comment: str
    """Its comment, where the site keeps it."""
    exit_code: int
    """Exit code; ``sacct`` takes 128 away from a larger one."""
    signal: int
    """Signal that ended it; 0 without one."""
    memory_limit_bytes: int = 0
    """Memory that it had; 0 on a system that gives out none."""


@dataclass(frozen=True, slots=True)
class NodeRow:
    """A machine as ``sinfo`` shows it, in one of its partitions."""

    name: str
    """Its name."""
    state: str
    """Slurm's word for its state, with marks such as ``*`` (does not answer)."""
    cores: int
    """Cores that it has."""
    cores_in_use: int
    """Cores that jobs have."""
    memory_bytes: int
    """Memory that it has."""
    free_memory_bytes: int | None
    """Memory that its system has free; None where nobody knows."""
    gpus: int
    """Graphics processors that it has."""
    reason: str
    """Why it takes no jobs, as an administrator or Slurm wrote it."""
    features: tuple[str, ...]
    """What jobs may ask of it by name."""
    partition: str
    """A partition that it is in."""


@dataclass(frozen=True, slots=True)
class PartitionRow:
    """A partition as ``sinfo`` shows it: for each size of its machines one."""

    name: str
    """Its name."""
    default: bool
    """Whether jobs go there that name none."""
    state: str
    """Whether it takes jobs and starts them: ``up``, ``down``, ``drain``, ``inact``."""
    limit: float | None
    """Longest time that a job may run, in seconds; None without a limit."""
    nodes: int
    """Machines."""
    cores: int
    """Cores of them all."""
    cores_in_use: int
    """Cores that jobs have."""
    most_nodes: int | None
    """Most machines of one job; None without a limit."""
    memory_bytes: int
    """Memory of one of its machines."""
    gpus: int
    """Graphics processors of one of its machines."""


def queue(text: str, nonce: str) -> list[QueueRow]:
    """Return the jobs of an answer to :meth:`Slurm.queue`.

    Raises
    ------
    BackendFailed
        The answer is not of that form, or was cut off.
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
    """Return the jobs and steps of an answer to :meth:`Slurm.accounting`.

    Raises
    ------
    BackendFailed
        The answer is not of that form, or was cut off.
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
    """Return the machines of an answer to :meth:`Slurm.nodes`.

    Raises
    ------
    BackendFailed
        The answer is not of that form, or was cut off.
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
    """Return the partitions of an answer to :meth:`Slurm.partitions`.

    Raises
    ------
    BackendFailed
        The answer is not of that form, or was cut off.
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
    """Return the id that ``sbatch --parsable`` printed.

    Raises
    ------
    BackendFailed
        There is none.
    """
    found = _SUBMITTED.search(text)
    if found is None:
        raise BackendFailed("sbatch told no id of the job.")
    return found[1]


def settings(text: str) -> dict[str, str]:
    """Return the settings that ``scontrol show config`` printed, by name."""
    pairs = (line.partition("=") for line in text.splitlines() if "=" in line)
    return {name.strip(): value.strip() for name, _, value in pairs}
