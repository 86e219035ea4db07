"""Opens the schedulers of the configuration, and follows the jobs that run on them."""

from collections.abc import Mapping, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass

from gatewright.backends.posix import PosixFileSystem
from gatewright.backends.sql import Database
from gatewright.backends.sql.job_tokens import SqlJobTokenTable
from gatewright.backends.sql.jobs import SqlJobTable
from gatewright.composition.systems import BackendResources, open_schedulers
from gatewright.core.background import Background
from gatewright.core.config import Config
from gatewright.core.events import EventHub
from gatewright.domains.compute import (
    Charge,
    ComputeSystem,
    Gate,
    JobMonitor,
    JobRecords,
    JobService,
    JobTokens,
)
from gatewright.domains.identity import RequestedIdentity
from gatewright.operations.job_output import JobOutputFiles
from gatewright.operations.job_tokens import IdentityTokens, PrivateFiles

_MOST_PAUSE = 1.0


@dataclass(frozen=True, slots=True)
class Compute:
    """Jobs and what follows them."""

    jobs: JobService
    """Submits and controls jobs."""
    tokens: JobTokens
    """Gives jobs their tokens."""
    following: Mapping[str, Sequence[Background]]
    """Background tasks that follow the scheduler of each system."""
    ending: Background
    """Background task that ends the tokens of ended jobs."""


async def open_compute(
    config: Config,
    database: Database,
    events: EventHub,
    resources: BackendResources,
    identity: RequestedIdentity,
    stack: AsyncExitStack,
    gate: Gate | None = None,
    charge: Charge | None = None,
) -> Compute:
    """Open the schedulers and begin to follow their jobs; the stack ends it.

    ``gate`` is asked before new jobs are taken, ``charge`` before one is charged to a
    project.
    """
    table = SqlJobTable(database)
    schedulers = await open_schedulers(config, resources, stack)
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
                    lease=resources.lease(f"{what}/{name}"),
                    most_pause=_MOST_PAUSE,
                )
            )
            for what, work in works.items()
        ]
    systems = {
        system.name: (
            ComputeSystem(system.name, resources.homes(system)),
            schedulers[system.name],
        )
        for system in config.systems
        if system.name in schedulers
    }
    files = PosixFileSystem(resources.workers, b"/")
    tokens = JobTokens(
        SqlJobTokenTable(database), IdentityTokens(identity), PrivateFiles(files)
    )
    ending = Background(
        "ending the tokens of ended jobs",
        tokens.sweep,
        lease=resources.lease("job-tokens"),
        most_pause=_MOST_PAUSE,
    )
    jobs = JobService(
        systems,
        table,
        events,
        JobOutputFiles(files),
        tokens,
        in_flight=config.limits.jobs_in_flight_per_user,
        gate=gate,
        charge=charge,
    )
    return Compute(jobs, tokens, following, await stack.enter_async_context(ending))
