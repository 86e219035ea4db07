"""Updates the records of jobs from what a scheduler reports, also after a crash."""

import asyncio
import logging
from collections import defaultdict
from collections.abc import Sequence
from collections.abc import Set as AbstractSet
from contextlib import aclosing, suppress

from gatewright.core.clock import Clock, system_clock
from gatewright.core.errors import GatewayError, PersonAbsent
from gatewright.domains.compute.model import ENDED, Changes, JobState, JobStatus
from gatewright.domains.compute.ports import JobTable, Scheduler
from gatewright.domains.compute.records import JobRecords

_log = logging.getLogger(__name__)
_CHUNK = 500
_USERS_AT_ONCE = 8
"""Users whose jobs are looked up at the same time."""
_TOGETHER = 100
"""Jobs of one user that one request asks for."""
_EACH_ROUND = 500
"""Most jobs of one user that are looked up after one complete report."""
_ALONE_EACH_ROUND = 64
"""Most of these if each takes a request of its own."""
_ALONE_AT_ONCE = 4
_PAUSES = (0.2, 0.5, 1.0)


class JobMonitor:
    """Keeps the records of one system's jobs up to date with its scheduler.

    Each of its methods runs in only one gateway process at a time.
    """

    def __init__(
        self,
        system: str,
        scheduler: Scheduler,
        table: JobTable,
        records: JobRecords,
        clock: Clock = system_clock,
    ) -> None:
        self._system = system
        self._scheduler = scheduler
        self._table = table
        self._records = records
        self._clock = clock
        self._users = asyncio.Semaphore(_USERS_AT_ONCE)
        self._asking: set[str] = set()
        self._had_turn: dict[str, set[str]] = {}

    async def follow(self) -> float:
        """Record what the scheduler reports until its reports end.

        Users whose jobs a complete report does not contain are asked for beside that,
        so that thousands of lost jobs, or a worker that hangs, delay no report.

        Returns the seconds to wait before the next call.
        """
        self._asking.clear()  # of a call that was cut short
        changing = aclosing(self._scheduler.changes())
        async with changing as changes, asyncio.TaskGroup() as tasks:
            async for told in changes:
                for start in range(0, len(told.jobs), _CHUNK):
                    await self._record(told.jobs[start : start + _CHUNK])
                if told.complete:
                    await self._account_for_missing(told, tasks)
        return 1.0

    async def resubmit(self) -> float:
        """Submit again the jobs whose submission was interrupted.

        Returns the seconds to wait before the next call.
        """
        await self._records.resubmit(self._clock())
        return self._scheduler.capabilities.submit_seconds

    async def _record(self, statuses: Sequence[JobStatus]) -> None:
        for attempt in range(1_000_000):  # pragma: no branch
            try:
                await self._records.record(statuses)
                await self._scheduler.forget(
                    [s.native_id for s in statuses if s.state in ENDED]
                )
            except GatewayError as error:
                _log.warning("The records of %s wait: %s", self._system, error.text)
                await asyncio.sleep(_PAUSES[min(attempt, len(_PAUSES) - 1)])
            else:
                return

    async def _account_for_missing(
        self, told: Changes, tasks: asyncio.TaskGroup
    ) -> None:
        """Deal with jobs that a complete report of the scheduler does not contain.

        A job that the scheduler reports as lost before its start becomes ``new`` and is
        submitted again. Any other job that the scheduler does not know becomes failed.
        A user about whose jobs questions are still open is asked for nothing more.
        """
        known = {status.native_id for status in told.jobs}
        missing: defaultdict[str, list[str]] = defaultdict(list)
        began: set[str] = set()
        for job in await self._table.open_jobs(self._system):
            if job.state is JobState.NEW or job.native_id is None:
                continue
            if job.native_id not in known:
                missing[job.user].append(job.native_id)
            if job.started_at is not None:
                began.add(job.native_id)
        for user in self._had_turn.keys() - missing.keys() - self._asking:
            del self._had_turn[user]
        for user in missing.keys() - self._asking:
            self._asking.add(user)
            tasks.create_task(self._account_for(user, missing[user], began))

    async def _account_for(
        self, user: str, native_ids: Sequence[str], began: AbstractSet[str]
    ) -> None:
        """Ask for a user's missing jobs, some at a time; the rest has its turn later.

        The jobs of a user who is absent are asked for one by one: some may go on
        without.
        """
        had = self._had_turn.get(user, set()).intersection(native_ids)
        some, start = sorted(native_ids, key=had.__contains__)[:_EACH_ROUND], 0
        slots = asyncio.Semaphore(_ALONE_AT_ONCE)

        async def alone(native_id: str) -> None:
            async with slots:
                with suppress(GatewayError):  # it has its turn again
                    await self._ask(user, [native_id], began)

        try:
            async with self._users:
                try:
                    for start in range(0, len(some), _TOGETHER):
                        await self._ask(user, some[start : start + _TOGETHER], began)
                except PersonAbsent:
                    # What is left is told when the person asks again.
                    some = some[: start + _ALONE_EACH_ROUND]
                    if len(some) - start > 1:
                        await asyncio.gather(*map(alone, some[start:]))
        except GatewayError as error:
            _log.warning(
                "Jobs of %s on %s are not accounted for: %s",
                *(user, self._system, error.text),
            )
        finally:
            had.update(some)
            self._had_turn[user] = had if len(had) < len(native_ids) else set()
            self._asking.discard(user)

    async def _ask(
        self, user: str, native_ids: Sequence[str], began: AbstractSet[str]
    ) -> None:
        """Ask for missing jobs of a user, and record their states."""
        found = await self._scheduler.status(user, native_ids)
        statuses = {
            native_id: status
            for native_id, status in found.items()
            if status.state is not JobState.NEW or native_id not in began
        }
        lost = [
            JobStatus(
                native_id=native_id,
                state=JobState.FAILED,
                native_state="LOST",
                reason="The scheduler knows nothing of this job any more.",
                ended_at=self._clock(),
            )
            for native_id in native_ids
            if native_id not in statuses
        ]
        await self._record([*statuses.values(), *lost])
