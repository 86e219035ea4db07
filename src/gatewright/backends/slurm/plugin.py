"""The scheduler ``slurm``: jobs on a Slurm cluster, by its commands."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

from gatewright.backends.plugin import SchedulerPlugin, Setting
from gatewright.backends.slurm.commands import Slurm
from gatewright.backends.slurm.scheduler import SlurmScheduler
from gatewright.core.config import Interval, Section
from gatewright.domains.compute import Scheduler

_FIRST_LOOK_SECONDS = 5.0


class SlurmOptions(Section):
    """Jobs on a Slurm cluster whose commands are installed where the gateway runs."""

    bin_dir: str = ""
    """Folder of the commands (``sbatch``); by default they are found by ``PATH``."""
    conf: str = ""
    """File of the cluster's settings, for ``SLURM_CONF``; by default Slurm's own."""
    interval: Interval = 5.0
    """Seconds from one look at the queue to the next, for all users together."""


@asynccontextmanager
async def open_scheduler(setting: Setting[SlurmOptions]) -> AsyncIterator[Scheduler]:
    """Yield the scheduler; a cluster that is away is waited for no longer than 5 s."""
    options = setting.options
    scheduler = SlurmScheduler(
        Slurm(options.bin_dir, options.conf),
        setting.workers,
        setting.service_account,
        setting.home,
        setting.state,
        interval=options.interval,
        clock=setting.clock,
    )
    with suppress(TimeoutError):
        async with asyncio.timeout(_FIRST_LOOK_SECONDS):
            await scheduler.look()
    yield scheduler


plugin = SchedulerPlugin(SlurmOptions, open_scheduler)
