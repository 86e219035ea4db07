"""Streams the events of a job until it has ended, and waits for its end."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import aclosing, suppress

from gatewright.core.caller import Caller
from gatewright.core.clock import Clock, system_clock
from gatewright.core.events import Event, EventHub
from gatewright.domains.compute.model import ENDED, Job
from gatewright.domains.compute.service import JobService
from gatewright.domains.compute.summary import subject

LONGEST_WAIT = 30.0
"""Longest time that one request may wait for a job, seconds."""
LATE_SECONDS = 2.0
"""Seconds within which the event of a job's end is in the log after its record ended.
"""


class JobNews:
    """Follows the events of jobs.

    Parameters
    ----------
    jobs
        The job service.
    events
        The hub of the event log, which is read once for all followers.
    clock
        Gives the time, to compare with the times at which jobs ended.
    """

    def __init__(
        self, jobs: JobService, events: EventHub, clock: Clock = system_clock
    ) -> None:
        self._jobs = jobs
        self._events = events
        self._clock = clock

    async def over(self, caller: Caller, system: str, job_id: str, after: int) -> bool:
        """Return whether a job has ended and the client knows all its events.

        ``after`` is the number of the last event that the client knows.

        Raises
        ------
        NotFound
            The caller has no such job on this system.
        """
        job = await self._jobs.get(caller, system, job_id)
        if job.ended_at is None or self._just_ended(job):
            return False
        async with aclosing(self._until_ended(caller, job, after)) as events:
            return not [event async for event in events if event is not None]

    async def follow(
        self, caller: Caller, system: str, job_id: str, after: int
    ) -> AsyncGenerator[Event | None, None]:
        """Yield the events of a job, or of all elements of an array, until its end.

        None is yielded while there are no new events. ``after`` is the number of the
        last event that the client knows (see :meth:`EventHub.start`).

        Raises
        ------
        NotFound
            The caller has no such job on this system.
        """
        job = await self._jobs.get(caller, system, job_id)
        while True:
            last = None
            async with aclosing(self._until_ended(caller, job, after)) as events:
                async for event in events:
                    if event is not None:
                        last, after = event, event.number
                    yield event
            if job.tasks is None and last is not None and _is_end_event(last):
                return
            job = await self._jobs.get(caller, system, job_id)
            if not self._just_ended(job):
                return
            await asyncio.sleep(LATE_SECONDS)

    async def wait(
        self, caller: Caller, system: str, job_id: str, seconds: float
    ) -> Job:
        """Return a job when it has ended, or after ``seconds`` (at most 30) as it is.

        Raises
        ------
        NotFound
            The caller has no such job on this system.
        """
        after = await self._events.start(None)
        job = await self._jobs.get(caller, system, job_id)
        with suppress(TimeoutError):
            async with asyncio.timeout(min(seconds, LONGEST_WAIT)):
                async for _ in self._until_ended(caller, job, after):
                    pass
        return await self._jobs.get(caller, system, job_id)

    async def _until_ended(
        self, caller: Caller, job: Job, after: int
    ) -> AsyncGenerator[Event | None, None]:
        """Yield a job's events until its record says that it has ended.

        The record is read again only when as many ends have been reported as elements
        were still unfinished.
        """
        alone = subject(job)
        where = alone if job.tasks is None else f"jobs/{job.system}"
        missing, told = _running(job), 0
        events = self._events.follow(owner=caller.user, subject=where, after=after)
        async with aclosing(events):  # type: ignore[type-var]  # it is a generator
            async for event in events:
                if event is None:
                    if told >= missing:
                        job = await self._jobs.get(caller, job.system, job.id)
                        missing, told = _running(job), 0
                        if not missing:
                            return
                    yield None
                elif event.subject == alone or event.subject.startswith(f"{alone}_"):
                    told += _is_end_event(event)
                    yield event

    def _just_ended(self, job: Job) -> bool:
        """Return whether the event of a job's end may still be missing in the log."""
        return abs(self._clock() - (job.ended_at or 0.0)) < LATE_SECONDS


def _running(job: Job) -> int:
    """Return how many jobs have not ended: a single one, or elements of an array."""
    counts = job.tasks or {job.state.value: 1}
    return sum(count for state, count in counts.items() if state not in ENDED)


def _is_end_event(event: Event) -> bool:
    return event.data.get("state") in ENDED
