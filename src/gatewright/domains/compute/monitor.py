"""Follows a scheduler and keeps the records in step with it, also after a crash."""

import asyncio
import logging
from collections import defaultdict
from collections.abc import Sequence
from contextlib import aclosing

from gatewright.core.clock import Clock, system_clock
from gatewright.core.errors import GatewayError
from gatewright.domains.compute.model import ENDED, Changes, JobState, JobStatus
from gatewright.domains.compute.ports import JobTable, Scheduler
from gatewright.domains.compute.records import JobRecords

_log = logging.getLogger(__name__)
_CHUNK = 500
_PAUSES = (0.2, 0.5, 1.0)


class JobMonitor:
    """Keeps the records of one system's jobs in step with its scheduler.

    Each of its works is done by one process of the gateway at a time.
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
        """Write down what the scheduler tells, for as long as it does.

        Returns the seconds after which to follow it anew.
        """
        async with aclosing(self._scheduler.changes()) as changes:
            async for told in changes:
                for start in range(0, len(told.jobs), _CHUNK):
                    await self._record(told.jobs[start : start + _CHUNK])
                if told.complete:
                    await self._account_for_missing(told)
        return 1.0

    async def resubmit(self) -> float:
        """Submit the jobs whose submission was cut short.

        Returns the seconds after which to look for such jobs again.
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
        """See to the jobs that the scheduler knows nothing of.

        One that it says to have lost before it began is ``new`` again, and is submitted
        with others whose submission was cut short. The others' records end.
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
        for user, native_ids in missing.items():
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
