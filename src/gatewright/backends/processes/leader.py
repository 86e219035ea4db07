"""The leader of a spool: reads its state, and decides which jobs start or end.

The cost of a look depends on what changed and not on the number of waiting jobs: what
is known of a job is cached, and only jobs that may have changed are reported. A damaged
record, or an error of the disk in one job's folder, affects that job only.
"""

import logging
import time
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from gatewright.backends.processes.plan import Plan, Room, Waiting, plan
from gatewright.backends.processes.proc import end_marked
from gatewright.backends.processes.program import disk
from gatewright.backends.processes.records import Brief, Damaged, Final, lost
from gatewright.backends.processes.spool import Spool
from gatewright.backends.processes.tracked import Phase, Tracked, TrackedJobs
from gatewright.core.clock import Clock
from gatewright.core.errors import BackendFailed, GatewayError, StorageFull
from gatewright.domains.compute import Capabilities, JobState, JobStatus

_log = logging.getLogger(__name__)
LAUNCHES = 3
"""Number of attempts to start a runner."""
TIDY_AT_ONCE = 20
"""Largest number of ended jobs that are removed in one look."""


@dataclass(frozen=True, slots=True)
class Settings:
    """Intervals of the leader in seconds."""

    patience: float = 600.0
    """Waiting time after which no later job starts before the first job that does not
    fit."""
    launch: float = 10.0
    """Longest time for a runner to start."""
    watch: float = 1.0
    """Interval between checks whether the runners are alive."""
    keep: float = 300.0
    """Time for which an ended job is kept, so that new jobs can depend on it."""


