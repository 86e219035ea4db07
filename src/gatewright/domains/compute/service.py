"""Jobs, as the faces use them."""

import hashlib
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass

from gatewright.core.caller import Caller, Scope
from gatewright.core.clock import Clock, system_clock
from gatewright.core.errors import Conflict, InvalidContent, NotFound
from gatewright.core.events import EventHub
from gatewright.core.pages import Page, page_limit
from gatewright.domains.compute.array import parse_array
from gatewright.domains.compute.check import check_spec
from gatewright.domains.compute.model import (
    Capabilities,
    ComputeSystem,
    Dependency,
    Job,
    JobFilter,
    JobSpec,
    JobState,
    Queue,
    Stream,
)
from gatewright.domains.compute.placing import placed, sample
from gatewright.domains.compute.ports import (
    Admission,
    JobTable,
    KeyUse,
    NewJob,
    OutputFile,
    OutputFiles,
    Scheduler,
)
from gatewright.domains.compute.records import JobRecords, named, satisfied
from gatewright.domains.compute.summary import array_as_job

MAXIMUM_KEY = 255
"""Characters of an ``Idempotency-Key``."""
MAXIMUM_SPECS = 1000
"""Specifications in one request."""


@dataclass(frozen=True, slots=True)
class _JobSystem:
    """One system with all that serves it."""

    system: ComputeSystem
    scheduler: Scheduler
    records: JobRecords


