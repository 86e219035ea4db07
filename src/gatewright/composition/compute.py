"""Schedulers from the configuration, and the jobs that run on them."""

import asyncio
import logging
import time
from collections.abc import Mapping
from contextlib import AsyncExitStack, suppress

from gatewright.backends.sql import Database
from gatewright.backends.sql.jobs import SqlJobTable
from gatewright.backends.worker import Workers
from gatewright.composition.job_output import WorkerOutputFiles
from gatewright.composition.systems import home_of, open_schedulers
from gatewright.core.config import Config
from gatewright.core.errors import Unavailable
from gatewright.core.events import EventHub
from gatewright.domains.compute import (
    ComputeSystem,
    JobLedger,
    JobMonitor,
    JobService,
)

_log = logging.getLogger(__name__)
_PAUSE = 1.0
_UNSTEADY_SECONDS = 10.0


async def open_compute(
    config: Config,
    database: Database,
    events: EventHub,
    workers: Workers,
    stack: AsyncExitStack,
) -> tuple[JobService, Mapping[str, "Follower"]]:
    """Open the schedulers, and begin to follow them.

    The workers start the jobs' processes and open their output. Returned are the
    service of jobs, and what follows the scheduler of each system.
    """
    table = SqlJobTable(database)
    schedulers = await open_schedulers(config, workers, stack)
    followers = {}
    for name, scheduler in schedulers.items():
        ledger = JobLedger(name, scheduler, table, events)
        followers[name] = Follower(JobMonitor(name, scheduler, table, ledger))
        _start(followers[name], stack)
    systems = {
        system.name: (
            ComputeSystem(system.name, str(home_of(system))),
            schedulers[system.name],
        )
        for system in config.systems
        if system.name in schedulers
    }
    jobs = JobService(
        systems,
        table,
        events,
        WorkerOutputFiles(workers),
        in_flight=config.limits.jobs_in_flight_per_user,
    )
    return jobs, followers


def _start(follower: "Follower", stack: AsyncExitStack) -> None:
    task = asyncio.create_task(follower.run())

    async def end() -> None:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task

    stack.push_async_callback(end)


class Follower:
    """Follows a scheduler, and begins again after whatever happens."""

    def __init__(self, monitor: JobMonitor) -> None:
        self._monitor = monitor
        self._failed_at = float("-inf")

    async def run(self) -> None:
        """Follow it until cancelled."""
        while True:
            try:
                await self._monitor.run()
            except Exception:  # noqa: BLE001  # whatever it was, jobs go on
                _log.exception("Following the jobs begins again.")
                self._failed_at = time.monotonic()
            await asyncio.sleep(_PAUSE)

    async def ready(self) -> None:
        """Return if the jobs have been followed without a break of late.

        Raises
        ------
        Unavailable
            It had to begin again within the last ten seconds.
        """
        if time.monotonic() - self._failed_at < _UNSTEADY_SECONDS:
            raise Unavailable("The jobs are not being followed.")
