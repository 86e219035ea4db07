"""The scheduler of this machine against the contract of all schedulers."""

import asyncio
import errno
import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest
from tests.backends.processes.support import scheduler_on
from typing_extensions import override

from gatewright.backends.processes import Launcher, ProcessScheduler, Settings, hosts
from gatewright.backends.processes import scheduler as scheduler_module
from gatewright.backends.processes.spool import Spool
from gatewright.core.errors import BackendFailed, InvalidContent
from gatewright.domains.compute import (
    Attributes,
    Condition,
    JobSpec,
    JobState,
    NativeDependency,
    Resources,
)
from gatewright.testing.followed import SECONDS, USER, Followed, lives
from gatewright.testing.scheduler import SchedulerContract


class TestProcesses(SchedulerContract):
    """All of the contract, on real processes."""

    async def test_memory_above_the_request_ends_the_job(
        self, followed: Followed
    ) -> None:
        spec = JobSpec(
            executable="python3",
            arguments=(
                "-c",
                "import time; x = bytearray(300_000_000); time.sleep(300)",
            ),
            resources=Resources(memory=100_000_000),
        )
        status = await followed.until_ended(await followed.submit(spec))
        assert (status.state, status.native_state) == (
            JobState.FAILED,
            "OUT_OF_MEMORY",
        )
        assert "100000000 bytes" in status.reason

    async def test_memory_is_shared(self, followed: Followed) -> None:
        half = Resources(memory=600 << 20)
        hog = JobSpec(executable="sleep", arguments=("300",), resources=half)
        first = await followed.submit(hog)
        await followed.until_state(first, JobState.ACTIVE)
        second = await followed.submit(JobSpec(executable="true", resources=half))
        await followed.until_told(second, "Waits for 600 MiB of memory; it is next.")
        small = await followed.submit(JobSpec(executable="true"))
        assert (await followed.until_ended(small)).state is JobState.COMPLETED
        await followed.scheduler.cancel(USER, [first])
        assert (await followed.until_ended(second)).state is JobState.COMPLETED

    async def test_hundreds_wait(self, followed: Followed) -> None:
        whole = Resources(cpu_cores_per_process=2)
        hog = JobSpec(executable="sleep", arguments=("300",), resources=whole)
        first = await followed.submit(hog)
        await followed.until_state(first, JobState.ACTIVE)
        waiting = [
            followed.submission(JobSpec(executable="true", resources=whole))
            for _ in range(300)
        ]
        native_ids = await followed.take(*waiting)
        await followed.until_told(
            native_ids[-1], "Waits for 2 cores; more than 100 jobs are ahead."
        )
        await followed.scheduler.cancel(USER, [*native_ids, first])
        ended = [await followed.until_ended(one) for one in (first, *native_ids)]
        assert {status.state for status in ended} == {JobState.CANCELED}

    async def test_a_refused_queue_and_reservation(self, followed: Followed) -> None:
        for attributes in (
            Attributes(queue_name="x"),
            Attributes(reservation="x"),
            Attributes(qos="x"),
            Attributes(constraint="x"),
            Attributes(licenses="x"),
        ):
            spec = JobSpec(executable="true", attributes=attributes)
            with pytest.raises(InvalidContent):
                await followed.scheduler.check(followed.submission(spec))
        spec = JobSpec(executable="a", attributes=Attributes(queue_name="default"))
        await followed.scheduler.check(followed.submission(spec))
        spec = JobSpec(executable="a", resources=Resources(gpu_cores_per_process=1))
        with pytest.raises(InvalidContent):
            await followed.scheduler.check(followed.submission(spec))

    async def test_a_cancel_between_two_followers(
        self, scheduler: ProcessScheduler, directory: Path
    ) -> None:
        followed = Followed(scheduler, directory)
        async with followed.following():
            native_id = await followed.submit("sleep 300")
            await followed.until_state(native_id, JobState.ACTIVE)
        async with asyncio.timeout(SECONDS):
            await scheduler.cancel(USER, [native_id])
        async with followed.following():
            status = await followed.until_ended(native_id)
        assert status.state is JobState.CANCELED

    async def test_output_to_a_pipe_or_a_folder_fails_at_once(
        self, followed: Followed
    ) -> None:
        os.mkfifo(followed.directory / "pipe")
        for path in ("pipe", "."):
            native_id = await followed.submit(
                "true", stdout_path=str(followed.directory / path)
            )
            status = await followed.until_ended(native_id)
            assert (status.state, status.native_state) == (
                JobState.FAILED,
                "NOT_STARTED",
            )

    async def test_a_script_names_its_interpreter(self, followed: Followed) -> None:
        spec = JobSpec(script="#! /usr/bin/env python3\nprint(7)\n", arguments=("x",))
        await followed.until_ended(await followed.submit(spec))
        assert (followed.directory / "1.out").read_text() == "7\n"

    async def test_how_an_unknown_job_ended_is_not_known(
        self, followed: Followed
    ) -> None:
        for condition, state in (
            (Condition.AFTER_ANY, JobState.COMPLETED),
            (Condition.AFTER_OK, JobState.CANCELED),
        ):
            waits = (NativeDependency("gone", condition, "5"),)
            native_id = await followed.submit("true", dependencies=waits)
            assert (await followed.until_ended(native_id)).state is state


