import hashlib
from dataclasses import replace

import pytest
from tests.support.app import caller
from tests.support.identity import OWNER, World

from gatewright.core.caller import Role, visitor
from gatewright.core.errors import (
    Conflict,
    InvalidContent,
    NotAllowed,
    NotFound,
    NotSignedIn,
)
from gatewright.domains.identity import split_token

DAY = 86_400.0


@pytest.fixture
async def ada(world: World) -> str:
    await world.identity.users.add(world.owner, "ada", "password")
    return "ada"


async def test_a_token_is_its_user(world: World, ada: str) -> None:
    tokens = world.identity.tokens
    new = await tokens.issue(world.owner, user=ada, label="laptop", scopes=["store"])
    who = await tokens.caller(new.text, address="192.0.2.9", request_id="r")
    assert (who.user, who.role, who.token) == ("ada", Role.GUEST, new.token.key)
    assert who.scopes == {"store"}
    assert (who.address, who.request_id, who.session) == ("192.0.2.9", "r", "")
    assert who.may("store:notes")
    assert not who.may("data:read")


async def test_only_a_hash_is_kept(world: World) -> None:
    new = await world.identity.tokens.issue(world.owner)
    parts = split_token(new.text)
    assert parts is not None
    key, secret = parts
    (row,) = await world.database.read("SELECT * FROM token")
    assert row["key"] == key == new.token.key
    assert row["digest"] == hashlib.sha256(secret.encode()).hexdigest()
    assert secret not in str(row)
    assert secret not in repr(new)


async def test_tokens_that_are_none(world: World) -> None:
    new = await world.identity.tokens.issue(world.owner)
    key, secret = new.text[3:].split(".")
    other = (await world.identity.tokens.issue(world.owner)).text[3:].split(".")
    for text in (
        "", "gw_", f"gw_{key}.", f"gw_{key}.{other[1]}", f"gw_{other[0]}.{secret}",
        f"GW_{key}.{secret}", f"gw_{key}.{secret}x", f"gw_{key.upper()}.{secret}",
        f" {new.text}", f"gw_{'0' * 26}.{secret}", "gw_\0", "\ud800", "é" * 70,
    ):  # fmt: skip
        with pytest.raises(NotSignedIn):
            await world.identity.tokens.caller(text)
    await world.identity.tokens.caller(new.text)


async def test_tokens_end(world: World) -> None:
    tokens = world.identity.tokens
    short = await tokens.issue(world.owner, seconds=60)
    long = await tokens.issue(world.owner)
    world.clock.go(59.5)
    await tokens.caller(short.text)
    world.clock.go(0.5)
    with pytest.raises(NotSignedIn):
        await tokens.caller(short.text)
    world.clock.go(90 * DAY - 61)
    await tokens.caller(long.text)
    world.clock.go(1)
    with pytest.raises(NotSignedIn):
        await tokens.caller(long.text)


@pytest.mark.parametrize("seconds", [0, -1, 0.5, 367 * DAY, float("inf"), float("nan")])
async def test_times_that_no_token_lasts(world: World, seconds: float) -> None:
    with pytest.raises(InvalidContent, match="366 days"):
        await world.identity.tokens.issue(world.owner, seconds=seconds)


@pytest.mark.parametrize("label", ["x" * 201, "a\nb", "a\0", "\ud800", "\x1b[1m"])
async def test_labels_that_no_token_has(world: World, label: str) -> None:
    with pytest.raises(InvalidContent, match="printable"):
        await world.identity.tokens.issue(world.owner, label=label)


async def test_a_narrower_role_narrows_tokens(world: World) -> None:
    await world.identity.users.add(world.owner, "ben", "password", Role.OWNER)
    text = await world.token("ben", "exec", "data:read", "store:notes")
    await world.identity.users._store.set_role("ben", Role.GUEST)
    who = await world.identity.tokens.caller(text)
    assert who.scopes == {"data:read", "store:notes"}


