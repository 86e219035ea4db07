"""Whether all that let a caller in is as it was."""

from dataclasses import replace

import pytest
from tests.support.identity import World

from gatewright.core.caller import Caller, Role, visitor

HOUR = 3600.0
DAY = 24 * HOUR


@pytest.fixture
async def by_token(world: World) -> Caller:
    await world.identity.users.add(world.owner, "ada", "password")
    return await world.identity.tokens.caller(await world.token("ada"))


@pytest.fixture
async def by_session(world: World, by_token: Caller) -> Caller:
    found = await world.identity.sessions.caller(await world.cookie("ada"))
    assert found is not None
    return found


async def test_a_token_and_a_session_hold(
    world: World, by_token: Caller, by_session: Caller
) -> None:
    assert await world.identity.is_still(by_token)
    assert await world.identity.is_still(by_session)
    await world.identity.tokens.revoke(by_token, by_token.token)
    assert not await world.identity.is_still(by_token)
    assert await world.identity.is_still(by_session)
    await world.identity.sessions.sign_out(by_session)
    assert not await world.identity.is_still(by_session)


async def test_they_end_by_themselves(
    world: World, by_token: Caller, by_session: Caller
) -> None:
    world.clock.go(7.9 * HOUR)
    assert await world.identity.is_still(by_session)
    world.clock.go(0.2 * HOUR)
    assert not await world.identity.is_still(by_session)
    assert await world.identity.is_still(by_token)
    world.clock.go(90 * DAY)
    assert not await world.identity.is_still(by_token)


async def test_another_role_or_group_is_another_caller(
    world: World, by_token: Caller, by_session: Caller
) -> None:
    await world.identity.users.join(world.owner, "ada", "observers")
    assert not await world.identity.is_still(by_token)
    assert not await world.identity.is_still(by_session)
    joined = replace(by_token, groups=frozenset({"observers"}))
    assert await world.identity.is_still(joined)
    assert not await world.identity.is_still(replace(joined, role=Role.OWNER))


async def test_an_account_that_is_gone_and_a_visitor(
    world: World, by_token: Caller
) -> None:
    await world.identity.users.remove(world.owner, "ada")
    assert not await world.identity.is_still(by_token)
    assert not await world.identity.is_still(visitor())
