"""Implements the scheduler port for this machine."""

import asyncio
import os
import sys
import time
from collections.abc import AsyncGenerator, Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from functools import partial
from logging import getLogger
from pathlib import Path
from typing import TypeVar

from gatewright.backends.processes import program
from gatewright.backends.processes.checks import check
from gatewright.backends.processes.entries import entry_of, login_environment
from gatewright.backends.processes.hosts import RunnerHosts
from gatewright.backends.processes.launcher import Launcher
from gatewright.backends.processes.leader import Leader, Settings
from gatewright.backends.processes.records import Damaged, waiting_status
from gatewright.backends.processes.spool import Spool
from gatewright.backends.worker import check_paths
from gatewright.core.clock import Clock, system_clock
from gatewright.core.errors import GatewayError
from gatewright.domains.compute import (
    Capabilities,
    Changes,
    Estimate,
    JobStatus,
    Order,
    Snapshot,
    Submission,
)

T = TypeVar("T")

_log = getLogger(__name__)
_INTERPRETER = (sys.executable, "-I", "-S", "-X", "utf8")
_PROGRAM = str(Path(program.__file__).parent)
_FRESH_SECONDS = 1.0
_BUSY_SECONDS = 0.5
_IDLE_SECONDS = 5.0
_ANSWER_SECONDS = 2.0
_TOGETHER_SECONDS = 0.005


