"""The jobs of a spool as their leader sees them, and which of them have changed."""

import time
from dataclasses import dataclass
from enum import Enum

from gatewright.backends.processes.plan import Waiting
from gatewright.backends.processes.records import (
    Brief,
    Final,
    Running,
    started_status,
    waiting_status,
)
from gatewright.domains.compute import JobState, JobStatus


class Phase(Enum):
    """What the leader has to do with a job: start it, watch it, or let go of it."""

    WAITING = "waiting"
    SENT = "sent"
    ENDED = "ended"


@dataclass(slots=True)
class Tracked:
    """A job as the leader sees it."""

    brief: Brief
    """What it is."""
    waiting: Waiting
    """The part of it by which the plan decides."""
    phase: Phase
    """What is to be done with it."""
    reason: str = ""
    """Why it waits."""
    running: Running | None = None
    """When it started; None until its runner has said so."""
    final: Final | None = None
    """How it ended."""
    since: float = 0.0
    """Monotonic moment at which it came into its phase."""
    launches: int = 0
    """How often a runner was sent for."""
    recorded: bool = False
    """Whether its end is kept elsewhere."""
    told: JobStatus | None = None
    """The status that was last told of."""

    @property
    def started_at(self) -> float | None:
        """When it started."""
        return None if self.running is None else self.running.started_at

    def status(self) -> JobStatus:
        """Return its status."""
        uuid = self.brief.uuid
        if self.final is not None:
            return self.final.status(uuid)
        if self.phase is Phase.SENT:
            return started_status(uuid, self.started_at)
        return waiting_status(uuid, held=self.waiting.held, reason=self.reason)


class TrackedJobs:
    """All jobs of a spool by name and by phase, and those of which there is news."""

    def __init__(self) -> None:
        self._jobs: dict[str, Tracked] = {}
        self._phases: dict[Phase, dict[str, Tracked]] = {phase: {} for phase in Phase}
        self._news: dict[str, Tracked] = {}
        self.outcomes: dict[str, JobState | None] = {}
        """How each job ended; None for those that have not."""

    def __len__(self) -> int:
        return len(self._jobs)

    def __contains__(self, uuid: str) -> bool:
        return uuid in self._jobs

    def __getitem__(self, uuid: str) -> Tracked:
        return self._jobs[uuid]

    def names(self) -> set[str]:
        """Return the names of all jobs."""
        return set(self._jobs)

    def of(self, phase: Phase) -> list[Tracked]:
        """Return the jobs of a phase; those that wait in order of their submission."""
        return list(self._phases[phase].values())

    def any_of(self, phase: Phase) -> bool:
        """Return whether a job is in a phase."""
        return bool(self._phases[phase])

    def add(self, job: Tracked) -> None:
        """Begin to track a job, in the phase that it says it is in."""
        self._jobs[job.brief.uuid] = job
        self.outcomes[job.brief.uuid] = None
        self.move(job, job.phase)

    def sort(self) -> None:
        """Put the jobs that wait in order again, after some were added."""
        waiting = self._phases[Phase.WAITING]
        ordered = sorted(waiting.items(), key=lambda item: item[1].brief.order)
        self._phases[Phase.WAITING] = dict(ordered)

    def move(self, job: Tracked, phase: Phase) -> None:
        """Bring a job into a phase, which begins now."""
        uuid = job.brief.uuid
        self._phases[job.phase].pop(uuid, None)
        self._phases[phase][uuid] = job
        job.phase, job.since = phase, time.monotonic()
        self.changed(job)

    def ended(self, job: Tracked, final: Final) -> None:
        """Note how a job ended."""
        job.final = final
        self.outcomes[job.brief.uuid] = final.state
        self.move(job, Phase.ENDED)

    def drop(self, uuid: str) -> None:
        """Track a job no more."""
        job = self._jobs.pop(uuid)
        self._phases[job.phase].pop(uuid, None)
        self.outcomes.pop(uuid, None)
        self._news.pop(uuid, None)

    def changed(self, job: Tracked) -> None:
        """Note that there may be something to tell of a job."""
        self._news[job.brief.uuid] = job

    def changes(self) -> list[JobStatus]:
        """Return the statuses that were not told of yet."""
        found = []
        for job in self._news.values():
            # That a runner was sent for is told when it has come, or at the first time.
            if job.phase is Phase.SENT and job.running is None and job.told is not None:
                continue
            status = job.status()
            if status != job.told:
                job.told = status
                found.append(status)
        self._news.clear()
        return found
