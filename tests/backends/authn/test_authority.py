"""For whom authn lets the gateway act, and what it does with what is no call."""

import asyncio
import json
import socket
import struct
import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from tests.backends.authn.conftest import (
    KNOWN,
    PASSWORD,
    Kept,
    Somewhere,
    keeping,
)
from tests.support.identity import OWNER, World
from typing_extensions import override

from gatewright.backends.authn import AuthnClient, AuthnGranter
from gatewright.backends.authn.messages import Failure
from gatewright.core.caller import Caller, Role, visitor
from gatewright.core.config_file import ConfigurationError
from gatewright.core.errors import (
    Conflict,
    GatewayError,
    InvalidRequest,
    NotAllowed,
    NotSignedIn,
    PersonAbsent,
    TooLarge,
    TooManyRequests,
    Unavailable,
)
from gatewright.domains.identity import OfferedProvider, SignInRedirect, User

PERSON = "eve"


async def until(condition: Callable[[], Awaitable[bool]]) -> None:
    """Wait for something to become true."""
    async with asyncio.timeout(60):
        while not await condition():
            await asyncio.sleep(0.02)


async def signed_in(kept: Kept, name: str = PERSON) -> Caller:
    """Return the caller of a request of a person with a Unix account."""
    if name == PERSON:
        user = User(name, Role.USER, 0.0, frozenset({"g"}), source="pam")
        await kept.world.identity.users._store.mirror(user)
    code = await kept.world.identity.make_sign_in_link(name)
    new = await kept.remote.sessions.sign_in_by_link(visitor(), code)
    caller = await kept.remote.sessions.caller(new.secret)
    assert caller is not None
    return caller


async def test_who_asks_has_a_ticket_and_a_grant(kept: Kept) -> None:
    before = time.monotonic()
    await signed_in(kept)
    ticket = await kept.remote.ticket(PERSON)
    assert before + 59 <= ticket.until <= time.monotonic() + 60
    end, tag = ticket.text.split(" ")
    assert int(end) == int(ticket.until * 1000)
    assert len(bytes.fromhex(tag)) == 32
    assert ticket.text.split()[1] not in repr(ticket)
    granter = AuthnGranter(kept.remote.client, asyncio.get_running_loop())
    grant = await asyncio.to_thread(granter.grant, b"challenge", PERSON)
    assert len(bytes.fromhex(grant.decode())) == 32
    other = await asyncio.to_thread(granter.grant, b"another", PERSON)
    assert other != grant


async def test_who_has_not_asked_has_none(kept: Kept) -> None:
    await signed_in(kept)
    user = User("absent", Role.USER, 0.0, source="pam")
    await kept.world.identity.users._store.mirror(user)
    granter = AuthnGranter(kept.remote.client, asyncio.get_running_loop())
    for name in ("absent", "nobody", "", OWNER):
        with pytest.raises(PersonAbsent) as caught:
            await kept.remote.ticket(name)
        assert caught.value.retry_after
        with pytest.raises(PersonAbsent):
            await asyncio.to_thread(granter.grant, b"challenge", name)


async def test_a_disabled_account_has_none(kept: Kept) -> None:
    await signed_in(kept)
    await kept.remote.ticket(PERSON)
    users, owner = kept.world.identity.users, kept.world.owner
    await users.set_disabled(owner, PERSON, disabled=True)
    with pytest.raises(PersonAbsent, match="is disabled"):
        await kept.remote.ticket(PERSON)


async def test_the_gateways_own_accounts_act_as_nobody(kept: Kept) -> None:
    """Neither a guest, who may run nothing, nor an owner of the gateway's own."""
    await signed_in(kept, "ada")
    with pytest.raises(PersonAbsent):
        await kept.remote.ticket("ada")
    await signed_in(kept, OWNER)
    with pytest.raises(NotAllowed, match="acts as nobody"):
        await kept.remote.ticket(OWNER)


async def test_a_token_without_files_and_jobs_lets_nobody_act(kept: Kept) -> None:
    caller = await signed_in(kept)
    new = await kept.remote.tokens.issue(caller, scopes=["account:read", "store"])
    files = await kept.remote.tokens.issue(caller, scopes=["files:read:/data"])
    async with keeping(kept.world) as again:
        await again.remote.tokens.caller(new.text)
        with pytest.raises(PersonAbsent):
            await again.remote.ticket(PERSON)
        await again.remote.tokens.caller(files.text)
        assert (await again.remote.ticket(PERSON)).text


async def test_a_request_under_way_goes_on_and_ends_with_its_proof(own: World) -> None:
    async with keeping(own, seconds=0.2) as kept:
        caller = await signed_in(kept)

        async def absent() -> bool:
            try:
                await kept.remote.ticket(PERSON)
            except PersonAbsent:
                return True
            return False

        await until(absent)
        with kept.remote.asking(caller), kept.remote.asking(caller):
            assert not await absent()
            with kept.remote.asking(replace(caller, request_id="other")):
                assert not await absent()
            await asyncio.sleep(0.3)  # longer than a request lets the gateway act
            assert not await absent()
            await kept.remote.sessions.sign_out(caller)
            await until(absent)
        assert kept.remote.asked == {}
        with kept.remote.asking(visitor()):
            assert kept.remote.asked == {}


