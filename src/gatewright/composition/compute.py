"""Schedulers from the configuration, and the jobs that run on them."""

import asyncio
import logging
import os
import stat
from collections.abc import Mapping, Sequence
from contextlib import AsyncExitStack, suppress
from pathlib import Path

from gatewright.backends.posix import OneWorker, PosixFileSystem
from gatewright.backends.processes import Launcher, LocalLauncher, ProcessScheduler
from gatewright.backends.sql import Database
from gatewright.backends.sql.jobs import SqlJobTable
from gatewright.backends.worker import Worker
from gatewright.core.config import Config, System
from gatewright.core.errors import Conflict, InvalidRequest, NotAllowed, NotFound
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
_NOT_WRITTEN = "The job has not written this output (yet)."
_NO_FILE = "The job's output is not a regular file."


async def open_compute(
    config: Config,
    database: Database,
    events: EventHub,
    stack: AsyncExitStack,
    *,
    worker: Worker | None = None,
) -> JobService:
    """Open the schedulers, begin to follow them, and return the service of jobs.

    Jobs are started, and their output is opened, by the worker; without one by this
    process itself.
    """
    launcher: Launcher = LocalLauncher()
    outputs: OutputFiles = LocalOutputFiles()
    if worker is not None:
        launcher, outputs = WorkerLauncher(worker), WorkerOutputFiles(worker)
    table = SqlJobTable(database)
    systems: dict[str, tuple[ComputeSystem, Scheduler]] = {}
    for system in config.systems:
        if system.scheduler is None:
            continue
        scheduler = _scheduler(config, system, launcher)
        stack.push_async_callback(scheduler.close)
        home = str((system.home or Path.home()).absolute())
        systems[system.name] = ComputeSystem(system.name, home), scheduler
        ledger = JobLedger(system.name, scheduler, table, events)
        _follow(JobMonitor(system.name, scheduler, table, ledger), stack)
    return JobService(
        systems,
        table,
        events,
        outputs,
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


class WorkerLauncher:
    """Starts processes from the worker."""

    def __init__(self, worker: Worker) -> None:
        self._worker = worker

    async def launch(
        self,
        user: str,
        argv: Sequence[str],
        environment: Mapping[str, str],
        directory: str,
    ) -> int:
        return await self._worker.launch(argv, environment, directory)


class WorkerOutputFiles:
    """Opens the output of jobs in the worker."""

    def __init__(self, worker: Worker) -> None:
        self._files = PosixFileSystem(OneWorker(worker), b"/", b"/")

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
        raise NotFound(_NOT_WRITTEN) from error
    if not stat.S_ISREG(os.fstat(descriptor).st_mode):
        os.close(descriptor)
        raise NotFound(_NO_FILE)
    return descriptor
