"""Parses the output of Slurm's commands, without any I/O."""

import re
from collections.abc import Sequence
from dataclasses import replace

from gatewright.backends.slurm import values
from gatewright.backends.slurm.commands import (
    ACCOUNTING_FIELDS,
    COMMENT,
    NODE_FIELDS,
    PARTITION_FIELDS,
    QUEUE_FIELDS,
    SUBMIT_LINE,
    parting,
)
from gatewright.backends.slurm.failures import unexpected
from gatewright.backends.slurm.marks import comment_in
from gatewright.backends.slurm.rows import (
    AccountingRow,
    NodeRow,
    PartitionRow,
    QueueRow,
    ReservationRow,
)
from gatewright.core.errors import BackendFailed

_SUBMITTED = re.compile(r"^(\d+)(?:;[^\n]*)?$", re.MULTILINE | re.ASCII)
_ESTIMATED = re.compile(
    r"Job \d+ to start at (\d+) using (\d+) processors on (?:nodes )?(\S+)"
    r" in partition (\S+)",
    re.ASCII,
)
_QUEUE_COLUMNS = QUEUE_FIELDS.count(",") + 1
_BETWEEN = "\x1f"
_EXIT = re.compile(r"(\d+):(\d+)", re.ASCII)


def queue(text: str, nonce: str) -> list[QueueRow]:
    """Return the jobs from the output of :meth:`Slurm.queue`.

    Raises
    ------
    BackendFailed
        The output has another form or is incomplete.
    """
    return QueueParser().parse(text, nonce)


class QueueParser:
    """Parses the whole queue again and again, and only what changed since.

    A record that was in the last answer gives the same row, the same object. To parse
    20,000 records anew takes half a second.
    """

    def __init__(self) -> None:
        self._rows: dict[str, QueueRow] = {}

    def parse(self, text: str, nonce: str) -> list[QueueRow]:
        """Return the jobs from the output of :meth:`Slurm.queue`.

        Raises
        ------
        BackendFailed
            The output has another form or is incomplete.
        """
        between, end = parting(nonce)
        *records, rest = text.split(end)
        if rest.strip():
            raise unexpected("Slurm")
        rows: dict[str, QueueRow] = {}
        found = []
        for record in (each.removeprefix("\n") for each in records):
            # Each answer has separators of its own. With others in their place, equal
            # records are equal texts, if they have as many of them.
            if record.count(between) != _QUEUE_COLUMNS - 1:
                raise unexpected("Slurm")
            key = record.replace(between, _BETWEEN)
            row = self._rows.get(key) or rows.get(key)
            # With that character in a name or a comment, other fields give that text.
            if row is None or _BETWEEN in record:
                row = _queue_row(*record.split(between))
            rows[key] = row
            found.append(row)
        self._rows = rows
        return found


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
    restarts: str,
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
        restarts=values.count(restarts),
    )


def accounting(text: str, nonce: str, column: str = COMMENT) -> list[AccountingRow]:
    """Return the jobs and steps from the output of :meth:`Slurm.accounting`.

    ``column`` is the one that stands in the place of the comment.

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
            raise unexpected("sacct")
        rows.append(_accounting_row(*[*fields[:columns], last]))
    if column == SUBMIT_LINE:
        return [replace(row, comment=comment_in(row.comment)) for row in rows]
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
    most_used: str,
    tasks: str,
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
        gpus=values.count(values.resource(given, "gres/gpu")),
        gpus_busy=_busy(most_used, tasks),
        wall_seconds=values.seconds(elapsed) or 0.0,
        comment=values.given(comment),
        exit_code=int(code),
        signal=int(signal),
    )


def _busy(most_used: str, tasks: str) -> float | None:
    """Return the GPUs that tasks can have kept busy, from one task's use in percent."""
    percent = values.resource(most_used, "gres/gpuutil")
    if not percent.isdecimal():
        return None
    return int(percent) / 100 * max(1, values.count(tasks))


def reservations(text: str) -> list[ReservationRow]:
    """Return the reservations from the output of :meth:`Slurm.reservations`."""
    found = []
    for line in text.splitlines():
        if not line.startswith("ReservationName="):
            continue
        pairs = (word.partition("=") for word in line.split())
        told = {name: values.given(value) for name, _, value in pairs}
        found.append(
            ReservationRow(
                name=told["ReservationName"],
                state=told.get("State", ""),
                started_at=values.moment(told.get("StartTime", "")) or 0.0,
                ended_at=values.moment(told.get("EndTime", "")) or 0.0,
                places=told.get("Nodes", ""),
                nodes=values.count(told.get("NodeCnt", "")),
                cores=values.count(told.get("CoreCnt", "")),
                partition=told.get("PartitionName", ""),
                users=values.listed(told.get("Users", "")),
                accounts=values.listed(told.get("Accounts", "")),
                flags=values.listed(told.get("Flags", "")),
            )
        )
    return found


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
        raise unexpected("Slurm")
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
        raise BackendFailed("sbatch did not print the id of the job.")
    return found[1]


def estimated(text: str) -> tuple[float, int, str, str] | None:
    """Return start, cores, nodes and partition that ``sbatch --test-only`` printed.

    The start is in seconds since 1970. None if it printed something else.
    """
    found = _ESTIMATED.search(text)
    if found is None:
        return None
    start, cores, places, partition = found.groups()
    return float(start), int(cores), places, partition


def settings(text: str) -> dict[str, str]:
    """Return the settings that ``scontrol show config`` printed, by name."""
    pairs = (line.partition("=") for line in text.splitlines() if "=" in line)
    return {name.strip(): value.strip() for name, _, value in pairs}