async def test_recorded_jobs_are_let_go(tmp_path: Path, directory: Path) -> None:
    scheduler = scheduler_on(tmp_path, settings=Settings(keep=0.0))
    followed = Followed(scheduler, directory)
    async with followed.following():
        native_id = await followed.submit("true")
        await followed.until_ended(native_id)
        dependency = NativeDependency(native_id, Condition.AFTER_OK, "1")
        waits = JobSpec(executable="true", hold=True)
        second = await followed.submit(waits, dependencies=(dependency,))
        await scheduler.forget([native_id])
        await followed.until_ended(await followed.submit("true"))
        assert native_id in await scheduler.status(USER, [native_id])
        await scheduler.release(USER, [second])
        await followed.until_ended(second)
        await followed.until_ended(await followed.submit("true"))
        assert await scheduler.status(USER, [native_id]) == {}
    await scheduler.close()


async def test_the_queue_is_looked_at_again_when_the_clock_was_set_back(
    tmp_path: Path, directory: Path
) -> None:
    now = [2e9]
    scheduler = scheduler_on(tmp_path, clock=lambda: now[0])
    followed = Followed(scheduler, directory)
    assert not (await scheduler.snapshot()).jobs
    await followed.submit("sleep 300")
    now[0] -= 3600.0
    (job,) = (await scheduler.snapshot()).jobs
    assert job.status.state is JobState.QUEUED
    await scheduler.close()


class Unreliable:
    """A launcher that does nothing the first times, or fails.

    After that it waits until a runner has come, so that none is late.
    """

    def __init__(self, inner: Launcher, *, idle: int = 0, fail: int = 0) -> None:
        self.inner, self.idle, self.fail = inner, idle, fail

    async def mode(self, user: str, path: str) -> int:
        return await self.inner.mode(user, path)

    async def launch(
        self,
        user: str,
        argv: Sequence[str],
        environment: Mapping[str, str],
        directory: str,
    ) -> int:
        if self.fail:
            self.fail -= 1
            raise BackendFailed("no")
        if self.idle:
            self.idle -= 1
            return 1
        pid = await self.inner.launch(user, argv, environment, directory)
        async with asyncio.timeout(SECONDS):
            while not (Path(argv[-1]) / "started").exists():
                await asyncio.sleep(0.02)
        return pid


@pytest.mark.parametrize(
    ("times", "state"),
    [
        ({"idle": 1}, JobState.COMPLETED),
        ({"fail": 1}, JobState.COMPLETED),
        ({"idle": 9}, JobState.FAILED),
    ],
)
async def test_a_runner_that_does_not_come_is_sent_for_again(
    tmp_path: Path,
    directory: Path,
    monkeypatch: pytest.MonkeyPatch,
    times: dict[str, int],
    state: JobState,
) -> None:
    monkeypatch.setattr(hosts, "OPEN_SECONDS", 0.1)
    settings = Settings(launch=0.1, watch=0.1)
    scheduler = scheduler_on(tmp_path, settings=settings)
    scheduler._launcher = Unreliable(scheduler._launcher, **times)
    followed = Followed(scheduler, directory)
    async with followed.following():
        status = await followed.until_ended(await followed.submit("echo ran >> ran"))
    assert status.state is state, status
    if state is JobState.COMPLETED:
        assert (directory / "ran").read_text() == "ran\n"
    else:
        assert "could not start" in status.reason
    await scheduler.close()


async def test_a_host_of_runners_that_is_killed_is_started_again(
    tmp_path: Path, directory: Path
) -> None:
    started: list[int] = []

    class Seen(Unreliable):
        @override
        async def launch(self, *arguments: Any) -> int:
            started.append(await self.inner.launch(*arguments))
            return started[-1]

    scheduler = scheduler_on(tmp_path)
    scheduler._launcher = Seen(scheduler._launcher)
    followed = Followed(scheduler, directory)
    async with followed.following():
        for _ in range(2):
            await followed.until_ended(await followed.submit("true"))
        (host,) = started
        running = await followed.submit("sleep 300")
        await followed.until_state(running, JobState.ACTIVE)
        os.kill(host, 9)
        await followed.until_true(lambda: not lives(host), "the host lives")
        await followed.until_ended(await followed.submit("true"))
        assert (await followed.status(running)).state is JobState.ACTIVE
        await scheduler.cancel(USER, [running])
        await followed.until_ended(running)
    assert len(started) == 2
    await followed.until_true(lambda: not lives(started[1]), "the host lives on")
    assert list((tmp_path / "spool" / "hosts").iterdir()) == []
    await scheduler.close()


