"""Checks job specifications, records the jobs and submits them to a scheduler."""

import asyncio
import hashlib
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, replace

from gatewright.core.caller import Caller
from gatewright.core.clock import Clock
from gatewright.core.errors import (
    GatewayError,
    InvalidContent,
    TooManyRequests,
    Unavailable,
)
from gatewright.core.known_scopes import check_known
from gatewright.core.scopes import plain
from gatewright.domains.compute.array import parse_array
from gatewright.domains.compute.check import check_spec
from gatewright.domains.compute.job_tokens import JobTokens
from gatewright.domains.compute.model import (
    ComputeSystem,
    Condition,
    Estimate,
    JobSpec,
    JobState,
    Refusal,
)
from gatewright.domains.compute.placing import placed, sample
from gatewright.domains.compute.ports import (
    Admission,
    Admitted,
    JobTable,
    KeyUse,
    NewJob,
    Scheduler,
)
from gatewright.domains.compute.records import JobRecords, named, satisfied

MAXIMUM_KEY = 255
"""Longest ``Idempotency-Key``, in characters."""
MAXIMUM_SPECS = 1000
"""Largest number of specifications in one request."""
MAXIMUM_TRIED = 10
"""Largest number of specifications in one dry run, which asks for each by itself."""
Gate = Callable[[str], Awaitable[None]]
"""Raises an error if a system takes no new jobs now."""
Charge = Callable[[str, str, str], Awaitable[None]]
"""Raises an error if on a system an account may not charge its jobs to a project."""


@dataclass(frozen=True, slots=True)
class JobSystem:
    """A compute system with its scheduler and records."""

    system: ComputeSystem
    """Name and home directories."""
    scheduler: Scheduler
    """Scheduler that runs its jobs."""
    records: JobRecords
    """Records of its jobs."""


