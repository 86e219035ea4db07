"""The one scheduler of a spool: looks at what is there and says what to do."""

import time
from collections import Counter
from dataclasses import dataclass
from enum import Enum

from gatewright.backends.processes import runner
from gatewright.backends.processes.plan import Plan, Room, Waiting, plan
from gatewright.backends.processes.proc import end_marked
from gatewright.backends.processes.spool import (
    Entry,
    Final,
    Spool,
    started_status,
    waiting_status,
)
from gatewright.core.clock import Clock
from gatewright.domains.compute import Capabilities, JobState, JobStatus

LAUNCHES = 3
"""A runner that does not come to life is sent for so many times."""


class Phase(Enum):
    """What the leader has to do with a job."""

    WAITING = "waiting"
    SENT = "sent"
    ENDED = "ended"


@dataclass(slots=True)
class Tracked:
    """A job as the leader sees it."""

    entry: Entry
    """What it is."""
    phase: Phase
    """What there is to do with it."""
    held: bool = False
    """Whether it waits to be released."""
    reason: str = ""
    """Why it waits."""
    started_at: float | None = None
    """When it started."""
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
    def starting(self) -> bool:
        """Whether it was sent for and has not started."""
        return self.phase is Phase.SENT and self.started_at is None

    def status(self) -> JobStatus:
        """Return its status."""
        uuid = self.entry.uuid
        if self.final is not None:
            return self.final.status(uuid)
        if self.phase is Phase.SENT:
            return started_status(uuid, self.started_at)
        return waiting_status(uuid, held=self.held, reason=self.reason)


@dataclass(frozen=True, slots=True)
class Settings:
    """Times that the leader keeps, in seconds."""

    patience: float = 600.0
    """A job that has waited so long is not passed by others any more."""
    launch: float = 10.0
    """A runner has so long to come to life."""
    watch: float = 1.0
    """So often it is looked whether the runners live."""
    keep: float = 300.0
    """An ended job stays so long for those that are submitted to wait for it."""


