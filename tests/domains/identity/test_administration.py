"""What administrators do with everybody's accounts, sessions and tokens."""

import pytest
from tests.support.identity import OWNER, World

from gatewright.backends.sql import Statement, Work
from gatewright.core.caller import Caller, Role, visitor
from gatewright.core.errors import Conflict, NotAllowed, NotFound, NotSignedIn
from gatewright.domains.identity import ProviderIdentity
from gatewright.domains.identity.scopes import role_scopes

GUEST = Caller("ada", role_scopes(Role.GUEST), role=Role.GUEST)


@pytest.fixture(autouse=True)
async def ada(world: World) -> None:
    await world.identity.users.add(world.owner, "ada", "password")


async def test_a_disabled_account_cannot_be_used(world: World) -> None:
    users, sessions = world.identity.users, world.identity.sessions
    secret, text = await world.cookie("ada"), await world.token("ada")
    by_session = await sessions.caller(secret)
    by_token = await world.identity.tokens.caller(text)
    assert by_session is not None
    code = await world.identity.make_sign_in_link("ada")
    found = await users.set_disabled(world.owner, "ada", disabled=True)
    assert found.disabled_at == world.clock.now
    assert await sessions.caller(secret) is None
    for refused in (
        world.identity.tokens.caller(text),
        sessions.sign_in(visitor(), "ada", "wrong"),
        sessions.sign_in_by_link(visitor(), code),
    ):
        with pytest.raises(NotSignedIn):
            await refused
    with pytest.raises(NotAllowed, match="is disabled"):
        await sessions.sign_in(visitor(), "ada", "password")
    with pytest.raises(NotAllowed, match="is disabled"):
        await sessions.sign_in_by_provider(
            visitor(),
            found,
            made_by="provider:centre",
            person=ProviderIdentity("ada", {}, ""),
        )
    for who in (by_session, by_token):
        assert not await world.identity.is_still(who)


async def test_a_session_of_a_disabled_account_is_none(world: World) -> None:
    """As one that another process began at the same moment."""
    secret, text = await world.cookie("ada"), await world.token("ada")
    by_session = await world.identity.sessions.caller(secret)
    by_token = await world.identity.tokens.caller(text)
    assert by_session is not None

    def work() -> Work[None]:
        yield Statement("UPDATE account SET disabled_at = 1.5 WHERE name = 'ada'")

    await world.database.run(work)
    assert await world.identity.sessions.caller(secret) is None
    for who in (by_session, by_token):
        assert not await world.identity.is_still(who)


async def test_an_enabled_account_has_its_tokens_again(world: World) -> None:
    users = world.identity.users
    secret, text = await world.cookie("ada"), await world.token("ada")
    await users.set_disabled(world.owner, "ada", disabled=True)
    found = await users.set_disabled(world.owner, "ada", disabled=False)
    assert not found.disabled
    assert (await world.identity.tokens.caller(text)).user == "ada"
    assert await world.identity.sessions.caller(secret) is None
    await world.identity.sessions.sign_in(visitor(), "ada", "password")


async def test_somebody_stays_who_can_administer(world: World) -> None:
    users = world.identity.users
    boss = Caller("ada", role_scopes(Role.OWNER), role=Role.OWNER)
    with pytest.raises(Conflict, match="your own"):
        await users.set_disabled(boss, "ada", disabled=True)
    with pytest.raises(Conflict, match="the gateway's owner"):
        await users.set_disabled(boss, OWNER, disabled=True)
    for name in ("nobody", "\ud800", ""):
        with pytest.raises(NotFound):
            await users.set_disabled(boss, name, disabled=True)
    await users.set_disabled(boss, OWNER, disabled=False)


async def test_only_administrators_reach_what_is_others(world: World) -> None:
    identity = world.identity
    for refused in (
        identity.users.set_disabled(GUEST, "ada", disabled=False),
        identity.sessions.of(GUEST, OWNER),
        identity.sessions.of(GUEST, "ada"),
        identity.sessions.end(GUEST, "key", OWNER),
        identity.tokens.page(GUEST, everyone=True, user="ada"),
        identity.tokens.revoke(GUEST, "key", anyone=True),
    ):
        with pytest.raises(NotAllowed):
            await refused


async def test_sessions_of_others_are_seen_and_ended(world: World) -> None:
    sessions = world.identity.sessions
    secret = await world.cookie("ada")
    (found,) = await sessions.of(world.owner, "ada")
    assert await sessions.of(world.owner) == []
    for name in ("nobody", "\ud800"):
        with pytest.raises(NotFound):
            await sessions.of(world.owner, name)
    for key, name in (("nonsense", "ada"), (found.key, OWNER), (found.key, "\0")):
        with pytest.raises(NotFound, match="The account has no such session"):
            await sessions.end(world.owner, key, name)
    await sessions.end(world.owner, found.key, "ada")
    assert await sessions.caller(secret) is None
    assert await sessions.of(world.owner, "ada") == []


async def test_tokens_of_one_account_among_all(world: World) -> None:
    tokens = world.identity.tokens
    await world.token("ada")
    await world.token()
    everybody = await tokens.page(world.owner, everyone=True)
    assert [token.user for token in everybody.items] == ["ada", OWNER]
    hers = await tokens.page(world.owner, everyone=True, user="ada")
    assert [token.user for token in hers.items] == ["ada"]
    odd = await tokens.page(world.owner, everyone=True, user="\0")
    assert (odd.items, odd.next) == ([], None)
    mine = await tokens.page(world.owner, user="ada")
    assert [token.user for token in mine.items] == [OWNER]