class ProcessScheduler:
    """Implements :class:`gatewright.domains.compute.Scheduler` on this machine.

    Parameters
    ----------
    folder
        Folder of the spool.
    capabilities
        CPU cores and memory that all jobs share.
    launcher
        Starts the runners.
    interpreter
        Command that runs a Python program isolated from the gateway's packages.
    grace_seconds
        Time between SIGTERM and SIGKILL for a job's processes.
    """

    def __init__(
        self,
        folder: Path,
        capabilities: Capabilities,
        launcher: Launcher,
        *,
        interpreter: Sequence[str] = _INTERPRETER,
        environment: Mapping[str, str] | None = None,
        grace_seconds: float = 5.0,
        settings: Settings | None = None,
        clock: Clock = system_clock,
    ) -> None:
        self._spool = Spool(folder)
        self._capabilities = capabilities
        self._launcher = launcher
        self._interpreter = interpreter
        self._environment = environment or {"PATH": os.defpath}
        self._login = login_environment(os.environ)
        self._grace = grace_seconds
        self._settings = settings or Settings()
        self._clock = clock
        self._recorded: set[str] = set()
        self._leads = False
        self._failure = ""
        self._looking = asyncio.Lock()
        self._seen: Snapshot | None = None
        self._news = asyncio.Event()
        self._threads = ThreadPoolExecutor(4, thread_name_prefix="processes")
        self._leader_thread = ThreadPoolExecutor(1, thread_name_prefix="leader")

    @property
    def capabilities(self) -> Capabilities:
        return self._capabilities

    def name_in(self, script: str) -> str:
        """Return no name: this scheduler reads nothing in scripts."""
        return ""

    async def check(self, submission: Submission) -> None:
        check(submission, self._capabilities)
        await check_paths(submission, self._launcher.mode)

    async def estimate(self, elements: Sequence[Submission]) -> Estimate:
        """Return only the cores; for jobs of this machine no start is predicted."""
        return Estimate(None, elements[0].spec.resources.cores)

    async def submit(
        self, user: str, submissions: Sequence[Submission]
    ) -> Sequence[JobStatus | GatewayError]:
        wake_path = str(self._spool.wake_path)
        entries = [
            entry_of(submission, self._login, wake_path, self._grace)
            for submission in submissions
        ]
        await self._in_thread(lambda: self._spool.add(entries))
        return [waiting_status(e.uuid, held=e.hold, reason="") for e in entries]

    async def status(
        self, user: str, native_ids: Sequence[str]
    ) -> Mapping[str, JobStatus]:
        def look() -> Mapping[str, JobStatus]:
            own = self._own(user, native_ids)
            found = ((uuid, self._spool.status(uuid)) for uuid in own)
            return {uuid: status for uuid, status in found if status is not None}

        return await self._in_thread(look)

    async def snapshot(self) -> Snapshot:
        async with self._looking:
            as_of = self._clock()
            # A report of a time to come is old: the clock was set back.
            if (
                self._seen is None
                or not 0 <= as_of - self._seen.as_of <= _FRESH_SECONDS
            ):
                jobs = await self._in_thread(self._spool.queue)
                self._seen = Snapshot(as_of, jobs)
            return self._seen

    async def forget(self, native_ids: Sequence[str]) -> None:
        # Another process that leads is told of them when it has reported them.
        if self._leads:
            self._recorded.update(native_ids)

    async def cancel(self, user: str, native_ids: Sequence[str]) -> None:
        await self._ask(user, native_ids, "cancel")

    async def hold(self, user: str, native_ids: Sequence[str]) -> None:
        await self._ask(user, native_ids, "hold")

    async def release(self, user: str, native_ids: Sequence[str]) -> None:
        await self._ask(user, native_ids, "release")

    async def order(self, user: str, native_ids: Sequence[str], order: Order) -> None:
        """Do nothing: the scheduler's capabilities name no further orders."""

    async def changes(self) -> AsyncGenerator[Changes, None]:
        queue: asyncio.Queue[Changes | None] = asyncio.Queue()
        stop = asyncio.Event()
        work = asyncio.create_task(self._lead(queue, stop))
        work.add_done_callback(lambda _: queue.put_nowait(None))
        try:
            while (told := await queue.get()) is not None:
                # Changes that came meanwhile are merged with it: the last of each job.
                jobs = {status.native_id: status for status in told.jobs}
                as_of = told.as_of
                while not queue.empty():
                    more = queue.get_nowait()
                    if more is None:
                        queue.put_nowait(None)
                        break
                    as_of = more.as_of
                    for status in more.jobs:
                        jobs.pop(status.native_id, None)
                        jobs[status.native_id] = status
                yield Changes(as_of, list(jobs.values()), told.complete)
            work.result()
        finally:
            # What was begun is finished before another process may lead.
            stop.set()
            self._news.set()
            await asyncio.gather(work, return_exceptions=True)

    async def close(self) -> None:
        """Shut the threads down."""
        self._threads.shutdown(wait=False)
        self._leader_thread.shutdown(wait=False)

    async def _in_thread(self, work: Callable[[], T]) -> T:
        return await asyncio.get_running_loop().run_in_executor(self._threads, work)

    async def _leading(self, work: Callable[[], T]) -> T:
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(self._leader_thread, work)

    def _own(self, user: str, native_ids: Sequence[str]) -> Sequence[str]:
        """Return those of the jobs that belong to a user, or are damaged."""
        own = []
        for uuid in native_ids:
            try:
                brief = self._spool.brief(uuid)
            except Damaged:
                own.append(uuid)
            else:
                if brief is not None and brief.user == user:
                    own.append(uuid)
        return own

    async def _ask(self, user: str, native_ids: Sequence[str], verb: str) -> None:
        """Leave requests for the leader; wait up to 2 s until it handles them."""

        def leave() -> Sequence[str]:
            own = self._own(user, native_ids)
            for uuid in own:
                self._spool.ask(uuid, verb)
            if own:
                self._spool.sent()
            return own

        own = await self._in_thread(leave)
        deadline = time.monotonic() + _ANSWER_SECONDS
        while await self._in_thread(
            lambda: any(self._spool.asked(uuid, verb) for uuid in own)
        ):
            if time.monotonic() >= deadline:
                return
            await asyncio.sleep(0.01)

    async def _lead(
        self, queue: asyncio.Queue[Changes | None], stop: asyncio.Event
    ) -> None:
        leader = await self._leading(
            lambda: Leader(self._spool, self._capabilities, self._clock, self._settings)
        )
        hosts = RunnerHosts(
            self._launcher,
            [*self._interpreter, _PROGRAM],
            self._environment,
            self._spool.hosts_folder,
        )
        loop = asyncio.get_running_loop()
        wake = os.open(self._spool.wake_path, os.O_RDWR | os.O_NONBLOCK)

        def woken() -> None:
            os.read(wake, 65_536)
            self._news.set()

        loop.add_reader(wake, woken)
        complete = self._leads = True
        try:
            while not stop.is_set():
                at = self._clock()
                changed = await self._turn(leader, hosts)
                if changed or (complete and changed is not None):
                    queue.put_nowait(Changes(at, changed, complete))
                    complete = False
                hosts.close_idle()
                soon = leader.busy or changed is None
                with suppress(TimeoutError):
                    async with asyncio.timeout(
                        _BUSY_SECONDS if soon else _IDLE_SECONDS
                    ):
                        await self._news.wait()
                    await asyncio.sleep(_TOGETHER_SECONDS)
                    self._news.clear()
        finally:
            self._leads = False
            hosts.close()
            loop.remove_reader(wake)
            os.close(wake)

    async def _turn(
        self, leader: Leader, hosts: RunnerHosts
    ) -> Sequence[JobStatus] | None:
        """Look once, start the jobs that may start, and return the changes.

        Returns None if the spool cannot be used at the moment.
        """
        recorded, self._recorded = self._recorded, set()
        leader.recorded(recorded)
        try:
            for uuid in await self._leading(leader.look):
                sent = await self._leading(partial(leader.send, uuid))
                if sent is None:
                    continue
                user, first = sent
                folder = self._spool.job_folder(uuid)
                try:
                    if first:
                        await hosts.start(user, folder)
                    else:  # by itself, without the host
                        argv = [*self._interpreter, _PROGRAM, str(folder)]
                        await self._launcher.launch(
                            user, argv, self._environment, str(self._spool.folder)
                        )
                except GatewayError as error:
                    # It counts as a launch, and is tried again when it is overdue.
                    _log.warning("Job %s was not started: %s", uuid, error.text)
            changed = await self._leading(leader.changes)
        except (GatewayError, OSError) as error:
            if str(error) != self._failure:
                _log.warning("The queue waits: %s", error)
            self._failure = str(error)
            return None
        self._failure = ""
        return changed
