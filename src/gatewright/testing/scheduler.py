"""Contract tests of schedulers.

Subclass :class:`SchedulerContract` and provide the fixtures ``scheduler`` (a
:class:`~gatewright.domains.compute.Scheduler` without jobs) and ``directory`` (where
its jobs may write, readable by the test).
"""

import time
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path
from typing import ClassVar

import pytest

from gatewright.core.errors import InvalidContent
from gatewright.core.ids import new_id
from gatewright.domains.compute import (
    Attributes,
    Condition,
    JobSpec,
    JobState,
    NativeDependency,
    Resources,
    Scheduler,
)
from gatewright.testing.followed import SECONDS, USER, Followed, lives
from gatewright.testing.scheduler_orders import OrdersContract


class SchedulerContract(OrdersContract):
    """Tests that every scheduler passes.

    Its attributes describe limits of precision that come from the scheduler itself.
    """

    ends_orphans: ClassVar[bool] = True
    """Whether it also ends processes that left their job's session and parents."""
    sample_seconds: ClassVar[float] = 0.0
    """Time for which memory must be used to be measured, in seconds."""
    seconds: ClassVar[float] = SECONDS
    """Longest wait for a condition, seconds."""
    limit_seconds: ClassVar[float] = SECONDS
    """Longest time until a job with a time limit of one second ends, in seconds."""

    async def hasten(self, followed: Followed, native_id: str) -> None:
        """Bring nearer the end of a job that has a time limit of one second.

        For schedulers that count limits in minutes.
        """

    @pytest.fixture
    async def followed(
        self, scheduler: Scheduler, directory: Path
    ) -> AsyncIterator[Followed]:
        followed = Followed(scheduler, directory, self.seconds)
        async with followed.following():
            yield followed

    async def test_a_job_runs_to_its_end(self, followed: Followed) -> None:
        native_id = await followed.submit("echo out; echo err >&2")
        status = await followed.until_ended(native_id)
        assert (status.state, status.exit_code) == (JobState.COMPLETED, 0)
        assert status.signal is None
        assert status.started_at is not None
        assert status.ended_at is not None
        assert status.started_at <= status.ended_at
        assert (followed.directory / "1.out").read_text() == "out\n"
        assert (followed.directory / "1.err").read_text() == "err\n"

    async def test_changes_are_told(self, followed: Followed) -> None:
        native_id = await followed.submit("sleep 0.3")
        await followed.until_ended(native_id)
        await followed.until_true(
            lambda: JobState.COMPLETED in followed.told(native_id), "no end was told"
        )
        order = [JobState.QUEUED, JobState.ACTIVE, JobState.COMPLETED]
        assert [s for s in order if s in followed.told(native_id)] == list(
            followed.told(native_id)
        )
        assert followed.told_of[0].complete

    async def test_the_same_submission_twice_is_one_job(
        self, followed: Followed
    ) -> None:
        submission = followed.submission("echo ran >> twice.txt")
        first = await followed.take(submission)
        again = await followed.take(submission)
        assert first == again
        await followed.until_ended(first[0])
        third = await followed.take(submission)
        assert third == first
        await followed.until_ended(await followed.submit("true"))
        assert (followed.directory / "twice.txt").read_text() == "ran\n"

    async def test_exit_codes_and_signals(self, followed: Followed) -> None:
        failed = await followed.until_ended(await followed.submit("exit 7"))
        assert (failed.state, failed.exit_code) == (JobState.FAILED, 7)
        assert failed.reason
        killed = await followed.until_ended(await followed.submit("kill -9 $$"))
        assert killed.state is JobState.FAILED
        assert (killed.exit_code, killed.signal) == (137, 9)

    async def test_an_executable_with_arguments(self, followed: Followed) -> None:
        spec = JobSpec(
            executable="printf", arguments=("%s|", "a b", "", "-x", "$HOME", "'\"\n")
        )
        await followed.until_ended(await followed.submit(spec))
        output = (followed.directory / "1.out").read_text()
        assert output == "a b||-x|$HOME|'\"\n|"

    async def test_environment_values_go_through_whole(
        self, followed: Followed
    ) -> None:
        value = "a,b=c d\n\"'$HOME\\ ü"
        spec = JobSpec(
            script='#!/bin/sh\nprintf %s "$VALUE"', environment={"VALUE": value}
        )
        await followed.until_ended(await followed.submit(spec))
        assert (followed.directory / "1.out").read_text() == value

    async def test_a_program_that_is_not_there(self, followed: Followed) -> None:
        native_id = await followed.submit(JobSpec(executable="/no/such/program"))
        status = await followed.until_ended(native_id)
        assert status.state is JobState.FAILED
        assert status.exit_code == 127
        assert status.reason

    async def test_hold_and_release(self, followed: Followed) -> None:
        native_id = await followed.submit(JobSpec(executable="true", hold=True))
        assert (await followed.status(native_id)).state is JobState.HELD
        await followed.scheduler.release(USER, [native_id])
        await followed.until_ended(native_id)
        await followed.scheduler.hold(USER, [native_id])
        assert (await followed.status(native_id)).state is JobState.COMPLETED

    async def test_a_queued_job_is_held(self, followed: Followed) -> None:
        cores = followed.scheduler.capabilities.cores
        whole = Resources(cpu_cores_per_process=cores)
        first = await followed.submit(
            JobSpec(executable="sleep", arguments=("300",), resources=whole)
        )
        await followed.until_state(first, JobState.ACTIVE)
        second = await followed.submit(JobSpec(executable="true", resources=whole))
        await followed.scheduler.hold(USER, [second])
        await followed.until_state(second, JobState.HELD)
        await followed.scheduler.cancel(USER, [first])
        await followed.until_ended(first)
        assert (await followed.status(second)).state is JobState.HELD
        await followed.scheduler.release(USER, [second])
        assert (await followed.until_ended(second)).state is JobState.COMPLETED

    async def test_cancel_before_the_start(self, followed: Followed) -> None:
        spec = JobSpec(script="#!/bin/sh\necho ran > ran.txt", hold=True)
        native_id = await followed.submit(spec)
        await followed.scheduler.cancel(USER, [native_id])
        status = await followed.until_ended(native_id)
        assert status.state is JobState.CANCELED
        assert status.started_at is None
        assert not (followed.directory / "ran.txt").exists()

    async def test_cancel_ends_the_whole_tree(self, followed: Followed) -> None:
        leave, left = ("(trap '' TERM; setsid ", ")") if self.ends_orphans else ("", "")
        native_id = await followed.submit(
            "trap '' TERM HUP\n"
            f"{leave}sh -c 'trap \"\" TERM; echo $$ >> p; sleep 300' &{left}\n"
            "sh -c 'echo $$ >> p; sleep 300' &\n"
            "echo $$ >> p\necho all >> started\nwait; sleep 300"
        )
        await followed.until_file("started")
        await followed.until(
            native_id,
            lambda _: (followed.directory / "p").read_text().count("\n") == 3,
        )
        processes = [int(n) for n in (followed.directory / "p").read_text().split()]
        assert all(map(lives, processes))
        await followed.scheduler.cancel(USER, [native_id])
        status = await followed.until_ended(native_id)
        assert status.state is JobState.CANCELED
        assert not any(map(lives, processes))

    async def test_nothing_is_left_behind_by_a_job_that_ends(
        self, followed: Followed
    ) -> None:
        leave = "setsid" if self.ends_orphans else ""
        native_id = await followed.submit(f"{leave} sleep 300 & echo $! > left.txt")
        status = await followed.until_ended(native_id)
        assert status.state is JobState.COMPLETED
        assert not lives(int((followed.directory / "left.txt").read_text()))

    async def test_the_time_limit(self, followed: Followed) -> None:
        spec = JobSpec(
            executable="sleep", arguments=("300",), attributes=Attributes(duration=1)
        )
        native_id = await followed.submit(spec)
        await self.hasten(followed, native_id)
        status = await followed.until_ended(native_id, self.limit_seconds)
        assert status.state is JobState.FAILED
        assert "time limit" in status.reason
        assert status.usage.wall_seconds >= 1

    async def test_usage(self, followed: Followed) -> None:
        native_id = await followed.submit(_BURN.format(self.sample_seconds))
        usage = (await followed.until_ended(native_id)).usage
        times = (followed.directory / "1.out").read_text().split()
        measured = sum(float(time.removeprefix("0m")[:-1]) for time in times)
        assert usage.cpu_seconds == pytest.approx(measured, abs=0.15)
        assert usage.peak_memory_bytes >= 100_000_000
        assert usage.wall_seconds > 0

    async def test_dependencies(self, followed: Followed) -> None:
        good = await followed.submit("sleep 0.3")
        bad = await followed.submit("sleep 0.3; exit 1")

        async def after(native_id: str, condition: Condition) -> str:
            dependency = NativeDependency(native_id, condition, native_id)
            spec = JobSpec(executable="true")
            return await followed.submit(spec, dependencies=(dependency,))

        runs = [
            (await after(good, Condition.AFTER_OK), good),
            (await after(good, Condition.AFTER_ANY), good),
            (await after(bad, Condition.AFTER_ANY), bad),
            (await after(bad, Condition.AFTER_NOT_OK), bad),
        ]
        never = [
            await after(bad, Condition.AFTER_OK),
            await after(good, Condition.AFTER_NOT_OK),
        ]
        for native_id, before in runs:
            status = await followed.until_ended(native_id)
            assert status.state is JobState.COMPLETED
            ended = (await followed.status(before)).ended_at
            assert (status.started_at or 0.0) >= (ended or 0.0) > 0
        for native_id in never:
            status = await followed.until_ended(native_id)
            assert status.state is JobState.CANCELED
            assert status.reason

    async def test_an_array_keeps_to_its_limit(self, followed: Followed) -> None:
        script, now = "echo b >> log; sleep 0.1; echo e >> log", time.time()
        elements = [
            followed.submission(
                script,
                array_id="9",
                array_index=index,
                array_limit=1,
                submitted_at=now,
            )
            for index in range(4)
        ]
        native_ids = await followed.take(*elements)
        for native_id in native_ids:
            await followed.until_ended(native_id)
        assert (followed.directory / "log").read_text() == "b\ne\n" * 4

    async def test_one_waits_for_the_cores_of_another(self, followed: Followed) -> None:
        cores = Resources(cpu_cores_per_process=followed.scheduler.capabilities.cores)
        spec = JobSpec(
            script="#!/bin/sh\necho b >> log; sleep 0.2; echo e >> log",
            resources=cores,
        )
        first, second = await followed.submit(spec), await followed.submit(spec)
        await followed.until_ended(first)
        await followed.until_ended(second)
        assert (followed.directory / "log").read_text() == "b\ne\n" * 2

    async def test_what_is_too_large_is_refused(self, followed: Followed) -> None:
        most = followed.scheduler.capabilities
        for resources in (
            Resources(process_count=most.cores + 1),
            Resources(memory=most.memory_bytes + 1),
            Resources(node_count=most.nodes + 1),
        ):
            submission = followed.submission(
                JobSpec(executable="true", resources=resources)
            )
            with pytest.raises(InvalidContent):
                await followed.scheduler.check(submission)
        wrong = followed.submission("true", directory="/no/such/directory")
        with pytest.raises(InvalidContent):
            await followed.scheduler.check(wrong)
        await followed.scheduler.check(followed.submission("true"))

    async def test_unknown_jobs_are_left_out(self, followed: Followed) -> None:
        assert await followed.scheduler.status(USER, [new_id()]) == {}
        await followed.scheduler.cancel(USER, [new_id()])
        await followed.scheduler.forget([new_id()])

    async def test_orders_are_for_jobs_of_ones_own(self, followed: Followed) -> None:
        native_id = await followed.submit(JobSpec(executable="true", hold=True))
        scheduler = followed.scheduler
        for order in (scheduler.release, scheduler.cancel, scheduler.hold):
            await order("eve", [native_id])
        assert await scheduler.status("eve", [native_id]) == {}
        assert (await followed.status(native_id)).state is JobState.HELD
        await scheduler.release(USER, [native_id])
        assert (await followed.until_ended(native_id)).state is JobState.COMPLETED

    async def test_the_whole_queue_has_everybodys_jobs(
        self, followed: Followed
    ) -> None:
        hold = JobSpec(executable="sleep", arguments=("300",), hold=True)
        first = await followed.submit(hold)
        second = await followed.submit(replace(hold, hold=False))
        await followed.until_state(second, JobState.ACTIVE)
        whole = await followed.snapshot_from_now()
        jobs = {job.status.native_id: job for job in whole.jobs}
        states = {one: jobs[one].status.state for one in (first, second)}
        assert states == {first: JobState.HELD, second: JobState.ACTIVE}
        assert (jobs[first].user, jobs[first].name) == (USER, "job 1")
        assert jobs[second].cores == 1
        assert jobs[first].submitted_at <= jobs[second].submitted_at <= whole.as_of
        await followed.scheduler.cancel(USER, [first, second])
        await followed.until_ended(second)
        whole = await followed.snapshot_from_now()
        assert not jobs.keys() & {job.status.native_id for job in whole.jobs}

    async def test_who_follows_anew_is_told_all_again(
        self, scheduler: Scheduler, directory: Path
    ) -> None:
        first = Followed(scheduler, directory, self.seconds)
        second = Followed(scheduler, directory, self.seconds)
        async with first.following():
            held = await first.submit(JobSpec(executable="true", hold=True))
            await first.until_true(
                lambda: bool(first.told(held)), "the job was not told of"
            )
        async with second.following():
            await second.until_true(lambda: bool(second.told_of), "nothing was told of")
            assert second.told_of[0].complete
            assert second.told(held) == [JobState.HELD]
            await scheduler.release(USER, [held])
            await second.until_ended(held)


# The shell tells the time of itself and of all it has waited for as its last act: what
# a process says of itself leaves out its own end, which is long where it is watched.
_BURN = """python3 -c '
x = bytearray(100_000_000)
i = 0
while i < 3_000_000:
    i += 1
import time
time.sleep({})
'
times
"""

__all__ = ["SECONDS", "USER", "Followed", "SchedulerContract", "lives"]
