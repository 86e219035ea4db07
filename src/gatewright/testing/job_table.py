"""Contract tests of the table of jobs.

Subclass :class:`JobTableContract` in a test module and provide the fixture ``table``:
an empty :class:`~gatewright.domains.compute.JobTable`.
"""

import asyncio
from collections.abc import Sequence
from dataclasses import replace

import pytest

from gatewright.core.errors import Conflict, InvalidContent, TooManyRequests
from gatewright.core.ids import new_id
from gatewright.domains.compute import (
    Admission,
    Admitted,
    Job,
    JobFilter,
    JobSpec,
    JobState,
    JobStatus,
    JobTable,
    KeyUse,
    NewJob,
    Refusal,
    Usage,
)

SPEC = JobSpec(
    executable="echo",
    arguments=("ü", "\n"),
    environment={"A": "b=c"},
    name="a name",
)
ALL = JobFilter()
NO_ROOM = Refusal("storage-full", "There is no room.")


def new_job(name: str = "a", indices: Sequence[int | None] = (None,)) -> NewJob:
    return NewJob(
        spec=SPEC,
        name=name,
        directory="/home/ada",
        stdout_path="/home/ada/{id}-{index}.out",
        stderr_path="/home/ada/{id}.err",
        uuids=[new_id() for _ in indices],
        indices=indices,
    )


def key_use(key: str = "k", body: str = "b", at: float = 100.0) -> KeyUse:
    return KeyUse("local", "ada", key, body, at, 5.0)


def admission(
    *jobs: NewJob, user: str = "ada", at: float = 100.0, use: KeyUse | None = None
) -> Admission:
    return Admission(
        system="local",
        user=user,
        jobs=jobs or (new_job(),),
        at=at,
        lease=5.0,
        in_flight=10,
        use=use,
    )


def queued(native_id: str) -> JobStatus:
    return JobStatus(native_id, JobState.QUEUED, "PENDING", "Waits for free cores.")


def active(native_id: str) -> JobStatus:
    return JobStatus(native_id, JobState.ACTIVE, "RUNNING", started_at=101.0)


def ended(native_id: str, state: JobState = JobState.COMPLETED) -> JobStatus:
    return JobStatus(
        native_id=native_id,
        state=state,
        native_state="DONE",
        exit_code=139,
        signal=11,
        started_at=101.0,
        ended_at=102.5,
        usage=Usage(1.5, 0.25, 1 << 40, 4, 1 << 41, 8, 2.5),
    )


def jobs_of(outcomes: Sequence[Admitted] | None) -> Sequence[Job]:
    """Return the jobs of a request that accepted all of them."""
    return [job for one in outcomes or () for job in _taken(one)]


def _taken(outcome: Admitted) -> Sequence[Job]:
    assert not isinstance(outcome, Refusal)
    return outcome


async def admit(table: JobTable, request: Admission) -> Sequence[Job]:
    """Return the jobs of a request, none of which may be refused."""
    return jobs_of(await table.admit(request))


async def submit(table: JobTable, *jobs: NewJob, user: str = "ada") -> Sequence[Job]:
    """Return jobs that a scheduler has confirmed."""
    made = await admit(table, admission(*jobs, user=user))
    return await table.submitted({job.uuid: queued(f"n{job.uuid}") for job in made})


