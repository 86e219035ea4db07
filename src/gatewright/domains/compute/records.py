"""Submits recorded jobs to a scheduler, and records the states that it reports."""

import asyncio
import logging
from collections import defaultdict
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import replace

from gatewright.core.clock import Clock, system_clock
from gatewright.core.errors import (
    GatewayError,
    PersonAbsent,
    TimedOut,
    Unavailable,
)
from gatewright.core.events import EventHub
from gatewright.domains.compute.array import parse_array
from gatewright.domains.compute.job_tokens import TOKEN_VARIABLE
from gatewright.domains.compute.model import (
    ENDED,
    UNREADABLE,
    Condition,
    Job,
    JobSpec,
    JobState,
    JobStatus,
    NativeDependency,
    Refusal,
    Submission,
)
from gatewright.domains.compute.ports import JobTable, Scheduler
from gatewright.domains.compute.summary import event_data, subject

_log = logging.getLogger(__name__)
_USERS_AT_ONCE = 8
"""Users whose jobs are submitted again at the same time."""

_WAITS = (
    "The scheduler lost this job, and it waits for you: it is submitted again when you "
    "sign in or send any request with your token."
)


class JobRecords:
    """The records of one system's jobs, and the scheduler that runs the jobs."""

    def __init__(
        self,
        system: str,
        scheduler: Scheduler,
        table: JobTable,
        events: EventHub,
        clock: Clock = system_clock,
    ) -> None:
        self._system = system
        self._scheduler = scheduler
        self._table = table
        self._events = events
        self._clock = clock
        self._untold: list[Job] = []
        """Jobs whose change is recorded, but whose event could not be published yet."""

    async def submit(
        self, user: str, jobs: Sequence[Job], *, again: bool = False
    ) -> Mapping[str, GatewayError]:
        """Submit recorded jobs of one user to the scheduler.

        If they are submitted ``again``, they stay ``new`` while the scheduler does not
        answer or the person is absent: it may have accepted them at an earlier attempt.

        Returns, by uuid, the errors of jobs that were refused; their records are
        removed. If it is unknown whether the scheduler accepted the jobs, they stay
        ``new``, and the monitor submits them again.

        Raises
        ------
        TimedOut
            It is unknown whether the scheduler accepted the jobs.
        GatewayError
            None was accepted.
        """
        try:
            submissions = await self._submissions(jobs)
            outcomes = await self._scheduler.submit(user, submissions)
        except TimedOut as error:
            raise TimedOut(
                f"{error.text} What you sent is recorded, and is submitted once when "
                "that is possible: look for it among your jobs before you send it "
                "again, or send it again with the same “Idempotency-Key”.",
                retry_after=error.retry_after,
            ) from error
        except GatewayError as error:
            if again and isinstance(error, Unavailable):
                raise
            # What the scheduler had taken once, and lost, is not to be forgotten too.
            new = {job.uuid: error for job in jobs if job.native_id is None}
            if new:
                await self._withdraw(new)
            raise
        taken: dict[str, JobStatus] = {}
        refused: dict[str, GatewayError] = {}
        for job, outcome in zip(jobs, outcomes, strict=True):
            if not isinstance(outcome, GatewayError):
                taken[job.uuid] = with_end(outcome, self._clock())
            elif again and isinstance(outcome, Unavailable):
                continue  # it waits, though others of the user's go on
            elif job.native_id is None:
                refused[job.uuid] = outcome
            else:
                # It was taken once, and lost: its record stays, and says so.
                taken[job.uuid] = JobStatus(
                    native_id=job.native_id,
                    state=JobState.FAILED,
                    native_state="LOST",
                    reason=f"It was lost, and is not taken again: {outcome.text}",
                    ended_at=self._clock(),
                )
        if refused:
            await self._withdraw(refused)
        await self._tell(await self._table.submitted(taken))
        await self._tell_waiting(
            [
                job
                for job, outcome in zip(jobs, outcomes, strict=True)
                if isinstance(outcome, PersonAbsent)
            ]
        )
        with suppress(GatewayError):
            # What the scheduler told before the records had its ids found no record,
            # and is told once. The jobs are submitted, whatever is known of them.
            await self.refresh(user, [status.native_id for status in taken.values()])
        return refused

    async def _tell_waiting(self, jobs: Sequence[Job]) -> None:
        """Record that lost jobs wait for their person, as what runs would be another.

        Such are parts of an array that were lost alone, and jobs whose command has
        changed: for these the person has left nothing that allows it.
        """
        await self.record(
            [
                JobStatus(job.native_id, JobState.NEW, "LOST", _WAITS)
                for job in jobs
                if job.native_id is not None
            ]
        )

    async def _withdraw(self, refused: Mapping[str, GatewayError]) -> None:
        try:
            await self._table.withdraw({u: Refusal.of(e) for u, e in refused.items()})
        except GatewayError as error:
            raise type(error)(
                "The job could not be submitted now, and its record could not be "
                "removed. The gateway submits it as soon as that is possible: look for "
                "it before you send it again."
            ) from error

    async def resubmit(self, now: float) -> None:
        """Submit again the jobs whose submission was interrupted.

        Each user's are submitted by themselves, those of several users at the same
        time, so that one whose worker hangs does not delay the others.

        Raises
        ------
        GatewayError
            The jobs of at least one user could not be submitted; the others' were.
        """
        lease = self._scheduler.capabilities.submit_seconds
        by_user: defaultdict[str, list[Job]] = defaultdict(list)
        damaged: dict[str, JobStatus] = {}
        for job in await self._table.cut_short(self._system, now, lease):
            if job.spec == UNREADABLE:
                damaged[job.uuid] = JobStatus(
                    native_id=job.uuid,
                    state=JobState.FAILED,
                    native_state="LOST",
                    reason="The record of what this job was to run is damaged.",
                    ended_at=now,
                )
            else:
                by_user[job.user].append(job)
        await self._tell(await self._table.submitted(damaged))
        failures: list[GatewayError] = []
        waiting: list[Job] = []
        slots = asyncio.Semaphore(_USERS_AT_ONCE)

        async def again(user: str, jobs: Sequence[Job]) -> None:
            async with slots:
                try:
                    await self.submit(user, jobs, again=True)
                except PersonAbsent as error:
                    _log.debug("Jobs of %s wait: %s", user, error.text)
                    waiting.extend(jobs)
                except GatewayError as error:
                    failures.append(error)

        await asyncio.gather(*(again(*one) for one in by_user.items()))
        await self._tell_waiting(waiting)
        if failures:
            raise failures[0]

    async def record(self, statuses: Sequence[JobStatus]) -> None:
        """Record what the scheduler reported, and publish events of the changes."""
        now = self._clock()
        ends = [with_end(status, now) for status in statuses]
        await self._tell(await self._table.record(self._system, ends))

    async def refresh(self, user: str, native_ids: Sequence[str]) -> None:
        """Ask the scheduler for the status of jobs of one user, and record it.

        It may report a job that has ended to nobody else: Slurm forgets an element of
        an array at once that is canceled while it waits.
        """
        statuses = await self._scheduler.status(user, native_ids)
        await self.record(list(statuses.values()))
        await self._scheduler.forget(
            [one.native_id for one in statuses.values() if one.state in ENDED]
        )

    async def _tell(self, jobs: Sequence[Job]) -> None:
        """Publish events of changes, and those that could not be published before.

        They have to be kept until they are published: each change is recorded once, and
        nothing else would report it.
        """
        jobs, self._untold = [*self._untold, *jobs], []
        # All at once: the database commits them together.
        outcomes = await asyncio.gather(
            *(
                self._events.publish(
                    f"job.{job.state.value}", subject(job), job.user, event_data(job)
                )
                for job in jobs
            ),
            return_exceptions=True,
        )
        failures = [one for one in outcomes if isinstance(one, BaseException)]
        if failures:
            self._untold += [
                job
                for job, one in zip(jobs, outcomes, strict=True)
                if isinstance(one, BaseException)
            ]
            raise failures[0]

    async def _submissions(self, jobs: Sequence[Job]) -> Sequence[Submission]:
        """Return the submissions of jobs.

        The elements of an array share everything except their index.
        """
        found: list[Submission] = []
        limit: int | None = None
        dependencies: tuple[NativeDependency, ...] = ()
        number = -1
        for job in jobs:
            if job.number != number:
                number, array = job.number, job.spec.array
                limit = parse_array(array, 1 << 24).limit if array else None
                dependencies = await self.unsettled(job.user, job.spec)
            spec = job.spec
            if job.token_path:
                told = {**spec.environment, TOKEN_VARIABLE: job.token_path}
                spec = replace(spec, environment=told)
            found.append(
                Submission(
                    uuid=job.uuid,
                    id=job.id,
                    system=job.system,
                    user=job.user,
                    name=job.name,
                    spec=spec,
                    directory=job.directory,
                    stdout_path=job.stdout_path,
                    stderr_path=job.stderr_path,
                    submitted_at=job.submitted_at,
                    dependencies=dependencies,
                    array_id=str(job.number) if job.spec.array else "",
                    array_index=job.array_index,
                    array_limit=limit,
                )
            )
        return found

    async def unsettled(self, user: str, spec: JobSpec) -> tuple[NativeDependency, ...]:
        """Return what a job still has to wait for, by the scheduler's ids."""
        found: list[NativeDependency] = []
        for dependency in spec.dependencies:
            condition = dependency.condition
            if condition is Condition.SINGLETON:
                found.append(NativeDependency("", condition, ""))
                continue
            others = await named(self._table, self._system, user, dependency.job)
            found += [
                NativeDependency(other.native_id, condition, other.id)
                for other in others
                if other.native_id is not None
                and not (other.ended and satisfied(condition, other.state))
                and (condition, other.state) != (Condition.AFTER, JobState.ACTIVE)
            ]
        return tuple(found)


def with_end(status: JobStatus, now: float) -> JobStatus:
    """Return a status that has a time of end if, and only if, its state is final.

    A record with a time of end is not written again, and one without is waited for. If
    a scheduler reports an end without its time, ``now`` is taken for it.
    """
    if (status.ended_at is not None) == (status.state in ENDED):
        return status
    return replace(status, ended_at=now if status.state in ENDED else None)


def satisfied(condition: Condition, state: JobState) -> bool:
    """Return whether a dependency is met by another job that ended in a state."""
    if condition in {Condition.AFTER, Condition.AFTER_ANY}:
        return True
    return (condition is not Condition.AFTER_NOT_OK) == (state is JobState.COMPLETED)


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
    return (
        text.isascii() and text.isdigit() and len(text) <= 18 and f"{int(text)}" == text
    )
