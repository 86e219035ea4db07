"""Decides which jobs may start now; a pure function of jobs and resources.

The policy: jobs start in order of submission. If one does not fit, later smaller jobs
may start before it. After it has waited for ``patience`` seconds, no later job may, so
that it starts as soon as enough is free. One that asks for more than the whole machine
has, as when that became smaller, waits without keeping others from starting.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache

from gatewright.domains.compute import (
    Condition,
    JobState,
    NativeDependency,
    satisfied,
)

_PLACES = (1000, 100, 10, 5)
"""Thresholds to which the number of jobs ahead is rounded down when it is above one."""
_NEAR = 10
"""Number of jobs ahead up to which an element of an array is not told their number."""


@dataclass(slots=True)
class Room:
    """Free resources."""

    cores: int
    """Free CPU cores."""
    memory: int
    """Free memory in bytes."""

    def fits(self, cores: int, memory: int) -> bool:
        """Return whether a job with these needs may start."""
        return cores <= self.cores and memory <= self.memory

    def take(self, cores: int, memory: int) -> None:
        """Reserve resources for a job."""
        self.cores -= cores
        self.memory -= memory


@dataclass(slots=True)
class Waiting:
    """A waiting job."""

    uuid: str
    """Unique name of the job."""
    cores: int
    """CPU cores that it requests."""
    memory: int
    """Memory that it requests, bytes."""
    since: float
    """Time of submission, seconds since 1970 UTC."""
    held: bool = False
    """Whether it is held until its owner releases it."""
    dependencies: Sequence[NativeDependency] = ()
    """Jobs that must end first."""
    array: str = ""
    """Number of the array that it belongs to; empty for none."""
    array_limit: int | None = None
    """Largest number of elements of the array that may run at once; None for no limit.
    """


@dataclass(slots=True)
class Plan:
    """What the leader should do."""

    starts: list[str] = field(default_factory=list)
    """Jobs to start, in order."""
    reasons: dict[str, str] = field(default_factory=dict)
    """Why each of the other jobs waits."""
    hopeless: dict[str, str] = field(default_factory=dict)
    """Jobs that can never start, with the reason."""


def plan(
    waiting: Sequence[Waiting],
    room: Room,
    outcomes: Mapping[str, JobState | None],
    running: Mapping[str, int],
    *,
    whole: Room,
    now: float,
    patience: float,
) -> Plan:
    """Return what to do with the waiting jobs, given in order of submission.

    ``room`` is what is free of the ``whole`` machine. ``outcomes`` has the final state
    of each known job, None if it has not ended; ``running`` has the number of running
    elements of each array. ``now`` is in seconds since 1970 UTC, ``patience`` in
    seconds.
    """
    result = Plan()
    active = dict(running)
    blocked = False
    ahead = 0
    for job in waiting:
        if (job.held or job.dependencies) and _not_yet(job, outcomes, result):
            continue
        if not whole.fits(job.cores, job.memory):
            # It would never be its turn, and those behind it would wait for ever.
            result.reasons[job.uuid] = (
                f"Asks for more than this machine has ({whole.cores} cores and "
                f"{whole.memory >> 20} MiB of memory for jobs)."
            )
        elif (
            job.array_limit is not None and active.get(job.array, 0) >= job.array_limit
        ):
            result.reasons[job.uuid] = (
                f"{job.array_limit} elements of its array may run at once."
            )
        elif blocked or not room.fits(job.cores, job.memory):
            result.reasons[job.uuid] = _lack(
                job.cores if job.cores > room.cores else 0,
                job.memory if job.memory > room.memory else 0,
                next((-count for count in _PLACES if ahead > count), ahead)
                if not job.array or ahead > _NEAR
                else None,
            )
            blocked = blocked or now - job.since >= patience
            ahead += 1
        else:
            room.take(job.cores, job.memory)
            active[job.array] = active.get(job.array, 0) + 1
            result.starts.append(job.uuid)
    return result


@lru_cache(maxsize=4096)
def _lack(cores: int, memory: int, ahead: int | None) -> str:
    """Return why a job waits: the missing cores or bytes, and its place in the queue.

    ``ahead`` is the number of jobs ahead. It is negative for "more than that number",
    and None for a few. The place is only approximate far from the head and for elements
    of an array, since each new text has to be written to the job's record, and all
    places change whenever a job starts.
    """
    if ahead is None:
        place = f"{_NEAR} jobs or fewer are ahead"
    elif ahead == 0:
        place = "it is next"
    elif ahead < 0:
        place = f"more than {-ahead} jobs are ahead"
    else:
        place = f"{ahead} {'job is' if ahead == 1 else 'jobs are'} ahead"
    if cores:
        return f"Waits for {'1 core' if cores == 1 else f'{cores} cores'}; {place}."
    if memory:
        return f"Waits for {math.ceil(memory / 2**20)} MiB of memory; {place}."
    return f"Waits for a job before it that has waited long; {place}."


def _not_yet(
    job: Waiting, outcomes: Mapping[str, JobState | None], result: Plan
) -> bool:
    """Record why a job cannot start, whatever is free; return False if it can."""
    for dependency in job.dependencies:
        if dependency.native_id in outcomes:
            state = outcomes[dependency.native_id]
            if state is not None and not satisfied(dependency.condition, state):
                result.hopeless[job.uuid] = (
                    f"Job {dependency.job}, for which it waits, is {state}."
                )
                return True
        elif dependency.condition is not Condition.AFTER_ANY:
            result.hopeless[job.uuid] = (
                f"How job {dependency.job} ended, for which it waits, is not known."
            )
            return True
    if job.held:
        result.reasons[job.uuid] = "Held until it is released."
        return True
    pending = [d for d in job.dependencies if outcomes.get(d.native_id, "") is None]
    if pending:
        result.reasons[job.uuid] = f"Waits for job {pending[0].job} to end."
    return bool(pending)
