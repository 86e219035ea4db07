"""Answers that last end with the credentials of their request."""

import asyncio
import logging
import os
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from unittest.mock import Mock

import pytest
from starlette.requests import Request
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send
from tests.support.asgi import scope_of
from tests.support.identity import World
from tests.support.identity import world as open_world
from uvicorn.protocols.http.flow_control import FlowControl
from uvicorn.protocols.http.httptools_impl import RequestResponseCycle

from gatewright.core.caller import Caller, Role
from gatewright.core.errors import NotSignedIn, RequestTimeout, Unavailable
from gatewright.web import signed_in
from gatewright.web.bytes import EXTENSION, DescriptorFile, DescriptorResponse
from gatewright.web.middleware.timeouts import BodyTimeout
from gatewright.web.ranges import Span
from gatewright.web.signed_in import UntilSignedOut


@pytest.fixture
async def world(tmp_path: Path) -> AsyncIterator[World]:
    async with open_world(tmp_path / "state") as opened:
        await opened.identity.users.add(opened.owner, "ada", "password")
        yield opened


@pytest.fixture(autouse=True)
def often(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(signed_in, "CHECK_SECONDS", 0.01)


Ends = Callable[[World, Caller], Awaitable[object]]


async def _revoke(world: World, who: Caller) -> None:
    if who.token:
        await world.identity.tokens.revoke(world.owner, who.token, anyone=True)
    else:
        await world.identity.sessions.sign_out(who)


async def _expire(world: World, who: Caller) -> None:
    world.clock.go(91 * 86_400)


async def _remove(world: World, who: Caller) -> None:
    await world.identity.users.remove(world.owner, who.user)


async def _leave(world: World, who: Caller) -> None:
    await world.identity.users.join(world.owner, who.user, "another")


async def _promote(world: World, who: Caller) -> None:
    await world.identity.users._store.set_role(who.user, Role.OWNER)


@pytest.mark.parametrize("by", ["token", "session"])
@pytest.mark.parametrize("end", [_revoke, _expire, _remove, _leave, _promote])
async def test_a_stream_ends_with_its_credentials(
    world: World, by: str, end: Ends
) -> None:
    """A revoked token reads no further event, however long its stream is open."""
    if by == "token":
        headers = {"Authorization": f"Bearer {await world.token('ada')}"}
    else:
        headers = {"Cookie": f"gw_session={await world.cookie('ada')}"}
    began = asyncio.Event()
    async with world.client(world.app(_telling(began))) as http:
        streaming = asyncio.create_task(http.get("/api/v1/events", headers=headers))
        await asyncio.wait_for(began.wait(), 60)
        await asyncio.wait({streaming}, timeout=0.3)
        assert not streaming.done()
        await end(world, await _who(world, headers))
        answer = await asyncio.wait_for(streaming, 60)
    assert answer.status_code == 200


def _telling(began: asyncio.Event) -> Callable[[ASGIApp], ASGIApp]:
    """Return what tells that an answer has begun."""

    def wrap(app: ASGIApp) -> ASGIApp:
        async def telling(scope: Scope, receive: Receive, send: Send) -> None:
            async def tell(message: Message) -> None:
                began.set()
                await send(message)

            await app(scope, receive, tell)

        return telling

    return wrap


async def _who(world: World, headers: dict[str, str]) -> Caller:
    if "Authorization" in headers:
        text = headers["Authorization"].removeprefix("Bearer ")
        return await world.identity.tokens.caller(text)
    secret = headers["Cookie"].removeprefix("gw_session=")
    found = await world.identity.sessions.caller(secret)
    assert found is not None
    return found


WITH_BODY: Scope = {"type": "http", "headers": [(b"transfer-encoding", b"chunked")]}
WITHOUT: Scope = {"type": "http", "headers": []}


def _parts(*bodies: bytes) -> Receive:
    """Return what receives these parts of a body, and then waits for ever."""
    last = len(bodies) - 1
    messages: list[Message] = [
        {"type": "http.request", "body": body, "more_body": number < last}
        for number, body in enumerate(bodies)
    ]

    async def receive() -> Message:
        return messages.pop(0) if messages else await asyncio.Future()

    return receive


async def test_credentials_that_cannot_be_checked_end_nothing() -> None:
    asked: list[int] = []

    async def still() -> bool:
        asked.append(1)
        if len(asked) == 1:
            raise Unavailable("away")
        return len(asked) < 3

    receive = UntilSignedOut(WITH_BODY, _parts(b"a", b"b"), still)
    assert [(await receive())["body"] for _ in range(2)] == [b"a", b"b"]
    assert (await receive())["type"] == "http.disconnect"
    assert len(asked) == 3


@pytest.mark.parametrize("scope", [WITH_BODY, WITHOUT])
async def test_a_disconnect_is_reported_at_once(
    scope: Scope, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(signed_in, "CHECK_SECONDS", 600.0)

    async def gone() -> Message:
        return {"type": "http.disconnect"}

    async def still() -> bool:
        raise AssertionError

    receive = UntilSignedOut(scope, gone, still)
    for _ in range(2):
        assert (await receive())["type"] == "http.disconnect"


async def test_a_body_that_outlasts_its_credentials_is_refused() -> None:
    holds = True

    async def still() -> bool:
        return holds

    receive = UntilSignedOut(WITH_BODY, _parts(b"a", b"b"), still)
    assert (await receive())["body"] == b"a"
    holds = False
    await asyncio.sleep(0.02)
    for _ in range(2):
        with pytest.raises(NotSignedIn, match="before its body"):
            await receive()


async def test_a_body_that_stalls_is_ended_by_its_own_limit() -> None:
    """The checks in between do not begin its time anew."""

    async def still() -> bool:
        return True

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        until = UntilSignedOut(scope, receive, still)
        while (await until()).get("more_body"):
            pass

    async def receive() -> Message:
        return await asyncio.Future()

    async def send(message: Message) -> None:
        raise AssertionError

    with pytest.raises(RequestTimeout):
        await asyncio.wait_for(BodyTimeout(app, 0.1)(WITH_BODY, receive, send), 60)


async def test_an_upload_ends_with_its_credentials(world: World) -> None:
    text = await world.token("ada")
    headers = {"Authorization": f"Bearer {text}"}
    sent: list[bytes] = []

    async def body() -> AsyncIterator[bytes]:
        yield b'"'
        await _revoke(world, await _who(world, headers))
        await asyncio.sleep(0.02)
        for _ in range(100):
            sent.append(b"a")
            yield b"a"

    async with world.client(world.app(files=_reads())) as http:
        answer = await http.put("/files/x", headers=headers, content=body())
    assert answer.status_code == 401
    assert answer.json()["code"] == "not-signed-in"
    assert answer.headers["connection"] == "close"
    assert len(sent) < 3
    records = await world.records()
    assert [(user, status) for user, _, status, _ in records] == [("ada", 401)]


def _reads() -> ASGIApp:
    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        await Request(scope, receive).body()
        await PlainTextResponse("stored")(scope, receive, send)

    return app


class Connection:
    """uvicorn's own request, over a transport that nobody reads."""

    def __init__(self) -> None:
        transport = Mock(asyncio.Transport)
        transport.is_closing.return_value = False
        self.cycle = RequestResponseCycle(
            scope={"type": "http", "headers": []},  # type: ignore[typeddict-item]
            transport=transport,
            flow=FlowControl(transport),
            logger=logging.getLogger("none"),
            access_logger=logging.getLogger("none"),
            access_log=False,
            default_headers=[],
            message_event=asyncio.Event(),
            expect_100_continue=False,
            keep_alive=True,
            on_response=lambda: None,
        )

    def tell(self, body: bytes, *, more: bool) -> None:
        self.cycle.body += body
        self.cycle.more_body = more
        self.cycle.message_event.set()

    def go(self) -> None:
        self.cycle.disconnected = True
        self.cycle.message_event.set()


async def test_no_message_of_the_server_is_lost_by_a_check() -> None:
    """A check takes back a wait, and may do so as the message comes."""
    asked = 0

    async def still() -> bool:
        nonlocal asked
        asked += 1
        if asked == 3:
            connection.go()
        return True

    connection = Connection()
    receive: Receive = connection.cycle.receive  # type: ignore[assignment]
    until = UntilSignedOut(WITHOUT, receive, still)
    connection.tell(b"", more=False)
    assert (await until())["type"] == "http.request"
    assert (await asyncio.wait_for(until(), 60))["type"] == "http.disconnect"
    assert asked == 3


@pytest.mark.parametrize("zero_copy", [False, True])
async def test_a_long_download_ends_with_its_credentials(
    world: World, tmp_path: Path, zero_copy: bool
) -> None:
    """So does one that the kernel sends; its client sees that the end is missing."""
    (tmp_path / "file").write_bytes(bytes(1 << 20))
    headers = {"Authorization": f"Bearer {await world.token('ada')}"}
    who = await _who(world, headers)
    began, sent = asyncio.Event(), []

    async def send(message: Message) -> None:
        sent.append(message["type"])
        if len(sent) > 1:  # the network takes no more
            began.set()
            await asyncio.Future()

    async def download(scope: Scope, receive: Receive, _: Send) -> None:
        file = DescriptorFile(os.open(tmp_path / "file", os.O_RDONLY))
        response = DescriptorResponse(file, [Span(0, 1 << 20)] * 3)
        await response(scope, receive, send)

    pairs = [(b"authorization", headers["Authorization"].encode())]
    scope = scope_of(target="/file/x", headers=pairs)
    scope["extensions"] = {EXTENSION: {}} if zero_copy else {}
    app = world.app(file=download)
    running = asyncio.ensure_future(app(scope, _parts(b""), send))
    await began.wait()
    await asyncio.wait({running}, timeout=0.1)
    assert not running.done()
    await _revoke(world, who)
    await asyncio.wait_for(running, 60)
    kind = EXTENSION if zero_copy else "http.response.body"
    assert sent == ["http.response.start", kind]
