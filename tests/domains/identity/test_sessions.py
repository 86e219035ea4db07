import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import replace
from pathlib import Path

import pytest
from argon2 import PasswordHasher
from tests.support.app import caller
from tests.support.identity import OWNER, World
from tests.support.identity import world as open_world
from typing_extensions import override

from gatewright.backends.local_accounts import Argon2Hasher, LocalAccounts
from gatewright.core.caller import GUEST_SCOPES, OWNER_SCOPES, Role, visitor
from gatewright.core.errors import (
    Conflict,
    NotFound,
    NotSignedIn,
    TooManyRequests,
    Unavailable,
)
from gatewright.domains.identity import last_use

HOUR = 3600.0
DAY = 24 * HOUR


@pytest.fixture
async def ada(world: World) -> str:
    await world.identity.users.add(world.owner, "ada", "password")
    return "ada"


async def test_a_session_is_its_user(world: World, ada: str) -> None:
    sessions = world.identity.sessions
    here = visitor(address="192.0.2.9", request_id="r1")
    new = await sessions.sign_in(here, ada, "password")
    assert new.session.address == "192.0.2.9"
    who = await sessions.caller(new.secret, address="192.0.2.10", request_id="r2")
    assert who is not None
    assert (who.user, who.role, who.session) == ("ada", Role.GUEST, new.session.key)
    assert who.scopes == frozenset(map(str, GUEST_SCOPES))
    assert (who.address, who.request_id) == ("192.0.2.10", "r2")
    owner = await sessions.caller(await world.cookie())
    assert owner is not None
    assert owner.scopes == frozenset(map(str, OWNER_SCOPES))
    assert new.secret not in repr(new)


@pytest.mark.parametrize("name", ["ada", "nobody", OWNER, "", "a\0b", "\ud800", "x y"])
async def test_what_is_wrong_is_not_said(world: World, ada: str, name: str) -> None:
    with pytest.raises(NotSignedIn) as refused:
        await world.identity.sessions.sign_in(visitor(), name, "wrong")
    assert refused.value.text == "The user name or the password is not right."


@pytest.mark.parametrize("secret", ["", "x", "x" * 43, "\ud800" * 43, "é" * 43])
async def test_secrets_that_are_none(world: World, secret: str) -> None:
    assert await world.identity.sessions.caller(secret) is None


async def test_idle_sessions_end(world: World) -> None:
    sessions = world.identity.sessions
    secret = await world.cookie()
    for _ in range(3):
        world.clock.go(8 * HOUR - 1)
        assert await sessions.caller(secret) is not None
        await world.identity.last_use.settle()
    world.clock.go(8 * HOUR)
    assert await sessions.caller(secret) is None
    assert not await sessions.of(world.owner)


async def test_sessions_end_in_any_case(world: World) -> None:
    sessions = world.identity.sessions
    secret = await world.cookie()
    for _ in range(7 * 4 - 1):
        world.clock.go(DAY / 4)
        assert await sessions.caller(secret) is not None
        await world.identity.last_use.settle()
    world.clock.go(DAY / 4 - 1)
    assert await sessions.caller(secret) is not None
    await world.identity.last_use.settle()
    world.clock.go(1)
    assert await sessions.caller(secret) is None


async def test_last_use_is_written_once_a_minute(world: World) -> None:
    sessions = world.identity.sessions
    secret = await world.cookie()
    began = world.clock()
    expected = [began, began, began + 60, began + 60, began + 120]
    for used_at in expected:
        await asyncio.gather(*(sessions.caller(secret) for _ in range(5)))
        await world.identity.last_use.settle()
        (session,) = await sessions.of(world.owner)
        assert session.used_at == used_at
        world.clock.go(30)


async def test_a_short_idle_time_is_kept_to(tmp_path: Path) -> None:
    async with open_world(tmp_path, session_idle_seconds=60) as world:
        secret = await world.cookie()
        for _ in range(5):
            world.clock.go(55)
            assert await world.identity.sessions.caller(secret) is not None
            await world.identity.last_use.settle()


