import logging
from collections.abc import AsyncIterator
from contextlib import nullcontext

import pytest
from fastapi import FastAPI, Request
from starlette.responses import Response
from starlette.types import Message, Receive, Scope, Send
from tests.support.asgi import ask, constant, failing, scope_of

from gatewright.core.errors import GatewayError, NotFound, TooLarge, Unavailable
from gatewright.web.exchange import refuse_body
from gatewright.web.live import live_response
from gatewright.web.middleware.answers import Answers
from gatewright.web.problems import exception_handlers


async def test_an_unknown_error_is_a_problem_without_its_text(
    caplog: pytest.LogCaptureFixture,
) -> None:
    with caplog.at_level(logging.ERROR):
        answer = await ask(Answers(failing(OSError("/etc/secret"))), scope_of())
    assert answer.status == 500
    assert answer.headers["content-type"] == "application/problem+json"
    assert b"secret" not in answer.body
    assert "secret" in caplog.text


async def test_an_error_of_the_tree_keeps_its_status() -> None:
    answer = await ask(Answers(failing(NotFound("No such thing."))), scope_of())
    assert answer.status == 404
    assert b"No such thing." in answer.body


async def test_an_error_within_the_answer_reaches_the_server() -> None:
    """The server then closes the connection; a normal end would be a lie."""
    with pytest.raises(OSError, match="disk"):
        await ask(Answers(failing(OSError("disk"), started=True)), scope_of())


@pytest.mark.parametrize("error", [Unavailable("The server stops."), GatewayError()])
async def test_an_answer_is_broken_off_for_a_known_error_without_a_traceback(
    error: GatewayError, caplog: pytest.LogCaptureFixture
) -> None:
    inner = FastAPI(exception_handlers=exception_handlers())

    async def pieces() -> AsyncIterator[bytes]:
        yield b"a part"
        raise error

    @inner.get("/")
    async def give() -> Response:
        return live_response(pieces(), "text/plain")

    known = error.status != 500
    with nullcontext() if known else pytest.raises(RuntimeError):
        answer = await ask(Answers(inner), scope_of())
        assert (answer.body, answer.ended) == (b"a part", False)
    assert known is all(record.exc_info is None for record in caplog.records)
    assert ("broken off: The server" in caplog.text) is known


async def test_an_error_of_the_body_wins_over_the_frameworks_answer() -> None:
    inner = FastAPI()

    @inner.post("/")
    async def take(request: Request, body: dict[str, int]) -> None: ...

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        async def too_much() -> Message:
            raise refuse_body(scope, TooLarge("Too much."))

        await inner(scope, too_much, send)

    fields = [(b"content-type", b"application/json")]
    answer = await ask(Answers(app), scope_of("POST", "/", fields), [b"{}"])
    assert answer.status == 413
    assert answer.ended


async def test_a_client_that_goes_within_the_body_is_no_fault_of_ours(
    caplog: pytest.LogCaptureFixture,
) -> None:
    inner = FastAPI(exception_handlers=exception_handlers())

    @inner.put("/")
    async def take(request: Request) -> None:
        await request.body()

    fields = [(b"content-length", b"9")]
    answer = await ask(Answers(inner), scope_of("PUT", "/", fields), gone=True)
    assert answer.status == 400
    assert not caplog.records


async def test_a_good_answer_passes() -> None:
    answer = await ask(Answers(constant(b"fine")), scope_of())
    assert (answer.status, answer.body) == (200, b"fine")


def test_an_error_of_the_body_without_a_guard_is_only_returned() -> None:
    error = TooLarge()
    assert refuse_body({}, error) is error
