"""The whole queue and the machines, as one person sees them."""

import asyncio
import threading
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from zlib import crc32

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.domains.compute.conftest import ToldScheduler
from tests.support.app import caller

from gatewright.core.errors import InvalidRequest, Unavailable
from gatewright.domains.compute import (
    Capabilities,
    Job,
    JobColumns,
    JobService,
    JobSpec,
    JobState,
    JobStatus,
    Node,
    Partition,
    QueuedJob,
    QueueFilter,
    Reservation,
    SeenJob,
    Snapshot,
)
from gatewright.domains.compute.queue_index import QueueIndex

ADA = caller("ada")
WAITING = JobStatus("9", JobState.QUEUED, "PENDING", expected_start_at=90.0)
RUNNING = JobStatus("8", JobState.ACTIVE, "RUNNING", started_at=6.0)
BOBS = QueuedJob(WAITING, "bob", "b", 3, 5.0, number="9", partition="debug,batch")
EVES = QueuedJob(RUNNING, "eve", "e", 2, 4.0, partition="batch")


def show(
    scheduler: ToldScheduler, monkeypatch: pytest.MonkeyPatch, whole: Snapshot
) -> None:
    async def snapshot() -> Snapshot:
        return whole

    monkeypatch.setattr(scheduler, "snapshot", snapshot)


async def test_everybodys_jobs_are_shown_where_they_may_be(
    jobs: JobService, scheduler: ToldScheduler, monkeypatch: pytest.MonkeyPatch
) -> None:
    (mine,) = await jobs.submit(ADA, "local", [JobSpec(executable="a")])
    native = JobStatus(mine.native_id or "", JobState.QUEUED, "PENDING")
    own = QueuedJob(native, "ada", "a", 1, 7.0, number="10")
    whole = Snapshot(8.0, [own, BOBS, EVES], private=False)
    show(scheduler, monkeypatch, whole)

    async def names(chosen: QueueFilter) -> list[str]:
        page = await jobs.everyone(ADA, "local", chosen)
        return [one.job.name for one in page.items]

    page = await jobs.everyone(ADA, "local", QueueFilter())
    assert [(one.job.name, one.id) for one in page.items] == [
        ("e", None),
        ("b", None),
        ("a", mine.id),
    ]
    assert await names(QueueFilter(user="bob")) == ["b"]
    assert await names(QueueFilter(partition="batch")) == ["e", "b"]
    assert await names(QueueFilter(name="a")) == ["a"]
    assert await names(QueueFilter(state=JobState.ACTIVE)) == ["e"]
    beside = replace(own, status=WAITING, name="beside", number="11")
    ended = replace(own, status=RUNNING, name="ended", number="")
    whole = Snapshot(8.0, [own, BOBS, EVES, beside, ended])
    show(scheduler, monkeypatch, whole)
    assert await names(QueueFilter()) == ["a", "beside"]


async def test_while_a_large_queue_is_encoded_the_last_one_is_shown(
    jobs: JobService, scheduler: ToldScheduler, monkeypatch: pytest.MonkeyPatch
) -> None:
    old = Snapshot(1.0, [replace(BOBS, name="old")] * 600, private=False)
    new = Snapshot(2.0, [replace(BOBS, name="new")] * 601, private=False)
    encode, go, begun = QueueIndex.of, threading.Event(), threading.Event()

    def held(whole: Snapshot) -> QueueIndex:
        begun.set()
        assert go.wait(60)
        return encode(whole)

    async def first() -> str:
        page = await jobs.everyone(ADA, "local", QueueFilter(), limit=1)
        return page.items[0].job.name

    show(scheduler, monkeypatch, old)
    assert await first() == "old"
    show(scheduler, monkeypatch, new)
    monkeypatch.setattr(QueueIndex, "of", held)
    encoding = asyncio.create_task(first())
    assert await asyncio.to_thread(begun.wait, 60)
    assert await first() == "old"
    assert (await jobs.queue(ADA, "local")).as_of == 1.0
    go.set()
    assert await encoding == "new"
    assert await first() == "new"


async def test_pages_follow_one_another(
    jobs: JobService, scheduler: ToldScheduler, monkeypatch: pytest.MonkeyPatch
) -> None:
    show(scheduler, monkeypatch, Snapshot(8.0, [BOBS, EVES], private=False))
    first = await jobs.everyone(ADA, "local", QueueFilter(), limit=1)
    assert [one.job for one in first.items] == [EVES]
    rest = await jobs.everyone(ADA, "local", QueueFilter(), 1, first.next)
    assert ([one.job for one in rest.items], rest.next) == ([BOBS], None)
    with pytest.raises(InvalidRequest):
        await jobs.everyone(ADA, "local", QueueFilter(), 1, "x")


