"""Tokens of jobs: narrower and shorter than what the job is submitted with."""

from dataclasses import replace

import pytest
from tests.support.app import caller
from tests.support.identity import World

from gatewright.core.caller import Caller, Role
from gatewright.core.errors import Conflict, InvalidContent, NotAllowed, NotSignedIn
from gatewright.domains.identity import NewToken

WEEK = 7 * 86_400.0


async def signed_in(world: World) -> Caller:
    found = await world.identity.sessions.caller(await world.cookie())
    assert found is not None
    return found


async def delegated(
    world: World, who: Caller, *scopes: str, seconds: float | None = None
) -> NewToken:
    return await world.identity.tokens.delegate(
        who, label="a job", scopes=scopes or ["store"], seconds=seconds
    )


async def test_a_token_has_the_requested_scopes(world: World) -> None:
    who = await signed_in(world)
    new = await delegated(world, who, "files:write:/results", "store:notes")
    assert new.token.delegated
    assert new.token.label == "a job"
    assert new.text not in repr(new)
    job = await world.identity.tokens.caller(new.text)
    assert (job.user, job.session) == (who.user, "")
    assert job.scopes == {"files:write:/results", "store:notes"}


@pytest.mark.parametrize("scope", ["account:manage", "admin"])
async def test_no_token_of_a_job_manages_accounts(world: World, scope: str) -> None:
    with pytest.raises(NotAllowed, match="makes no tokens"):
        await delegated(world, await signed_in(world), "store", scope)


async def test_no_token_is_wider_than_its_parent(world: World) -> None:
    text = await world.token(world.owner.user, "jobs:submit", "store:notes")
    who = await world.identity.tokens.caller(text)
    for scope in ("store", "store:others", "files:read", "jobs:read"):
        with pytest.raises(NotAllowed, match="scope"):
            await delegated(world, who, scope)
    for scope in ("nonsense", "store:/", ""):
        with pytest.raises(InvalidContent, match="no scope"):
            await delegated(world, who, scope)
    assert (await delegated(world, who, "store:notes")).token.parent == who.token


async def test_who_submits_no_jobs_has_no_tokens_for_them(world: World) -> None:
    with pytest.raises(NotAllowed):
        await delegated(world, caller("gus", Role.GUEST), "store")
    text = await world.token(world.owner.user, "store")
    with pytest.raises(NotAllowed, match="jobs:submit"):
        await delegated(world, await world.identity.tokens.caller(text), "store")


async def test_no_token_lasts_longer_than_its_parent(world: World) -> None:
    tokens = world.identity.tokens
    parent = await tokens.issue(world.owner, seconds=1000)
    who = await tokens.caller(parent.text)
    with pytest.raises(NotAllowed, match="cannot last longer"):
        await delegated(world, who, seconds=1001)
    for seconds in (None, 1000):
        new = await delegated(world, who, seconds=seconds)
        assert new.token.expires_at == parent.token.expires_at
    short = await delegated(world, who, seconds=10)
    assert short.token.expires_at == world.clock() + 10
    world.clock.go(10)
    with pytest.raises(NotSignedIn):
        await tokens.caller(short.text)


async def test_no_token_lasts_longer_than_its_session(world: World) -> None:
    who = await signed_in(world)
    world.clock.go(60)
    with pytest.raises(NotAllowed, match="cannot last longer"):
        await delegated(world, who, seconds=WEEK)
    new = await delegated(world, who)
    assert new.token.expires_at == world.clock() + WEEK - 60
    assert new.token.session == who.session
    ended = replace(who, session="0" * 26)
    with pytest.raises(NotAllowed, match="cannot last longer"):
        await delegated(world, ended, seconds=1)
    with pytest.raises(NotSignedIn):
        await world.identity.tokens.caller((await delegated(world, ended)).text)


@pytest.mark.parametrize("seconds", [0, -1, 0.5, WEEK + 1, float("inf"), float("nan")])
async def test_times_that_no_token_of_a_job_lasts(world: World, seconds: float) -> None:
    with pytest.raises(InvalidContent, match="604800 seconds"):
        await delegated(world, await signed_in(world), seconds=seconds)


async def test_a_token_ends_with_the_token_that_made_it(world: World) -> None:
    tokens = world.identity.tokens
    parent = await tokens.issue(world.owner)
    who = await tokens.caller(parent.text)
    first = await delegated(world, who, "jobs:submit", "store")
    second = await delegated(world, await tokens.caller(first.text))
    await tokens.revoke(world.owner, parent.token.key)
    for new in (first, second):
        with pytest.raises(NotSignedIn):
            await tokens.caller(new.text)
    with pytest.raises(NotSignedIn):
        await delegated(world, who)


async def test_a_token_ends_with_its_session(world: World) -> None:
    """Also one that a job made with its own, and however the session ends."""
    tokens, sessions = world.identity.tokens, world.identity.sessions
    for way in ("sign-out", "idle"):
        who = await signed_in(world)
        first = await delegated(world, who, "jobs:submit", "store")
        job = await tokens.caller(first.text)
        second = await delegated(world, job)
        assert second.token.session == who.session
        assert await world.identity.is_still(job)
        if way == "sign-out":
            await sessions.sign_out(who)
            assert (await tokens.page(world.owner)).items == []
        else:
            world.clock.go(8 * 3600)
        assert not await world.identity.is_still(job)
        for new in (first, second):
            with pytest.raises(NotSignedIn):
                await tokens.caller(new.text)


async def test_use_of_a_token_keeps_no_session_awake(world: World) -> None:
    who = await signed_in(world)
    new = await delegated(world, who)
    for _ in range(3):
        world.clock.go(2 * 3600)
        await world.identity.tokens.caller(new.text)
        await world.identity.last_use.settle()
    world.clock.go(2 * 3600)
    with pytest.raises(NotSignedIn):
        await world.identity.tokens.caller(new.text)


async def test_a_token_is_ended_with_its_job(world: World) -> None:
    tokens = world.identity.tokens
    who = await signed_in(world)
    new, other = await delegated(world, who), await delegated(world, who)
    personal = await tokens.issue(world.owner)
    await tokens.end_delegated([new.token.key, personal.token.key, "nonsense", ""])
    await tokens.end_delegated([new.token.key])
    with pytest.raises(NotSignedIn):
        await tokens.caller(new.text)
    await tokens.caller(other.text)
    await tokens.caller(personal.text)


async def test_so_many_tokens_of_jobs_at_most(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("gatewright.domains.identity.tokens.JOB_TOKENS_PER_USER", 2)
    who = await signed_in(world)
    for _ in range(2):
        await delegated(world, who)
    with pytest.raises(Conflict, match="when some of them have ended"):
        await delegated(world, who)
    await world.identity.tokens.issue(world.owner)


async def test_the_operator_is_bound_by_the_configuration_alone(world: World) -> None:
    new = await delegated(world, world.owner)
    assert new.token.expires_at == world.clock() + WEEK
    assert (new.token.parent, new.token.session) == ("", "")
    await world.identity.tokens.caller(new.text)
