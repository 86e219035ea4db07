"""Opens the schedulers of the configuration, and follows the jobs that run on them."""

from collections.abc import Mapping, Sequence
from contextlib import AsyncExitStack

from gatewright.backends.posix import PosixFileSystem
from gatewright.backends.sql import Database
from gatewright.backends.sql.jobs import SqlJobTable
from gatewright.composition.systems import Means, open_schedulers
from gatewright.core.background import Background
from gatewright.core.config import Config
from gatewright.core.events import EventHub
from gatewright.domains.compute import (
    ComputeSystem,
    Gate,
    JobMonitor,
    JobRecords,
    JobService,
)
from gatewright.operations.job_output import JobOutputFiles

_MOST_PAUSE = 1.0


async def open_compute(
    config: Config,
    database: Database,
    events: EventHub,
    means: Means,
    stack: AsyncExitStack,
    gate: Gate | None = None,
) -> tuple[JobService, Mapping[str, Sequence[Background]]]:
    """Open the schedulers and begin to follow their jobs; the stack ends it.

    Returns the service of jobs, and the background tasks that follow the scheduler of
    each system. ``gate`` is asked before new jobs are taken.
    """
    table = SqlJobTable(database)
    schedulers = await open_schedulers(config, means, stack)
    following = {}
    for name, scheduler in schedulers.items():
        records = JobRecords(name, scheduler, table, events)
        monitor = JobMonitor(name, scheduler, table, records)
        works = {"jobs": monitor.follow, "submissions": monitor.resubmit}
        following[name] = [
            await stack.enter_async_context(
                Background(
                    f"following the {what} of {name}",
                    work,
                    lease=means.lease(f"{what}/{name}"),
                    most_pause=_MOST_PAUSE,
                )
            )
            for what, work in works.items()
        ]
    systems = {
        system.name: (
            ComputeSystem(system.name, means.homes(system)),
            schedulers[system.name],
        )
        for system in config.systems
        if system.name in schedulers
    }
    jobs = JobService(
        systems,
        table,
        events,
        JobOutputFiles(PosixFileSystem(means.workers, b"/")),
        in_flight=config.limits.jobs_in_flight_per_user,
        gate=gate,
    )
    return jobs, following
