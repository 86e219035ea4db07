"""Tokens that jobs ask for: made before the job is recorded, ended with it."""

import asyncio
from dataclasses import replace

import pytest
from tests.domains.compute.conftest import (
    ADA,
    SPEC,
    Files,
    Issuer,
    SetClock,
    ToldScheduler,
)

from gatewright.backends.sql.jobs import SqlJobTable
from gatewright.core.errors import (
    InvalidContent,
    NotAllowed,
    PersonAbsent,
    StorageFull,
    TimedOut,
    TooManyRequests,
)
from gatewright.core.events import EventHub
from gatewright.domains.compute import (
    IssuedToken,
    JobRecords,
    JobService,
    JobSpec,
    JobState,
    JobStatus,
    JobTokens,
    Refusal,
    TokenRequest,
    job_tokens,
)

WITH_TOKEN = replace(SPEC, token=TokenRequest(("store:notes",), 60))
WIDER = replace(SPEC, name="wider", token=TokenRequest(("files:write",)))
NARROW = replace(ADA, scopes=frozenset({"jobs:submit", "jobs:read", "store"}))


def ended(native_id: str) -> JobStatus:
    return JobStatus(native_id, JobState.COMPLETED, "DONE", ended_at=2000.0)


async def test_a_job_knows_the_file_of_its_token_and_nothing_else(
    jobs: JobService, scheduler: ToldScheduler, issuer: Issuer, files: Files
) -> None:
    spec = replace(WITH_TOKEN, environment={"A": "b"})
    (job,) = await jobs.submit(ADA, "local", [spec])
    (((user, path), text),) = files.there.items()
    assert (user, path) == ("ada", f"/home/ada/.gatewright/tokens/{job.uuid}")
    (key,) = issuer.alive
    assert text.startswith(f"gw_{key}.")
    (submission,) = scheduler.submissions
    assert submission.spec.environment == {"A": "b", "GATEWRIGHT_TOKEN_FILE": path}
    assert key not in repr(submission)
    assert job.spec == spec
    assert job.token_path == path
    assert key not in repr(job)


async def test_a_job_that_asks_for_none_has_none(
    jobs: JobService, scheduler: ToldScheduler, issuer: Issuer, files: Files
) -> None:
    (job,) = await jobs.submit(ADA, "local", [SPEC])
    assert (job.token_path, issuer.alive, files.there) == ("", {}, {})
    assert scheduler.submissions[0].spec == SPEC


async def test_all_elements_of_an_array_share_a_token_until_the_last_has_ended(
    jobs: JobService,
    scheduler: ToldScheduler,
    tokens: JobTokens,
    table: SqlJobTable,
    issuer: Issuer,
) -> None:
    await jobs.submit(ADA, "local", [replace(WITH_TOKEN, array="0-2")])
    paths = {
        one.spec.environment["GATEWRIGHT_TOKEN_FILE"] for one in scheduler.submissions
    }
    assert len(scheduler.submissions) == 3
    assert len(paths) == len(issuer.alive) == 1
    names = [one.native_id for one in await table.open_jobs("local") if one.native_id]
    for count, name in enumerate(names, 1):
        await table.record("local", [ended(name)])
        assert await tokens.sweep() == 1.0
        assert bool(issuer.alive) == (count < 3)


async def test_a_token_and_its_file_end_with_the_job(
    jobs: JobService,
    tokens: JobTokens,
    table: SqlJobTable,
    issuer: Issuer,
    files: Files,
) -> None:
    (job,) = await jobs.submit(ADA, "local", [WITH_TOKEN])
    (key,) = issuer.alive
    assert await tokens.jobs_of("ada", [key]) == {key: ("local", job.id)}
    assert await tokens.jobs_of("ada", []) == {}
    await tokens.sweep()
    assert list(issuer.alive) == [key]
    assert job.native_id
    await table.record("local", [ended(job.native_id)])
    await tokens.sweep()
    assert (issuer.alive, files.there) == ({}, {})
    assert await tokens.jobs_of("ada", [key]) == {}


