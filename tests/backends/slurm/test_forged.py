"""Jobs that anybody may submit past the gateway, with any comment and claim file."""

import asyncio
import os
from collections.abc import Callable, Mapping
from contextlib import aclosing
from dataclasses import dataclass, replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from tests.backends.slurm.made import JOB, NONCE, squeue
from tests.backends.slurm.test_found import (
    COUNTED,
    OF_QUEUE,
    NoWorkers,
    Time,
    Told,
)
from typing_extensions import override

from gatewright.backends.slurm import claims
from gatewright.backends.slurm.client import Client
from gatewright.backends.slurm.commands import Slurm
from gatewright.backends.slurm.found import Finder
from gatewright.backends.slurm.rows import (
    NodeRow,
    PartitionRow,
    QueueRow,
    ReservationRow,
)
from gatewright.backends.slurm.scheduler import SlurmScheduler, _Look
from gatewright.backends.slurm.script import DONE_ALREADY, Claim, claim_in
from gatewright.backends.slurm.statuses import PriorityOrder
from gatewright.backends.slurm.submitting import Attempts, Submitter
from gatewright.core.errors import (
    NotAllowed,
    PersonAbsent,
    TimedOut,
    Unavailable,
)
from gatewright.domains.compute import JobState

RUNNING = replace(OF_QUEUE, state="RUNNING")
DONE = replace(
    OF_QUEUE, number="22", shown="22", account="mallory", state="FAILED",
    reason="NonZeroExitCode",
)  # fmt: skip
RECORD = replace(
    COUNTED, number="22", raw="22", account="mallory", state="FAILED",
    exit_code=DONE_ALREADY,
)  # fmt: skip


@dataclass
class Cluster(Told):
    @override
    async def whole_queue(self, user: str) -> tuple[bytes, str]:
        return squeue(self.queued, NONCE).encode(), NONCE

    @override
    async def machines(
        self, user: str
    ) -> tuple[list[NodeRow], list[PartitionRow], list[ReservationRow]]:
        return [], [], []

    @override
    async def settings(self, user: str) -> dict[str, str]:
        return {}


def scheduler(
    tmp_path: Path, cluster: Cluster, homes: Callable[[str], Any], at: float = 1000.0
) -> SlurmScheduler:
    time = Time(at)
    made = SlurmScheduler(Slurm(), NoWorkers(), "gw", homes, tmp_path, clock=time)
    made._client, made._finder = cluster, Finder(cluster, homes, time)
    return made


async def looked(made: SlurmScheduler) -> _Look | None:
    async with aclosing(made):
        return await made.look()


class Homes:
    """Home directories, and for whom they were asked."""

    def __init__(self) -> None:
        self.asked: list[str] = []

    async def __call__(self, user: str) -> Path:
        self.asked.append(user)
        if user != "ada":
            raise NotAllowed("There is no Unix account of this name.")
        return Path("/home/ada")


def of(comment: str) -> tuple[QueueRow, Mapping[str, Any]]:
    told = {"kept": [replace(RECORD, comment=comment)], "codes": {"22": (117, 0)}}
    return replace(DONE, comment=comment), told


@pytest.mark.parametrize("named", ["no-such-account", "ada"])
async def test_a_mark_in_anothers_name_is_not_acted_upon(
    tmp_path: Path, named: str
) -> None:
    """Such a job once kept the jobs of all from being followed."""
    row, told = of(f"gw:x:{named}")
    homes = Homes()
    made = scheduler(tmp_path, Cluster(queued=[RUNNING, row], **told), homes)
    look = await looked(made)
    assert look is not None
    assert [status.native_id for status in look.own] == ["21/01hv/root/ada"]
    assert homes.asked == []
    living = replace(row, state="RUNNING")
    made = scheduler(tmp_path, Cluster(queued=[RUNNING, living], **told), homes)
    look = await looked(made)
    assert look is not None
    assert [status.native_id for status in look.own] == ["21/01hv/root/ada"]
    assert {(j.user, j.status.native_id) for j in look.snapshot.jobs} == {
        ("ada", "21/01hv/root/ada"),
        ("mallory", "22"),
    }


