"""The plug-in ``processes``: jobs on this machine, queued in the state folder."""

import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from gatewright.backends.plugin import SchedulerPlugin, Setting
from gatewright.backends.processes.launcher import WorkerLauncher
from gatewright.backends.processes.scheduler import ProcessScheduler
from gatewright.core.config import Count, Names, Section
from gatewright.domains.compute import Capabilities, Scheduler


class ProcessOptions(Section):
    """Settings of a system of type ``processes``."""

    cores: Count | None = None
    """CPU cores that all jobs may use together; by default all that the gateway has."""
    memory_bytes: Count | None = None
    """Memory that all jobs may use together, bytes; by default the machine's."""
    queues: Names = ("default",)
    """Queue names that a job may request; all share the same cores and memory."""


@asynccontextmanager
async def open_scheduler(setting: Setting[ProcessOptions]) -> AsyncIterator[Scheduler]:
    """Yield the scheduler whose spool is in the system's state folder."""
    options = setting.options
    machine_memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    scheduler = ProcessScheduler(
        setting.state,
        Capabilities(
            cores=options.cores or len(os.sched_getaffinity(0)),
            memory_bytes=options.memory_bytes or machine_memory,
            queues=options.queues,
        ),
        WorkerLauncher(setting.workers),
        clock=setting.clock,
    )
    try:
        yield scheduler
    finally:
        await scheduler.close()


plugin = SchedulerPlugin(ProcessOptions, open_scheduler)
