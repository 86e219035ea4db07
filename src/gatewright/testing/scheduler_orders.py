"""Contract tests of what schedulers may be asked beside running jobs."""

import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from functools import partial

from gatewright.core.ids import new_id
from gatewright.domains.compute import (
    Attributes,
    ChangeArrayLimit,
    ChangeLimit,
    JobSignal,
    JobSpec,
    JobState,
    OrderKind,
    Requeue,
    Resources,
    SendSignal,
)
from gatewright.testing.followed import USER, Followed


class OrdersContract:
    """Tests of orders that not every scheduler takes, and of dry runs.

    A test passes at once where the scheduler does not name the order.
    """

    @asynccontextmanager
    async def starting_none(self) -> AsyncIterator[None]:
        """Let the scheduler start no job while the block runs.

        A scheduler that can put back jobs overrides this.
        """
        yield

    async def test_a_job_is_sent_a_signal(self, followed: Followed) -> None:
        scheduler = followed.scheduler
        if OrderKind.SIGNAL not in scheduler.capabilities.orders:
            return
        native_id = await followed.submit(
            "trap 'echo got >> got' USR1\necho ready >> ready\n"
            "while [ ! -e got ]; do sleep 0.1; done\nexit 0"
        )
        await followed.until_file("ready")
        await followed.until_state(native_id, JobState.ACTIVE)
        order = SendSignal(JobSignal.USR1)
        await scheduler.order("eve", [native_id], order)
        await scheduler.order(USER, [native_id], order)
        assert (await followed.until_ended(native_id)).state is JobState.COMPLETED
        assert (followed.directory / "got").read_text() == "got\n"
        await scheduler.order(USER, [native_id, new_id()], order)

    async def test_a_time_limit_is_changed(self, followed: Followed) -> None:
        scheduler = followed.scheduler
        if OrderKind.CHANGE not in scheduler.capabilities.orders:
            return
        spec = JobSpec(executable="true", hold=True, attributes=Attributes(600))
        native_id = await followed.submit(spec)
        await scheduler.order(USER, [native_id], ChangeLimit(300))
        whole = await followed.snapshot_from_now()
        (job,) = [one for one in whole.jobs if one.status.native_id == native_id]
        assert job.duration == 300

    async def test_a_limit_at_once_is_changed(self, followed: Followed) -> None:
        scheduler = followed.scheduler
        if OrderKind.ARRAY_LIMIT not in scheduler.capabilities.orders:
            return
        go, now = followed.directory / "go", time.time()
        elements = [
            followed.submission(
                "echo b >> log$GATEWRIGHT_ARRAY_INDEX\n"
                f"while [ ! -e {go} ]; do sleep 0.1; done",
                array_id="9",
                array_index=index,
                array_limit=1,
                submitted_at=now,
            )
            for index in range(3)
        ]
        native_ids = await followed.take(*elements)
        await followed.until_state(native_ids[0], JobState.ACTIVE)
        assert (await followed.status(native_ids[2])).state is JobState.QUEUED
        await scheduler.order("eve", native_ids, ChangeArrayLimit(None))
        await scheduler.order(USER, native_ids, ChangeArrayLimit(3))
        for index, native_id in enumerate(native_ids):
            await followed.until_file(f"log{index}")
            assert (await followed.status(native_id)).state is JobState.ACTIVE
        await scheduler.order(USER, native_ids, ChangeArrayLimit(None))
        go.touch()
        for native_id in native_ids:
            await followed.until_ended(native_id)

    async def test_a_job_is_put_back_and_runs_again(self, followed: Followed) -> None:
        scheduler = followed.scheduler
        if OrderKind.REQUEUE not in scheduler.capabilities.orders:
            return
        native_id = await followed.submit(
            "echo run >> runs\n[ $(wc -l < runs) = 2 ] || sleep 300"
        )
        await followed.until_file("runs")
        await followed.until_state(native_id, JobState.ACTIVE)
        assert (await followed.status(native_id)).restarts == 0

        def told_of(state: JobState) -> bool:
            told = followed.told(native_id)
            return bool(told) and told[-1] is state

        await followed.until_true(partial(told_of, JobState.ACTIVE), "not told: active")
        async with self.starting_none():
            await scheduler.order("eve", [native_id], Requeue())
            await scheduler.order(USER, [native_id], Requeue())
            waits = partial(told_of, JobState.QUEUED)
            await followed.until_true(waits, "not told that the job waits again")
            assert (await followed.status(native_id)).restarts == 1
        done = await followed.until_ended(native_id)
        assert done.state is JobState.COMPLETED
        assert (followed.directory / "runs").read_text() == "run\nrun\n"

    async def test_a_held_job_that_is_put_back_runs(self, followed: Followed) -> None:
        scheduler = followed.scheduler
        if OrderKind.REQUEUE not in scheduler.capabilities.orders:
            return
        native_id = await followed.submit(JobSpec(executable="true", hold=True))
        await followed.until_state(native_id, JobState.HELD)
        await scheduler.order(USER, [native_id], Requeue())
        assert (await followed.until_ended(native_id)).state is JobState.COMPLETED

    async def test_a_dry_run_submits_nothing(self, followed: Followed) -> None:
        scheduler, now = followed.scheduler, time.time()
        cores = Resources(cpu_cores_per_process=2)
        spec = JobSpec(script="#!/bin/sh\necho ran > ran\n", resources=cores)
        submission = followed.submission(spec)
        told = await scheduler.estimate([submission])
        assert told.cores == 2
        assert told.expected_start_at is None or told.expected_start_at >= now - 60
        elements = [replace(submission, array_index=index) for index in (0, 1)]
        assert (await scheduler.estimate(elements)).cores == 2
        assert not (await followed.snapshot_from_now()).jobs
        assert not (followed.directory / "ran").exists()
