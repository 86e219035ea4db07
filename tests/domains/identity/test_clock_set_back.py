"""What was made to last for a time lasts no longer when the clock is set back."""

import pytest
from tests.support.identity import OWNER, World

from gatewright.core.caller import visitor
from gatewright.core.errors import NotSignedIn

HOUR = 3600.0


async def test_a_token_of_a_time_to_come_is_refused(world: World) -> None:
    identity = world.identity
    new = await identity.tokens.issue(world.owner, seconds=600)
    caller = await identity.tokens.caller(new.text)
    world.clock.go(-60)
    assert (await identity.tokens.caller(new.text)).user == OWNER
    assert await identity.is_still(caller)
    world.clock.go(-1)
    with pytest.raises(NotSignedIn):
        await identity.tokens.caller(new.text)
    assert not await identity.is_still(caller)
    world.clock.go(61)
    assert (await identity.tokens.caller(new.text)).user == OWNER


async def test_a_session_of_a_time_to_come_is_refused(world: World) -> None:
    identity = world.identity
    secret = await world.cookie()
    caller = await identity.sessions.caller(secret)
    assert caller is not None
    world.clock.go(-2 * HOUR)
    assert await identity.sessions.caller(secret) is None
    assert not await identity.is_still(caller)
    assert await identity.sessions.of(caller) == []
    fresh = await world.cookie()
    assert await identity.sessions.caller(fresh) is not None


async def test_a_sign_in_link_of_a_time_to_come_is_refused(world: World) -> None:
    identity = world.identity
    code = await identity.make_sign_in_link(OWNER)
    world.clock.go(-2 * HOUR)
    with pytest.raises(NotSignedIn, match="used already or has ended"):
        await identity.sessions.sign_in_by_link(visitor(), code)
    world.clock.go(2 * HOUR)
    assert (await identity.sessions.sign_in_by_link(visitor(), code)).user.name == OWNER


async def test_no_link_lasts_longer_than_a_day(world: World) -> None:
    code = await world.identity.make_sign_in_link(OWNER, 100 * HOUR)
    world.clock.go(24 * HOUR)
    with pytest.raises(NotSignedIn):
        await world.identity.sessions.sign_in_by_link(visitor(), code)
