"""The whole queue is parsed in a process of its own."""

import asyncio
import os
import resource
import signal
import subprocess
import sys
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import ExitStack, aclosing
from dataclasses import replace
from io import BytesIO
from pathlib import Path

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.backends.slurm.made import NONCE, squeue
from tests.backends.slurm.test_forged import Cluster, Homes, scheduler

from gatewright.backends.slurm import parse, queue_program
from gatewright.backends.slurm.frames import read_frame, write_frame
from gatewright.backends.slurm.queue_messages import MakeColumns, QueueRead, ReadQueue
from gatewright.backends.slurm.queue_process import QueueProcess
from gatewright.backends.slurm.queue_program import WholeQueue
from gatewright.backends.slurm.rows import QueueRow
from gatewright.backends.slurm.statuses import (
    PriorityOrder,
    has_ended,
    living,
    own_id,
    queued,
    whole_of,
)
from gatewright.core.errors import BackendFailed, TimedOut, Unavailable
from gatewright.domains.compute import (
    ENDED,
    JobColumns,
    JobState,
    JobStatus,
    QueuedJob,
)

ROW = QueueRow(
    number="1", shown="1", account="ada", state="PENDING", reason="Priority",
    dependency="", cores=8, nodes=1, partition="batch", project="science",
    priority=5, memory="4G", limit=60.0, submitted_at=1.0, started_at=None,
    ended_at=None, places="", name="run", comment="",
)  # fmt: skip
OTHER = replace(ROW, number="2", shown="2", priority=9, submitted_at=0.0)


ACCOUNT = "a"
"""Account as which the gateway reads the queue."""


@pytest.fixture
async def process() -> AsyncIterator[QueueProcess]:
    async with aclosing(QueueProcess()) as made:
        yield made


def text(*rows: QueueRow) -> bytes:
    return squeue(rows, NONCE).encode()


async def test_it_returns_what_squeue_tells(process: QueueProcess) -> None:
    own = replace(OTHER, comment="gw:01hv:ada")
    read = await process.read(text(ROW, own), NONCE, ACCOUNT)
    assert read.order == PriorityOrder({"batch": [5, 9]})
    native = str(own_id(own))
    waits = living(own, native, read.order)
    assert (read.living, read.ended) == ({native: waits}, [])
    held = replace(waits, state=JobState.HELD)
    first, last = await process.columns({native: held})
    assert (first.status, first.number) == (held, "2")
    assert last.status.reason == "Waits for its turn in batch; 1 job is ahead."
    started = process.pid
    await process.read(text(), NONCE, ACCOUNT)
    assert len(await process.columns({})) == 0
    assert process.pid == started


async def test_only_what_changed_is_told_again(process: QueueProcess) -> None:
    """The statuses of all others are the same objects as after the look before."""
    rows = [
        replace(ROW, number=str(n), shown=str(n), comment=f"gw:x{n}:ada", reason="None")
        for n in range(4)
    ]
    first = await process.read(text(*rows), NONCE, ACCOUNT)
    assert [*first.living] == [str(own_id(row)) for row in rows]
    now = [
        rows[0],
        replace(rows[1], state="RUNNING", reason="None", started_at=5.0),
        replace(rows[2], state="COMPLETED", reason="None"),
        replace(ROW, number="9", shown="9", comment="gw:y:ada", account=ACCOUNT),
    ]
    second = await process.read(text(*now), NONCE, ACCOUNT)
    ids = [str(own_id(row)) for row in now]
    assert set(second.living) == {ids[0], ids[1], ids[3]}
    assert second.living[ids[0]] is first.living[ids[0]]
    assert second.living[ids[1]].state is JobState.ACTIVE
    assert second.ended == [now[2]]
    assert len(first.living) == 4, "what was returned before stays as it was"
    os.kill(process.pid or 0, signal.SIGKILL)
    os.waitid(os.P_PID, process.pid or 0, os.WEXITED | os.WNOWAIT)
    third = await process.read(text(*now), NONCE, ACCOUNT)
    assert (third.living, third.ended) == (second.living, second.ended)


async def test_a_place_that_changes_is_told(process: QueueProcess) -> None:
    own = replace(ROW, comment="gw:x:ada")
    native = str(own_id(own))
    for ahead in ([], [OTHER], [OTHER, replace(OTHER, number="3", shown="3")]):
        read = await process.read(text(own, *ahead), NONCE, ACCOUNT)
        assert read.living == {
            native: living(own, native, PriorityOrder.of([own, *ahead]))
        }


async def test_whoever_writes_a_mark_into_a_comment_of_another_account_has_no_job(
    process: QueueProcess,
) -> None:
    forged = replace(ROW, comment="gw:x:ada", account="eve")
    ended = replace(forged, number="2", shown="2", state="COMPLETED")
    read = await process.read(text(forged, ended), NONCE, ACCOUNT)
    assert (read.living, read.ended) == ({}, [])
    (shown,) = await process.columns({})
    assert (shown.user, shown.status.native_id) == ("eve", "1")


