"""Contract tests of the table of the tokens of jobs.

Subclass :class:`JobTokenTableContract` in a test module and provide the fixtures
``tokens``, an empty :class:`~gatewright.domains.compute.JobTokenTable`, and ``table``,
the :class:`~gatewright.domains.compute.JobTable` beside it.
"""

from collections.abc import Sequence
from dataclasses import replace

from gatewright.core.ids import new_id
from gatewright.domains.compute import (
    Job,
    JobTable,
    JobToken,
    JobTokenTable,
    NewJob,
    Refusal,
)
from gatewright.testing.job_table import admission, admit, ended, new_job, queued


def job_token(job: NewJob, made_at: float = 100.0) -> JobToken:
    path = f"/home/ada/{job.uuids[0]}"
    return JobToken(job.uuids[0], "local", "ada", new_id(), path, made_at)


class JobTokenTableContract:
    """Tests that every ``JobTokenTable`` passes."""

    async def test_a_token_is_over_when_its_job_has_ended(
        self, tokens: JobTokenTable, table: JobTable
    ) -> None:
        job = new_job()
        token = job_token(job)
        await tokens.add(token)
        assert await tokens.jobs("ada", [token.key]) == {}
        (record,) = await self.recorded(table, job, token)
        assert record.token_path == token.path
        assert await tokens.unused([token.uuid]) == []
        await table.submitted({record.uuid: queued("n1")})
        assert await tokens.over(1e9, 1e9, 9) == []
        named = {token.key: ("local", record.id)}
        assert await tokens.jobs("ada", [token.key, "other"]) == named
        assert await tokens.jobs("ben", [token.key]) == {}
        await table.record("local", [ended("n1")])
        assert await tokens.over(0.0, 0.0, 9) == [token]
        await tokens.remove(token.uuid)
        assert await tokens.over(1e9, 1e9, 9) == []

    async def test_a_token_of_an_array_is_over_with_its_last_element(
        self, tokens: JobTokenTable, table: JobTable
    ) -> None:
        job = new_job(indices=[0, 1])
        token = job_token(job)
        await tokens.add(token)
        records = await self.recorded(table, job, token)
        assert [one.token_path for one in records] == [token.path] * 2
        statuses = {one.uuid: queued(f"n{one.array_index}") for one in records}
        await table.submitted(statuses)
        for native, over in (("n0", []), ("n1", [token])):
            await table.record("local", [ended(native)])
            assert await tokens.over(0.0, 0.0, 9) == over

    async def test_a_token_of_a_job_that_was_refused_is_over(
        self, tokens: JobTokenTable, table: JobTable
    ) -> None:
        job = new_job()
        token = job_token(job)
        await tokens.add(token)
        (record,) = await self.recorded(table, job, token)
        await table.withdraw({record.uuid: Refusal("not-allowed", "No.")})
        assert await tokens.over(0.0, 0.0, 9) == [token]

    async def test_a_token_of_a_job_that_was_never_recorded_is_over_after_a_while(
        self, tokens: JobTokenTable
    ) -> None:
        old, new = job_token(new_job()), job_token(new_job(), made_at=200.0)
        for token in (old, new):
            await tokens.add(token)
        assert await tokens.unused([new.uuid, "other"]) == [new]
        assert await tokens.over(0.0, 99.0, 9) == []
        assert await tokens.over(0.0, 100.0, 9) == [old]
        assert await tokens.over(0.0, 200.0, 9) == [old, new]
        assert await tokens.over(0.0, 200.0, 1) == [old]
        await tokens.postpone(old.uuid, 50.0)
        assert await tokens.over(49.0, 100.0, 9) == []
        assert await tokens.over(50.0, 100.0, 9) == [old]

    @staticmethod
    async def recorded(table: JobTable, job: NewJob, token: JobToken) -> Sequence[Job]:
        return await admit(table, admission(replace(job, token_path=token.path)))
