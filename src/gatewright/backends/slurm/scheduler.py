"""Implements the scheduler port with Slurm's commands."""

import asyncio
import math
from collections import defaultdict
from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import aclosing, suppress
from dataclasses import dataclass
from pathlib import Path

from gatewright.backends.slurm import statuses
from gatewright.backends.slurm.cancels import Cancels
from gatewright.backends.slurm.checks import capabilities_of, check, mark_column
from gatewright.backends.slurm.client import Client
from gatewright.backends.slurm.commands import COMMENT, Slurm, touched
from gatewright.backends.slurm.directives import directives
from gatewright.backends.slurm.failures import Away
from gatewright.backends.slurm.found import Finder
from gatewright.backends.slurm.hidden import HiddenJobs
from gatewright.backends.slurm.looks import Looks
from gatewright.backends.slurm.marks import NativeId, native_id
from gatewright.backends.slurm.queue_process import QueueProcess
from gatewright.backends.slurm.rows import QueueRow
from gatewright.backends.slurm.statuses import PriorityOrder, has_ended, own_id
from gatewright.backends.slurm.submitting import Attempts, Submitter
from gatewright.backends.slurm.words import LAUNCH_FAILED, spaced
from gatewright.backends.worker import Workers, check_paths
from gatewright.core.background import Background
from gatewright.core.clock import Clock, system_clock
from gatewright.core.errors import GatewayError, PersonAbsent, TimedOut, Unavailable
from gatewright.core.homes import Homes
from gatewright.domains.compute import (
    ENDED,
    Capabilities,
    ChangeArrayLimit,
    ChangeLimit,
    Changes,
    Estimate,
    JobState,
    JobStatus,
    Order,
    SendSignal,
    Snapshot,
    Submission,
)

_COMPLETE_LOOKS = 3
"""Number of snapshots from one complete report to the next."""
_SETTINGS_SECONDS = 300.0
"""Seconds after which the configuration of the cluster is read again."""


class Lost(Unavailable):
    """A job was lost, and is submitted again in a moment."""


@dataclass(frozen=True, slots=True)
class _Look:
    """Result of one query of the cluster."""

    snapshot: Snapshot
    own: Sequence[JobStatus]
    """Statuses of the gateway's jobs, also of ended ones."""


