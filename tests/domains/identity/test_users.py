import pytest
from tests.support.app import caller
from tests.support.identity import OWNER, World

from gatewright.core.caller import Caller, Role, visitor
from gatewright.core.errors import (
    AlreadyExists,
    Conflict,
    InvalidContent,
    InvalidRequest,
    NotAllowed,
    NotFound,
    NotSignedIn,
)
from gatewright.core.pages import encode_cursor
from gatewright.domains.identity import User, Users


async def test_the_owner_is_made_by_the_gateway(world: World) -> None:
    owner = await world.identity.users.get(world.owner, OWNER)
    assert (owner.role, owner.has_password) == (Role.OWNER, False)
    await world.identity.users.ensure_owner()
    assert await world.identity.users.get(world.owner, OWNER) == owner


async def test_the_configured_owner_is_always_an_owner(world: World) -> None:
    await world.identity.users.add(world.owner, "ben", "password")
    users = world.identity.users
    ben = Users(users._store, users._hasher, world.clock, "ben")
    await ben.ensure_owner()
    assert (await users.get(world.owner, "ben")).role is Role.OWNER


async def test_a_guest_unless_said(world: World) -> None:
    users = world.identity.users
    ada = await users.add(world.owner, "ada", "password")
    assert ada == User("ada", Role.GUEST, world.clock(), has_password=True)
    ben = await users.add(world.owner, "ben", "password", Role.OWNER)
    assert ben.role is Role.OWNER
    with pytest.raises(AlreadyExists, match="user password"):
        await users.add(world.owner, "ada", "another")


async def test_where_each_acts_as_themselves_no_local_account_is_an_owner(
    world: World,
) -> None:
    users = world.identity.users
    alone = Users(users._store, users._hasher, world.clock, OWNER, sole_owner=True)
    with pytest.raises(NotAllowed, match="Unix account of its name"):
        await alone.add(world.owner, "ada", "password", Role.OWNER)
    assert not await users.exists("ada")
    assert await users.created_at("ada") is None
    await alone.add(world.owner, "ben", "password")
    person = User("cy", Role.OWNER, world.clock(), source="town")
    assert await users._store.mirror(person)
    await alone.check_owners()
    await users.add(world.owner, "ada", "password", Role.OWNER)
    await users.check_owners()
    with pytest.raises(Conflict, match="gatewright user remove ada"):
        await alone.check_owners()


async def test_adding_the_owner_gives_it_a_first_password(world: World) -> None:
    users = world.identity.users
    owner = await users.add(world.owner, OWNER, "password", Role.GUEST)
    assert (owner.role, owner.has_password) == (Role.OWNER, True)
    await world.identity.sessions.sign_in(visitor(), OWNER, "password")
    with pytest.raises(AlreadyExists):
        await users.add(world.owner, OWNER, "another")


@pytest.mark.parametrize(
    "name", ["", "-ada", "a b", "a\0", "é", "a" * 129, "../x", "a\n", "\ud800", "a/b"]
)
async def test_names_that_no_account_has(world: World, name: str) -> None:
    users = world.identity.users
    with pytest.raises(InvalidContent, match="letter or digit"):
        await users.add(world.owner, name, "password")
    for missing in (users.get, users.remove):
        with pytest.raises(NotFound):
            await missing(world.owner, name)
    with pytest.raises(InvalidContent):
        await users.join(world.owner, OWNER, name)
    with pytest.raises(NotFound):
        await users.leave(world.owner, OWNER, name)
    assert not await users.exists(name)


@pytest.mark.parametrize("password", ["", "x" * 1025])
async def test_passwords_that_no_account_has(world: World, password: str) -> None:
    with pytest.raises(InvalidContent, match="1 to 1024"):
        await world.identity.users.add(world.owner, "ada", password)
    with pytest.raises(InvalidContent):
        await world.identity.users.set_password(world.owner, OWNER, password)


async def test_one_sees_oneself_and_the_owner_all(world: World) -> None:
    users = world.identity.users
    ada = await users.add(world.owner, "ada", "password")
    await users.add(world.owner, "ben", "password")
    guest = caller("ada", Role.GUEST)
    assert await users.get(guest, "ada") == ada
    assert await users.get(world.owner, "ada") == ada
    for name in ("ben", OWNER, "nobody"):
        with pytest.raises(NotFound):
            await users.get(guest, name)
    with pytest.raises(NotFound):
        await users.get(world.owner, "nobody")
    with pytest.raises(NotSignedIn):
        await users.get(visitor(), "ada")


async def test_only_the_operator_changes_accounts(world: World) -> None:
    users = world.identity.users
    await users.add(world.owner, "ada", "password")
    guest = caller("ada", Role.GUEST)
    for refused in (
        users.add(guest, "cy", "password"),
        users.remove(guest, "ada"),
        users.set_password(guest, "ada", "other"),
        users.join(guest, "ada", "sky"),
        users.leave(guest, "ada", "sky"),
        users.page(guest),
    ):
        with pytest.raises(NotAllowed):
            await refused


async def test_pages(world: World) -> None:
    users = world.identity.users
    for name in ("ada", "ben", "cy"):
        await users.add(world.owner, name, "password")
    first = await users.page(world.owner, 3)
    assert [u.name for u in first.items] == ["ada", "ben", "cy"]
    rest = await users.page(world.owner, 3, first.next)
    assert ([u.name for u in rest.items], rest.next) == ([OWNER], None)
    assert encode_cursor("cy") == first.next
    with pytest.raises(InvalidRequest):
        await users.page(world.owner, 3, "nonsense")


async def test_groups_are_the_callers(world: World) -> None:
    users = world.identity.users
    await users.join(world.owner, OWNER, "sky")
    secret = await world.cookie()
    who = await world.identity.sessions.caller(secret)
    assert isinstance(who, Caller)
    assert who.groups == {"sky"}
    await users.leave(world.owner, OWNER, "sky")
    with pytest.raises(NotFound):
        await users.leave(world.owner, OWNER, "sky")
    with pytest.raises(NotFound):
        await users.join(world.owner, "nobody", "sky")
    token = await world.identity.tokens.caller(await world.token())
    assert token.groups == frozenset()


async def test_a_removed_account_is_unknown(world: World) -> None:
    await world.identity.users.add(world.owner, "ada", "password")
    secret, token = await world.cookie("ada"), await world.token("ada")
    await world.identity.users.remove(world.owner, "ada")
    assert await world.identity.sessions.caller(secret) is None
    with pytest.raises(NotSignedIn):
        await world.identity.tokens.caller(token)
    with pytest.raises(NotFound):
        await world.identity.users.remove(world.owner, "ada")
    with pytest.raises(NotFound):
        await world.identity.users.set_password(world.owner, "ada", "password")
    with pytest.raises(Conflict):
        await world.identity.users.remove(world.owner, OWNER)


async def test_a_new_password_signs_out(world: World) -> None:
    users, sessions = world.identity.users, world.identity.sessions
    await users.add(world.owner, "ada", "password")
    secret = await world.cookie("ada")
    await users.set_password(world.owner, "ada", "another")
    assert await sessions.caller(secret) is None
    with pytest.raises(NotSignedIn):
        await sessions.sign_in(visitor(), "ada", "password")
    await sessions.sign_in(visitor(), "ada", "another")
