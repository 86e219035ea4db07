"""The leader's view of the jobs of a spool, and which of them have changed."""

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
    """Phase of a job for the leader: to be started, watched, or removed."""

    WAITING = "waiting"
    SENT = "sent"
    ENDED = "ended"


@dataclass(slots=True)
class Tracked:
    """A job as the leader knows it."""

    brief: Brief
    """The part of its record by which it is queued."""
    waiting: Waiting
    """Input for the decision which jobs start."""
    phase: Phase
    """Current phase."""
    reason: str = ""
    """Why it waits."""
    running: Running | None = None
    """What the runner reported about the start; None until then."""
    final: Final | None = None
    """How it ended; None until then."""
    since: float = 0.0
    """Time at which the phase began, on the monotonic clock."""
    launches: int = 0
    """Number of attempts to start a runner."""
    recorded: bool = False
    """Whether the gateway has recorded its end."""
    told: JobStatus | None = None
    """The status that was reported last; None for none."""

    @property
    def started_at(self) -> float | None:
        """Time of start, seconds since 1970 UTC; None before."""
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
    """All jobs of a spool by uuid and by phase, and those that may have changed."""

    def __init__(self) -> None:
        self._jobs: dict[str, Tracked] = {}
        self._phases: dict[Phase, dict[str, Tracked]] = {phase: {} for phase in Phase}
        self._news: dict[str, Tracked] = {}
        self.outcomes: dict[str, JobState | None] = {}
        """Final state of each job by uuid; None if it has not ended."""

    def __len__(self) -> int:
        return len(self._jobs)

    def __contains__(self, uuid: str) -> bool:
        return uuid in self._jobs

    def __getitem__(self, uuid: str) -> Tracked:
        return self._jobs[uuid]

    def names(self) -> set[str]:
        """Return the uuids of all jobs."""
        return set(self._jobs)

    def of(self, phase: Phase) -> list[Tracked]:
        """Return the jobs in this phase; waiting jobs are in order of submission."""
        return list(self._phases[phase].values())

    def any_of(self, phase: Phase) -> bool:
        """Return whether any job is in this phase."""
        return bool(self._phases[phase])

    def add(self, job: Tracked) -> None:
        """Begin to track a job, in its phase."""
        self._jobs[job.brief.uuid] = job
        self.outcomes[job.brief.uuid] = None
        self.move(job, job.phase)

    def sort(self) -> None:
        """Sort the waiting jobs again after some were added."""
        waiting = self._phases[Phase.WAITING]
        ordered = sorted(waiting.items(), key=lambda item: item[1].brief.order)
        self._phases[Phase.WAITING] = dict(ordered)

    def move(self, job: Tracked, phase: Phase) -> None:
        """Change the phase of a job."""
        uuid = job.brief.uuid
        self._phases[job.phase].pop(uuid, None)
        self._phases[phase][uuid] = job
        job.phase, job.since = phase, time.monotonic()
        self.changed(job)

    def ended(self, job: Tracked, final: Final) -> None:
        """Record how a job ended."""
        job.final = final
        self.outcomes[job.brief.uuid] = final.state
        self.move(job, Phase.ENDED)

    def drop(self, uuid: str) -> None:
        """Stop tracking a job."""
        job = self._jobs.pop(uuid)
        self._phases[job.phase].pop(uuid, None)
        self.outcomes.pop(uuid, None)
        self._news.pop(uuid, None)

    def changed(self, job: Tracked) -> None:
        """Note that the status of a job may have changed."""
        self._news[job.brief.uuid] = job

    def changes(self) -> list[JobStatus]:
        """Return the statuses that were not reported yet."""
        found = []
        for job in self._news.values():
            # A job whose runner is being started is reported once it runs, or if new.
            if job.phase is Phase.SENT and job.running is None and job.told is not None:
                continue
            status = job.status()
            if status != job.told:
                job.told = status
                found.append(status)
        self._news.clear()
        return found