class Submitter:
    """Checks jobs, records them and submits them to their scheduler.

    Parameters
    ----------
    table
        The records of all jobs.
    in_flight
        Largest number of jobs of one user that may wait or run; each element of an
        array counts.
    clock
        Gives the time of a submission.
    tokens
        Gives jobs the tokens that they ask for.
    gate
        Asked before new jobs are recorded. A repeated request with a key gets the jobs
        of the first one, also when no new ones are taken.
    charge
        Asked before a job is charged to a project.
    """

    def __init__(
        self,
        table: JobTable,
        in_flight: int,
        clock: Clock,
        tokens: JobTokens,
        gate: Gate | None,
        charge: Charge | None,
    ) -> None:
        self._table = table
        self._tokens = tokens
        self._in_flight = in_flight
        self._clock = clock
        self._gate = gate
        self._charge = charge

    async def submit(
        self,
        caller: Caller,
        on: JobSystem,
        specs: Sequence[JobSpec],
        key: str | None,
        *,
        together: bool,
    ) -> Sequence[Admitted]:
        """Submit jobs, and return the result for each, in order.

        If ``together`` is true, the first invalid job refuses all before any is
        recorded; what the scheduler refuses afterwards is returned as a refusal.

        Raises
        ------
        InvalidContent
            There are no or too many jobs, or the key was used with other
            specifications.
        Conflict
            The first request with the key is still in progress.
        Unavailable
            The system takes no new jobs now, or its scheduler is away.
        GatewayError
            A job of several that belong together is invalid, or the scheduler accepted
            none.
        """
        user = caller.require_user()
        now = self._clock()
        able = on.scheduler.capabilities
        lease = able.submit_seconds + able.submit_each_seconds * len(specs)
        use = None
        if key is not None:
            digest = _digest(key, specs, together=together)
            use = KeyUse(on.system.name, user, key, digest, now, lease)
        outcomes = await self._table.keyed(use) if use is not None else None
        if outcomes is None:
            if not 1 <= len(specs) <= MAXIMUM_SPECS:
                raise InvalidContent(f"Send from 1 to {MAXIMUM_SPECS} jobs at once.")
            if self._gate is not None:
                await self._gate(on.system.name)
            jobs = await self._new_jobs(caller, on, specs, now, together=together)
            async with self._tokens.given(
                caller, on.system, jobs, together=together
            ) as given:
                # The checks may have taken longer than a lease, on a slow file system.
                now = self._clock()
                outcomes = await self._table.admit(
                    Admission(
                        system=on.system.name,
                        user=user,
                        jobs=given,
                        at=now,
                        lease=lease,
                        in_flight=self._in_flight,
                        together=together,
                        use=None if use is None else replace(use, at=now),
                    )
                )
        new = [
            job
            for outcome in outcomes
            if not isinstance(outcome, Refusal)
            for job in outcome
            if job.state is JobState.NEW
        ]
        refused = await on.records.submit(user, new) if new else {}
        return [
            outcome
            if isinstance(outcome, Refusal)
            else [job for job in outcome if job.uuid not in refused]
            or Refusal.of(refused[outcome[0].uuid])
            for outcome in outcomes
        ]

    async def estimate(
        self, caller: Caller, on: JobSystem, specs: Sequence[JobSpec]
    ) -> Sequence[Estimate]:
        """Return where and when jobs would run; nothing is recorded.

        Raises
        ------
        InvalidContent
            A specification is invalid, or the scheduler would refuse the job.
        """
        if not 1 <= len(specs) <= MAXIMUM_TRIED:
            raise InvalidContent(f"Try from 1 to {MAXIMUM_TRIED} jobs at once.")
        now = self._clock()
        found = []
        for spec in specs:
            job = await self._new_job(
                caller, on, spec, now, self._in_flight, InvalidContent
            )
            for scope in spec.token.scopes if spec.token else ():
                check_known(scope)
                caller.require(plain(scope))
            one = replace(
                sample(on.system, caller, job, now),
                dependencies=await on.records.unsettled(caller.user, spec),
                array_limit=parse_array(spec.array, 1 << 24).limit
                if spec.array
                else None,
            )
            elements = [replace(one, array_index=index) for index in job.indices]
            found.append(await on.scheduler.estimate(elements))
        return found

    async def _new_jobs(
        self,
        caller: Caller,
        on: JobSystem,
        specs: Sequence[JobSpec],
        now: float,
        *,
        together: bool,
    ) -> Sequence[NewJob | Refusal]:
        too_many = InvalidContent if together else TooManyRequests
        jobs: list[NewJob | Refusal] = []
        room = self._in_flight
        for spec in specs:
            # Other tasks have a turn: a specification may take some milliseconds.
            await asyncio.sleep(0)
            try:
                job = await self._new_job(caller, on, spec, now, room, too_many)
            except GatewayError as error:
                # What is unavailable to one of them is so to all.
                if together or isinstance(error, Unavailable):
                    raise
                jobs.append(Refusal.of(error))
            else:
                room -= len(job.uuids)
                jobs.append(job)
        return jobs

    async def _new_job(
        self,
        caller: Caller,
        on: JobSystem,
        spec: JobSpec,
        now: float,
        room: int,
        too_many: type[GatewayError],
    ) -> NewJob:
        """Return the job of a specification; raise ``too_many`` if ``room`` is less."""
        check_spec(spec)
        indices: Sequence[int | None] = [None]
        if spec.array is not None:
            indices = parse_array(spec.array, self._in_flight).indices
        if len(indices) > room:
            # Before anything is made or asked for each of them.
            raise too_many(
                f"With those before it, this is more than the {self._in_flight} jobs "
                "that one user may have waiting and running. Submit them in parts."
            )
        await self._check_dependencies(caller, on.system.name, spec, indices)
        project = spec.attributes.project_name
        if project is not None and self._charge is not None:
            await self._charge(on.system.name, caller.user, project)
        script_name = on.scheduler.name_in(spec.script or "")
        home = str(await on.system.home(caller.user))
        job = placed(home, spec, indices, script_name)
        await on.scheduler.check(sample(on.system, caller, job, now))
        return job

    async def _check_dependencies(
        self,
        caller: Caller,
        system: str,
        spec: JobSpec,
        indices: Sequence[int | None],
    ) -> None:
        for dependency in spec.dependencies:
            if dependency.condition is Condition.SINGLETON:
                continue
            others = await named(self._table, system, caller.user, dependency.job)
            if not others:
                raise InvalidContent(
                    f"You have no job “{dependency.job[:80]}” on {system} to wait for."
                )
            if dependency.condition is Condition.AFTER_CORR:
                if others[0].array_index is None:
                    raise InvalidContent(
                        f"Job {dependency.job} is no array: “after_corr” pairs its "
                        "elements with those of this job."
                    )
                own = set(indices)
                others = [other for other in others if other.array_index in own]
            for other in others:
                if other.ended and not satisfied(dependency.condition, other.state):
                    raise InvalidContent(
                        f"Job {other.id} is {other.state}, so "
                        f"“{dependency.condition}” will never come true."
                    )


def _digest(key: str, specs: Sequence[JobSpec], *, together: bool) -> str:
    """Return the SHA-256 digest of a request that has a key, in hexadecimal.

    Raises
    ------
    InvalidContent
        The key is empty, too long or not printable.
    """
    if not 1 <= len(key) <= MAXIMUM_KEY or not key.isprintable():
        raise InvalidContent(
            f"“Idempotency-Key” is 1 to {MAXIMUM_KEY} printable characters."
        )
    text = repr(list(specs)) + ("" if together else " each")
    return hashlib.sha256(text.encode("utf-8", "replace")).hexdigest()
