"""Updates the records of jobs from what a scheduler reports, also after a crash."""

import asyncio
import logging
from collections import defaultdict
from collections.abc import Sequence
from contextlib import aclosing

from gatewright.core.clock import Clock, system_clock
from gatewright.core.errors import GatewayError, PersonAbsent
from gatewright.domains.compute.model import ENDED, Changes, JobState, JobStatus
from gatewright.domains.compute.ports import JobTable, Scheduler
from gatewright.domains.compute.records import JobRecords

_log = logging.getLogger(__name__)
_CHUNK = 500
_USERS_AT_ONCE = 8
"""Users whose jobs are asked for at the same time."""
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

    async def follow(self) -> float:
        """Record what the scheduler reports until its reports end.

        Returns the seconds to wait before the next call.
        """
        async with aclosing(self._scheduler.changes()) as changes:
            async for told in changes:
                for start in range(0, len(told.jobs), _CHUNK):
                    await self._record(told.jobs[start : start + _CHUNK])
                if told.complete:
                    await self._account_for_missing(told)
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

    async def _account_for_missing(self, told: Changes) -> None:
        """Deal with jobs that a complete report of the scheduler does not contain.

        A job that the scheduler reports as lost before its start becomes ``new`` and is
        submitted again. Any other job that the scheduler does not know becomes failed.
        The users are asked for beside each other, since one who cannot be asked for,
        such as a removed account, or whose worker hangs, must not delay the others. The
        jobs of a user who is absent are asked for one by one: some may go on without.
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
        slots = asyncio.Semaphore(_USERS_AT_ONCE)

        async def account(user: str, native_ids: Sequence[str]) -> None:
            async with slots:
                try:
                    found = await self._scheduler.status(user, native_ids)
                except PersonAbsent:
                    if len(native_ids) > 1:
                        alone.extend((user, [one]) for one in native_ids)
                    return  # what is left is told when the person asks again
                except GatewayError as error:
                    _log.warning(
                        "Jobs of %s on %s are not accounted for: %s",
                        user,
                        self._system,
                        error.text,
                    )
                    return
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

        alone: list[tuple[str, list[str]]] = []
        await asyncio.gather(*(account(*one) for one in missing.items()))
        await asyncio.gather(*(account(*one) for one in alone))