FEW = st.sampled_from(["", "a", "b"])
QUEUED = st.builds(
    QueuedJob,
    status=st.builds(
        JobStatus,
        native_id=st.sampled_from(["1", "2", "3"]),
        state=st.sampled_from([JobState.QUEUED, JobState.ACTIVE]),
        native_state=st.just("x"),
    ),
    user=FEW,
    name=FEW,
    cores=st.just(1),
    submitted_at=st.sampled_from([1.0, 2.0]),
    number=st.sampled_from(["", "7", "8"]),
    partition=st.sampled_from(["", "a", "b", "a,b"]),
)
FILTERS = st.builds(
    QueueFilter, FEW, FEW, FEW, st.sampled_from([None, JobState.QUEUED])
)


@given(st.lists(QUEUED), FILTERS, st.sets(st.sampled_from(["1", "9"])), st.booleans())
def test_a_page_has_what_a_look_at_every_job_finds(
    jobs: list[QueuedJob],
    chosen: QueueFilter,
    own: set[str],
    private: bool,
) -> None:
    expected = [
        job
        for job in jobs
        if chosen.takes(job)
        and (
            not private
            or job.status.native_id in own
            or (job.number and job.user == "a")
        )
    ]
    index = QueueIndex.of(Snapshot(9.0, jobs, private=private))
    ids = {native: f"id {native}" for native in own}
    page = index.page("a", ids, chosen, 100, None)
    assert Counter(one.job for one in page.items) == Counter(expected)
    assert page.next is None
    times = [one.job.submitted_at for one in page.items]
    assert times == sorted(times)
    assert {one.id for one in page.items} - {None} <= set(ids.values())


@given(
    st.lists(QUEUED), FILTERS, st.sets(st.sampled_from(["1", "9"])), st.booleans(),
    st.integers(1, 3),
)  # fmt: skip
def test_all_pages_are_what_a_look_at_every_job_finds_in_order(
    jobs: list[QueuedJob],
    chosen: QueueFilter,
    own: set[str],
    private: bool,
    limit: int,
) -> None:
    jobs = [replace(job, number=job.number and f"{n:03}") for n, job in enumerate(jobs)]
    ids = {native: f"id {native}" for native in own}
    seen = {(job.submitted_at, job.number or job.status.native_id): job for job in jobs}
    expected = [
        SeenJob(job, ids.get(job.status.native_id))
        for _, job in sorted(seen.items())
        if chosen.takes(job)
        and (
            not private
            or job.status.native_id in own
            or (job.number and job.user == "a")
        )
    ]
    whole = Snapshot(9.0, JobColumns.of(seen.values()), private=private)
    index = QueueIndex.of(whole)
    found: list[SeenJob] = []
    cursor: str | None = None
    while True:
        page = index.page("a", ids, chosen, limit, cursor)
        assert len(page.items) <= limit
        found += page.items
        cursor = page.next
        if cursor is None:
            break
    assert found == expected


def test_names_with_the_same_checksum_are_told_apart() -> None:
    """These two have the same CRC-32."""
    one, other = "plumless", "buckeroo"
    assert crc32(one.encode()) == crc32(other.encode())
    jobs = [
        replace(BOBS, status=replace(WAITING, native_id=text, reason=text), user=text,
                name=text, partition=text, number=text)
        for text in (one, other)
    ]  # fmt: skip
    index = QueueIndex.of(Snapshot(9.0, jobs, private=False))
    for chosen in (
        QueueFilter(user=one), QueueFilter(name=one), QueueFilter(partition=one),
    ):  # fmt: skip
        page = index.page("ada", {}, chosen, 100, None)
        assert [seen.job.number for seen in page.items] == [one]
    hidden = QueueIndex.of(Snapshot(9.0, jobs))
    for user, own in ((one, {}), ("ada", {one: "id"})):
        page = hidden.page(user, own, QueueFilter(), 100, None)
        assert [seen.job.number for seen in page.items] == [one]


def test_jobs_as_columns_are_a_sequence() -> None:
    jobs = [EVES, BOBS]
    columns = JobColumns.of(reversed(jobs))
    assert list(columns) == columns[:] == jobs
    assert (columns[-1], columns[1:]) == (BOBS, [BOBS])
    with pytest.raises(IndexError):
        columns[2]
    with pytest.raises(ValueError, match="buffer"):
        JobColumns(columns.counts, columns.data[:30])


