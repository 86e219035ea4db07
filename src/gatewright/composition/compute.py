"""Schedulers from the configuration, and the jobs that run on them."""

import asyncio
import logging
import os
from contextlib import AsyncExitStack, suppress

from gatewright.backends.posix import PosixFileSystem
from gatewright.backends.sql import Database
from gatewright.backends.sql.jobs import SqlJobTable
from gatewright.backends.worker import Workers
from gatewright.composition.systems import home_of, open_schedulers
from gatewright.core.config import Config
from gatewright.core.errors import Conflict, NotFound
from gatewright.core.events import EventHub
from gatewright.domains.compute import (
    ComputeSystem,
    JobLedger,
    JobMonitor,
    JobService,
)

_log = logging.getLogger(__name__)
_PAUSE = 1.0
_NOT_WRITTEN = "The job has not written this output (yet)."
_NO_FILE = "The job's output is not a regular file."


async def open_compute(
    config: Config,
    database: Database,
    events: EventHub,
    workers: Workers,
    stack: AsyncExitStack,
) -> JobService:
    """Open the schedulers, begin to follow them, and return the service of jobs.

    The workers start the jobs' processes and open their output.
    """
    table = SqlJobTable(database)
    schedulers = await open_schedulers(config, workers, stack)
    for name, scheduler in schedulers.items():
        ledger = JobLedger(name, scheduler, table, events)
        _follow(JobMonitor(name, scheduler, table, ledger), stack)
    systems = {
        system.name: (
            ComputeSystem(system.name, str(home_of(system))),
            schedulers[system.name],
        )
        for system in config.systems
        if system.name in schedulers
    }
    return JobService(
        systems,
        table,
        events,
        WorkerOutputFiles(workers),
        in_flight=config.limits.jobs_in_flight_per_user,
    )


def _follow(monitor: JobMonitor, stack: AsyncExitStack) -> None:
    task = asyncio.create_task(_for_ever(monitor))

    async def end() -> None:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task

    stack.push_async_callback(end)


async def _for_ever(monitor: JobMonitor) -> None:
    """Follow a scheduler, and begin again after whatever happens."""
    while True:
        try:
            await monitor.run()
        except Exception:  # noqa: BLE001  # whatever it was, jobs go on
            _log.exception("Following the jobs begins again.")
        await asyncio.sleep(_PAUSE)


class WorkerOutputFiles:
    """Opens the output of jobs in the workers of their users."""

    def __init__(self, workers: Workers) -> None:
        self._files = PosixFileSystem(workers, b"/", b"/")

    async def open(self, user: str, path: str) -> int:
        try:
            opened = await self._files.open(user, os.fsencode(path))
        except NotFound as error:
            raise NotFound(_NOT_WRITTEN) from error
        except Conflict as error:
            raise NotFound(_NO_FILE) from error
        if opened.descriptor is None:
            raise NotFound(_NO_FILE)
        return opened.detach()
