"""Schedulers from the configuration, and the jobs that run on them."""

import asyncio
import logging
import os
import stat
from contextlib import AsyncExitStack, suppress
from pathlib import Path

from gatewright.backends.processes import Launcher, LocalLauncher, ProcessScheduler
from gatewright.backends.sql import Database
from gatewright.backends.sql.jobs import SqlJobTable
from gatewright.core.config import Config, System
from gatewright.core.errors import InvalidRequest, NotAllowed, NotFound
from gatewright.core.events import EventHub
from gatewright.domains.compute import (
    Capabilities,
    ComputeSystem,
    JobLedger,
    JobMonitor,
    JobService,
    OutputFiles,
    Scheduler,
)

_log = logging.getLogger(__name__)
_PAUSE = 1.0


async def open_compute(
    config: Config,
    database: Database,
    events: EventHub,
    stack: AsyncExitStack,
    *,
    launcher: Launcher | None = None,
    outputs: OutputFiles | None = None,
) -> JobService:
    """Open the schedulers, begin to follow them, and return the service of jobs."""
    table = SqlJobTable(database)
    systems: dict[str, tuple[ComputeSystem, Scheduler]] = {}
    for system in config.systems:
        if system.scheduler is None:
            continue
        scheduler = _scheduler(config, system, launcher or LocalLauncher())
        stack.push_async_callback(scheduler.close)
        home = str((system.home or Path.home()).absolute())
        systems[system.name] = ComputeSystem(system.name, home), scheduler
        ledger = JobLedger(system.name, scheduler, table, events)
        _follow(JobMonitor(system.name, scheduler, table, ledger), stack)
    return JobService(
        systems,
        table,
        events,
        outputs or LocalOutputFiles(),
        in_flight=config.limits.jobs_in_flight_per_user,
    )


def _scheduler(config: Config, system: System, launcher: Launcher) -> ProcessScheduler:
    if system.scheduler != "processes":
        raise InvalidRequest(
            f"The system “{system.name}” names the scheduler “{system.scheduler}”, "
            "and there is only “processes”."
        )
    return ProcessScheduler(
        config.gateway.state / "jobs" / system.name,
        Capabilities(
            cores=system.cores or len(os.sched_getaffinity(0)),
            memory_bytes=system.memory_bytes or _machine_memory(),
            queues=("default",),
        ),
        launcher,
    )


def _machine_memory() -> int:
    return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")


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


class LocalOutputFiles:
    """Opens the output of jobs as whoever runs the gateway."""

    async def open(self, user: str, path: str) -> int:
        return await asyncio.to_thread(_open_regular, path)


def _open_regular(path: str) -> int:
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    except PermissionError as error:
        raise NotAllowed("You may not read the job's output file.") from error
    except OSError as error:
        raise NotFound("The job has not written this output (yet).") from error
    if not stat.S_ISREG(os.fstat(descriptor).st_mode):
        os.close(descriptor)
        raise NotFound("The job's output is not a regular file.")
    return descriptor