class Leader:
    """Manages a spool. One process at a time runs it, in a thread."""

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
        self._jobs = TrackedJobs()
        self._said: dict[str, str] = {}
        self._watched_at = 0.0
        spool.clean()

    @property
    def busy(self) -> bool:
        """Whether any job was started and has not ended."""
        return self._jobs.any_of(Phase.SENT)

    def look(self) -> list[str]:
        """Update the state of all jobs; return the jobs to start, in order."""
        self._adopt()
        self._see_to_requests()
        self._each(self._jobs.of(Phase.SENT), self._check)
        now = time.monotonic()
        if now - self._watched_at >= self._settings.watch:
            self._watched_at = now
            self._each(self._jobs.of(Phase.SENT), self._watch)
        self._tidy(now)
        decision = self._plan()
        for uuid, reason in decision.reasons.items():
            job = self._jobs[uuid]
            if job.reason != reason:
                job.reason = reason
                self._jobs.changed(job)
        self._each(
            [self._jobs[uuid] for uuid in decision.hopeless],
            lambda job: self._end(
                job,
                JobState.CANCELED,
                "DEPENDENCY",
                decision.hopeless[job.brief.uuid],
            ),
        )
        self._settle(set(decision.hopeless))
        # It is safe to send again: the mark ``started`` is made once.
        again = [
            job.brief.uuid
            for job in self._jobs.of(Phase.SENT)
            if job.running is None
            and job.launches < LAUNCHES
            and self._overdue(job)
            and not self._spool.has(job.brief.uuid, "started")
        ]
        return decision.starts + again

    def changes(self) -> list[JobStatus]:
        """Return the statuses that were not reported yet."""
        return self._jobs.changes()

    def send(self, uuid: str) -> tuple[str, bool] | None:
        """Record that a runner is being started.

        Returns the user of the job, and whether this is the first attempt; None if the
        job's folder cannot be used, in which case the job has failed.

        Raises
        ------
        StorageFull
            The disk is full, and the job waits.
        """
        job = self._jobs[uuid]
        try:
            self._spool.mark(uuid, "launched")
        except BackendFailed:
            reason = "The folder of this job in the queue cannot be used any more."
            self._end(job, JobState.FAILED, "NOT_STARTED", reason)
            return None
        self._jobs.move(job, Phase.SENT)
        job.launches += 1
        return job.brief.user, job.launches == 1

    def recorded(self, uuids: set[str]) -> None:
        """Note that the gateway has recorded the ends of these jobs."""
        for uuid in uuids & self._jobs.names():
            self._jobs[uuid].recorded = True

    def _each(self, jobs: Iterable[Tracked], action: Callable[[Tracked], None]) -> None:
        """Apply an action to each job.

        An error is logged and does not stop the rest.
        """
        for job in jobs:
            try:
                action(job)
            except (GatewayError, OSError) as error:
                self._say(job.brief.uuid, error)

    def _say(self, uuid: str, error: Exception) -> None:
        """Log an error of a job, unless it is the same as the job's last one."""
        text = str(error)
        if self._said.get(uuid) != text:
            self._said[uuid] = text
            _log.warning("Job %s of the queue: %s", uuid, text)

    def _adopt(self) -> None:
        """Track jobs that are new in the spool, and drop those that are gone."""
        names = self._spool.uuids()
        new = [uuid for uuid in names if uuid not in self._jobs]
        for uuid in new:
            try:
                self._take_up(uuid)
            except (GatewayError, OSError) as error:
                self._say(uuid, error)
        if new:
            self._jobs.sort()
        if len(self._jobs) > len(names):
            for uuid in self._jobs.names() - set(names):
                self._drop(uuid)

    def _take_up(self, uuid: str) -> None:
        """Begin to track a folder of the spool, if it is a job."""
        damage = ""
        try:
            brief = self._spool.brief(uuid)
        except Damaged as error:
            damage = str(error)
            brief = Brief(  # nothing is known of it but its name
                uuid=uuid,
                id="",
                user="",
                submitted_at=0.0,
                cores=0,
                memory=None,
                dependencies=(),
                array="",
                array_limit=None,
            )
        if brief is None:
            return
        sent = bool(damage) or self._spool.sent_for(uuid)
        waiting = Waiting(
            uuid=uuid,
            cores=brief.cores,
            memory=brief.memory or 0,
            since=brief.submitted_at,
            held=self._spool.has(uuid, "held"),
            dependencies=brief.dependencies,
            array=brief.array,
            array_limit=brief.array_limit,
        )
        phase = Phase.SENT if sent else Phase.WAITING
        launches = LAUNCHES if damage else int(sent)
        job = Tracked(brief, waiting, phase, launches=launches)
        self._jobs.add(job)
        self._check(job)
        if damage and job.phase is not Phase.ENDED and not self._spool.watched(uuid):
            self._lose(job, damage)

    def _drop(self, uuid: str) -> None:
        self._jobs.drop(uuid)
        self._said.pop(uuid, None)

    def _see_to_requests(self) -> None:
        requests = self._spool.requests()
        touched: set[str] = set()
        for uuid, verb in requests:
            if uuid in self._jobs:
                try:
                    self._see_to(self._jobs[uuid], verb)
                except (GatewayError, OSError) as error:
                    self._say(uuid, error)  # and it is seen to in the next look
                    continue
                touched.add(uuid)
        self._settle(touched)
        for uuid, verb in requests:
            if uuid in touched or uuid not in self._jobs:
                self._spool.answered(uuid, verb)

    def _settle(self, uuids: set[str]) -> None:
        """Make files of jobs durable.

        Jobs for which this fails are removed from the set.
        """
        try:
            self._spool.settle(uuids)
        except (GatewayError, OSError):
            for uuid in list(uuids):
                try:
                    self._spool.settle([uuid])
                except (GatewayError, OSError) as error:
                    self._say(uuid, error)
                    uuids.discard(uuid)

    def _see_to(self, job: Tracked, verb: str) -> None:
        uuid = job.brief.uuid
        if job.phase is Phase.WAITING:
            if verb == "cancel":
                self._end(job, JobState.CANCELED, "CANCELLED", "Canceled on request.")
                return
            if verb == "hold":
                self._spool.mark(uuid, "held")
            elif verb == "release":
                self._spool.unmark(uuid, "held")
            job.waiting.held, job.reason = self._spool.has(uuid, "held"), ""
            self._jobs.changed(job)
        elif job.phase is Phase.SENT and verb == "cancel":
            self._spool.mark(uuid, "cancel")
            disk.poke(self._spool.job_folder(uuid) / "control")

    def _check(self, job: Tracked) -> None:
        """Read what a runner has written about its job."""
        uuid = job.brief.uuid
        try:
            final = self._spool.final(uuid)
        except Damaged as damage:
            if not self._spool.watched(uuid):
                self._lose(job, str(damage))
            return
        if final is not None:
            self._jobs.ended(job, final)
        elif job.phase is Phase.SENT and job.running is None:
            running = self._spool.running(uuid)
            if running.started_at is not None:
                job.running = running
                self._jobs.changed(job)

    def _end(self, job: Tracked, state: JobState, native: str, reason: str) -> None:
        """End a job that has no runner."""
        now = self._clock()
        self._write_end(
            job, Final(state=state, native_state=native, reason=reason, ended_at=now)
        )

    def _write_end(self, job: Tracked, final: Final) -> None:
        try:
            written = self._spool.finish(job.brief.uuid, final)
        except StorageFull:
            raise
        except (GatewayError, OSError) as error:
            self._say(job.brief.uuid, error)
            written = (
                True  # report the end anyway, or the job would be followed for ever
            )
        if written:
            self._jobs.ended(job, final)
        else:
            self._jobs.move(job, Phase.SENT)

    def _watch(self, job: Tracked) -> None:
        """Check that a job's runner is alive."""
        uuid = job.brief.uuid
        started = self._spool.has(uuid, "started")
        if started and not self._spool.watched(uuid):
            self._check(job)
            if job.phase is Phase.SENT:
                running = self._spool.running(uuid)
                reason = "The process that ran the job was killed."
                if running.boot_id not in {"", disk.boot_id()}:
                    reason = "The machine was restarted while the job ran."
                self._lose(job, reason)
        elif not started and self._overdue(job) and job.launches >= LAUNCHES:
            reason = "This machine could not start the job. Submit it again."
            self._end(job, JobState.FAILED, "NOT_STARTED", reason)
            self._spool.settle([uuid])

    def _lose(self, job: Tracked, reason: str) -> None:
        """End a job whose runner is gone, after killing its remaining processes."""
        uuid = job.brief.uuid
        end_marked(uuid)
        self._write_end(job, lost(reason, self._clock(), self._spool.running(uuid)))
        self._spool.settle([uuid])
        _log.warning("Job %s of the queue was lost: %s", uuid, reason)

    def _overdue(self, job: Tracked) -> bool:
        return time.monotonic() - job.since >= self._settings.launch

    def _plan(self) -> Plan:
        """Return which jobs may start within the resources that are free."""
        waiting = self._jobs.of(Phase.WAITING)
        if not waiting:
            return Plan()
        sent = self._jobs.of(Phase.SENT)
        most = self._capabilities
        room = Room(most.cores, most.memory_bytes)
        for job in sent:
            room.take(job.brief.cores, job.brief.memory or 0)
        return plan(
            [job.waiting for job in waiting],
            room,
            self._jobs.outcomes,
            Counter(job.brief.array for job in sent),
            whole=Room(most.cores, most.memory_bytes),
            now=self._clock(),
            patience=self._settings.patience,
        )

    def _tidy(self, now: float) -> None:
        """Remove ended jobs that are recorded and on which no waiting job depends."""
        old = [
            job.brief.uuid
            for job in self._jobs.of(Phase.ENDED)
            if job.recorded and now - job.since >= self._settings.keep
        ]
        if not old:
            return
        needed = {
            dependency.native_id
            for job in self._jobs.of(Phase.WAITING)
            for dependency in job.brief.dependencies
        }
        for uuid in [one for one in old if one not in needed][:TIDY_AT_ONCE]:
            self._spool.remove(uuid)
            self._drop(uuid)
