"""Parts of the server that a client cannot reach from outside in a short test."""

import asyncio
import functools
import json
import logging
import socket
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import ExitStack, asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
import uvicorn
from starlette.types import ASGIApp, Receive, Scope, Send
from uvicorn.server import ServerState

from gatewright.core.config import Config
from gatewright.web.server import protocol as module
from gatewright.web.server.children import Starter
from gatewright.web.server.logs import JsonFormatter, configure_logging
from gatewright.web.server.protocol import ConnectionLimits, GatewayProtocol, Shared
from gatewright.web.server.supervisor import Supervisor, serve

PATIENCE_SECONDS = 60
START = {"type": "http.response.start", "status": 200}
LENGTH = [(b"content-length", b"3")]


@asynccontextmanager
async def running(app: ASGIApp, shared: Shared) -> AsyncIterator[int]:
    """Serve an application in this loop; yield the port."""
    state = ServerState()
    settings = uvicorn.Config(app, lifespan="off", ws="none", log_config=None)
    make: Any = functools.partial(GatewayProtocol, shared)
    factory = functools.partial(make, config=settings, server_state=state, app_state={})
    loop = asyncio.get_running_loop()
    server = await loop.create_server(factory, "127.0.0.1", 0)
    yield server.sockets[0].getsockname()[1]
    server.close()
    for connection in list(state.connections):
        connection.transport.abort()
    await asyncio.sleep(0.01)
    shared.cold.close()