async def test_a_scope_that_the_submitter_lacks_refuses_the_job(
    jobs: JobService, scheduler: ToldScheduler, issuer: Issuer, files: Files
) -> None:
    for attempt in (jobs.submit, jobs.estimate):
        with pytest.raises(NotAllowed, match="files:write"):
            await attempt(NARROW, "local", [WITH_TOKEN, WIDER])
    assert scheduler.submissions == []
    assert (issuer.alive, files.there) == ({}, {})
    outcomes = await jobs.submit_each(NARROW, "local", [WITH_TOKEN, WIDER, SPEC])
    assert [isinstance(one, Refusal) for one in outcomes] == [False, True, False]
    assert len(issuer.alive) == len(files.there) == 1
    (estimate,) = await jobs.estimate(NARROW, "local", [WITH_TOKEN])
    assert estimate.cores == 1
    assert len(issuer.alive) == 1


async def test_a_job_that_is_refused_keeps_no_token(
    jobs: JobService,
    scheduler: ToldScheduler,
    tokens: JobTokens,
    issuer: Issuer,
    files: Files,
) -> None:
    scheduler.fails = InvalidContent("No.")
    with pytest.raises(InvalidContent):
        await jobs.submit(ADA, "local", [WITH_TOKEN])
    await tokens.sweep()
    assert (issuer.alive, files.there) == ({}, {})


async def test_jobs_above_the_limit_keep_no_token(
    jobs: JobService, issuer: Issuer, files: Files
) -> None:
    await jobs.submit(ADA, "local", [replace(SPEC, array="0-18")])
    with pytest.raises(TooManyRequests):
        await jobs.submit(ADA, "local", [WITH_TOKEN, WITH_TOKEN])
    assert (issuer.alive, files.there) == ({}, {})
    outcomes = await jobs.submit_each(ADA, "local", [WITH_TOKEN, WITH_TOKEN])
    assert isinstance(outcomes[1], Refusal)
    assert len(issuer.alive) == len(files.there) == 1


async def test_a_repeated_submission_has_the_first_one_s_token(
    jobs: JobService, scheduler: ToldScheduler, issuer: Issuer
) -> None:
    for _ in range(2):
        await jobs.submit(ADA, "local", [WITH_TOKEN], key="k")
    assert len(issuer.alive) == len(scheduler.submissions) == 1


async def test_a_file_that_cannot_be_written_refuses_the_job(
    jobs: JobService,
    scheduler: ToldScheduler,
    tokens: JobTokens,
    issuer: Issuer,
    files: Files,
    clock: SetClock,
) -> None:
    files.fails = StorageFull("The disk is full.")
    with pytest.raises(StorageFull):
        await jobs.submit(ADA, "local", [WITH_TOKEN])
    assert (scheduler.submissions, issuer.alive) == ([], {})
    files.fails = ValueError("a fault")
    with pytest.raises(ValueError, match="a fault"):
        await jobs.submit_each(ADA, "local", [WITH_TOKEN])


async def test_a_submission_that_was_interrupted_is_repeated_with_its_token(
    jobs: JobService,
    scheduler: ToldScheduler,
    table: SqlJobTable,
    events: EventHub,
    tokens: JobTokens,
    issuer: Issuer,
    clock: SetClock,
) -> None:
    scheduler.fails = TimedOut("Nobody knows.")
    with pytest.raises(TimedOut):
        await jobs.submit(ADA, "local", [WITH_TOKEN])
    scheduler.fails = None
    await tokens.sweep()
    assert len(issuer.alive) == 1
    scheduler.submissions.clear()
    records = JobRecords("local", scheduler, table, events)
    await records.resubmit(clock() + 60)
    (submission,) = scheduler.submissions
    assert "GATEWRIGHT_TOKEN_FILE" in submission.spec.environment