async def test_a_narrow_token_keeps_no_other_request_from_going_on(own: World) -> None:
    """Such as a stream of events beside a long upload, each with its own token."""
    async with keeping(own, seconds=2.0) as kept:
        caller = await signed_in(kept)
        new = await kept.remote.tokens.issue(caller, scopes=["account:read"])
        narrow = await kept.remote.tokens.caller(new.text)
        with kept.remote.asking(narrow), kept.remote.asking(caller):
            await asyncio.sleep(2.1)  # longer than a request lets the gateway act
            assert (await kept.remote.ticket(PERSON)).text
        with kept.remote.asking(narrow):
            await asyncio.sleep(2.1)
            with pytest.raises(PersonAbsent):
                await kept.remote.ticket(PERSON)


class Hanging(Somewhere):
    """An identity provider that does not answer until it is let go."""

    def __init__(self) -> None:
        self.asked = 0
        self.may_answer = asyncio.Event()

    @override
    async def sign_in_address(self, *, state: str, nonce: str, challenge: str) -> str:
        self.asked += 1
        await self.may_answer.wait()
        return await super().sign_in_address(
            state=state, nonce=nonce, challenge=challenge
        )


async def test_sign_ins_that_hang_delay_no_request_of_others(kept: Kept) -> None:
    """However many visitors begin one with a provider that does not answer."""
    caller = await signed_in(kept)
    hanging = Hanging()
    kept.world.identity.providers._offered["somewhere"] = OfferedProvider(
        "Somewhere", hanging, hanging
    )
    begun = [
        asyncio.create_task(kept.remote.providers.begin(visitor(), "somewhere", "/"))
        for _ in range(300)
    ]

    async def asked() -> bool:
        return hanging.asked > 0

    await until(asked)
    assert await kept.remote.sessions.caller(caller.proof) is not None
    hanging.may_answer.set()
    ended = await asyncio.gather(*begun, return_exceptions=True)
    refused = [one for one in ended if isinstance(one, Unavailable)]
    assert 0 < len(refused) < len(ended)
    assert all(one.retry_after for one in refused)
    assert all(isinstance(one, SignInRedirect | Unavailable) for one in ended)


async def test_a_stream_does_not_prolong_its_session(kept: Kept) -> None:
    """It is looked at each half minute, which is no request of the person's."""
    caller = await signed_in(kept)
    before = await kept.remote.sessions.current(caller)
    assert before is not None
    kept.world.clock.now += 3600
    assert await kept.remote.is_still(caller)
    await kept.world.identity.last_use.settle()
    (session,) = await kept.world.identity.sessions._store.of_user(PERSON)
    assert session.used_at == before.used_at
    await kept.remote.sessions.caller(caller.proof)
    await kept.world.identity.last_use.settle()
    (session,) = await kept.world.identity.sessions._store.of_user(PERSON)
    assert session.used_at == kept.world.clock.now


async def test_what_the_gateway_says_of_a_caller_does_not_count(kept: Kept) -> None:
    """Only the proof does: a caller whom it makes up is a visitor."""
    caller = await signed_in(kept)
    made_up = replace(caller, user=OWNER, role=Role.OWNER, scopes=frozenset({"admin"}))
    with pytest.raises(NotAllowed):
        await kept.remote.users.page(made_up)
    for without in (replace(made_up, proof=""), visitor()):
        with pytest.raises(NotSignedIn):
            await kept.remote.users.page(without)
        with pytest.raises(NotSignedIn):
            await kept.remote.tokens.issue(without, user=PERSON)
    ended = replace(caller, proof="A" * 43)
    with pytest.raises(NotSignedIn, match="session has ended"):
        await kept.remote.tokens.issue(ended)


@pytest.mark.parametrize(
    "method",
    [
        "",
        "users.add",
        "users.set_password",
        "users._store",
        "users.owner",
        "sessions.make_sign_in_link",
        "sessions.caller",
        "tokens.__init__",
        "directories.check",
        "audit.after",
        "close.x",
    ],
)
async def test_other_methods_are_not_there(kept: Kept, method: str) -> None:
    caller = await signed_in(kept)
    with pytest.raises(InvalidRequest, match="no such method"):
        await kept.remote.client.call(method, object, caller=caller)


@pytest.mark.parametrize(
    ("method", "arguments"),
    [
        ("users.get", {"name": 1}),
        ("users.get", {"nome": "x"}),
        ("users.get", {"self": "x", "name": "x"}),
        ("users.get", {"caller": {}, "name": "x"}),
        ("tokens.revoke", {"key": []}),
        ("ticket", {"user": None}),
        ("ticket", {"until": 1}),
    ],
)
async def test_other_arguments_are_refused(
    kept: Kept, method: str, arguments: dict[str, object]
) -> None:
    caller = await signed_in(kept)
    with pytest.raises(InvalidRequest, match="other arguments"):
        await kept.remote.client.call(method, object, arguments, caller=caller)


