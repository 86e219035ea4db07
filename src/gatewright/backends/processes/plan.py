"""Which jobs may start now: pure, from what waits, what runs and what there is.

The policy: jobs start in the order of their submission. One that does not fit waits,
and smaller jobs behind it may pass it; when it has waited ``patience`` seconds at the
head of the queue nothing passes it any more, so that it starts as soon as enough is
free.
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
"""More jobs than one of these ahead are told so roughly."""
_NEAR = 10
"""An element of an array with no more jobs ahead is not told how many there are."""


@dataclass(slots=True)
class Room:
    """What is free."""

    cores: int
    """Cores."""
    memory: int
    """Bytes."""

    def fits(self, cores: int, memory: int) -> bool:
        """Return whether a job of that size may start."""
        return cores <= self.cores and memory <= self.memory

    def take(self, cores: int, memory: int) -> None:
        """Give room to a job."""
        self.cores -= cores
        self.memory -= memory


@dataclass(slots=True)
class Waiting:
    """A job that waits."""

    uuid: str
    """Its name."""
    cores: int
    """Cores that it needs."""
    memory: int
    """Bytes that it needs."""
    since: float
    """When it was submitted."""
    held: bool = False
    """Whether it waits to be released."""
    dependencies: Sequence[NativeDependency] = ()
    """Jobs that must end first."""
    array: str = ""
    """The array that it belongs to."""
    array_limit: int | None = None
    """Elements of that array that may run at once."""


@dataclass(slots=True)
class Plan:
    """What to do now."""

    starts: list[str] = field(default_factory=list)
    """Jobs to start, in order."""
    reasons: dict[str, str] = field(default_factory=dict)
    """Why each of the others waits."""
    hopeless: dict[str, str] = field(default_factory=dict)
    """Jobs that can never start, and why."""


def plan(
    waiting: Sequence[Waiting],
    room: Room,
    outcomes: Mapping[str, JobState | None],
    running: Mapping[str, int],
    *,
    now: float,
    patience: float,
) -> Plan:
    """Return what to do with the waiting jobs, which come in order of submission.

    ``outcomes`` has the final state of each known job, None while it has not ended;
    ``running`` counts the running elements of each array.
    """
    result = Plan()
    active = dict(running)
    blocked = False
    ahead = 0
    for job in waiting:
        if (job.held or job.dependencies) and _not_yet(job, outcomes, result):
            continue
        if job.array_limit is not None and active.get(job.array, 0) >= job.array_limit:
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
    """Return why a job waits: the cores or bytes that it lacks, and its place.

    ``ahead`` is negative where more jobs than that are ahead, and None for a few. Far
    from the head, and of the elements of an array, the place is told so roughly: each
    text is written down for its job, and all places change whenever one starts.
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
    """Note why a job may not start whatever is free; return whether it is so."""
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
