"""A scheduler whose changes are followed, with methods to wait for them in tests."""

import asyncio
import itertools
import time
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import aclosing, asynccontextmanager
from dataclasses import replace
from pathlib import Path

from gatewright.core.ids import new_id
from gatewright.domains.compute import (
    ENDED,
    Changes,
    JobSpec,
    JobState,
    JobStatus,
    Scheduler,
    Snapshot,
    Submission,
)

SECONDS = 60.0
USER = "ada"
"""Account that owns the jobs."""


class Followed:
    """Follows a scheduler's changes, without which it runs no jobs."""

    def __init__(
        self, scheduler: Scheduler, directory: Path, seconds: float = SECONDS
    ) -> None:
        self.scheduler = scheduler
        self.directory = directory
        self.seconds = seconds
        self.told_of: list[Changes] = []
        self._numbers = itertools.count(1)

    @asynccontextmanager
    async def following(self) -> AsyncIterator[None]:
        task = asyncio.create_task(self._follow())
        try:
            yield
        finally:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)

    async def _follow(self) -> None:
        async with aclosing(self.scheduler.changes()) as changes:
            async for told in changes:
                self.told_of.append(told)

    def submission(self, spec: JobSpec | str, **more: object) -> Submission:
        """Return the submission of a job specification or of a shell script."""
        if isinstance(spec, str):
            spec = JobSpec(script=f"#!/bin/sh\n{spec}\n")
        number = next(self._numbers)
        made = Submission(
            uuid=new_id(),
            id=str(number),
            system="local",
            user=USER,
            name=f"job {number}",
            spec=spec,
            directory=str(self.directory),
            stdout_path=str(self.directory / f"{number}.out"),
            stderr_path=str(self.directory / f"{number}.err"),
            submitted_at=time.time(),
        )
        return replace(made, **more)  # type: ignore[arg-type]  # fields by name

    async def submit(self, spec: JobSpec | str, **more: object) -> str:
        """Submit one job and return the scheduler's id."""
        return (await self.take(self.submission(spec, **more)))[0]

    async def take(self, *submissions: Submission) -> Sequence[str]:
        """Submit jobs, none of which may be refused, and return the native ids."""
        outcomes = await self.scheduler.submit(USER, submissions)
        taken = [outcome for outcome in outcomes if isinstance(outcome, JobStatus)]
        assert len(taken) == len(submissions), outcomes
        return [status.native_id for status in taken]

    async def status(self, native_id: str) -> JobStatus:
        return (await self.scheduler.status(USER, [native_id]))[native_id]

    async def snapshot_from_now(self) -> Snapshot:
        """Return a snapshot of the queue that is not older than this call."""
        now = time.time()
        deadline = time.monotonic() + self.seconds
        while True:
            whole = await self.scheduler.snapshot()
            if whole.as_of >= now:
                return whole
            assert time.monotonic() < deadline, "the snapshot stays old"
            await asyncio.sleep(0.05)

    async def until(
        self,
        native_id: str,
        wanted: Callable[[JobStatus], bool],
        seconds: float = 0.0,
    ) -> JobStatus:
        deadline = time.monotonic() + max(seconds, self.seconds)
        while True:
            status = await self.status(native_id)
            if wanted(status):
                return status
            assert time.monotonic() < deadline, f"still not as wanted: {status}"
            await asyncio.sleep(0.02)

    async def until_state(self, native_id: str, state: JobState) -> JobStatus:
        return await self.until(native_id, lambda status: status.state is state)

    async def until_ended(self, native_id: str, seconds: float = 0.0) -> JobStatus:
        return await self.until(
            native_id, lambda status: status.state in ENDED, seconds
        )

    async def until_file(self, name: str) -> str:
        """Wait until a file of the jobs ends with a newline, and return its text."""
        path = self.directory / name

        def whole() -> bool:
            return path.exists() and path.read_text().endswith("\n")

        await self.until_true(whole, f"still not there: {name}")
        return path.read_text()

    async def until_told(self, native_id: str, reason: str) -> None:
        """Wait until the scheduler has reported this reason for a job."""

        def told() -> bool:
            return any(
                (status.native_id, status.reason) == (native_id, reason)
                for told in self.told_of
                for status in told.jobs
            )

        await self.until_true(told, f"never told: {reason}")

    async def until_true(self, condition: Callable[[], bool], missing: str) -> None:
        """Wait until a condition holds."""
        deadline = time.monotonic() + self.seconds
        while not condition():
            assert time.monotonic() < deadline, missing
            await asyncio.sleep(0.02)

    def told(self, native_id: str) -> Sequence[JobState]:
        """Return the reported states of a job, without repetitions."""
        states = [
            status.state
            for told in self.told_of
            for status in told.jobs
            if status.native_id == native_id
        ]
        return [state for state, _ in itertools.groupby(states)]


def lives(process: int) -> bool:
    """Return whether a process is running; a zombie is not."""
    try:
        text = Path(f"/proc/{process}/stat").read_text()
    except OSError:
        return False
    return text.rpartition(")")[2].split()[0] != "Z"