class Leader:
    """Works on a spool, in the one process that follows it; runs in a thread."""

    def __init__(
        self,
        spool: Spool,
        capabilities: Capabilities,
        clock: Clock,
        settings: Settings,
    ) -> None:
        self._spool = spool
        self._capabilities = capabilities
        self._clock = clock
        self._settings = settings
        self._jobs: dict[str, Tracked] = {}
        self._watched_at = 0.0
        spool.clean()

    @property
    def busy(self) -> bool:
        """Whether a job runs."""
        return any(job.phase is Phase.SENT for job in self._jobs.values())

    def look(self) -> list[str]:
        """Bring everything up to date and return the jobs to send for, in order."""
        self._adopt()
        self._see_to_requests()
        for job in self._in(Phase.SENT):
            self._check(job)
        self._watch()
        decision = self._plan()
        for uuid, reason in decision.reasons.items():
            self._jobs[uuid].reason = reason
        for uuid, reason in decision.hopeless.items():
            self._give_up(self._jobs[uuid], JobState.CANCELED, "DEPENDENCY", reason)
        self._spool.settle(decision.hopeless)
        self._tidy()
        return decision.starts + [j.entry.uuid for j in self._to_send_again()]

    def changes(self) -> list[JobStatus]:
        """Return the statuses that were not told of yet."""
        found = []
        for job in self._jobs.values():
            if job.starting and job.told is not None:
                continue
            status = job.status()
            if status != job.told:
                job.told = status
                found.append(status)
        return found

    def send(self, uuid: str) -> str:
        """Note that a runner is being sent for; return whose job it is."""
        job = self._jobs[uuid]
        self._spool.mark(uuid, "launched")
        job.phase, job.since = Phase.SENT, time.monotonic()
        job.launches += 1
        return job.entry.user

    def recorded(self, uuids: set[str]) -> None:
        """Note that the ends of jobs are kept elsewhere."""
        for uuid in uuids & self._jobs.keys():
            self._jobs[uuid].recorded = True

    def _in(self, phase: Phase) -> list[Tracked]:
        return [job for job in self._jobs.values() if job.phase is phase]

    def _adopt(self) -> None:
        names = set(self._spool.uuids())
        for uuid in names - self._jobs.keys():
            entry = self._spool.entry(uuid)
            if entry is not None:
                self._jobs[uuid] = self._tracked(entry)
        for uuid in self._jobs.keys() - names:
            del self._jobs[uuid]

    def _tracked(self, entry: Entry) -> Tracked:
        uuid, now = entry.uuid, time.monotonic()
        final = self._spool.final(uuid)
        if final is not None:
            return Tracked(entry, Phase.ENDED, final=final, since=now)
        if self._spool.sent_for(uuid):
            started_at = self._spool.running(uuid).started_at
            return Tracked(
                entry, Phase.SENT, started_at=started_at, since=now, launches=1
            )
        return Tracked(entry, Phase.WAITING, held=self._spool.has(uuid, "held"))

    def _see_to_requests(self) -> None:
        requests = self._spool.requests()
        known = [(self._jobs[u], verb) for u, verb in requests if u in self._jobs]
        for job, verb in known:
            self._see_to(job, verb)
        self._spool.settle(job.entry.uuid for job, _ in known)
        for uuid, verb in requests:
            self._spool.answered(uuid, verb)

    def _see_to(self, job: Tracked, verb: str) -> None:
        uuid = job.entry.uuid
        if job.phase is Phase.WAITING:
            if verb == "cancel":
                self._give_up(
                    job, JobState.CANCELED, "CANCELLED", "Canceled on request."
                )
            elif verb == "hold":
                self._spool.mark(uuid, "held")
                job.held, job.reason = True, ""
            elif verb == "release":
                self._spool.unmark(uuid, "held")
                job.held, job.reason = False, ""
        elif job.phase is Phase.SENT and verb == "cancel":
            self._spool.mark(uuid, "cancel")
            runner.poke(self._spool.job_folder(uuid) / "control")

    def _check(self, job: Tracked) -> None:
        """See what a runner has written."""
        final = self._spool.final(job.entry.uuid)
        if final is not None:
            self._ended(job, final)
        elif job.started_at is None:
            job.started_at = self._spool.running(job.entry.uuid).started_at

    def _ended(self, job: Tracked, final: Final) -> None:
        job.phase, job.final, job.since = Phase.ENDED, final, time.monotonic()

    def _give_up(
        self, job: Tracked, state: JobState, native_state: str, reason: str
    ) -> None:
        """End a job that no runner has."""
        now = self._clock()
        final = Final(
            state=state,
            native_state=native_state,
            reason=reason,
            ended_at=now,
            started_at=job.started_at,
            wall_seconds=0.0 if job.started_at is None else now - job.started_at,
        )
        if self._spool.finish(job.entry.uuid, final):
            self._ended(job, final)
        else:
            job.phase, job.since = Phase.SENT, time.monotonic()

    def _watch(self) -> None:
        """Look whether the runners live, now and then."""
        now = time.monotonic()
        if now - self._watched_at < self._settings.watch:
            return
        self._watched_at = now
        for job in self._in(Phase.SENT):
            started = self._spool.has(job.entry.uuid, "started")
            if started and not self._spool.watched(job.entry.uuid):
                self._lost(job)
            elif not started and self._overdue(job) and job.launches >= LAUNCHES:
                reason = "This machine could not start the job. Submit it again."
                self._give_up(job, JobState.FAILED, "NOT_STARTED", reason)
                self._spool.settle([job.entry.uuid])

    def _lost(self, job: Tracked) -> None:
        """End a job whose runner was killed; what is left of it goes first."""
        uuid = job.entry.uuid
        self._check(job)
        if job.phase is Phase.ENDED:
            return
        end_marked(uuid)
        running = self._spool.running(uuid)
        reason = "The process that watched over the job was killed."
        if running.boot_id not in {"", runner.boot_id()}:
            reason = "The machine was restarted while the job ran."
        self._give_up(job, JobState.FAILED, "LOST", reason)
        self._spool.settle([uuid])

    def _overdue(self, job: Tracked) -> bool:
        return time.monotonic() - job.since >= self._settings.launch

    def _to_send_again(self) -> list[Tracked]:
        # It is safe to send again: the mark ``started`` is made once.
        return [
            job
            for job in self._in(Phase.SENT)
            if job.started_at is None
            and job.launches < LAUNCHES
            and self._overdue(job)
            and not self._spool.has(job.entry.uuid, "started")
        ]

    def _plan(self) -> Plan:
        waiting = sorted(self._in(Phase.WAITING), key=lambda job: job.entry.order)
        if not waiting:
            return Plan()
        return plan(
            [_waiting(job) for job in waiting],
            self._room(),
            {
                uuid: None if job.final is None else job.final.state
                for uuid, job in self._jobs.items()
            },
            Counter(job.entry.array for job in self._in(Phase.SENT)),
            now=self._clock(),
            patience=self._settings.patience,
        )

    def _room(self) -> Room:
        room = Room(self._capabilities.cores, self._capabilities.memory_bytes)
        for job in self._in(Phase.SENT):
            room.take(job.entry.cores, job.entry.memory or 0)
        return room

    def _tidy(self) -> None:
        """Let go of ended jobs that are recorded and that nothing waits for."""
        now = time.monotonic()
        old = [
            job.entry.uuid
            for job in self._in(Phase.ENDED)
            if job.recorded and now - job.since >= self._settings.keep
        ]
        if not old:
            return
        needed = {
            dependency.native_id
            for job in self._in(Phase.WAITING)
            for dependency in job.entry.dependencies
        }
        for uuid in set(old) - needed:
            self._spool.remove(uuid)
            del self._jobs[uuid]


def _waiting(job: Tracked) -> Waiting:
    entry = job.entry
    return Waiting(
        uuid=entry.uuid,
        cores=entry.cores,
        memory=entry.memory or 0,
        since=entry.submitted_at,
        held=job.held,
        dependencies=entry.dependencies,
        array=entry.array,
        array_limit=entry.array_limit,
    )
