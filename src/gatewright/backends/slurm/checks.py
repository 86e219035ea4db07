"""Refuses jobs that the cluster could never run."""

import re
from collections.abc import Mapping

from gatewright.backends.slurm.commands import (
    COMMENT,
    MOST_ARRAY_TEXT,
    SUBMIT_LINE,
    array_text,
)
from gatewright.core.errors import InvalidContent
from gatewright.domains.compute import (
    Capabilities,
    OrderKind,
    Snapshot,
    Submission,
    check_capacity,
    parse_array,
)

SUBMIT_SECONDS = 15.0
"""Longest time that a submission takes. One that is unconfirmed after that was
interrupted."""
SUBMIT_EACH_SECONDS = 0.05
"""Time that each job of one request adds to it, with some to spare."""
_MOST_INDICES = 1 << 24
_LONGEST_LIMIT = len("%9999999")
_KEEPS_COMMANDS = (21, 8)
"""First version of Slurm whose accounting keeps them."""
_UNKNOWN = Capabilities(
    cores=1 << 31,
    memory_bytes=1 << 62,
    nodes=1 << 31,
    submit_seconds=SUBMIT_SECONDS,
    submit_each_seconds=SUBMIT_EACH_SECONDS,
    orders=frozenset(OrderKind),
)


def capabilities_of(seen: Snapshot | None) -> Capabilities:
    """Return what a cluster offers by the last snapshot; no limits without one."""
    if seen is None or not seen.partitions:
        return _UNKNOWN
    return Capabilities(
        cores=max(partition.cores for partition in seen.partitions),
        memory_bytes=sum(node.memory_bytes for node in seen.nodes),
        nodes=max(partition.nodes for partition in seen.partitions),
        queues=tuple(partition.name for partition in seen.partitions),
        submit_seconds=SUBMIT_SECONDS,
        submit_each_seconds=SUBMIT_EACH_SECONDS,
        orders=_UNKNOWN.orders,
    )


def mark_column(settings: Mapping[str, str]) -> str | None:
    """Return the column of a site's accounting that holds the marks of jobs.

    None if there is none: it keeps no comments, and Slurm is older than 21.08, which
    began to keep the commands that submitted jobs.
    """
    if "job_comment" in settings.get("AccountingStoreFlags", "").split(","):
        return COMMENT
    found = re.match(r"(\d+)\.(\d+)", settings.get("SLURM_VERSION", ""))
    new = found is not None and (int(found[1]), int(found[2])) >= _KEEPS_COMMANDS
    return SUBMIT_LINE if new else None


def check(
    submission: Submission, seen: Snapshot | None, capabilities: Capabilities
) -> None:
    """Refuse a submission that the cluster could never run.

    Raises
    ------
    InvalidContent
        The message says what the cluster offers.
    """
    attributes = submission.spec.attributes
    check_capacity(submission.spec.resources, capabilities)
    if submission.spec.array is not None:
        indices = parse_array(submission.spec.array, _MOST_INDICES).indices
        if len(array_text(indices)) + _LONGEST_LIMIT > MOST_ARRAY_TEXT:
            raise InvalidContent(
                "The indices of the array are too many for Slurm without a pattern. "
                "Use ranges, with equal steps (0-99:10), or submit it in parts."
            )
    if seen is None or not seen.partitions:
        return
    named = (attributes.queue_name or "").split(",") if attributes.queue_name else []
    for name in named:
        if name not in capabilities.queues:
            names = ", ".join(capabilities.queues)
            raise InvalidContent(f"There is no partition “{name}”. There are: {names}.")
    chosen = [
        one
        for one in seen.partitions
        if one.name in named or (not named and one.default)
    ]
    limits = [one.duration for one in chosen]
    if attributes.duration is not None and limits and None not in limits:
        most = max(limit for limit in limits if limit is not None)
        if attributes.duration > most:
            raise InvalidContent(
                f"The job asks for {attributes.duration} seconds, and "
                f"{', '.join(one.name for one in chosen)} gives a job {most:.0f}."
            )
