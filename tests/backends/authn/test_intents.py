"""Grants for what goes on without its person: who gets one, and when it holds."""

import asyncio
from collections.abc import Callable

import pytest
from tests.backends.authn.conftest import Kept, keeping
from tests.backends.authn.test_authority import PERSON, signed_in, until
from tests.support.identity import OWNER, World

from gatewright.backends.authn import AuthnGranter, RemoteIntents
from gatewright.backends.authn.intents import INTENT_SECONDS
from gatewright.core.caller import Role
from gatewright.core.errors import (
    GatewayError,
    InvalidRequest,
    NotAllowed,
    PersonAbsent,
)
from gatewright.domains.identity import User

NAME = "01hv"
FRAMES = ["ab" * 32, "cd" * 32]


def intents(kept: Kept, user: str = PERSON) -> RemoteIntents:
    return RemoteIntents(kept.remote, user)


async def absent(kept: Kept) -> bool:
    try:
        await kept.remote.ticket(PERSON)
    except PersonAbsent:
        return True
    return False


async def test_it_holds_when_its_person_has_gone_and_authn_begins_again(
    own: World,
) -> None:
    async with keeping(own, seconds=0.5) as kept:
        caller = await signed_in(kept)
        grant = await intents(kept).sign(NAME, FRAMES)
        await kept.remote.sessions.sign_out(caller)
        await until(lambda: absent(kept))
        with pytest.raises(PersonAbsent):
            await intents(kept).sign("another", FRAMES)
    async with keeping(own) as kept:
        granter = AuthnGranter(kept.remote.client, asyncio.get_running_loop())
        with pytest.raises(PersonAbsent):
            await asyncio.to_thread(granter.grant, b"challenge", PERSON)
        ticket = await intents(kept).ticket(grant)
        assert ticket.frames == tuple(FRAMES)
        assert ticket.text not in repr(ticket)
        # A worker may be started for it, which does nothing else without a ticket.
        assert await asyncio.to_thread(granter.grant, b"challenge", PERSON)
        with pytest.raises(PersonAbsent):
            await kept.remote.ticket(PERSON)
        with pytest.raises(PersonAbsent):
            await asyncio.to_thread(granter.grant, b"challenge", "bob")


def changed(number: int, value: str) -> Callable[[str], str]:
    def change(grant: str) -> str:
        words = grant.split(" ")
        words[number] = value
        return " ".join(words)

    return change


CHANGES: tuple[Callable[[str], str], ...] = (
    changed(0, "another"),
    changed(1, "bob"),
    changed(2, "99999999999"),
    changed(3, FRAMES[0]),
    changed(3, ",".join([*FRAMES, "ef" * 32])),
    changed(4, "0" * 64),
    changed(4, "\u00e9"),
    changed(0, "\ud800"),
    lambda grant: grant.rpartition(" ")[0],
    lambda grant: grant + " ",
    lambda grant: grant.upper(),
    lambda _: "",
    lambda _: " ",
)


async def test_a_grant_that_was_altered_is_none(kept: Kept) -> None:
    await signed_in(kept)
    user = User("bob", Role.USER, 0.0, source="pam")
    await kept.world.identity.users._store.mirror(user)
    grant = await intents(kept).sign(NAME, FRAMES)
    for change in CHANGES:
        with pytest.raises(PersonAbsent):
            await intents(kept).ticket(change(grant))
        # Nor does it end the true one.
        await intents(kept).end([change(grant)])
    assert (await intents(kept).ticket(grant)).frames


async def test_it_ends_on_request_and_ends_no_other(own: World) -> None:
    async with keeping(own) as kept:
        await signed_in(kept)
        first = await intents(kept).sign(NAME, FRAMES)
        second = await intents(kept).sign("02hv", FRAMES)
        own.clock.now += 10
        # Of the same intent, such as that of a retry: it ends with the first.
        again = await intents(kept).sign(NAME, FRAMES[:1])
        await intents(kept).end([first] * 120)
    async with keeping(own) as kept:
        for grant in (first, again):
            with pytest.raises(PersonAbsent):
                await intents(kept).ticket(grant)
        assert (await intents(kept).ticket(second)).frames


