"""The service through which faces submit, query and control jobs."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from functools import partial

from gatewright.core.caller import Caller, Scope
from gatewright.core.clock import Clock, system_clock
from gatewright.core.errors import Conflict, GatewayError, NotFound
from gatewright.core.events import EventHub
from gatewright.core.pages import Page, page_limit
from gatewright.domains.compute.job_tokens import JobTokens
from gatewright.domains.compute.many import Cancellation, cancel_matching
from gatewright.domains.compute.model import (
    ComputeSystem,
    Estimate,
    Job,
    JobFilter,
    JobSpec,
    JobState,
    Refusal,
    Stream,
)
from gatewright.domains.compute.orders import Order, OrderKind
from gatewright.domains.compute.ports import (
    JobTable,
    OutputFile,
    OutputFiles,
    Scheduler,
)
from gatewright.domains.compute.records import JobRecords, named
from gatewright.domains.compute.submitting import Charge, Gate, JobSystem, Submitter
from gatewright.domains.compute.summary import as_one
from gatewright.domains.compute.views import SystemViews


class JobService(SystemViews):
    """Submits, lists, holds and cancels the caller's own jobs.

    Methods raise NotAllowed, or NotSignedIn for a visitor, without the scope that they
    need, and NotFound for a system without jobs or a job that is not the caller's.
    """

    def __init__(
        self,
        systems: Mapping[str, tuple[ComputeSystem, Scheduler]],
        table: JobTable,
        events: EventHub,
        outputs: OutputFiles,
        tokens: JobTokens,
        *,
        in_flight: int = 5000,
        clock: Clock = system_clock,
        gate: Gate | None = None,
        charge: Charge | None = None,
    ) -> None:
        super().__init__(
            {
                name: JobSystem(
                    system, scheduler, JobRecords(name, scheduler, table, events, clock)
                )
                for name, (system, scheduler) in systems.items()
            },
            table,
        )
        self._submitter = Submitter(table, in_flight, clock, tokens, gate, charge)
        self._outputs = outputs

    async def submit(
        self,
        caller: Caller,
        system: str,
        specs: Sequence[JobSpec],
        *,
        key: str | None = None,
    ) -> Sequence[Job]:
        """Submit all of the jobs or none; return the record of each job or array.

        The jobs are durable when this returns. A repeated call with the same ``key``
        and specifications returns the same jobs and submits nothing.

        Raises
        ------
        InvalidContent
            A specification is invalid, or the key was used with other specifications.
        Conflict
            The first request with the key is still in progress.
        TooManyRequests
            The caller would have too many unfinished jobs.
        Unavailable
            The system takes no new jobs now.
        """
        outcomes = await self._submit(caller, system, specs, key, together=True)
        jobs = [outcome for outcome in outcomes if isinstance(outcome, Job)]
        refusals = [outcome for outcome in outcomes if isinstance(outcome, Refusal)]
        if refusals:
            # The scheduler took some before it refused one.
            for job in jobs:
                taken = await self._live(caller, system, job.id)
                native_ids = [one.native_id for one in taken if one.native_id]
                on = self._system(system)
                await on.scheduler.cancel(caller.user, native_ids)
            raise refusals[0].error()
        return jobs

    async def submit_each(
        self,
        caller: Caller,
        system: str,
        specs: Sequence[JobSpec],
        *,
        key: str | None = None,
    ) -> Sequence[Job | Refusal]:
        """Submit jobs independently; return for each its record, or why it was refused.

        The accepted jobs are durable when this returns. A repeated call with the same
        ``key`` and specifications returns the same result and submits nothing.

        Raises
        ------
        InvalidContent
            There are no or too many jobs, or the key has other specifications.
        Conflict
            The first request with the key is still in progress.
        """
        return await self._submit(caller, system, specs, key, together=False)

    async def estimate(
        self, caller: Caller, system: str, specs: Sequence[JobSpec]
    ) -> Sequence[Estimate]:
        """Return where and when jobs would run; nothing is recorded or submitted.

        Raises
        ------
        InvalidContent
            A specification is invalid, or the scheduler would refuse the job.
        """
        caller.require(Scope.JOBS_SUBMIT)
        return await self._submitter.estimate(caller, self._system(system), specs)

    async def _submit(
        self,
        caller: Caller,
        system: str,
        specs: Sequence[JobSpec],
        key: str | None,
        *,
        together: bool,
    ) -> Sequence[Job | Refusal]:
        caller.require(Scope.JOBS_SUBMIT)
        outcomes = await self._submitter.submit(
            caller, self._system(system), specs, key, together=together
        )
        return [
            outcome
            if isinstance(outcome, Refusal)
            else as_one(
                await self._table.numbered(system, caller.user, outcome[0].number), ""
            )
            for outcome in outcomes
        ]

    async def list(
        self,
        caller: Caller,
        system: str,
        chosen: JobFilter,
        limit: int | None = None,
        cursor: str | None = None,
    ) -> Page[Job]:
        """Return a page of the caller's jobs that a filter accepts, newest first."""
        caller.require(Scope.JOBS_READ)
        self._system(system)
        return await self._table.list(
            system, caller.user, chosen, page_limit(limit), cursor
        )

    async def get(self, caller: Caller, system: str, job_id: str) -> Job:
        """Return a job of the caller, or an array summarized as one job.

        A queued job includes the expected start time, if the scheduler tells one.
        """
        caller.require(Scope.JOBS_READ)
        job = as_one(await self._named(caller, system, job_id), job_id)
        if job.state is JobState.QUEUED:
            with suppress(GatewayError):
                for seen in (await self.listed(caller, system, [job])).values():
                    expected = seen.status.expected_start_at
                    return replace(job, expected_start_at=expected)
        return job

    async def cancel(self, caller: Caller, system: str, job_id: str) -> Job:
        """End a job, or all elements of an array, with all processes.

        The returned record shows the job as ended, or as about to end.

        Raises
        ------
        Conflict
            The job is still being submitted.
        """
        caller.require(Scope.JOBS_CANCEL)
        on = self._system(system)
        jobs = await self._live(caller, system, job_id)
        return await self._tell(caller, on, job_id, jobs, on.scheduler.cancel)

    async def cancel_matching(
        self, caller: Caller, system: str, chosen: JobFilter
    ) -> Cancellation:
        """Cancel the caller's jobs that match: :func:`many.cancel_matching`."""
        caller.require(Scope.JOBS_CANCEL)
        on = self._system(system)
        return await cancel_matching(on, self._table, caller.user, chosen)

    async def hold(self, caller: Caller, system: str, job_id: str) -> Job:
        """Hold a queued job, or the queued elements of an array.

        Raises
        ------
        Conflict
            The job is still being submitted, is running or has ended.
        """
        caller.require(Scope.JOBS_SUBMIT)
        on = self._system(system)
        jobs = await self._waiting(caller, system, job_id, "held")
        job = await self._tell(caller, on, job_id, jobs, on.scheduler.hold)
        if job.state is JobState.ACTIVE and job.tasks is None:
            raise Conflict("The job started before it could be held.")
        return job

    async def release(self, caller: Caller, system: str, job_id: str) -> Job:
        """Release a held job, or the held elements of an array.

        Raises
        ------
        Conflict
            The job is still being submitted, is running or has ended.
        """
        caller.require(Scope.JOBS_SUBMIT)
        on = self._system(system)
        jobs = await self._waiting(caller, system, job_id, "released")
        return await self._tell(caller, on, job_id, jobs, on.scheduler.release)

    async def order(
        self, caller: Caller, system: str, job_id: str, order: Order
    ) -> Job:
        """Give an order that not every scheduler supports for a job or array.

        Raises
        ------
        Conflict
            The scheduler does not support it, or the job's state does not allow it.
        InvalidContent, NotAllowed
            The scheduler refuses the order, or a scope is missing.
        """
        caller.require(Scope.JOBS_SUBMIT)
        # A signal, a short limit and a requeue end what a job is doing.
        caller.require(Scope.JOBS_CANCEL)
        on = self._system(system)
        live = await self._live(caller, system, job_id)
        if order.kind not in on.scheduler.capabilities.orders:
            raise Conflict(f"The scheduler of {system} cannot {order.cannot}.")
        jobs = [job for job in live if order.concerns(job)]
        one_element = order.kind is OrderKind.ARRAY_LIMIT and "_" in job_id
        if not jobs or one_element:
            raise Conflict(order.refusal)
        give = partial(on.scheduler.order, order=order)
        return await self._tell(caller, on, job_id, jobs, give)

    async def with_output(self, caller: Caller, system: str, job_id: str) -> Job:
        """Return a job that has output files of its own, written or not yet.

        Raises
        ------
        NotFound
            The caller has no such job, or it is an array (its elements have files).
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
        """Open an output file of a job; the caller of this method closes it.

        Raises
        ------
        NotFound
            The caller has no such job, or it has not written anything yet.
        """
        job = await self.with_output(caller, system, job_id)
        path = job.stdout_path if stream is Stream.OUTPUT else job.stderr_path
        return await self._outputs.open(system, caller.user, path)

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
        """Return the jobs of an id that have not started.

        Raise Conflict if none is left.
        """
        live = await self._live(caller, system, job_id)
        jobs = [job for job in live if job.state is not JobState.ACTIVE]
        if not jobs:
            raise Conflict(f"Only a job that has not started can be {verb}.")
        return jobs

    async def _tell(
        self,
        caller: Caller,
        on: JobSystem,
        job_id: str,
        jobs: Sequence[Job],
        order: Callable[[str, Sequence[str]], Awaitable[None]],
    ) -> Job:
        """Pass an order to the scheduler, and return the job's updated record."""
        native_ids = [job.native_id for job in jobs if job.native_id]
        if native_ids:
            await order(caller.user, native_ids)
            await on.records.refresh(caller.user, native_ids)
        return as_one(await self._named(caller, on.system.name, job_id), job_id)