async def test_a_page_and_the_load_are_of_the_same_report(
    jobs: JobService, scheduler: ToldScheduler, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The caller's jobs are read once for both."""
    show(scheduler, monkeypatch, Snapshot(8.0, [BOBS, EVES], private=False))
    open_jobs, asked = jobs._table.open_jobs, []

    async def counted(system: str, user: str | None = None) -> Sequence[Job]:
        asked.append(user)
        return await open_jobs(system, user)

    monkeypatch.setattr(jobs._table, "open_jobs", counted)
    queue, page = await jobs.queue_page(ADA, "local", QueueFilter(user="eve"))
    assert (queue.as_of, queue.running, queue.waiting) == (8.0, 1, 1)
    assert (queue.cores_in_use, [one.job for one in page.items]) == (2, [EVES])
    assert asked == ["ada"]


async def test_machines_and_partitions(
    jobs: JobService, scheduler: ToldScheduler, monkeypatch: pytest.MonkeyPatch
) -> None:
    node = Node("n1", "idle", 8, 0, 1 << 30)
    partition = Partition("batch", "up", True, 1, 8, 0, 1 << 30)
    whole = Snapshot(8.0, [EVES], nodes=[node], partitions=[partition])
    show(scheduler, monkeypatch, whole)
    assert await jobs.machines(ADA, "local") == (whole, [node], [partition])
    scheduler.capabilities = Capabilities(4, 1 << 30, queues=("short", "long"))
    show(scheduler, monkeypatch, Snapshot(8.0, [EVES]))
    _, nodes, partitions = await jobs.machines(ADA, "local")
    assert [(one.name, one.cores, one.cores_in_use) for one in nodes] == [
        ("local", 4, 2)
    ]
    assert [(one.name, one.default) for one in partitions] == [
        ("short", True),
        ("long", False),
    ]


async def test_when_a_job_is_expected_to_start(
    jobs: JobService, scheduler: ToldScheduler, monkeypatch: pytest.MonkeyPatch
) -> None:
    (mine,) = await jobs.submit(ADA, "local", [JobSpec(executable="a")])
    array = JobSpec(executable="a", array="0-1")
    (elements,) = await jobs.submit(ADA, "local", [array])
    native = mine.native_id or ""
    status = JobStatus(native, JobState.QUEUED, "PENDING", expected_start_at=90.0)
    own = QueuedJob(status, "ada", "a", 1, 7.0)
    show(scheduler, monkeypatch, Snapshot(8.0, [BOBS, own]))
    assert (await jobs.get(ADA, "local", mine.id)).expected_start_at == 90.0
    element = f"{elements.number}_0"
    assert (await jobs.get(ADA, "local", element)).expected_start_at is None

    same = [
        replace(BOBS, number=native, status=replace(status, native_id=native))
        for native in ("buckeroo", "plumless")  # with the same CRC-32
    ]
    later = replace(same[0], status=replace(same[0].status, expected_start_at=99.0))
    index = QueueIndex.of(Snapshot(8.0, [later, same[1]]))
    found = index.listed({"plumless": mine.id})
    assert [one.status.expected_start_at for one in found.values()] == [90.0]

    async def away() -> Snapshot:
        raise Unavailable

    monkeypatch.setattr(scheduler, "snapshot", away)
    assert (await jobs.get(ADA, "local", mine.id)).expected_start_at is None


async def test_reservations_are_shown_to_whom_they_may_be(
    jobs: JobService, scheduler: ToldScheduler, monkeypatch: pytest.MonkeyPatch
) -> None:
    late = Reservation("late", "INACTIVE", 9.0, 10.0, "n1", 1, 4, users=("ada", "bob"))
    soon = Reservation("soon", "ACTIVE", 1.0, 2.0, "", 0, 4, projects=("science",))
    whole = Snapshot(8.0, [], reservations=[late, soon], private_reservations=False)
    show(scheduler, monkeypatch, whole)
    seen, found = await jobs.reservations(ADA, "local")
    assert (seen.as_of, found) == (8.0, [soon, late])
    show(scheduler, monkeypatch, replace(whole, private_reservations=True))
    assert (await jobs.reservations(ADA, "local"))[1] == [late]
    assert (await jobs.reservations(caller("eve"), "local"))[1] == []