async def test_a_host_that_is_not_needed_is_ended(
    tmp_path: Path, directory: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(hosts, "IDLE_SECONDS", 0.0)
    scheduler = scheduler_on(tmp_path)
    followed = Followed(scheduler, directory)
    async with followed.following():
        for _ in range(2):
            status = await followed.until_ended(await followed.submit("true"))
            assert status.state is JobState.COMPLETED
    await scheduler.close()


async def test_a_runner_too_many_does_nothing(
    tmp_path: Path, directory: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    start = hosts.RunnerHosts.start

    async def twice(self: hosts.RunnerHosts, user: str, job_folder: Path) -> None:
        await start(self, user, job_folder)
        await start(self, user, job_folder)

    monkeypatch.setattr(hosts.RunnerHosts, "start", twice)
    scheduler = scheduler_on(tmp_path)
    followed = Followed(scheduler, directory)
    async with followed.following():
        for _ in range(3):
            await followed.until_ended(await followed.submit("echo ran >> ran"))
        await asyncio.sleep(0.2)
    assert (directory / "ran").read_text() == "ran\n" * 3
    await scheduler.close()


async def test_jobs_of_a_dead_runner_are_failed_and_ended(
    tmp_path: Path, directory: Path
) -> None:
    scheduler = scheduler_on(tmp_path, settings=Settings(watch=0.1))
    followed = Followed(scheduler, directory)
    async with followed.following():
        native_id = await followed.submit(
            "setsid sleep 300 & echo $! $$ $PPID > pids; sleep 300"
        )
        pids = [int(n) for n in (await followed.until_file("pids")).split()]
        os.kill(pids[2], 9)
        status = await followed.until_ended(native_id)
        assert (status.state, status.native_state) == (JobState.FAILED, "LOST")
        # They are killed before that; what dies is still there for a moment.
        await followed.until(native_id, lambda _: not any(map(lives, pids[:2])))
    await scheduler.close()


async def test_a_machine_that_was_restarted(tmp_path: Path, directory: Path) -> None:
    scheduler = scheduler_on(tmp_path, settings=Settings(watch=0.1))
    followed = Followed(scheduler, directory)
    native_id = await followed.submit("true")
    folder = tmp_path / "spool" / native_id
    (folder / "started").touch()
    (folder / "running.json").write_text('{"started_at": 5.0, "boot_id": "other"}')
    async with followed.following():
        status = await followed.until_ended(native_id)
    assert "restarted" in status.reason
    assert status.started_at == 5.0
    await scheduler.close()


async def test_a_runner_that_is_ended_says_so(tmp_path: Path, directory: Path) -> None:
    scheduler = scheduler_on(tmp_path)
    followed = Followed(scheduler, directory)
    async with followed.following():
        native_id = await followed.submit("echo $PPID > pid; sleep 300")
        os.kill(int(await followed.until_file("pid")), 15)
        status = await followed.until_ended(native_id)
    assert (status.state, status.native_state) == (JobState.FAILED, "STOPPED")
    await scheduler.close()


async def test_the_queue_goes_on_after_an_error_of_its_disk(
    tmp_path: Path, directory: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    errors, watched = [OSError(errno.EIO, "no")], Spool.watched

    def unreliable(self: Spool, uuid: str) -> bool:
        if errors:
            raise errors.pop()
        return watched(self, uuid)

    monkeypatch.setattr(Spool, "watched", unreliable)
    scheduler = scheduler_on(tmp_path, settings=Settings(watch=0.1))
    followed = Followed(scheduler, directory)
    async with followed.following():
        first = await followed.submit("sleep 300")
        await followed.until_true(lambda: not errors, "never looked")
        second = await followed.until_ended(await followed.submit("true"))
        assert second.state is JobState.COMPLETED
        await scheduler.cancel(USER, [first])
        assert (await followed.until_ended(first)).state is JobState.CANCELED
    await scheduler.close()


async def test_the_queue_waits_for_its_disk(
    tmp_path: Path, directory: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    scheduler = scheduler_on(tmp_path)
    monkeypatch.setattr(scheduler_module, "_IDLE_SECONDS", 0.1)
    followed = Followed(scheduler, directory)
    async with followed.following():
        await followed.until_ended(await followed.submit("true"))
        (tmp_path / "spool").rename(tmp_path / "away")
        await asyncio.sleep(0.3)
        with pytest.raises(BackendFailed):
            await followed.submit("true")
        (tmp_path / "away").rename(tmp_path / "spool")
        status = await followed.until_ended(await followed.submit("true"))
    assert status.state is JobState.COMPLETED
    await scheduler.close()