async def test_a_token_whose_gateway_was_killed_is_ended_later(
    jobs: JobService,
    tokens: JobTokens,
    issuer: Issuer,
    files: Files,
    clock: SetClock,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Nothing records the job or ends the token at that moment."""

    async def killed(*_: object) -> object:
        raise asyncio.CancelledError

    with monkeypatch.context() as context:
        context.setattr(SqlJobTable, "admit", killed)
        context.setattr(type(tokens._table), "unused", killed)
        with pytest.raises(asyncio.CancelledError):
            await jobs.submit(ADA, "local", [WITH_TOKEN])
    await tokens.sweep()
    assert len(issuer.alive) == len(files.there) == 1
    clock.now += 600
    await tokens.sweep()
    assert (issuer.alive, files.there) == ({}, {})


async def test_a_file_of_an_absent_owner_is_removed_later(
    jobs: JobService,
    tokens: JobTokens,
    table: SqlJobTable,
    issuer: Issuer,
    files: Files,
    clock: SetClock,
) -> None:
    (job,) = await jobs.submit(ADA, "local", [WITH_TOKEN])
    assert job.native_id
    await table.record("local", [ended(job.native_id)])
    files.fails = PersonAbsent("Nobody asks.")
    await tokens.sweep()
    assert (issuer.alive, len(files.there)) == ({}, 1)
    files.fails = None
    await tokens.sweep()
    assert len(files.there) == 1
    clock.now += 30
    await tokens.sweep()
    assert files.there == {}


async def test_files_of_a_home_that_hangs_are_waited_for_once_for_all(
    jobs: JobService,
    tokens: JobTokens,
    table: SqlJobTable,
    issuer: Issuer,
    files: Files,
    clock: SetClock,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Else the tokens of others' jobs would not end before all of them are tried."""
    monkeypatch.setattr(job_tokens, "_REMOVAL_SECONDS", 0.2)
    for _ in range(2):
        made = await jobs.submit(ADA, "local", [WITH_TOKEN] * 20)
        await table.record("local", [ended(str(job.native_id)) for job in made])
    tried: list[str] = []
    remove = files.remove

    async def hang(user: str, path: str) -> None:
        tried.append(path)
        await asyncio.Event().wait()

    monkeypatch.setattr(files, "remove", hang)
    await tokens.sweep()
    assert not issuer.alive
    assert 0 < len(tried) < 40
    assert len(files.there) == 40
    monkeypatch.setattr(files, "remove", remove)
    monkeypatch.setattr(job_tokens, "_REMOVAL_SECONDS", 60.0)
    clock.now += 60
    await tokens.sweep()
    assert not files.there


@pytest.mark.parametrize("gone", [False, True])
async def test_removing_a_file_is_tried_for_a_month_at_most(
    jobs: JobService,
    tokens: JobTokens,
    table: SqlJobTable,
    issuer: Issuer,
    files: Files,
    clock: SetClock,
    gone: bool,
) -> None:
    (job,) = await jobs.submit(ADA, "local", [WITH_TOKEN])
    (key,) = issuer.alive
    assert job.native_id
    await table.record("local", [ended(job.native_id)])
    if gone:
        files.there.clear()
    else:
        files.fails = PersonAbsent("They left.")
        clock.now += 31 * 86_400
    await tokens.sweep()
    assert await tokens.jobs_of("ada", [key]) == {}


@pytest.mark.parametrize(
    ("request_", "said"),
    [
        (TokenRequest(()), "from 1 to 64"),
        (TokenRequest(("store",) * 65), "from 1 to 64"),
        (TokenRequest(("store",), 0), "1 or more"),
    ],
)
async def test_requests_for_tokens_that_nobody_could_have(
    jobs: JobService, issuer: Issuer, request_: TokenRequest, said: str
) -> None:
    with pytest.raises(InvalidContent, match=said):
        await jobs.submit(ADA, "local", [JobSpec(executable="a", token=request_)])
    assert issuer.alive == {}


def test_the_secret_is_not_in_what_is_logged() -> None:
    assert "secret" not in repr(IssuedToken("key", "secret"))
