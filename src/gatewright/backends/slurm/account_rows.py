"""Parses what Slurm's commands print of accounts, shares and usage, without any I/O."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from gatewright.backends.slurm import values
from gatewright.backends.slurm.account_commands import (
    ACCOUNT_FIELDS,
    ASSOCIATION_FIELDS,
    RUN_FIELDS,
    SHARE_FIELDS,
    USE_FIELDS,
)
from gatewright.backends.slurm.failures import unexpected

Job = tuple[str, str]
"""Id of a job and the account that it ran under: ids are given again."""


@dataclass(frozen=True, slots=True)
class AccountRow:
    """An account as listed by ``sacctmgr show account``."""

    account: str
    """Name of the account."""
    coordinators: tuple[str, ...]
    """Users who may change it."""
    organization: str
    """Organization that it belongs to."""
    description: str
    """Description by an administrator."""


@dataclass(frozen=True, slots=True)
class AssociationRow:
    """An association as listed by ``sacctmgr show assoc``.

    Without a user it describes an account, else a user in an account.
    """

    account: str
    """Name of the account."""
    user: str
    """Name of the user; empty for the account itself."""
    partition: str
    """Partition to which it is limited; empty for all."""
    parent: str
    """Account above; empty for the root and for users."""
    granted: dict[str, float]
    """``GrpTRESMins``: minutes of each resource that all its jobs together may use."""
    at_once: dict[str, float]
    """``GrpTRES``: most of each resource that its jobs may have at the same time."""
    jobs: int | None
    """Most jobs that run at the same time; None without a limit."""
    submitted: int | None
    """Most jobs that run and wait; None without a limit."""
    duration: float | None
    """Longest time limit of a job in seconds; None without a limit."""
    qos: tuple[str, ...]
    """Qualities of service that jobs may name."""


@dataclass(frozen=True, slots=True)
class ShareRow:
    """Fair share of an association as listed by ``sshare``; None for what is empty."""

    account: str
    """Name of the account."""
    user: str
    """Name of the user; empty for the account itself."""
    partition: str
    """Partition to which the association is limited; empty for all."""
    shares: int | None
    """Assigned shares; None for ``parent``."""
    normal_shares: float | None
    """Part of all shares."""
    usage: float | None
    """Usage that is weighed, in seconds."""
    effective_usage: float | None
    """Part of the usage of the account above."""
    factor: float | None
    """Fair-share factor."""
    level: float | None
    """Shares divided by usage; None also for ``inf``."""
    used: dict[str, float] | None
    """``GrpTRESRaw``: minutes of each resource that its jobs used."""


@dataclass(frozen=True, slots=True)
class UseRow:
    """Part of a job within a time window, as listed by ``sacct --truncate``."""

    user: str
    """Unix account that the job ran under."""
    account: str
    """Account that was charged."""
    partition: str
    """Partition that it ran in."""
    cores: int
    """CPU cores that were allocated."""
    nodes: int
    """Nodes that were allocated."""
    gpus: float
    """GPUs that were allocated, if the site has Slurm record them."""
    seconds: float
    """Elapsed time within the window, without the time that it was suspended."""
    started_at: float | None
    """Start within the window, seconds since 1970 UTC; None if it never started."""
    ended_at: float | None
    """End within the window, seconds since 1970 UTC; None if it has not ended."""
    number: str
    """Id of the job, with ``+1`` and so on for further parts of a heterogeneous one."""
    state: str
    """State of this run; ``REQUEUED`` if another followed on request."""
    submitted_at: float | None
    """Time of submission, seconds since 1970 UTC; of a further run, when the job was
    put back into the queue."""

    @property
    def job(self) -> Job:
        """The job of this run."""
        return self.number, self.user


def accounts(text: str) -> list[AccountRow]:
    """Return the accounts from the output of :meth:`AccountQueries.accounts`.

    Raises
    ------
    BackendFailed
        The output has another form.
    """
    # The last field may contain the separator: an administrator wrote it.
    rows = _rows(text, ACCOUNT_FIELDS, most=ACCOUNT_FIELDS.count(","))
    return [
        AccountRow(name, _names(coordinators), organization, description.strip())
        for name, coordinators, organization, description in rows
    ]


def associations(text: str) -> list[AssociationRow]:
    """Return the associations from the output of :meth:`AccountQueries.associations`.

    Raises
    ------
    BackendFailed
        The output has another form.
    """
    found = []
    for cells in _rows(text, ASSOCIATION_FIELDS):
        account, user, partition, parent, minutes, at_once, *rest = cells
        jobs, submitted, most_jobs, most_submitted, duration, qos = rest
        found.append(
            AssociationRow(
                account,
                user,
                partition,
                parent,
                granted=resources(minutes),
                at_once=resources(at_once),
                # MaxJobs of an account is for each of its users, not for all.
                jobs=_least(jobs, most_jobs if user else ""),
                submitted=_least(submitted, most_submitted if user else ""),
                duration=values.seconds(duration),
                qos=_names(qos),
            )
        )
    return found


def shares(text: str) -> list[ShareRow]:
    """Return the fair shares from the output of :meth:`AccountQueries.shares`.

    Raises
    ------
    BackendFailed
        The output has another form.
    """
    found = []
    for cells in _rows(text, SHARE_FIELDS):
        account, user, partition, raw, *rest = (cell.strip() for cell in cells)
        normal, usage, effective, factor, level, used = rest
        found.append(
            ShareRow(
                account,
                user,
                partition,
                int(raw) if raw.isdigit() else None,
                _number(normal),
                _number(usage),
                _number(effective),
                _number(factor),
                _number(level),
                resources(used),
            )
        )
    return found


def uses(text: str, nonce: str) -> list[UseRow]:
    """Return the parts of jobs from the output of :meth:`AccountQueries.usage`.

    Raises
    ------
    BackendFailed
        The output has another form.
    """
    found = []
    for line in text.splitlines():
        cells = line.split(nonce)
        if len(cells) != USE_FIELDS.count(",") + 1:
            raise unexpected("sacct")
        user, account, partition, cores, nodes, given, elapsed, *rest = cells
        start, end, number, state, submitted = rest
        found.append(
            UseRow(
                user,
                account,
                partition,
                values.count(cores),
                values.count(nodes),
                gpus_in(resources(given)) or 0.0,
                float(elapsed) if elapsed.isdigit() else 0.0,
                values.moment(start),
                values.moment(end),
                number,
                state,
                values.moment(submitted),
            )
        )
    return found


def runs(text: str, nonce: str) -> dict[Job, float]:
    """Return when the last run of each job was submitted, seconds since 1970 UTC.

    ``text`` is the output of :meth:`AccountQueries.later_runs`.

    Raises
    ------
    BackendFailed
        The output has another form.
    """
    found: dict[Job, float] = {}
    for line in text.splitlines():
        cells = line.split(nonce)
        if len(cells) != RUN_FIELDS.count(",") + 1:
            raise unexpected("sacct")
        number, user, submitted = cells
        at = values.moment(submitted) or 0.0
        found[number, user] = max(found.get((number, user), at), at)
    return found


def resources(text: str) -> dict[str, float]:
    """Return the numbers in a list of resources (``cpu=4,mem=1000M,gres/gpu=2``).

    Sizes are left out.
    """
    pairs = (part.partition("=") for part in text.split(","))
    return {name: float(number) for name, _, number in pairs if _is_number(number)}


def gpus_in(found: dict[str, float]) -> float | None:
    """Return the GPUs in a list of resources, of all types; None if it names none."""
    typed = [count for name, count in found.items() if name.startswith("gres/gpu:")]
    return found.get("gres/gpu", sum(typed) if typed else None)


def hides(text: str) -> frozenset[str]:
    """Return what ``sacctmgr show configuration`` says the database keeps private."""
    own = text.partition("SlurmDBD configuration")[2]
    for line in own.splitlines():
        name, _, value = line.partition("=")
        if name.strip() == "PrivateData":
            return frozenset(value.strip().split(",")) - {"none", "(null)", ""}
    return frozenset()


def _rows(text: str, fields: str, *, most: int = -1) -> Iterator[Sequence[str]]:
    """Yield the cells of each line; ``most`` is how often a line is split."""
    for line in text.splitlines():
        cells = line.split("|", most)
        if len(cells) != fields.count(",") + 1:
            raise unexpected("Slurm")
        yield cells


def _names(text: str) -> tuple[str, ...]:
    return tuple(filter(None, text.split(",")))


def _least(*texts: str) -> int | None:
    """Return the smallest number of those that are given; None if none is."""
    return min((int(text) for text in texts if text.isdigit()), default=None)


def _is_number(text: str) -> bool:
    return text.isascii() and text.replace(".", "", 1).isdigit()


def _number(text: str) -> float | None:
    return float(text) if _is_number(text) else None
