"""Follows a scheduler and keeps the records in step with it, also after a crash."""

import asyncio
import logging
from collections.abc import Sequence
from contextlib import suppress

from gatewright.core.clock import Clock, system_clock
from gatewright.core.errors import GatewayError
from gatewright.domains.compute.ledger import JobLedger
from gatewright.domains.compute.model import JobState, JobStatus, Snapshot
from gatewright.domains.compute.ports import JobTable, Scheduler

_log = logging.getLogger(__name__)
_CHUNK = 500
_PAUSES = (0.2, 1.0, 5.0)


class JobMonitor:
    """The background work of one system."""

    def __init__(
        self,
        system: str,
        scheduler: Scheduler,
        table: JobTable,
        ledger: JobLedger,
        clock: Clock = system_clock,
    ) -> None:
        self._system = system
        self._scheduler = scheduler
        self._table = table
        self._ledger = ledger
        self._clock = clock

    async def run(self) -> None:
        """Work until cancelled."""
        async with asyncio.TaskGroup() as group:
            group.create_task(self._follow())
            group.create_task(self._sweep())

    async def _follow(self) -> None:
        async for snapshot in self._scheduler.changes():
            await self._take(snapshot)

    async def _take(self, snapshot: Snapshot) -> None:
        for start in range(0, len(snapshot.jobs), _CHUNK):
            await self._record(snapshot.jobs[start : start + _CHUNK])
        if snapshot.complete:
            await self._account_for_missing(snapshot)

    async def _record(self, statuses: Sequence[JobStatus]) -> None:
        for attempt in range(1_000_000):  # pragma: no branch
            try:
                await self._ledger.record(statuses)
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

    async def _sweep(self) -> None:
        """Submit what was cut short, now and then."""
        while True:
            with suppress(GatewayError):
                await self._ledger.resubmit(self._clock())
            await asyncio.sleep(self._scheduler.capabilities.submit_seconds)
