"""The scheduler ``processes``: jobs on this machine, in a queue in the state folder."""

import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from gatewright.backends.plugin import SchedulerPlugin, Setting
from gatewright.backends.processes.launcher import WorkerLauncher
from gatewright.backends.processes.scheduler import ProcessScheduler
from gatewright.core.config import Count, Names, Section
from gatewright.domains.compute import Capabilities, Scheduler


class ProcessOptions(Section):
    """Jobs as processes of this machine, in order, within these bounds."""

    cores: Count | None = None
    """Cores that jobs may take together; by default all that the gateway has."""
    memory_bytes: Count | None = None
    """Memory that jobs may take together; by default the machine's."""
    queues: Names = ("default",)
    """Names of the queue that a job may ask for; all share the cores and memory."""


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