@pytest.mark.parametrize(
    ("at", "state"), [(130.0, JobState.ACTIVE), (1000.0, JobState.FAILED)]
)
async def test_a_person_without_a_home_delays_nobody(
    tmp_path: Path, at: float, state: JobState
) -> None:
    """For a minute the job is waited for; then it is what accounting says."""
    row, told = of("gw:x:mallory")
    cluster = Cluster(queued=[RUNNING, row], **told)
    look = await looked(scheduler(tmp_path, cluster, Homes(), at))
    assert look is not None
    found = {status.native_id: status for status in look.own}
    assert found["21/01hv/root/ada"].state is JobState.ACTIVE
    forged = found["22/x/mallory/mallory"]
    ended = state is JobState.FAILED
    assert (forged.state, forged.exit_code) == (state, DONE_ALREADY if ended else None)


@pytest.mark.parametrize("again", [PersonAbsent, Unavailable])
async def test_what_is_found_out_only_with_the_person_waits_for_them(
    tmp_path: Path, again: type[Unavailable]
) -> None:
    """Which of two jobs did the work is told by a file that only they may read."""

    @dataclass
    class Closed(Told):
        @override
        async def claim(self, user: str, path: str) -> Claim | None:
            raise again

        @override
        async def queue(self, user: str, selection: str = "") -> list[QueueRow]:
            raise again

    row = replace(OF_QUEUE, number="22", state="FAILED", comment="gw:x:ada")
    kept = [replace(RECORD, account="root", comment="gw:x:ada")]
    closed = Closed(kept=kept)
    finder = Finder(closed, Homes(), Time(1000.0))
    (status,) = await finder.of_rows("ada", [row], PriorityOrder())
    waits = again is PersonAbsent
    assert (status.state is JobState.ACTIVE) == waits
    attempts = Attempts(tmp_path, Time(1000.0))
    submitter = Submitter(closed, finder, attempts, Time(1000.0))
    with pytest.raises(PersonAbsent if waits else TimedOut):
        await submitter.submit("ada", [JOB])


async def test_claim_files_are_read_beside_each_other() -> None:
    """One that hangs delays the others by its own time alone."""
    numbers = ["1", "2", "3"]
    waiting: set[str] = set()
    everybody = asyncio.Event()

    @dataclass
    class Slow(Told):
        @override
        async def claim(self, user: str, path: str) -> Claim | None:
            waiting.add(path)
            if len(waiting) == len(numbers):
                everybody.set()
            async with asyncio.timeout(60):
                await everybody.wait()
            raise Unavailable

    rows = [
        replace(OF_QUEUE, number=n, state="FAILED", comment=f"gw:{n}:ada")
        for n in numbers
    ]
    kept = [
        replace(RECORD, number=n, raw=n, account="root", comment=f"gw:{n}:ada")
        for n in numbers
    ]
    found = Finder(Slow(kept=kept), Homes(), Time(1000.0))
    statuses = await found.of_rows("ada", rows, PriorityOrder())
    assert [status.exit_code for status in statuses] == [DONE_ALREADY] * 3


@pytest.mark.parametrize(
    "line",
    [
        f"ended 5 {10**30} 9",
        f"ended 5 0 {10**30}",
        f"ended 5 0 {'9' * 400}",
        "ended 5 256 9",
        "ended 5 ٣ 9",
    ],
)
def test_numbers_that_no_record_holds_are_not_read(line: str) -> None:
    """The database's integers have eight bytes, and an error there stopped all."""
    assert claim_in(f"begun 5 0 9\n{line}\n") == Claim("5", 9.0)
    assert claim_in(f"begun 5 0 {'9' * 400}\n") is None


async def test_a_claim_file_whose_file_system_hangs_is_not_waited_for(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    class Worker:
        threads = None

        async def call_for_descriptor(
            self, *_: object, **__: object
        ) -> tuple[None, int]:
            return None, os.open("/dev/null", os.O_RDONLY)

    workers: Any = SimpleNamespace(of=lambda _: Worker())
    loop = asyncio.get_running_loop()

    def never(*_: object) -> asyncio.Future[bytes]:
        return loop.create_future()

    monkeypatch.setattr(claims, "SECONDS", 0.01)
    monkeypatch.setattr(loop, "run_in_executor", never)
    with pytest.raises(TimedOut, match="claim file"):
        await Client(workers, Slurm()).claim("ada", "/home/ada/claim")
