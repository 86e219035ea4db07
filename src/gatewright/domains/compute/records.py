"""Between the records and a scheduler: submit what is new, write down what is said."""

import asyncio
from collections.abc import Mapping, Sequence
from contextlib import suppress

from gatewright.core.errors import GatewayError, TimedOut
from gatewright.core.events import EventHub
from gatewright.domains.compute.array import parse_array
from gatewright.domains.compute.model import (
    Condition,
    Dependency,
    Job,
    JobState,
    JobStatus,
    NativeDependency,
    Submission,
)
from gatewright.domains.compute.ports import JobTable, Scheduler
from gatewright.domains.compute.summary import event_data, subject


class JobRecords:
    """The records of one system's jobs, kept in step with its scheduler."""

    def __init__(
        self, system: str, scheduler: Scheduler, table: JobTable, events: EventHub
    ) -> None:
        self._system = system
        self._scheduler = scheduler
        self._table = table
        self._events = events

    async def submit(self, jobs: Sequence[Job]) -> None:
        """Give admitted jobs to the scheduler.

        Where it refuses them their records go; where nobody knows whether it took
        them they stay ``new``, and the monitor submits them again.
        """
        try:
            submissions = [await self._submission(job) for job in jobs]
            native_ids = await self._scheduler.submit(submissions)
        except TimedOut:
            raise
        except GatewayError:
            await self._table.withdraw([job.uuid for job in jobs])
            raise
        by_uuid = {
            job.uuid: native for job, native in zip(jobs, native_ids, strict=True)
        }
        statuses = await self._scheduler.status(native_ids)
        await self._tell(await self._table.submitted(by_uuid, statuses))
        with suppress(
            GatewayError
        ):  # the jobs are submitted, whatever is known of them
            await self._catch_up(native_ids, statuses)

    async def _catch_up(
        self, native_ids: Sequence[str], told: Mapping[str, JobStatus]
    ) -> None:
        """Write down what changed before the records had the native ids.

        What the scheduler said of it meanwhile found no record, and is said once.
        """
        statuses = await self._scheduler.status(native_ids)
        await self.record([s for n, s in statuses.items() if s != told.get(n)])

    async def resubmit(self, now: float) -> None:
        """Submit the jobs whose submission was cut short."""
        lease = self._scheduler.capabilities.submit_seconds
        jobs = await self._table.cut_short(self._system, now, lease)
        if jobs:
            await self.submit(jobs)

    async def record(self, statuses: Sequence[JobStatus]) -> None:
        """Write down what the scheduler said, and tell of what changed."""
        await self._tell(await self._table.record(self._system, statuses))

    async def refresh(self, jobs: Sequence[Job]) -> None:
        """Ask the scheduler for some jobs and write down its answer."""
        native_ids = [job.native_id for job in jobs if job.native_id is not None]
        statuses = await self._scheduler.status(native_ids)
        await self.record(list(statuses.values()))

    async def _tell(self, jobs: Sequence[Job]) -> None:
        # All at once: the database commits them together.
        await asyncio.gather(*map(self._publish, jobs))

    async def _publish(self, job: Job) -> None:
        kind = f"job.{job.state.value}"
        await self._events.publish(kind, subject(job), job.user, event_data(job))

    async def _submission(self, job: Job) -> Submission:
        limit = parse_array(job.spec.array, 1 << 24).limit if job.spec.array else None
        dependencies: list[NativeDependency] = []
        for dependency in job.spec.dependencies:
            dependencies += await self._unsettled(job, dependency)
        return Submission(
            uuid=job.uuid,
            id=job.id,
            system=job.system,
            user=job.user,
            name=job.name,
            spec=job.spec,
            directory=job.directory,
            stdout_path=job.stdout_path,
            stderr_path=job.stderr_path,
            submitted_at=job.submitted_at,
            dependencies=tuple(dependencies),
            array_id=str(job.number) if job.spec.array else "",
            array_index=job.array_index,
            array_limit=limit,
        )

    async def _unsettled(
        self, job: Job, dependency: Dependency
    ) -> list[NativeDependency]:
        others = await named(self._table, job.system, job.user, dependency.job)
        return [
            NativeDependency(other.native_id, dependency.condition, other.id)
            for other in others
            if other.native_id is not None
            and not (other.ended and satisfied(dependency.condition, other.state))
        ]


def satisfied(condition: Condition, state: JobState) -> bool:
    """Return whether a job that ended so lets those that wait for it start."""
    if condition is Condition.AFTER_ANY:
        return True
    return (condition is Condition.AFTER_OK) == (state is JobState.COMPLETED)


async def named(table: JobTable, system: str, user: str, job_id: str) -> Sequence[Job]:
    """Return a user's jobs of an id: one, all elements of an array, or none."""
    number, mark, index = job_id.partition("_")
    if not _is_number(number) or (mark and not _is_number(index)):
        return []
    if not mark:
        return await table.numbered(system, user, int(number))
    job = await table.get(system, user, job_id)
    return [] if job is None else [job]


def _is_number(text: str) -> bool:
    return text.isascii() and text.isdigit() and len(text) <= 18