async def test_an_answer_that_nobody_awaits_is_taken_in(process: QueueProcess) -> None:
    """Since the process tells each change once: the look may have been cancelled."""
    own = replace(ROW, comment="gw:x:ada")
    await process.read(text(), NONCE, ACCOUNT)
    asked = ReadQueue(NONCE, ACCOUNT), text(own)
    await asyncio.to_thread(process._exchange, *asked)
    read = await process.read(text(own), NONCE, ACCOUNT)
    assert [*read.living] == [str(own_id(own))]


async def test_what_squeue_does_not_print_is_refused(process: QueueProcess) -> None:
    with pytest.raises(BackendFailed, match="unexpected form"):
        await process.read(b"squeue: what?", NONCE, ACCOUNT)
    assert len((await process.read(text(ROW), NONCE, ACCOUNT)).order.rows["batch"]) == 1


async def test_one_that_ends_is_started_again(process: QueueProcess) -> None:
    """It is not taken for one whose queue is empty."""
    await process.read(text(ROW), NONCE, ACCOUNT)
    first = process.pid
    assert first is not None
    os.kill(first, signal.SIGKILL)
    with pytest.raises(Unavailable, match="started again"):
        await process.columns({})
    with pytest.raises(Unavailable, match="started again"):
        await process.columns({})
    await process.read(text(ROW), NONCE, ACCOUNT)
    second = process.pid
    assert second not in {None, first}
    os.kill(second or 0, signal.SIGKILL)
    os.waitid(os.P_PID, second or 0, os.WEXITED | os.WNOWAIT)
    await process.read(text(ROW), NONCE, ACCOUNT)
    assert len(await process.columns({})) == 1


async def test_one_that_hangs_is_ended() -> None:
    async with aclosing(QueueProcess(seconds=60)) as process:
        await process.read(text(ROW), NONCE, ACCOUNT)
        os.kill(process.pid or 0, signal.SIGSTOP)
        process._seconds = 0.1
        with pytest.raises(TimedOut, match="started again"):
            await process.columns({})
        process._seconds = 60
        await process.read(text(ROW), NONCE, ACCOUNT)
        assert len(await process.columns({})) == 1


async def test_a_look_that_is_cancelled_ends_it(process: QueueProcess) -> None:
    await process.read(text(ROW), NONCE, ACCOUNT)
    os.kill(process.pid or 0, signal.SIGSTOP)
    waiting = asyncio.create_task(process.columns({}))
    await asyncio.sleep(0)
    waiting.cancel()
    await asyncio.wait([waiting])
    assert waiting.cancelled()
    assert process.pid is None


