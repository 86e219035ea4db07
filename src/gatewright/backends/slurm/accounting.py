"""Implements the port of a source of accounting with Slurm's commands."""

import asyncio
import math
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import replace

from gatewright.backends.slurm import account_rows
from gatewright.backends.slurm.account_commands import AccountQueries
from gatewright.backends.slurm.account_rows import AssociationRow, Job, ShareRow, UseRow
from gatewright.backends.slurm.client import Client, new_nonce
from gatewright.backends.slurm.commands import Call
from gatewright.backends.slurm.failures import printed, without_accounting
from gatewright.backends.slurm.hidden import SEEING
from gatewright.core.errors import BackendFailed, Unavailable
from gatewright.domains.accounting import (
    NO_PROJECT,
    Allocation,
    Amount,
    FairShare,
    Limits,
    Member,
    Project,
    Report,
    Use,
)

_SECONDS = 300.0
"""Longest time for a query of the accounting database."""
_TOGETHER = 1000
"""Most jobs of one query."""
_PUT_BACK = frozenset({"PREEMPTED", "NODE_FAIL", "BOOT_FAIL"})
"""Ends of runs after which Slurm puts jobs back into the queue by itself."""
_HIDING = frozenset({"accounts", "jobs", "usage", "users", "all"})
_ENFORCING = frozenset({"limits", "safe", "all"})

Key = tuple[str, str, str]
"""Account, user and partition of an association."""


class SlurmAccounting:
    """Implements :class:`gatewright.domains.accounting.AccountingSource` for Slurm.

    All commands run as the service account.

    Parameters
    ----------
    system
        Name of the system in the gateway.
    client
        Runs the commands.
    service_account
        Account that asks for all users.
    interval
        Seconds between two readings.
    days
        Number of days whose usage is read.
    """

    def __init__(
        self,
        system: str,
        client: Client,
        service_account: str,
        *,
        interval: float,
        days: int,
    ) -> None:
        self.interval = interval
        self.days = days
        self._system = system
        self._client = client
        self._service = service_account
        self._queries = AccountQueries(client.slurm)

    async def report(self) -> Report:
        settings = await self._client.settings(self._service)
        cluster = settings.get("ClusterName", "")
        queries = self._queries
        told = await self._ask(queries.accounts())
        limits = await self._ask(queries.associations(cluster))
        shares = ""
        if settings.get("PriorityType") == "priority/multifactor":
            shares = await self._ask(queries.shares())
        enforced = settings.get("AccountingStorageEnforce", "").split(",")
        # A centre has ten thousands of associations.
        projects = await asyncio.to_thread(
            _projects,
            *(self._system, told, limits, shares),
            counts=not _ENFORCING.isdisjoint(enforced),
        )
        return Report(projects, failure=await self._hidden())

    async def usage(self, start: float, end: float) -> Sequence[Use]:
        nonce = new_nonce()
        text = await self._ask(self._queries.usage(nonce, start, end))
        # A day of a large cluster has a hundred thousand jobs.
        rows = await asyncio.to_thread(account_rows.uses, text, nonce)
        # Of these, the next run may begin only after the window.
        ends = (rows[place] for place in _last_runs(rows).values())
        numbers = sorted({row.number for row in ends if row.state in _PUT_BACK})
        later: dict[Job, float] = {}
        for first in range(0, len(numbers), _TOGETHER):
            some, nonce = numbers[first : first + _TOGETHER], new_nonce()
            call = self._queries.later_runs(nonce, end, some)
            later |= account_rows.runs(await self._ask(call), nonce)
        return await asyncio.to_thread(uses_of, rows, end, later)

    async def _hidden(self) -> str:
        """Return what Slurm does not show to the service account; "" for nothing."""
        text = await self._ask(self._queries.configuration())
        hidden = sorted(account_rows.hides(text) & _HIDING)
        if not hidden:
            return ""
        account = await self._client.account(self._service)
        level = await self._ask(self._queries.level(account))
        if level.strip() in SEEING:
            return ""
        return (
            f"Slurm keeps {', '.join(hidden)} private (PrivateData), so that this is "
            f"not complete. Make the gateway's account an operator: sacctmgr modify "
            f"user {account} set AdminLevel=Operator."
        )

    async def _ask(self, call: Call) -> str:
        """Return what a command prints.

        Raises
        ------
        BackendFailed
            The cluster has no accounting database.
        Unavailable
            The accounting database does not answer.
        """
        outcome = await self._client.run(self._service, call, _SECONDS)
        if without_accounting(outcome):
            raise BackendFailed(
                "This cluster has no accounting database (AccountingStorageType in "
                "slurm.conf)."
            )
        try:
            return printed(call.argv[0].rpartition("/")[2], outcome)
        except Unavailable as error:
            raise Unavailable(
                "Slurm's accounting database does not answer.",
                retry_after=error.retry_after,
            ) from error


def _projects(
    system: str, told: str, limits: str, fair: str, *, counts: bool
) -> Sequence[Project]:
    """Return the projects from the answers about accounts, associations and shares.

    Slurm's numbers of used resources are left out, unless it ``counts`` usage towards
    the limits.
    """
    shares = account_rows.shares(fair)
    if not counts:
        shares = [replace(share, used=None) for share in shares]
    return projects_of(
        system, account_rows.accounts(told), account_rows.associations(limits), shares
    )