async def test_a_use_that_cannot_be_written(
    world: World, caplog: pytest.LogCaptureFixture
) -> None:
    async def fail() -> None:
        raise Unavailable("away")

    noted = last_use.LastUse()
    noted.note("key", fail())
    await noted.settle()
    assert "The last use of key was not noted: away" in caplog.text
    noted.note("key", asyncio.sleep(0))
    await noted.settle()


async def test_the_old_session_ends_at_sign_in(world: World, ada: str) -> None:
    sessions = world.identity.sessions
    old = await sessions.sign_in(visitor(), ada, "password")
    who = await sessions.caller(old.secret)
    assert who is not None
    new = await sessions.sign_in(who, ada, "password")
    assert new.secret != old.secret
    assert await sessions.caller(old.secret) is None
    assert [s.key for s in await sessions.of(who)] == [new.session.key]


async def test_a_user_has_so_many_sessions(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("gatewright.domains.identity.sessions.SESSIONS_PER_USER", 3)
    secrets = [await world.cookie() for _ in range(4)]
    alive = [await world.identity.sessions.caller(secret) for secret in secrets]
    assert len([who for who in alive if who]) == 3


async def test_signing_out(world: World) -> None:
    sessions = world.identity.sessions
    secret = await world.cookie()
    who = await sessions.caller(secret)
    assert who is not None
    current = await sessions.current(who)
    assert current is not None
    assert current.key == who.session
    await sessions.sign_out(who)
    assert await sessions.caller(secret) is None
    assert await sessions.current(who) is None
    await sessions.sign_out(visitor())
    with pytest.raises(Conflict, match="revoke"):
        await sessions.sign_out(replace(who, token="key"))


async def test_the_current_session_of_several(world: World) -> None:
    secrets = [await world.cookie() for _ in range(3)]
    for secret in secrets:
        who = await world.identity.sessions.caller(secret)
        assert who is not None
        current = await world.identity.sessions.current(who)
        assert current is not None
        assert current.key == who.session


async def test_one_ends_ones_own_sessions_only(world: World, ada: str) -> None:
    sessions = world.identity.sessions
    secret = await world.cookie()
    who = await sessions.caller(secret)
    assert who is not None
    guest = caller("ada", Role.GUEST)
    for key in (who.session, "nonsense", ""):
        with pytest.raises(NotFound):
            await sessions.end(guest, key)
    await sessions.end(world.owner, who.session)
    assert await sessions.caller(secret) is None
    with pytest.raises(NotSignedIn):
        await sessions.of(visitor())
    with pytest.raises(NotSignedIn):
        await sessions.end(visitor(), who.session)


async def test_a_link_signs_in_once(world: World) -> None:
    sessions = world.identity.sessions
    code = await world.identity.make_sign_in_link(OWNER)
    tries = await asyncio.gather(
        *(sessions.sign_in_by_link(visitor(), code) for _ in range(5)),
        return_exceptions=True,
    )
    assert len([t for t in tries if isinstance(t, NotSignedIn)]) == 4


async def test_links_that_sign_nobody_in(world: World) -> None:
    sessions = world.identity.sessions
    late = await world.identity.make_sign_in_link(OWNER, 10)
    world.clock.go(10)
    for code in (late, "", "x" * 43, "\0", "\ud800"):
        with pytest.raises(NotSignedIn, match="used already or has ended"):
            await sessions.sign_in_by_link(visitor(), code)
    with pytest.raises(NotFound):
        await world.identity.make_sign_in_link("nobody")


def use(world: World, hasher: Argon2Hasher) -> None:
    """Let another hasher check the passwords of the gateway's own accounts."""
    accounts = LocalAccounts(world.identity.users._store, hasher)
    world.identity.directories._places["local"] = accounts


async def test_an_old_hash_is_made_anew(world: World, ada: str) -> None:
    users = world.identity.users
    before = await users._store.password_hash("ada")
    assert before is not None
    costlier = Argon2Hasher(PasswordHasher(time_cost=2, memory_cost=16, parallelism=1))
    use(world, costlier)
    new = await world.identity.sessions.sign_in(visitor(), "ada", "password")
    after = await users._store.password_hash("ada")
    assert after is not None
    assert "m=16,t=2" in after
    assert await world.identity.sessions.caller(new.secret) is not None
    await world.identity.sessions.sign_in(visitor(), "ada", "password")
    assert await users._store.password_hash("ada") == after
    costlier.close()


async def test_failures_are_banned_for_longer_each_time(world: World, ada: str) -> None:
    sessions = world.identity.sessions
    here = visitor(address="192.0.2.66")
    for minutes in (5, 10, 20):
        for _ in range(3):
            with pytest.raises(NotSignedIn):
                await sessions.sign_in(here, ada, "wrong")
        for password in ("wrong", "password"):
            with pytest.raises(TooManyRequests) as refused:
                await sessions.sign_in(here, ada, password)
            assert refused.value.retry_after == minutes * 60
        # From elsewhere the user is let in, and other users from the same address.
        await sessions.sign_in(visitor(address="192.0.2.1"), ada, "password")
        with pytest.raises(NotSignedIn):
            await sessions.sign_in(here, "nobody", "wrong")
        world.clock.go(minutes * 60)
    await sessions.sign_in(here, ada, "password")
    for _ in range(2):
        with pytest.raises(NotSignedIn):
            await sessions.sign_in(here, ada, "wrong")
    await sessions.sign_in(here, ada, "password")


async def test_an_unknown_name_is_banned_too(world: World) -> None:
    sessions = world.identity.sessions
    for _ in range(3):
        with pytest.raises(NotSignedIn):
            await sessions.sign_in(visitor(), "nobody", "wrong")
    with pytest.raises(TooManyRequests):
        await sessions.sign_in(visitor(), "nobody", "wrong")


async def test_guesses_at_one_time_are_counted(world: World, ada: str) -> None:
    sessions = world.identity.sessions
    tries = await asyncio.gather(
        *(sessions.sign_in(visitor(), ada, f"wrong{n}") for n in range(20)),
        return_exceptions=True,
    )
    kinds = [type(t) for t in tries]
    assert kinds.count(NotSignedIn) == 3
    assert kinds.count(TooManyRequests) == 17
    assert not sessions._guard._turns


async def test_many_right_passwords_at_one_time(world: World, ada: str) -> None:
    sessions = world.identity.sessions
    new = await asyncio.gather(
        *(sessions.sign_in(visitor(), ada, "password") for _ in range(10))
    )
    assert len({n.secret for n in new}) == 10


class _Meanwhile(Argon2Hasher):
    """Checks a password while something else happens."""

    def __init__(self, event: Callable[[], Awaitable[object]]) -> None:
        super().__init__(PasswordHasher(time_cost=1, memory_cost=8, parallelism=1))
        self._event = event
        self.always_outdated = False

    @override
    def outdated(self, hashed: str) -> bool:
        return self.always_outdated or super().outdated(hashed)

    @override
    async def verify(self, password: str, hashed: str | None) -> bool:
        right = await super().verify(password, hashed)
        await self._event()
        return right


@pytest.mark.parametrize("what", ["a new password", "removal"])
async def test_a_sign_in_under_way_when_the_account_changes(
    world: World, ada: str, what: str
) -> None:
    """An old password is no use to who tries it all the time."""
    users = world.identity.users

    async def change() -> None:
        if what == "removal":
            await users.remove(world.owner, ada)
        else:
            await users.set_password(world.owner, ada, "a new one")

    hasher = _Meanwhile(change)
    use(world, hasher)
    with pytest.raises(NotSignedIn):
        await world.identity.sessions.sign_in(visitor(), ada, "password")
    assert await world.database.read("SELECT * FROM session") == []
    hasher.close()


async def test_an_old_hash_never_comes_back(world: World, ada: str) -> None:
    users = world.identity.users
    hasher = _Meanwhile(lambda: users.set_password(world.owner, ada, "a new one"))
    use(world, hasher)
    hasher.always_outdated = True
    with pytest.raises(NotSignedIn):
        await world.identity.sessions.sign_in(visitor(), ada, "password")
    now = await users._store.password_hash(ada)
    assert await users._hasher.verify("a new one", now)
    hasher.close()


async def test_a_new_password_ends_the_links(world: World, ada: str) -> None:
    code = await world.identity.make_sign_in_link(ada)
    await world.identity.users.set_password(world.owner, ada, "a new one")
    with pytest.raises(NotSignedIn):
        await world.identity.sessions.sign_in_by_link(visitor(), code)