class JobTableContract:
    """Tests that every table of jobs passes."""

    async def test_a_job_is_new_until_it_is_confirmed(self, table: JobTable) -> None:
        (job,) = await admit(table, admission())
        assert (job.state, job.native_id, job.user) == (JobState.NEW, None, "ada")
        assert job.spec == SPEC
        assert job.stdout_path == f"/home/ada/{job.id}-.out"
        (confirmed,) = await table.submitted({job.uuid: queued("n")})
        assert (confirmed.state, confirmed.native_id) == (JobState.QUEUED, "n")
        assert confirmed.reason == "Waits for free cores."
        assert await table.submitted({job.uuid: queued("m")}) == []
        assert await table.get("local", "ada", job.id) == confirmed

    async def test_an_array_has_elements(self, table: JobTable) -> None:
        jobs = await admit(table, admission(new_job(indices=(0, 10, 2))))
        number = jobs[0].number
        assert [job.id for job in jobs] == [f"{number}_{i}" for i in (0, 2, 10)]
        assert jobs[2].stdout_path == f"/home/ada/{number}_10-10.out"
        assert jobs[2].stderr_path == f"/home/ada/{number}_10.err"
        assert await table.numbered("local", "ada", number) == jobs
        assert await table.get("local", "ada", f"{number}_10") == jobs[2]
        assert await table.get("local", "ada", str(number)) is None

    async def test_jobs_are_their_owners(self, table: JobTable) -> None:
        (job,) = await submit(table)
        assert await table.get("local", "bob", job.id) is None
        assert await table.get("other", "ada", job.id) is None
        assert await table.numbered("local", "bob", job.number) == []
        assert (await table.list("local", "bob", ALL, 10, None)).items == []
        assert await table.open_jobs("local", "bob") == []
        assert len(await table.open_jobs("local")) == 1

    async def test_an_end_is_added_to_a_final_state(self, table: JobTable) -> None:
        """Earlier versions recorded some final states without their end time."""
        (job,) = await submit(table)
        done = ended(job.native_id or "")
        await table.record("local", [replace(done, ended_at=None)])
        (found,) = await table.record("local", [done])
        assert (found.state, found.ended_at) == (JobState.COMPLETED, 102.5)
        assert await table.record("local", [done]) == []

    async def test_records_go_forward_only(self, table: JobTable) -> None:
        (job,) = await submit(table)
        native = job.native_id or ""
        (running,) = await table.record("local", [active(native)])
        assert (running.state, running.started_at) == (JobState.ACTIVE, 101.0)
        assert await table.record("local", [active(native)]) == []
        assert await table.record("local", [queued(native)]) == []
        (done,) = await table.record("local", [ended(native, JobState.FAILED)])
        assert (done.state, done.exit_code, done.signal) == (JobState.FAILED, 139, 11)
        assert done.usage == Usage(1.5, 0.25, 1 << 40, 4, 1 << 41, 8, 2.5)
        assert await table.record("local", [ended(native)]) == []
        assert await table.record("local", [active(native)]) == []
        assert await table.record("local", []) == []
        assert await table.get("local", "ada", job.id) == done
        assert await table.open_jobs("local", "ada") == []

    async def test_what_a_job_was_given_stays(self, table: JobTable) -> None:
        """Not every source of an end knows that."""
        (job,) = await submit(table)
        native = job.native_id or ""
        given = Usage(nodes=2, partition="debug", project="p", limit_seconds=600.0)
        (running,) = await table.record("local", [replace(active(native), usage=given)])
        assert running.usage == given
        (done,) = await table.record("local", [ended(native)])
        assert done.usage == Usage(
            *(1.5, 0.25, 1 << 40, 4, 1 << 41, 8, 2.5), 2, "debug", "p", 600.0
        )

    async def test_a_job_that_was_put_back_waits_again(self, table: JobTable) -> None:
        (job,) = await submit(table)
        native = job.native_id or ""
        begun = replace(active(native), restarts=0)
        again = replace(queued(native), restarts=1)
        await table.record("local", [begun])
        (waits,) = await table.record("local", [again])
        assert (waits.id, waits.state) == (job.id, JobState.QUEUED)
        assert (waits.attempts, waits.started_at) == (2, None)
        # What was said of the first run comes late.
        assert await table.record("local", [begun, again]) == []
        (runs,) = await table.record("local", [replace(begun, restarts=1)])
        assert (runs.state, runs.attempts) == (JobState.ACTIVE, 2)
        # The accounting does not tell how often a job ran; its end counts anyway.
        (done,) = await table.record("local", [ended(native)])
        assert (done.state, done.attempts) == (JobState.COMPLETED, 2)
        assert await table.record("local", [replace(again, restarts=2)]) == []

    async def test_what_is_submitted_anew_is_a_first_attempt(
        self, table: JobTable
    ) -> None:
        (job,) = await submit(table)
        lost = JobStatus(job.native_id or "", JobState.NEW, "LOST")
        await table.record("local", [replace(queued(job.native_id or ""), restarts=3)])
        await table.record("local", [lost])
        (again,) = await table.submitted({job.uuid: replace(queued("n"), restarts=0)})
        assert (again.attempts, again.native_id) == (1, "n")

    async def test_a_reason_stays_until_another_is_known(self, table: JobTable) -> None:
        (job,) = await submit(table)
        silent = replace(queued(job.native_id or ""), reason="")
        assert await table.record("local", [silent]) == []
        (other,) = await table.record("local", [replace(silent, reason="Waits.")])
        assert other.reason == "Waits."

    async def test_the_same_key_gives_the_same_jobs(self, table: JobTable) -> None:
        assert await table.keyed(key_use()) is None
        jobs = await admit(table, admission(new_job(), new_job(), use=key_use()))
        with pytest.raises(Conflict):
            await table.keyed(key_use(at=104.0))
        with pytest.raises(InvalidContent):
            await table.keyed(key_use(body="other"))
        await table.submitted({job.uuid: queued(job.uuid) for job in jobs})
        for again in (
            await table.keyed(key_use()),
            await table.admit(admission(use=key_use())),
        ):
            assert [job.id for job in jobs_of(again)] == [job.id for job in jobs]
        assert await table.keyed(replace(key_use(), user="bob")) is None
        assert await table.keyed(replace(key_use(), system="other")) is None

    async def test_a_key_is_forgotten_after_a_week(self, table: JobTable) -> None:
        (job,) = await admit(table, admission(use=key_use()))
        await table.submitted({job.uuid: queued("n")})
        late = key_use(at=100.0 + 8 * 86_400)
        assert await table.keyed(late) is None
        (other,) = await admit(table, admission(use=late))
        assert other.id != job.id

    async def test_what_was_cut_short_is_taken_over(self, table: JobTable) -> None:
        (job,) = await admit(table, admission(use=key_use()))
        assert await table.cut_short("local", 104.0, 5.0) == []
        assert await table.cut_short("other", 106.0, 5.0) == []
        (taken,) = await table.cut_short("local", 106.0, 5.0)
        assert taken.id == job.id
        assert await table.cut_short("local", 107.0, 5.0) == []
        with pytest.raises(Conflict):
            await table.keyed(key_use(at=107.0))
        (again,) = jobs_of(await table.keyed(key_use(at=112.0)))
        assert (again.id, again.state) == (job.id, JobState.NEW)
        assert await table.cut_short("local", 113.0, 5.0) == []

    async def test_what_nobody_took_is_withdrawn(self, table: JobTable) -> None:
        (job,) = await admit(table, admission(use=key_use()))
        await table.admit(admission(use=key_use("other")))
        await table.withdraw({job.uuid: NO_ROOM})
        assert await table.get("local", "ada", job.id) is None
        assert await table.keyed(key_use()) is None
        with pytest.raises(Conflict):
            await table.keyed(key_use("other"))
        (kept,) = await submit(table)
        await table.withdraw({kept.uuid: NO_ROOM})
        assert await table.get("local", "ada", kept.id) is not None

    async def test_the_limit_of_jobs_in_flight(self, table: JobTable) -> None:
        jobs = await submit(table, new_job(indices=tuple(range(10))))
        with pytest.raises(TooManyRequests):
            await table.admit(admission())
        await table.admit(admission(user="bob"))
        await table.record("local", [ended(jobs[0].native_id or "")])
        await table.admit(admission())

    async def test_the_limit_holds_against_a_crowd(self, table: JobTable) -> None:
        answers = await asyncio.gather(
            *(table.admit(admission()) for _ in range(16)), return_exceptions=True
        )
        refused = [a for a in answers if isinstance(a, TooManyRequests)]
        assert len(refused) == 6

    async def test_each_for_itself_up_to_the_limit(self, table: JobTable) -> None:
        wrong = Refusal("invalid-content", "No.")
        array = new_job(indices=tuple(range(8)))
        request = replace(
            admission(array, new_job(indices=(0, 1, 2)), new_job(), use=key_use()),
            together=False,
        )
        request = replace(request, jobs=[wrong, *request.jobs])
        refused, first, large, small = await table.admit(request)
        assert refused == wrong
        assert len(jobs_of([first, small])) == 9
        assert isinstance(large, Refusal)
        assert large.code == "too-many-requests"
        await table.submitted(
            {job.uuid: queued(job.uuid) for job in jobs_of([first, small])}
        )
        again = await table.keyed(key_use())
        assert again is not None
        assert [again[0], again[2]] == [wrong, large]
        assert [job.id for job in jobs_of([again[1], again[3]])] == [
            job.id for job in jobs_of([first, small])
        ]

    async def test_a_key_remembers_why_some_were_refused(self, table: JobTable) -> None:
        array = new_job(indices=(0, 1))
        kept, lost, part = await table.admit(
            admission(new_job(), new_job(), array, use=key_use())
        )
        one, two, (three, four) = _taken(kept)[0], _taken(lost)[0], _taken(part)
        await table.withdraw({two.uuid: NO_ROOM, four.uuid: NO_ROOM, "?": NO_ROOM})
        await table.submitted({job.uuid: queued(job.uuid) for job in (one, three)})
        again = await table.keyed(key_use())
        assert again is not None
        assert again[1] == NO_ROOM
        assert [job.id for job in jobs_of([again[0], again[2]])] == [one.id, three.id]

    async def test_one_key_makes_one_job_in_a_crowd(self, table: JobTable) -> None:
        answers = await asyncio.gather(
            *(table.admit(admission(use=key_use())) for _ in range(8)),
            return_exceptions=True,
        )
        assert len([a for a in answers if not isinstance(a, Conflict)]) == 1

    async def test_pages_newest_first(self, table: JobTable) -> None:
        await submit(table, new_job("a"), new_job("b", indices=(0, 1)))
        (done,) = await submit(table, new_job("a"))
        await table.record("local", [ended(done.native_id or "")])
        pages, cursor = [], None
        while True:
            page = await table.list("local", "ada", ALL, 3, cursor)
            pages.append([(job.name, job.array_index) for job in page.items])
            cursor = page.next
            if cursor is None:
                break
        assert pages == [[("a", None), ("b", 1), ("b", 0)], [("a", None)]]

    async def test_filters(self, table: JobTable) -> None:
        (first,) = await submit(table, new_job("a"))
        (other,) = await submit(table, new_job("b"))
        await table.record("local", [ended(other.native_id or "")])

        async def ids(chosen: JobFilter) -> list[str]:
            page = await table.list("local", "ada", chosen, 10, None)
            return [job.id for job in page.items]

        assert await ids(JobFilter(name="a")) == [first.id]
        states = frozenset({JobState.COMPLETED, JobState.FAILED})
        assert await ids(JobFilter(states=states)) == [other.id]
        assert await ids(JobFilter(since=100.0)) == [other.id, first.id]
        assert await ids(JobFilter(since=100.5)) == []
        assert await ids(JobFilter(number=first.number)) == [first.id]