def projects_of(
    system: str,
    accounts: Sequence[account_rows.AccountRow],
    associations: Sequence[AssociationRow],
    shares: Sequence[ShareRow],
) -> list[Project]:
    """Return the accounts of a cluster as projects, with their users as members."""
    described = {row.account: row for row in accounts}
    shared = {(row.account, row.user, row.partition): row for row in shares}
    members: defaultdict[str, list[AssociationRow]] = defaultdict(list)
    for row in associations:
        if row.user:
            members[row.account].append(row)
    found = []
    for row in associations:
        if row.user:
            continue
        about = described.get(row.account)
        coordinators = about.coordinators if about else ()
        people = [
            _member(one, shared, coordinator=one.user in coordinators)
            for one in members[row.account]
        ]
        named = {one.person for one in people}
        people += [
            Member(name, belongs=False, coordinator=True)
            for name in coordinators
            if name not in named
        ]
        share = shared.get((row.account, "", ""))
        found.append(
            Project(
                system=system,
                name=row.account,
                title=about.description if about else "",
                organization=about.organization if about else "",
                parent=row.parent,
                allocation=_allocation(row, share),
                limits=_limits(row),
                fair_share=_fair_share(share),
                members=people,
            )
        )
    return found


def uses_of(
    rows: Sequence[UseRow], end: float, later: Mapping[Job, float] | None = None
) -> list[Use]:
    """Return the sums of parts of jobs by account, user and partition.

    All runs of a job count as usage, as ``sreport`` counts them. The job is counted
    once for all its runs and parts, if it has ended before ``end``, the end of the time
    window. A run that made room for another job, or whose node failed, is not its end
    if Slurm put it back into the queue: then another follows, in the window or among
    the ``later`` ones, given by when they were submitted (seconds since 1970 UTC).
    """
    last = _last_runs(rows)
    over = set()
    for job, place in last.items():
        row, following = rows[place], (later or {}).get(job, 0.0)
        # A job that goes on after the window is given its end, also one that begins
        # only then.
        if (
            row.started_at is not None
            and row.ended_at is not None
            and row.started_at <= row.ended_at < end
            and not row.state.startswith("REQUEUED")
            and following <= (row.submitted_at or 0.0)
        ):
            over.add(place)
    sums: defaultdict[Key, Amount] = defaultdict(Amount)
    for place, row in enumerate(rows):
        sums[row.account or NO_PROJECT, row.user, row.partition] += Amount(
            row.seconds * row.cores,
            row.seconds * row.nodes,
            row.seconds * row.gpus,
            row.seconds,
            int(place in over),
        )
    return [
        Use(account, user, partition, amount)
        for (account, user, partition), amount in sorted(sums.items())
        if amount.wall_seconds or amount.jobs
    ]


def _last_runs(rows: Sequence[UseRow]) -> dict[Job, int]:
    """Return the place of the last run of each job; only its first part counts."""
    found: dict[Job, tuple[float, float, int]] = {}
    for place, row in enumerate(rows):
        if row.number.partition("+")[2] in {"", "0"}:
            run = row.submitted_at or 0.0, row.started_at or math.inf, place
            found[row.job] = max(found.get(row.job, run), run)
    return {job: place for job, (_, _, place) in found.items()}


def _member(
    row: AssociationRow, shared: Mapping[Key, ShareRow], *, coordinator: bool
) -> Member:
    share = shared.get((row.account, row.user, row.partition))
    return Member(
        person=row.user,
        partition=row.partition,
        coordinator=coordinator,
        limits=_limits(row),
        fair_share=_fair_share(share),
    )


def _allocation(row: AssociationRow, share: ShareRow | None) -> Allocation | None:
    """Return the limits of total usage; Slurm's are in minutes."""
    granted = row.granted
    gpus = account_rows.gpus_in(granted)
    if not {"cpu", "node"} & granted.keys() and gpus is None:
        return None
    used = share.used if share else None
    return Allocation(
        _seconds(granted.get("cpu")),
        _seconds(granted.get("node")),
        _seconds(gpus),
        None
        if used is None
        else Amount(
            used.get("cpu", 0.0) * 60,
            used.get("node", 0.0) * 60,
            (account_rows.gpus_in(used) or 0.0) * 60,
        ),
    )


def _limits(row: AssociationRow) -> Limits:
    at_once = row.at_once
    return Limits(
        jobs=row.jobs,
        submitted=row.submitted,
        duration=row.duration,
        cores=_whole(at_once.get("cpu")),
        nodes=_whole(at_once.get("node")),
        gpus=_whole(account_rows.gpus_in(at_once)),
        qos=row.qos,
    )


def _fair_share(row: ShareRow | None) -> FairShare | None:
    if row is None:
        return None
    return FairShare(
        row.shares,
        row.normal_shares,
        row.usage,
        row.effective_usage,
        row.factor,
        row.level,
    )


def _seconds(minutes: float | None) -> float | None:
    return None if minutes is None else minutes * 60


def _whole(number: float | None) -> int | None:
    return None if number is None else int(number)