async def test_it_finds_what_is_installed_by_pythonpath(
    process: QueueProcess, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The packages of a gateway may be found only so: once, it could not start then."""
    code = "from pathlib import Path\nPath(__file__).with_name('found').touch()\n"
    (tmp_path / "sitecustomize.py").write_text(code)
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    await process.read(text(ROW), NONCE, ACCOUNT)
    assert (tmp_path / "found").exists()


GATEWAY = """
import asyncio, signal
from gatewright.backends.slurm.queue_process import QueueProcess

async def main():
    # A shell starts what runs in its background with SIGINT ignored.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    process = QueueProcess()
    await process.read(b"", "@1", "gateway")
    print(process.pid, flush=True)
    await asyncio.sleep(3600)

asyncio.run(main())
"""


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM, signal.SIGINT])
def test_it_ends_with_its_gateway(number: int) -> None:
    """Its standard error is ours, so that this pipe closes when both have ended."""
    gateway = subprocess.Popen(
        [sys.executable, "-c", GATEWAY], stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )
    with gateway, ExitStack() as stack:
        stack.callback(gateway.kill)
        assert gateway.stdout is not None
        assert gateway.stderr is not None
        assert int(gateway.stdout.readline()) > 0
        gateway.send_signal(number)
        gateway.stderr.read()
        assert gateway.wait() != 0


async def test_the_snapshot_before_stays_with_its_age(tmp_path: Path) -> None:
    cluster = Cluster(queued=[ROW])
    made = scheduler(tmp_path, cluster, Homes(), 1000.0)
    async with aclosing(made):
        assert await made.look() is not None
        before = await made.snapshot()
        columns = made._queue.columns

        async def after_its_end(own: Mapping[str, JobStatus]) -> JobColumns:
            os.kill(made._queue.pid or 0, signal.SIGKILL)
            return await columns(own)

        cluster.queued = [ROW, OTHER]
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(made._queue, "columns", after_its_end)
            assert await made.look() is None
        shown = await made.snapshot()
        assert (shown.as_of, shown.jobs) == (before.as_of, before.jobs)
        assert "started again" in shown.failure
        assert await made.look() is not None
        again = await made.snapshot()
        assert (len(again.jobs), again.failure) == (2, "")


def test_the_program_answers_until_its_input_ends() -> None:
    requests, answers = BytesIO(), BytesIO()
    write_frame(requests, msgspec.msgpack.encode(ReadQueue(NONCE, ACCOUNT)), text(ROW))
    write_frame(requests, msgspec.msgpack.encode(MakeColumns({})))
    requests.seek(0)
    queue_program.serve(requests, answers)
    answers.seek(0)
    read_frame(answers, 1 << 20)
    header, data = read_frame(answers, 1 << 20)
    assert b"ColumnsMade" in header
    assert data


def test_its_memory_is_bounded_and_it_stands_back() -> None:
    code = (
        "import os, resource, runpy;"
        "runpy.run_module('gatewright.backends.slurm.queue_program',"
        "run_name='__main__');"
        "print(resource.getrlimit(resource.RLIMIT_AS)[1], os.nice(0))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], input=b"", capture_output=True, check=True
    )
    memory, niceness = map(int, done.stdout.split())
    assert memory == queue_program.MOST_MEMORY != resource.RLIM_INFINITY
    assert niceness == min(19, os.nice(0) + queue_program.NICENESS)


@pytest.mark.parametrize("cut", [0, 8, 17, 19])
def test_a_frame_that_is_cut_off_is_no_frame(cut: int) -> None:
    file = BytesIO()
    write_frame(file, b"ab", b"cd")
    with pytest.raises(EOFError):
        read_frame(BytesIO(file.getvalue()[:cut]), 100)
    with pytest.raises(ValueError, match="longer"):
        read_frame(BytesIO(file.getvalue()), 3)


WORDS = st.sampled_from(["", "a", "b:c", "é"])
NUMBERS = st.sampled_from(["7", "8", "9_1"])
ROWS = st.builds(
    QueueRow,
    number=NUMBERS,
    shown=st.sampled_from(["7", "7+0", "7+1", "8+0", "9"]),
    account=WORDS,
    state=st.sampled_from(["PENDING", "RUNNING", "COMPLETED", "FAILED"]),
    reason=st.sampled_from(["Priority", "Resources", "JobHeldUser", "None"]),
    dependency=st.just(""),
    cores=st.integers(0, 9),
    nodes=st.integers(1, 3),
    partition=st.sampled_from(["batch", "gpu", "batch,gpu"]),
    project=WORDS,
    priority=st.integers(0, 3),
    memory=st.just("4G"),
    limit=st.sampled_from([None, 60.0]),
    submitted_at=st.sampled_from([None, 1.0, 2.0]),
    started_at=st.sampled_from([None, 5.0]),
    ended_at=st.just(None),
    places=WORDS,
    name=WORDS,
    comment=st.sampled_from(["", "gw:x:ada"]),
    restarts=st.integers(0, 2),
)


def expected(rows: Sequence[QueueRow], own: Mapping[str, JobStatus]) -> list[QueuedJob]:
    """Return the jobs of one look, made from its rows alone."""
    order = PriorityOrder.of(rows)
    jobs: list[QueuedJob] = []
    parts: dict[str, list[QueuedJob]] = {}
    for row in rows:
        native = own_id(row)
        status = own.get(str(native))
        user = native.user if native and status else row.account
        job = queued(row, status or living(row, row.number, order), user)
        if "+" in row.shown:
            parts.setdefault(row.shown.partition("+")[0], []).append(job)
        elif not has_ended(row):
            jobs.append(job)
    jobs += [
        whole_of(some)
        for some in parts.values()
        if any(part.status.state not in ENDED for part in some)
    ]
    jobs.sort(key=lambda job: job.submitted_at)
    return sorted(
        jobs, key=lambda job: (job.submitted_at, job.number or job.status.native_id)
    )


@given(st.lists(st.lists(ROWS, max_size=6), min_size=1, max_size=3))
def test_its_jobs_are_those_of_a_look_that_saw_nothing_before(
    looks: Sequence[Sequence[QueueRow]],
) -> None:
    """They pass through all that the process sends, byte by byte."""
    queue = WholeQueue()
    known: dict[str, JobStatus] = {}
    for rows in looks:
        read, _ = queue.answer(ReadQueue(NONCE, ACCOUNT), text(*rows))
        assert isinstance(read, QueueRead)
        known = {k: v for k, v in known.items() if k not in read.gone}
        known |= {status.native_id: status for status in read.changed}
        parsed = parse.queue(squeue(rows, NONCE), NONCE)
        order = PriorityOrder.of(parsed)
        own = {
            str(native): living(row, str(native), order)
            for row in parsed
            if (native := own_id(row)) is not None
            and row.account in {native.user, ACCOUNT}
            and not has_ended(row)
        }
        assert known == own
        answer, data = queue.answer(MakeColumns({}), b"")
        made = JobColumns(answer.counts, data)  # type: ignore[union-attr]
        wanted = expected(parsed, own)
        assert list(made) == wanted
        assert [msgspec.json.encode(one) for one in made] == [
            msgspec.json.encode(one) for one in wanted
        ]
        running = [one for one in wanted if one.status.state is JobState.ACTIVE]
        assert made.counts.running == len(running)
        assert made.counts.cores_in_use == sum(one.cores for one in running)
