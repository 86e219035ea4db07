"""The plug-in ``slurm``: jobs on a Slurm cluster, by its commands."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import aclosing, asynccontextmanager, suppress
from typing import Annotated

from gatewright.backends.plugin import SchedulerPlugin, Setting
from gatewright.backends.slurm.accounting import SlurmAccounting
from gatewright.backends.slurm.client import Client
from gatewright.backends.slurm.commands import Slurm
from gatewright.backends.slurm.scheduler import SlurmScheduler
from gatewright.core.config import Days, Interval, Section
from gatewright.core.config_base import Existing
from gatewright.domains.compute import Scheduler

_FIRST_LOOK_SECONDS = 5.0


class SlurmOptions(Section):
    """Settings of a system of type ``slurm``.

    Its commands are installed on this machine.
    """

    bin_dir: Annotated[str, Existing()] = ""
    """Folder of the commands (``sbatch``); by default they are searched in ``PATH``."""
    conf: Annotated[str, Existing()] = ""
    """Slurm's configuration file, for ``SLURM_CONF``; by default Slurm's own."""
    interval: Interval = 5.0
    """Seconds between two queries of the queue, which serve all users."""
    accounting_interval: Interval = 300.0
    """Seconds between two queries of the accounting database, which serve all users."""
    accounting_days: Days = 400
    """Number of days of which usage is read from the accounting database and kept."""


@asynccontextmanager
async def open_scheduler(setting: Setting[SlurmOptions]) -> AsyncIterator[Scheduler]:
    """Yield the scheduler; wait at most 5 s for a cluster that does not answer."""
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
        async with asyncio.timeout(_FIRST_LOOK_SECONDS), aclosing(scheduler):
            await scheduler.look()
    yield scheduler


def accounting_of(setting: Setting[SlurmOptions]) -> SlurmAccounting:
    """Return the source of the cluster's accounting."""
    options = setting.options
    return SlurmAccounting(
        setting.name,
        Client(setting.workers, Slurm(options.bin_dir, options.conf)),
        setting.service_account,
        interval=options.accounting_interval,
        days=options.accounting_days,
    )


plugin = SchedulerPlugin(SlurmOptions, open_scheduler, accounting_of)