async def test_arguments_that_are_missing_end_one_call_only(kept: Kept) -> None:
    caller = await signed_in(kept)
    with pytest.raises(GatewayError):
        await kept.remote.client.call("users.get", object, caller=caller)
    await kept.remote.client.ready()


@pytest.mark.parametrize(
    "message",
    [
        struct.pack(">I", 1 << 20),
        struct.pack(">I", 5) + b"[1,2]",
        struct.pack(">I", 1) + b"{",
        struct.pack(">I", 60_000) + b"[" * 60_000,
        struct.pack(">I", 2) + b"\xff\xff",
        struct.pack(">I", 13) + json.dumps({"id": "no"}).encode(),
        struct.pack(">I", 100) + b"cut off",
    ],
)
async def test_what_is_no_call_is_hung_up_on(kept: Kept, message: bytes) -> None:
    reader, writer = await asyncio.open_unix_connection(kept.socket)
    writer.write(message)
    writer.write_eof()
    async with asyncio.timeout(60):
        assert await reader.read() == b""
    writer.close()
    await kept.remote.client.ready()


async def test_a_call_that_is_too_long_is_refused_before_it_is_sent(kept: Kept) -> None:
    caller = await signed_in(kept)
    with pytest.raises(TooLarge):
        await kept.remote.tokens.issue(caller, label="x" * 100_000)
    await kept.remote.client.ready()


async def test_many_at_once_each_have_their_own_answer(kept: Kept) -> None:
    names = ["ada", "nobody"] * 300
    found = await asyncio.gather(*(kept.remote.users.exists(name) for name in names))
    assert found == [True, False] * 300


async def test_while_authn_is_stopped_all_is_unavailable(own: World) -> None:
    async with keeping(own) as kept:
        caller = await signed_in(kept)
        client = AuthnClient(kept.socket)
        await client.ready()
    calls: Sequence[Any] = (
        client.ready,
        lambda: client.call("caller", Caller | None, proof=caller.proof),
        lambda: client.call("ticket", object, {"user": PERSON}),
    )
    for call in calls:
        with pytest.raises(Unavailable) as caught:
            await call()
        assert caught.value.retry_after == 5
        assert "authn does not run" in caught.value.text
    async with keeping(own) as kept:
        assert await kept.remote.sessions.caller(caller.proof) == caller
        with pytest.raises(NotSignedIn):
            await kept.remote.sessions.sign_in(visitor(), KNOWN.person.name, "wrong")
        name = KNOWN.person.name
        new = await kept.remote.sessions.sign_in(visitor(), name, PASSWORD)
        assert new.user.name == name
    await client.close()


async def test_an_authn_that_does_not_answer_is_unavailable(
    own: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with keeping(own) as kept:
        client = AuthnClient(kept.socket, seconds=0.05)
        monkeypatch.setattr(kept.authority, "answer", lambda _: asyncio.sleep(60))
        with pytest.raises(Unavailable):
            await client.ready()
        await client.close()


async def test_calls_do_not_pile_up_for_one_that_reads_none(tmp_path: Path) -> None:
    """It may be stopped for hours, while requests come in."""
    with socket.socket(socket.AF_UNIX) as stopped:
        stopped.bind(str(tmp_path / "socket"))
        stopped.listen()
        client = AuthnClient(tmp_path / "socket", seconds=0.05)
        for _ in range(100):
            with pytest.raises(Unavailable):
                await client.call("ping", object, {"padding": "x" * 50_000})
        assert client._writer is not None
        assert client._writer.transport.get_write_buffer_size() < 2 << 20
        await client.close()


async def test_a_second_one_at_the_same_socket_is_refused(kept: Kept) -> None:
    from gatewright.backends.authn import listening

    with pytest.raises(Conflict, match="Another authn"):
        async with listening(kept.authority, kept.socket, 0):
            pass
    await kept.remote.client.ready()


@pytest.mark.parametrize(
    "error",
    [
        NotAllowed("No “é”.", scope="x", many=[1, {"a": None}]),
        Unavailable("away", retry_after=2.5),
        TooManyRequests("wait", retry_after=300),
        GatewayError("odd"),
        ConfigurationError(Path("a.toml"), []),
    ],
)
def test_an_error_is_the_same_on_the_other_side(error: GatewayError) -> None:
    """One of a class of ours elsewhere becomes that of its code."""
    again = Failure.of(error).error()
    assert isinstance(error, type(again))
    assert type(again).code == error.code
    assert (again.text, again.retry_after, again.details) == (
        error.text,
        error.retry_after,
        error.details,
    )
    assert type(Failure("no-such-code", "x").error()) is GatewayError