class SlurmScheduler:
    """Implements :class:`gatewright.domains.compute.Scheduler` with Slurm's commands.

    Commands about a user's jobs run in that user's worker process. The queue is read by
    the service account for all users, once per interval, in one process.

    Parameters
    ----------
    slurm
        Builds the command lines.
    workers
        The worker processes of the users.
    service_account
        Account that reads the queue for all users.
    home
        Returns the home directories of users, which their jobs see too.
    folder
        Folder where the gateway's processes share the last snapshot.
    interval
        Seconds between two snapshots.
    clock
        Gives the time in seconds since 1970 UTC.
    """

    def __init__(
        self,
        slurm: Slurm,
        workers: Workers,
        service_account: str,
        home: Homes,
        folder: Path,
        *,
        interval: float = 5.0,
        clock: Clock = system_clock,
    ) -> None:
        self._client = Client(workers, slurm)
        self._service = service_account
        self._hidden = HiddenJobs(self._client, service_account)
        attempts = Attempts(folder, clock)
        self._finder = Finder(self._client, home, clock, attempts.grants)
        self._submitter = Submitter(self._client, self._finder, attempts, clock)
        self._looks = Looks(folder)
        self._cancels = Cancels(self._client, folder, interval, clock)
        self._interval = interval
        self._clock = clock
        self._looked_at = float("-inf")
        self._settled: dict[str, JobStatus] = {}
        self._order = PriorityOrder()
        self._queue = QueueProcess()
        self._private = frozenset({"all"})
        self._asked_at = float("-inf")

    @property
    def capabilities(self) -> Capabilities:
        return capabilities_of(self._looks.seen)

    def name_in(self, script: str) -> str:
        return directives(script).name.replace("\t", " ")

    async def check(self, submission: Submission) -> None:
        directives(submission.spec.script or "")
        await self._looks.require_answers(self._clock())
        with suppress(Unavailable):
            await self._looks.last()
        check(submission, self._looks.seen, self.capabilities)
        await check_paths(submission, self._client.mode)

    async def estimate(self, elements: Sequence[Submission]) -> Estimate:
        return await self._submitter.estimate(elements)

    async def submit(
        self, user: str, submissions: Sequence[Submission]
    ) -> Sequence[JobStatus | GatewayError]:
        return await self._submitter.submit(user, submissions)

    async def status(
        self, user: str, native_ids: Sequence[str]
    ) -> Mapping[str, JobStatus]:
        natives = _natives(user, native_ids)
        if not natives:
            return {}
        try:
            rows = await self._own(user, natives)
        except PersonAbsent:
            if len(natives) > 1:
                raise
            (native,) = natives  # its grant may let it go on
            left = await self._finder.left_behind(self._service, native)
            return await self._cancels.settled({str(native): left})
        found = {
            status.native_id: status
            for status in await self._finder.of_rows(user, rows, self._order)
        }
        missing = [native for native in natives if str(native) not in found]
        if missing:
            found.update(await self._finder.of_missing(user, missing))
        return await self._cancels.settled(found)

    async def snapshot(self) -> Snapshot:
        return await self._looks.last()

    async def forget(self, native_ids: Sequence[str]) -> None:
        ended: defaultdict[str, list[NativeId]] = defaultdict(list)
        for native in map(native_id, native_ids):
            if native is not None:
                ended[native.user].append(native)
        for user, natives in ended.items():
            await self._cancels.forget(user, natives)
            await self._submitter.forget(user, [native.name for native in natives])

    async def cancel(self, user: str, native_ids: Sequence[str]) -> None:
        natives = _natives(user, native_ids)
        try:
            left = _left(await self._ordered(user, native_ids))
            await self._cancels.note([one for one in left if one.index])
            if left:
                await self._client.cancel(user, [one.number for one in left])
        except Lost:
            raise
        except (TimedOut, Unavailable) as error:
            if not await self._cancels.keep(natives):
                raise
            raise type(error)(
                f"{error.text} The order is kept, and carried out when it answers.",
                retry_after=error.retry_after,
            ) from error
        except GatewayError:
            # What goes on has to be submitted again if Slurm loses it.
            await self._cancels.retract(_left(await self._own(user, natives)))
            raise

    async def hold(self, user: str, native_ids: Sequence[str]) -> None:
        rows = await self._ordered(user, native_ids)
        numbers = [row.number for row in rows if row.state == "PENDING"]
        if numbers:
            await self._client.order(user, self._client.slurm.hold(numbers))

    async def release(self, user: str, native_ids: Sequence[str]) -> None:
        rows = await self._ordered(user, native_ids)
        waiting = [row for row in rows if row.state == "PENDING"]
        await self._release(user, waiting)

    async def _release(self, user: str, rows: Sequence[QueueRow]) -> None:
        """Release jobs that wait; work that was done already is not repeated."""
        if not rows:
            return
        done = []
        for row in rows:
            native = own_id(row)
            if native is not None and spaced(row.reason) == LAUNCH_FAILED:
                done.append(await self._finder.claims.done_before(row, native))
        if any(done):
            await self._client.change(user, "touch", touched(list(filter(None, done))))
        call = self._client.slurm.release([row.number for row in rows])
        await self._client.order(user, call)

    async def order(self, user: str, native_ids: Sequence[str], order: Order) -> None:
        rows = await self._ordered(user, native_ids)
        numbers = [row.number for row in rows if not has_ended(row)]
        if not numbers:
            return
        slurm, change = self._client.slurm, self._client.change
        if isinstance(order, SendSignal):
            await change(user, "scancel", slurm.signal(numbers, order.signal))
        elif isinstance(order, ChangeLimit):
            minutes = math.ceil(order.duration / 60)
            await change(user, "scontrol", slurm.limit(numbers, minutes))
        elif isinstance(order, ChangeArrayLimit):
            arrays = list(dict.fromkeys(n.partition("_")[0] for n in numbers))
            call = slurm.array_limit(arrays, order.limit or 0)
            await change(user, "scontrol", call)
        else:
            await self._requeue(user, [row for row in rows if not has_ended(row)])

    async def _requeue(self, user: str, rows: Sequence[QueueRow]) -> None:
        held = [row for row in rows if row.state == "PENDING"]
        begun = [row.number for row in rows if row.state != "PENDING"]
        # Slurm requeues no job that is in the queue.
        await self._release(user, held)
        if begun:
            call = self._client.slurm.requeue(begun)
            await self._client.change(user, "scontrol", call)

    async def changes(self) -> AsyncGenerator[Changes, None]:
        # Beside the looks, so that a person's worker that hangs delays nobody's news.
        canceling = Background("canceling as ordered", self._cancels.carry_out)
        async with aclosing(self), canceling:
            loop = asyncio.get_running_loop()
            told: dict[str, JobStatus] = {}
            complete_at = float("-inf")
            while True:
                await asyncio.sleep(self._looked_at + self._interval - loop.time())
                look = await self.look()
                if look is None:
                    # When it is back it may have forgotten what it had promised.
                    complete_at = float("-inf")
                    continue
                now = {status.native_id: status for status in look.own}
                complete = loop.time() - complete_at >= _COMPLETE_LOOKS * self._interval
                news = [
                    status
                    for status in look.own
                    if complete or _differ(told.get(status.native_id), status)
                ]
                told = now
                if complete:
                    complete_at = loop.time()
                if news or complete:
                    yield Changes(look.snapshot.as_of, news, complete)

    async def look(self) -> _Look | None:
        """Query the whole cluster; return None if it does not answer."""
        self._looked_at = asyncio.get_running_loop().time()
        try:
            look = await self._look()
        except GatewayError as error:
            away_at = self._clock() if isinstance(error, Away) else None
            await self._looks.keep_failure(error.text, away_at=away_at)
            return None
        await self._looks.keep(look.snapshot)
        return look

    async def aclose(self) -> None:
        """End the process that parses the queue; the next look starts another."""
        await self._queue.aclose()

    async def _look(self) -> _Look:
        as_of = self._clock()
        account = await self._client.account(self._service)
        printed, nonce = await self._client.whole_queue(self._service)
        read = await self._queue.read(printed, nonce, account)
        found = await self._client.machines(self._service)
        nodes, partitions, reservations = found
        now = asyncio.get_running_loop().time()
        if now - self._asked_at > _SETTINGS_SECONDS:
            settings = await self._client.settings(self._service)
            self._private = frozenset(settings.get("PrivateData", "").split(","))
            await self._hidden.look(self._private)
            column = mark_column(settings)
            self._finder.has_marks = column is not None
            self._client.mark_column = column or COMMENT
            self._asked_at = now
        self._order = read.order
        self._finder.found(read.living)
        ended = await self._ended_statuses(read.ended)
        snapshot = Snapshot(
            as_of=as_of,
            jobs=await self._queue.columns({one.native_id: one for one in ended}),
            nodes=statuses.machines(nodes),
            partitions=statuses.partitions(partitions),
            private=not {"jobs", "all"}.isdisjoint(self._private),
            reservations=statuses.reservations(reservations),
            private_reservations=not {"reservations", "all"}.isdisjoint(self._private),
        )
        return _Look(snapshot, [*read.living.values(), *ended])

    async def _ended_statuses(self, rows: Sequence[QueueRow]) -> Sequence[JobStatus]:
        """Return the statuses of the gateway's ended jobs, each queried once."""
        known: dict[str, JobStatus] = {}
        asked = []
        for row in rows:
            native = str(own_id(row))
            if native in self._settled:
                known[native] = self._settled[native]
            else:
                asked.append(row)
        found = await self._finder.of_rows(self._service, asked, self._order)
        self._settled = known | {s.native_id: s for s in found if s.state in ENDED}
        return [*known.values(), *found]

    async def _own(self, user: str, natives: Sequence[NativeId]) -> Sequence[QueueRow]:
        """Return the jobs that the controller knows and whose marks match."""
        if not natives:
            return []
        wanted = set(natives)
        rows = await self._client.jobs(user, [native.number for native in natives])
        return [row for row in rows if own_id(row) in wanted]

    async def _ordered(
        self, user: str, native_ids: Sequence[str]
    ) -> Sequence[QueueRow]:
        """Return the jobs to which an order can be given.

        Raises
        ------
        Lost
            A job was lost and is being submitted again, so that the order would be
            lost.
        """
        natives = _natives(user, native_ids)
        rows = await self._own(user, natives)
        there = {own_id(row) for row in rows}
        missing = [native for native in natives if native not in there]
        if missing:
            found = await self._finder.of_missing(user, missing)
            if any(status.state is JobState.NEW for status in found.values()):
                raise Lost(
                    "Slurm has lost this job, and it is submitted again in a moment. "
                    "Give the order then.",
                    retry_after=10.0,
                )
        return rows


def _differ(before: JobStatus | None, now: JobStatus) -> bool:
    """Return whether a status is news; most are the same objects as before."""
    return before is not now and before != now


def _left(rows: Sequence[QueueRow]) -> list[NativeId]:
    """Return the ids of the gateway's jobs that have not ended."""
    found = [own_id(row) for row in rows if not has_ended(row)]
    return [native for native in found if native is not None]


def _natives(user: str, native_ids: Sequence[str]) -> list[NativeId]:
    found = [native_id(text) for text in native_ids]
    return [native for native in found if native is not None and native.user == user]