async def get(
    port: int, request: bytes = b"GET / HTTP/1.1\r\nHost: h\r\n\r\n"
) -> bytes:
    """Return what comes until the server closes."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(request)
    try:
        return await asyncio.wait_for(reader.read(), PATIENCE_SECONDS)
    except ConnectionResetError:
        return b""
    finally:
        writer.close()


async def hang(scope: Scope, receive: Receive, send: Send) -> None:
    await asyncio.Event().wait()


async def test_an_address_has_so_many_connections_and_no_more(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(module, "_LOOPBACK", ("192.0.2.",))
    shared = Shared(ConnectionLimits(connections_per_address=2))
    async with running(hang, shared) as port:
        first = [await asyncio.open_connection("127.0.0.1", port) for _ in range(2)]
        assert await get(port) == b""
        for _, writer in first:
            writer.close()
            await writer.wait_closed()
        async with asyncio.timeout(PATIENCE_SECONDS):
            while shared.addresses:
                await asyncio.sleep(0.01)


async def test_a_header_that_waits_behind_an_answer_is_timed_after_it() -> None:
    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        await asyncio.sleep(limits.header_seconds + 0.2)
        await send({**START, "headers": LENGTH})
        await send({"type": "http.response.body", "body": b"abc"})

    # Long enough for the first request's own header, whatever comes in between.
    limits = ConnectionLimits(header_seconds=5)
    shared = Shared(limits)
    request = b"GET / HTTP/1.1\r\nHost: h\r\n\r\nGET /half HTTP/1.1\r\nX: "
    async with running(app, shared) as port:
        answer = await get(port, request)
    assert answer.startswith(b"HTTP/1.1 200")
    assert b"HTTP/1.1 408" in answer


@pytest.mark.parametrize(
    ("headers", "count"),
    [([], 3), (LENGTH, 4), ([(b"transfer-encoding", b"chunked")], 3)],
)
async def test_a_file_without_its_length_is_the_applications_mistake(
    tmp_path: Path, headers: Sequence[tuple[bytes, bytes]], count: int
) -> None:
    path = tmp_path / "file"
    path.write_bytes(b"abcd")
    faults: list[RuntimeError] = []

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        await send({**START, "headers": [*headers]})
        with path.open("rb") as file:
            message = {"type": "http.response.zerocopysend", "file": file}
            try:
                await send({**message, "offset": 0, "count": count})
            except RuntimeError as error:
                faults.append(error)
                raise

    async with running(app, Shared()) as port:
        await get(port)
    assert len(faults) == 1


async def test_a_broken_body_after_the_answer_began_cuts_it() -> None:
    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        await send({**START, "headers": [(b"content-length", b"10")]})
        await send({"type": "http.response.body", "body": b"abc", "more_body": True})
        while (await receive())["type"] != "http.disconnect":
            pass

    head = b"POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n"
    async with running(app, Shared()) as port:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(head)
        await reader.readuntil(b"abc")
        writer.write(b"nonsense\r\n")
        assert await asyncio.wait_for(reader.read(), PATIENCE_SECONDS) == b""
        writer.close()


@pytest.mark.parametrize("version", [b"1.0", b"1.1"])
@pytest.mark.parametrize("bodies", [[], [b"longer than announced"]])
@pytest.mark.parametrize("fails", [True, False])
async def test_a_client_sees_that_an_answer_began_and_broke_off(
    version: bytes, bodies: Sequence[bytes], *, fails: bool
) -> None:
    """Browsers repeat a request, even a POST, on whose connection nothing came."""

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        await send({**START, "headers": LENGTH})
        for body in bodies:
            await send({"type": "http.response.body", "body": body})
        if fails:
            raise ValueError

    async with running(app, Shared()) as port:
        answer = await get(port, b"POST / HTTP/%s\r\nHost: h\r\n\r\n" % version)
    head, end, body = answer.partition(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 200")
    assert (end, body) == (b"\r\n\r\n", b"")


async def test_answers_to_requests_that_come_at_once_keep_their_order() -> None:
    """Some bodies are written with their heads, and some after them."""
    bodies = [b"short", b"", b"l" * 100_000, b"in parts", b"late"]

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        body = bodies[int(scope["path"][1:])]
        length = [(b"content-length", b"%d" % len(body))]
        await send({**START, "headers": length})
        if body == b"late":
            await asyncio.sleep(0.01)
        parts = [body[:1], body[1:]] if body == b"in parts" else [body]
        for part in parts:
            more = {"body": part, "more_body": True}
            await send({"type": "http.response.body", **more})
        await send({"type": "http.response.body"})

    methods = [b"HEAD", b"GET"]
    asked = [(m, n) for m in methods for n in range(len(bodies))]
    requests = [b"%s /%d HTTP/1.1\r\nHost: h\r\n" % one for one in asked]
    requests[-1] += b"Connection: close\r\n"
    async with running(app, Shared()) as port:
        answers = await get(port, b"\r\n".join([*requests, b""]))
    for method, number in asked:
        head, _, answers = answers.partition(b"\r\n\r\n")
        body = bodies[number]
        assert head.startswith(b"HTTP/1.1 200")
        assert b"content-length: %d" % len(body) in head.lower()
        if method == b"GET":
            assert answers.startswith(body)
            answers = answers.removeprefix(body)
    assert answers == b""


async def test_the_application_hears_that_a_client_disconnected() -> None:
    begun, gone = asyncio.Event(), asyncio.Event()

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        begun.set()
        while (await receive())["type"] != "http.disconnect":
            pass
        gone.set()

    async with running(app, Shared()) as port:
        _, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(b"GET / HTTP/1.1\r\nHost: h\r\n\r\n" * 2)
        assert await asyncio.wait_for(begun.wait(), PATIENCE_SECONDS)
        writer.close()
        assert await asyncio.wait_for(gone.wait(), PATIENCE_SECONDS)


def record(**extra: object) -> logging.LogRecord:
    made = logging.LogRecord("a.b", logging.ERROR, "f", 1, "x\n%s", ("y",), None)
    made.__dict__.update(extra)
    return made


def test_a_record_is_one_line_of_json() -> None:
    line = JsonFormatter().format(record())
    entry = json.loads(line)
    assert "\n" not in line
    assert (entry["level"], entry["logger"]) == ("error", "a.b")
    assert entry["message"] == "x\ny"
    fields = json.loads(JsonFormatter().format(record(fields={"status": 200})))
    assert fields["status"] == 200
    assert "message" not in fields


def test_an_exception_is_in_the_record() -> None:
    fault = ValueError("why")
    line = JsonFormatter().format(record(exc_info=(ValueError, fault, None)))
    assert "ValueError: why" in json.loads(line)["exception"]


def test_every_logger_writes_json(capsys: pytest.CaptureFixture[str]) -> None:
    root = logging.getLogger()
    before, level = root.handlers[:], root.level
    try:
        configure_logging()
        logging.getLogger("any").warning("careful")
    finally:
        root.handlers[:] = before
        root.setLevel(level)
        logging.captureWarnings(capture=False)
    assert json.loads(capsys.readouterr().err)["message"] == "careful"


async def test_the_server_may_run_beside_others_in_a_thread() -> None:
    config = Config.model_validate({"gateway": {"listen": "127.0.0.1:0"}})
    told: list[str] = []
    factory = "tests.support.plain_app:broken"
    status = await asyncio.to_thread(
        serve, lambda: config, told.append, factory=factory
    )
    assert status == 1
    assert not told


def test_a_process_that_dies_again_and_again_is_replaced_later_each_time(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(time, "monotonic", lambda: 1000.0)
    with socket.create_server(("127.0.0.1", 0)) as listener, ExitStack() as stack:
        supervisor = Supervisor(Config(), listener, Starter("none:none"), stack, Config)
        place = supervisor._places[0]
        waits = []
        for _ in range(50):
            supervisor._put_off(place, answered=0.1)
            waits.append(place.start_at - 1000.0)
        supervisor._put_off(place, answered=60.0)
        assert place.start_at == 1000.0
    assert waits[:30] == [0.0] * 30  # as when somebody tries it by hand
    assert waits[30:34] == pytest.approx([0.1, 0.2, 0.4, 0.8])
    assert waits[40:] == [10.0] * 10