async def test_it_ends_by_itself_after_a_week(kept: Kept) -> None:
    await signed_in(kept)
    grant = await intents(kept).sign(NAME, FRAMES)
    kept.world.clock.now += INTENT_SECONDS - 2
    assert (await intents(kept).ticket(grant)).frames
    kept.world.clock.now += 2
    with pytest.raises(PersonAbsent):
        await intents(kept).ticket(grant)


async def test_an_account_that_was_closed_leaves_nothing_behind(kept: Kept) -> None:
    await signed_in(kept)
    grant = await intents(kept).sign(NAME, FRAMES)
    assert (await intents(kept).ticket(grant)).frames
    guest = User(PERSON, Role.GUEST, 0.0, source="pam")
    await kept.world.identity.users._store.mirror(guest)
    with pytest.raises(NotAllowed, match="acts as nobody"):
        await intents(kept).ticket(grant)


async def test_what_a_disabled_account_has_left_behind_waits(kept: Kept) -> None:
    await signed_in(kept)
    grant = await intents(kept).sign(NAME, FRAMES)
    users, owner = kept.world.identity.users, kept.world.owner
    await users.set_disabled(owner, PERSON, disabled=True)
    with pytest.raises(PersonAbsent, match="is disabled"):
        await intents(kept).ticket(grant)
    with pytest.raises(PersonAbsent, match="is disabled"):
        await intents(kept).sign("another", FRAMES)
    await users.set_disabled(owner, PERSON, disabled=False)
    assert (await intents(kept).ticket(grant)).frames == tuple(FRAMES)


async def test_the_gateways_own_accounts_leave_nothing_behind(kept: Kept) -> None:
    for name in (OWNER, "nobody"):
        with pytest.raises(PersonAbsent):
            await intents(kept, name).sign(NAME, FRAMES)
    await signed_in(kept, OWNER)
    with pytest.raises(NotAllowed, match="acts as nobody"):
        await intents(kept, OWNER).sign(NAME, FRAMES)


@pytest.mark.parametrize(
    ("name", "frames"),
    [
        ("", FRAMES),
        ("a b", FRAMES),
        ("a" * 65, FRAMES),
        ("\u00e9", FRAMES),
        (NAME, []),
        (NAME, ["ab" * 31]),
        (NAME, ["AB" * 32]),
        (NAME, ["ab" * 31 + ", "]),
        (NAME, ["ab" * 32] * 9),
    ],
)
async def test_what_is_no_intent_is_not_signed(
    kept: Kept, name: str, frames: list[str]
) -> None:
    """Or the words of a grant could be shifted from one to the next."""
    await signed_in(kept)
    with pytest.raises(InvalidRequest, match="An intent has a name"):
        await intents(kept).sign(name, frames)


@pytest.mark.parametrize("method", ["sign", "ticket", "end"])
async def test_other_arguments_are_refused(kept: Kept, method: str) -> None:
    await signed_in(kept)
    for arguments in ({"user": 1}, {"grant": 1}, {"frames": "x"}, {"self": ""}, {}):
        with pytest.raises(GatewayError):
            await kept.remote.client.call(f"intents.{method}", object, arguments)
    await kept.remote.client.ready()


async def test_a_grant_is_for_no_worker_and_no_broker(kept: Kept) -> None:
    """What authn signs for later is not what the broker or a worker checks."""
    await signed_in(kept)
    granter = AuthnGranter(kept.remote.client, asyncio.get_running_loop())
    grant = await intents(kept).sign(NAME, FRAMES)
    tag = grant.rpartition(" ")[2]
    challenge = grant.rpartition(" ")[0].encode()
    made = await asyncio.to_thread(granter.grant, challenge, PERSON)
    assert made.decode() != tag
    ticket = await kept.remote.ticket(PERSON)
    own = await intents(kept).ticket(grant)
    assert len({tag, ticket.text.split()[1], own.text.split()[1]}) == 3