async def test_a_token_makes_no_stronger_one(world: World) -> None:
    tokens = world.identity.tokens
    scopes = ["account:manage", "data:read"]
    first = await tokens.issue(world.owner, scopes=scopes, seconds=1000)
    who = await tokens.caller(first.text)
    assert await tokens.end_of(who) == first.token.expires_at
    for scope in ("exec", "admin", "store:notes"):
        with pytest.raises(NotAllowed, match="scope"):
            await tokens.issue(who, scopes=[scope])
    with pytest.raises(NotAllowed, match="longer than itself"):
        await tokens.issue(who, seconds=1001)
    child = (await tokens.issue(who)).token
    assert child.scopes == frozenset(scopes)
    assert child.expires_at == first.token.expires_at
    assert child.parent == first.token.key
    short = (await tokens.issue(who, scopes=["data:read"], seconds=10)).token
    assert short.expires_at == world.clock() + 10
    with pytest.raises(NotFound):
        await tokens.issue(who, user="ada")
    gone = replace(who, token="0" * 26)
    assert await tokens.end_of(gone) is None
    with pytest.raises(NotAllowed):
        await tokens.issue(gone, seconds=1)


async def test_what_was_made_with_a_token_ends_with_it(world: World) -> None:
    tokens = world.identity.tokens
    first = await tokens.issue(world.owner)
    second = await tokens.issue(await tokens.caller(first.text))
    third = await tokens.issue(await tokens.caller(second.text))
    assert await tokens.revoke(world.owner, second.token.key) == 2
    for text in (second.text, third.text):
        with pytest.raises(NotSignedIn):
            await tokens.caller(text)
    await tokens.caller(first.text)


async def test_one_has_ones_own_tokens(world: World, ada: str) -> None:
    tokens = world.identity.tokens
    mine = (await tokens.issue(world.owner)).token
    other = (await tokens.issue(world.owner, user=ada)).token
    guest = caller("ada", Role.GUEST)
    assert await tokens.get(guest, other.key) == other
    assert list((await tokens.page(guest)).items) == [other]
    for key in (mine.key, "nonsense", "", "0" * 26, "\ud800"):
        with pytest.raises(NotFound):
            await tokens.get(guest, key)
        with pytest.raises(NotFound):
            await tokens.revoke(guest, key)
    with pytest.raises(NotFound):
        await tokens.get(world.owner, other.key)
    with pytest.raises(NotAllowed):
        await tokens.page(guest, everyone=True)
    with pytest.raises(NotAllowed):
        await tokens.revoke(guest, mine.key, anyone=True)
    with pytest.raises(NotFound):
        await tokens.issue(guest, user=OWNER)
    for refused in (
        tokens.issue(visitor()),
        tokens.page(visitor()),
        tokens.get(visitor(), mine.key),
        tokens.revoke(visitor(), mine.key),
    ):
        with pytest.raises(NotSignedIn):
            await refused
    every = await tokens.page(world.owner, everyone=True)
    assert set(every.items) == {mine, other}
    assert await tokens.revoke(world.owner, other.key, anyone=True) == 1


async def test_pages(world: World) -> None:
    tokens = world.identity.tokens
    made = [(await tokens.issue(world.owner)).token for _ in range(5)]
    made.sort(key=lambda token: token.key)
    first = await tokens.page(world.owner, 3)
    rest = await tokens.page(world.owner, 3, first.next)
    assert [*first.items, *rest.items] == made
    assert rest.next is None


async def test_so_many_at_most(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("gatewright.domains.identity.tokens.TOKENS_PER_USER", 2)
    for _ in range(2):
        await world.identity.tokens.issue(world.owner)
    with pytest.raises(Conflict, match="Revoke"):
        await world.identity.tokens.issue(world.owner)


async def test_last_use_is_written_once_a_minute(world: World) -> None:
    tokens = world.identity.tokens
    new = await tokens.issue(world.owner)
    began = world.clock()
    for used_at in (began, began, began + 60, began + 60, began + 120):
        await tokens.caller(new.text, address=f"192.0.2.{int(world.clock() - began)}")
        await world.identity.last_use.settle()
        token = await tokens.get(world.owner, new.token.key)
        assert token.used_at == used_at
        assert token.used_from == f"192.0.2.{int(used_at - began)}"
        world.clock.go(30)


async def test_a_token_that_was_just_revoked_makes_none(world: World, ada: str) -> None:
    tokens = world.identity.tokens
    parent = await tokens.issue(world.owner, user=ada)
    who = await tokens.caller(parent.text)
    await tokens.revoke(world.owner, parent.token.key, anyone=True)
    with pytest.raises(NotSignedIn):
        await tokens.issue(who)
    assert (await tokens.page(world.owner, everyone=True)).items == []
