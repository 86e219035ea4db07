"""Follows a scheduler and keeps the records in step with it, also after a crash."""

import asyncio
import logging
from collections.abc import Sequence
from contextlib import aclosing

from gatewright.core.clock import Clock, system_clock
from gatewright.core.errors import GatewayError
from gatewright.domains.compute.model import JobState, JobStatus, Snapshot
from gatewright.domains.compute.ports import JobTable, Scheduler
from gatewright.domains.compute.records import JobRecords

_log = logging.getLogger(__name__)
_CHUNK = 500
_PAUSES = (0.2, 1.0, 5.0)


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
        changes = self._scheduler.changes()
        async with aclosing(changes):  # type: ignore[type-var]  # it is a generator
            async for snapshot in changes:
                await self._take(snapshot)
        return 1.0

    async def resubmit(self) -> float:
        """Submit the jobs whose submission was cut short.

        Returns the seconds after which to look for such jobs again.
        """
        await self._records.resubmit(self._clock())
        return self._scheduler.capabilities.submit_seconds

    async def _take(self, snapshot: Snapshot) -> None:
        for start in range(0, len(snapshot.jobs), _CHUNK):
            await self._record(snapshot.jobs[start : start + _CHUNK])
        if snapshot.complete:
            await self._account_for_missing(snapshot)

    async def _record(self, statuses: Sequence[JobStatus]) -> None:
        for attempt in range(1_000_000):  # pragma: no branch
            try:
                await self._records.record(statuses)
                await self._scheduler.forget(
                    [s.native_id for s in statuses if s.ended_at is not None]
                )
            except GatewayError as error:
                _log.warning("The records of %s wait: %s", self._system, error.text)
                await asyncio.sleep(_PAUSES[min(attempt, len(_PAUSES) - 1)])
            else:
                return

    async def _account_for_missing(self, snapshot: Snapshot) -> None:
        """End the records of jobs that the scheduler knows nothing of."""
        known = {status.native_id for status in snapshot.jobs}
        missing = [
            job.native_id
            for job in await self._table.open_jobs(self._system)
            if job.native_id is not None and job.native_id not in known
        ]
        statuses = await self._scheduler.status(missing)
        lost = [self._lost(native) for native in missing if native not in statuses]
        await self._record([*statuses.values(), *lost])

    def _lost(self, native_id: str) -> JobStatus:
        return JobStatus(
            native_id=native_id,
            state=JobState.FAILED,
            native_state="LOST",
            reason="The scheduler knows nothing of this job any more.",
            ended_at=self._clock(),
        )
