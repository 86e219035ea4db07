"""What became of jobs, from rows as a controller that was killed leaves them."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from typing_extensions import override

from gatewright.backends.slurm.claim_files import FOLDER
from gatewright.backends.slurm.client import Client
from gatewright.backends.slurm.commands import Slurm
from gatewright.backends.slurm.found import Finder
from gatewright.backends.slurm.marks import Mark, NativeId
from gatewright.backends.slurm.rows import AccountingRow, QueueRow
from gatewright.backends.slurm.script import DONE_ALREADY, Claim
from gatewright.backends.slurm.statuses import PriorityOrder, ended
from gatewright.backends.worker import Worker
from gatewright.core.errors import Conflict
from gatewright.core.homes import one_home
from gatewright.domains.compute import ENDED, JobState, JobStatus

NATIVE = NativeId("21", "01hv", "root", "ada")
OF_QUEUE = QueueRow(
    "21", "21", "root", "COMPLETED", "None", "", 1, 1, "batch", "science", 1, "0",
    600.0, 90.0, 100.0, 101.0, "localhost", "a", "gw:01hv:ada",
)  # fmt: skip
COUNTED = AccountingRow(
    "21", "21", "", "root", "COMPLETED", 90.0, 100.0, 101.0, 0.5, 1 << 20, 1, 1.0,
    "gw:01hv:ada", 0, 0,
)  # fmt: skip
HALF = replace(COUNTED, ended_at=None, cpu_seconds=0.0, peak_memory_bytes=0,
               wall_seconds=0.0)  # fmt: skip
"""What slurmdbd keeps of a job whose controller was killed after the first of two
messages: its final state, and no end (``sacct`` says ``Unknown``)."""


class NoWorkers:
    def of(self, user: str) -> Worker:
        raise AssertionError(user)


@dataclass
class Told(Client):
    """A cluster that says what the test does."""

    queued: Sequence[QueueRow] = ()
    kept: Sequence[AccountingRow] = ()
    codes: dict[str, tuple[int, int]] = field(default_factory=dict)
    claims: Claim | None = None

    def __post_init__(self) -> None:
        super().__init__(NoWorkers(), Slurm())

    @override
    def intents(self, user: str) -> None:
        return None

    @override
    async def account(self, user: str) -> str:
        return "root"

    @override
    async def marked(self, user: str, account: str, mark: Mark) -> list[QueueRow]:
        return await self.queue(user)

    @override
    async def queue(self, user: str, selection: str = "") -> list[QueueRow]:
        return list(self.queued)

    @override
    async def accounting(
        self, user: str, numbers: Sequence[str]
    ) -> list[AccountingRow]:
        return list(self.kept)

    @override
    async def exit_codes(
        self, user: str, numbers: Sequence[str]
    ) -> dict[str, tuple[int, int]]:
        return self.codes

    @override
    async def claim(self, user: str, path: str) -> Claim | None:
        return self.claims


@dataclass
class Time:
    now: float

    def __call__(self) -> float:
        return self.now


def finder(told: Told, at: float = 1000.0) -> tuple[Finder, Time]:
    time = Time(at)
    return Finder(told, one_home(Path("/home/ada")), time), time


class TestInTheQueue:
    async def test_a_record_without_an_end_is_not_taken_for_the_last_word(
        self,
    ) -> None:
        """A gateway once showed such a job as completed, and waited for its end."""
        found, time = finder(Told(kept=[HALF]), at=102.0)
        (early,) = await found.of_rows("ada", [OF_QUEUE], PriorityOrder())
        assert (early.state, early.native_state) == (JobState.ACTIVE, "COMPLETING")
        time.now = 200.0
        (late,) = await found.of_rows("ada", [OF_QUEUE], PriorityOrder())
        assert (late.state, late.exit_code) == (JobState.COMPLETED, 0)
        assert (late.started_at, late.ended_at) == (100.0, 101.0)
        assert late.usage.wall_seconds == 1.0

    async def test_the_record_counts_once_it_has_an_end(self) -> None:
        found, _ = finder(Told(kept=[COUNTED]))
        (status,) = await found.of_rows("ada", [OF_QUEUE], PriorityOrder())
        assert (status.ended_at, status.usage.cpu_seconds) == (101.0, 0.5)

    async def test_what_it_was_given_is_that_of_the_queue(self) -> None:
        given = ("batch", "science", 1, 600.0)
        for row, kept in (
            (OF_QUEUE, [COUNTED]),
            (OF_QUEUE, []),
            (replace(OF_QUEUE, state="RUNNING"), []),
        ):
            found, _ = finder(Told(kept=kept))
            (status,) = await found.of_rows("ada", [row], PriorityOrder())
            usage = status.usage
            assert given == (
                *(usage.partition, usage.project, usage.nodes, usage.limit_seconds),
            )

    async def test_a_failed_one_has_the_exit_code_of_the_queue(self) -> None:
        row = replace(OF_QUEUE, state="FAILED", reason="NonZeroExitCode")
        half = replace(HALF, state="FAILED")
        found, _ = finder(Told(kept=[half], codes={"21": (7, 0)}))
        (status,) = await found.of_rows("ada", [row], PriorityOrder())
        assert (status.state, status.exit_code) == (JobState.FAILED, 7)

    async def test_a_job_that_the_queue_gives_no_end_ended_now(self) -> None:
        row = replace(OF_QUEUE, ended_at=None)
        found, _ = finder(Told())
        (status,) = await found.of_rows("ada", [row], PriorityOrder())
        assert (status.ended_at, status.usage.wall_seconds) == (1000.0, 900.0)


class TestRefusedByItsMachine:
    """Held by Slurm, which counts that as a restart of the job."""

    row = replace(OF_QUEUE, state="PENDING", restarts=1)

    async def forbidden(self, claim: Claim | None, row: QueueRow = row) -> str:
        found, _ = finder(Told(claims=claim))
        return await found.claims.done_before(row, NATIVE)

    async def test_work_that_was_done_before_is_not_repeated(self) -> None:
        claim = Claim("21", 100.0, exit_code=0, ended_at=105.0)
        path = await self.forbidden(claim)
        assert path.endswith(f"/{FOLDER}/{NATIVE.name}.done-1")

    async def test_work_that_may_go_on_is_waited_for(self) -> None:
        with pytest.raises(Conflict, match="has begun before"):
            await self.forbidden(Claim("21", 100.0))

    async def test_other_starts_are_not_forbidden(self) -> None:
        ended = Claim("21", 100.0, exit_code=0, ended_at=105.0)
        twice = replace(self.row, restarts=2)  # it was requeued before
        assert await self.forbidden(None) == ""
        assert await self.forbidden(replace(ended, number="20")) == ""
        assert await self.forbidden(ended, twice) == ""


class TestForgottenByTheController:
    async def of(self, told: Told, later: float = 0.0) -> JobStatus:
        found, time = finder(told)
        first = await found.of_missing("ada", [NATIVE])
        time.now += later
        again = await found.of_missing("ada", [NATIVE]) if later else first
        return again[str(NATIVE)]

    async def test_the_claim_has_the_end_that_accounting_lacks(self) -> None:
        claim = Claim("21", 100.0, exit_code=3, ended_at=105.0)
        status = await self.of(Told(kept=[HALF], claims=claim))
        assert (status.state, status.exit_code) == (JobState.FAILED, 3)
        assert status.ended_at == 105.0

    async def test_without_a_claim_its_duration_is_that_of_accounting(self) -> None:
        """It is not submitted a second time: accounting knows that it has ended."""
        status = await self.of(Told(kept=[replace(HALF, wall_seconds=4.0)]))
        assert (status.state, status.ended_at) == (JobState.COMPLETED, 104.0)

    async def test_a_claim_without_an_end_is_waited_for(self) -> None:
        told = Told(kept=[HALF], claims=Claim("21", 100.0))
        assert (await self.of(told)).state is JobState.ACTIVE
        assert (await self.of(told, later=61.0)).state is JobState.COMPLETED
        lost = await self.of(Told(claims=Claim("21", 100.0)), later=61.0)
        assert (lost.state, lost.native_state) == (JobState.FAILED, "LOST")
        assert lost.ended_at == 1061.0

    async def test_it_is_waited_for_anew_after_it_was_in_the_queue_again(self) -> None:
        told = Told(claims=Claim("21", 100.0))
        found, time = finder(told)
        native = str(NATIVE)
        for _ in range(3):
            (status,) = (await found.of_missing("ada", [NATIVE])).values()
            assert status.state is JobState.ACTIVE
            time.now += 59.0
            found.found({native: status})
        (status,) = (await found.of_missing("ada", [NATIVE])).values()
        time.now += 60.0
        (status,) = (await found.of_missing("ada", [NATIVE])).values()
        assert status.native_state == "LOST"

    async def test_a_run_that_found_the_work_done_gives_no_result(
        self,
    ) -> None:
        row = replace(HALF, state="FAILED", exit_code=DONE_ALREADY)
        lost = await self.of(Told(kept=[row], claims=Claim("20", 100.0)), later=61.0)
        assert lost.native_state == "LOST"

    async def test_what_nobody_knows_of_is_submitted_again(self) -> None:
        running = replace(HALF, state="RUNNING")
        for kept in ([], [running], [replace(HALF, comment="gw:02:ada")]):
            assert (await self.of(Told(kept=kept))).state is JobState.NEW


async def test_a_job_of_its_number_that_says_nothing_is_another_s() -> None:
    """Its person submitted it past the gateway, and Slurm gave it the lost number.

    A site that keeps no comments cannot tell the two apart.
    """
    found, _ = finder(Told(kept=[replace(COUNTED, comment="")]))
    for has_marks, state in ((True, JobState.NEW), (False, JobState.COMPLETED)):
        found.has_marks = has_marks
        told = await found.of_missing("ada", [NATIVE])
        assert told[str(NATIVE)].state is state


STATES = ["COMPLETED", "FAILED", "CANCELLED", "CANCELLED by 0", "TIMEOUT", "NODE_FAIL",
          "OUT_OF_MEMORY", "PREEMPTED", "RUNNING", "PENDING", "REQUEUED"]  # fmt: skip
MOMENTS = st.none() | st.floats(1.0, 2000.0)


@given(
    queued=st.booleans(),
    state=st.sampled_from(STATES),
    counted=st.none() | st.sampled_from(STATES),
    moments=st.tuples(MOMENTS, MOMENTS, MOMENTS),
    wall=st.floats(0.0, 500.0),
    claim=st.none()
    | st.just(Claim("21", 100.0))
    | st.builds(Claim, st.just("21"), st.just(100.0), st.integers(0, 192),
                st.floats(90.0, 2000.0)),
    code=st.integers(0, 255),
    signal=st.integers(0, 64),
)  # fmt: skip
async def test_a_final_state_has_an_end_and_no_other_has(
    queued: bool,
    state: str,
    counted: str | None,
    moments: tuple[float | None, float | None, float | None],
    wall: float,
    claim: Claim | None,
    code: int,
    signal: int,
) -> None:
    """Whatever is known and whatever is not."""
    submitted, began, end = moments
    row = replace(OF_QUEUE, state=state, submitted_at=submitted, started_at=began,
                  ended_at=end)  # fmt: skip
    kept = [
        replace(HALF, state=word, submitted_at=submitted, started_at=began,
                ended_at=end if word != "COMPLETED" else None, wall_seconds=wall,
                exit_code=code, signal=signal)
        for word in ([counted] if counted else [])
    ]  # fmt: skip
    found, _ = finder(Told(kept=kept, claims=claim))
    statuses = (
        await found.of_rows("ada", [row], PriorityOrder())
        if queued
        else (await found.of_missing("ada", [NATIVE])).values()
    )
    for status in statuses:
        assert (status.ended_at is not None) == (status.state in ENDED)
        assert status.usage.wall_seconds >= 0


def test_steps_of_other_runs_do_not_count() -> None:
    """A job was put back, or its number was another's job before: sacct tells of all.

    Steps do not say whose they are, only when they began.
    """
    job = AccountingRow(
        "5", "5", "", "root", "COMPLETED", 1.0, 200.0, 300.0, 0.5, 0, 1, 100.0, "", 0,
        0, gpus=4,
    )  # fmt: skip
    before, first, later, unknown = (
        replace(
            job, step="batch", account="", started_at=began, peak_memory_bytes=peak,
            gpus_busy=busy,
        )
        for began, peak, busy in (
            (100.0, 1 << 40, 4.0), (200.0, 1 << 20, 1.0), (301.0, 1 << 40, 4.0),
            (None, 1 << 10, 0.0),
        )
    )  # fmt: skip
    usage = ended(job, [before, first, later, unknown], "5").usage
    assert (usage.peak_memory_bytes, usage.gpus_busy) == (1 << 20, 1.0)
    half = ended(replace(job, ended_at=None), [before, later], "5").usage
    assert half.peak_memory_bytes == 1 << 40
    assert half.gpus_busy == 4.0