class JobService:
    """Submit, look at, hold and cancel one's own jobs."""

    def __init__(
        self,
        systems: Mapping[str, tuple[ComputeSystem, Scheduler]],
        table: JobTable,
        events: EventHub,
        outputs: OutputFiles,
        *,
        in_flight: int = 1000,
        clock: Clock = system_clock,
    ) -> None:
        self._systems = {
            name: _JobSystem(
                system, scheduler, JobRecords(name, scheduler, table, events)
            )
            for name, (system, scheduler) in systems.items()
        }
        self._table = table
        self._outputs = outputs
        self._in_flight = in_flight
        self._clock = clock

    @property
    def systems(self) -> Sequence[str]:
        """Names of the systems that run jobs."""
        return tuple(self._systems)

    async def ready(self, system: str) -> None:
        """Return when a system's scheduler answers.

        Raises
        ------
        NotFound
            No system of that name runs jobs.
        GatewayError
            It does not answer.
        """
        await self._system(system).scheduler.status(())

    def capabilities(self, system: str) -> Capabilities:
        """Return what a system's scheduler has and can do.

        Raises
        ------
        NotFound
            No system of that name runs jobs.
        """
        return self._system(system).scheduler.capabilities

    async def submit(
        self,
        caller: Caller,
        system: str,
        specs: Sequence[JobSpec],
        *,
        key: str | None = None,
    ) -> Sequence[Job]:
        """Submit jobs, all or none, and return the record of each (or its array).

        They are durable before this returns. With the same ``key`` and
        specifications again, the same jobs are returned and nothing is submitted.

        Raises
        ------
        InvalidContent
            A specification is not right, or the key came with others.
        Conflict
            The first request with the key is still in progress.
        TooManyRequests
            The caller has too many jobs that have not ended.
        """
        caller.require(Scope.JOBS_SUBMIT)
        place = self._system(system)
        use = self._key_use(caller, place, key, specs)
        jobs = await self._table.keyed(use) if use is not None else None
        if jobs is None:
            admission = await self._admission(caller, place, specs, use)
            jobs = await self._table.admit(admission)
        new = [job for job in jobs if job.state is JobState.NEW]
        if new:
            await place.records.submit(new)
        return await self._records(caller, system, jobs)

    async def list(
        self,
        caller: Caller,
        system: str,
        chosen: JobFilter,
        limit: int | None = None,
        cursor: str | None = None,
    ) -> Page[Job]:
        """Return a page of the caller's jobs, newest first."""
        caller.require(Scope.JOBS_READ)
        self._system(system)
        return await self._table.list(
            system, caller.user, chosen, page_limit(limit), cursor
        )

    async def get(self, caller: Caller, system: str, job_id: str) -> Job:
        """Return a job of the caller's, or an array as one job.

        Raises
        ------
        NotFound
            The caller has no such job there.
        """
        caller.require(Scope.JOBS_READ)
        return _as_one(await self._named(caller, system, job_id), job_id)

    async def cancel(self, caller: Caller, system: str, job_id: str) -> Job:
        """End a job, or all of an array, with all its processes.

        The record that is returned has ended, or will shortly.
        """
        caller.require(Scope.JOBS_CANCEL)
        place = self._system(system)
        jobs = await self._live(caller, system, job_id)
        return await self._tell(caller, place, job_id, jobs, place.scheduler.cancel)

    async def hold(self, caller: Caller, system: str, job_id: str) -> Job:
        """Keep a queued job, or the queued elements of an array, from starting.

        Raises
        ------
        Conflict
            It runs already, or has ended.
        """
        caller.require(Scope.JOBS_SUBMIT)
        place = self._system(system)
        jobs = await self._waiting(caller, system, job_id, "held")
        job = await self._tell(caller, place, job_id, jobs, place.scheduler.hold)
        if job.state is JobState.ACTIVE and job.tasks is None:
            raise Conflict("The job started before it could be held.")
        return job

    async def release(self, caller: Caller, system: str, job_id: str) -> Job:
        """Let a held job, or the held elements of an array, start.

        Raises
        ------
        Conflict
            It runs already, or has ended.
        """
        caller.require(Scope.JOBS_SUBMIT)
        place = self._system(system)
        jobs = await self._waiting(caller, system, job_id, "released")
        return await self._tell(caller, place, job_id, jobs, place.scheduler.release)

    async def with_output(self, caller: Caller, system: str, job_id: str) -> Job:
        """Return a job that has an output of its own, written or not.

        Raises
        ------
        NotFound
            The caller has no such job there, or it is an array.
        """
        job = await self.get(caller, system, job_id)
        if job.tasks is not None:
            raise NotFound(
                f"Job {job.id} is an array. Each element has its own output: "
                f"ask for {job.id}_0 and so on."
            )
        return job

    async def output(
        self, caller: Caller, system: str, job_id: str, stream: Stream
    ) -> OutputFile:
        """Open what a job wrote; the caller of this closes it.

        Raises
        ------
        NotFound
            The caller has no such job there, or it has not written anything yet.
        """
        job = await self.with_output(caller, system, job_id)
        path = job.stdout_path if stream is Stream.OUTPUT else job.stderr_path
        return await self._outputs.open(system, caller.user, path)

    async def queue(self, caller: Caller, system: str) -> Queue:
        """Return the caller's jobs that wait or run, oldest first."""
        caller.require(Scope.JOBS_READ)
        place = self._system(system)
        return Queue(
            as_of=self._clock(),
            jobs=await self._table.open_jobs(system, caller.user),
            capabilities=place.scheduler.capabilities,
        )

    def _system(self, system: str) -> _JobSystem:
        try:
            return self._systems[system]
        except KeyError:
            names = ", ".join(self._systems) or "none"
            raise NotFound(
                f"There is no system “{system[:80]}” with jobs. There are: {names}."
            ) from None

    async def _named(self, caller: Caller, system: str, job_id: str) -> Sequence[Job]:
        self._system(system)
        jobs = await named(self._table, system, caller.user, job_id)
        if not jobs:
            raise NotFound(f"You have no job “{job_id[:80]}” on {system}.")
        return jobs

    async def _live(self, caller: Caller, system: str, job_id: str) -> Sequence[Job]:
        jobs = await self._named(caller, system, job_id)
        if any(job.state is JobState.NEW for job in jobs):
            raise Conflict(
                "The job is just being submitted. Try again in a second.",
                headers={"Retry-After": "1"},
            )
        return [job for job in jobs if not job.ended]

    async def _waiting(
        self, caller: Caller, system: str, job_id: str, verb: str
    ) -> Sequence[Job]:
        """Return those jobs of an id that have not started."""
        live = await self._live(caller, system, job_id)
        jobs = [job for job in live if job.state is not JobState.ACTIVE]
        if not jobs:
            raise Conflict(f"Only a job that has not started can be {verb}.")
        return jobs

    async def _tell(
        self,
        caller: Caller,
        place: _JobSystem,
        job_id: str,
        jobs: Sequence[Job],
        order: Callable[[Sequence[str]], Awaitable[None]],
    ) -> Job:
        """Give the scheduler an order for jobs; return the record as it is then."""
        if jobs:
            await order([job.native_id for job in jobs if job.native_id])
            await place.records.refresh(jobs)
        return _as_one(await self._named(caller, place.system.name, job_id), job_id)

    async def _records(
        self, caller: Caller, system: str, jobs: Sequence[Job]
    ) -> Sequence[Job]:
        numbers = dict.fromkeys(job.number for job in jobs)
        return [
            _as_one(await self._table.numbered(system, caller.user, number), "")
            for number in numbers
        ]

    async def _admission(
        self,
        caller: Caller,
        place: _JobSystem,
        specs: Sequence[JobSpec],
        use: KeyUse | None,
    ) -> Admission:
        if not 1 <= len(specs) <= MAXIMUM_SPECS:
            raise InvalidContent(f"Send from 1 to {MAXIMUM_SPECS} jobs at once.")
        now = self._clock()
        jobs = [await self._new_job(caller, place, spec, now) for spec in specs]
        if sum(len(job.uuids) for job in jobs) > self._in_flight:
            raise InvalidContent(
                f"These are more than the {self._in_flight} jobs that one user may "
                "have waiting and running. Submit them in parts."
            )
        return Admission(
            system=place.system.name,
            user=caller.require_user(),
            jobs=jobs,
            at=now,
            lease=place.scheduler.capabilities.submit_seconds,
            in_flight=self._in_flight,
            use=use,
        )

    def _key_use(
        self,
        caller: Caller,
        place: _JobSystem,
        key: str | None,
        specs: Sequence[JobSpec],
    ) -> KeyUse | None:
        if key is None:
            return None
        if not 1 <= len(key) <= MAXIMUM_KEY or not key.isprintable():
            raise InvalidContent(
                f"“Idempotency-Key” is 1 to {MAXIMUM_KEY} printable characters."
            )
        lease = place.scheduler.capabilities.submit_seconds
        return KeyUse(
            place.system.name, caller.user, key, _digest(specs), self._clock(), lease
        )

    async def _new_job(
        self, caller: Caller, place: _JobSystem, spec: JobSpec, now: float
    ) -> NewJob:
        check_spec(spec)
        indices: Sequence[int | None] = [None]
        if spec.array is not None:
            indices = parse_array(spec.array, self._in_flight).indices
        for dependency in spec.dependencies:
            await self._check_dependency(caller, place, dependency)
        home = await place.system.home(caller.user)
        job = placed(str(home), spec, indices)
        await place.scheduler.check(sample(place.system, caller, job, now))
        return job

    async def _check_dependency(
        self, caller: Caller, place: _JobSystem, dependency: Dependency
    ) -> None:
        system = place.system.name
        others = await named(self._table, system, caller.user, dependency.job)
        if not others:
            raise InvalidContent(
                f"You have no job “{dependency.job[:80]}” on {system} to wait for."
            )
        for other in others:
            if other.ended and not satisfied(dependency.condition, other.state):
                raise InvalidContent(
                    f"Job {other.id} is {other.state}, so “{dependency.condition}” "
                    "will never come true."
                )


def _digest(specs: Sequence[JobSpec]) -> str:
    return hashlib.sha256(repr(list(specs)).encode("utf-8", "replace")).hexdigest()


def _as_one(jobs: Sequence[Job], job_id: str) -> Job:
    if len(jobs) == 1 and (jobs[0].id == job_id or jobs[0].array_index is None):
        return jobs[0]
    return array_as_job(jobs)
