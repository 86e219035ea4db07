"""The outermost guard: an exception becomes an error's answer or a cut connection."""

import logging
from dataclasses import dataclass

from starlette.requests import Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from gatewright.core.errors import GatewayError
from gatewright.web.exchange import refusal
from gatewright.web.problems import as_gateway_error, known_within

_log = logging.getLogger("gatewright.errors")
_REFUSAL = "gatewright.refusal"


@dataclass(slots=True)
class _Refusal:
    """An error of the request's body, which no answer of the application may hide."""

    error: GatewayError | None = None
    """The error, when there was one."""


def refuse_body(scope: Scope, error: GatewayError) -> GatewayError:
    """Note an error in reading the body, and return it to be raised.

    Frameworks turn what is raised while they read a body into an answer of their own;
    the guard replaces that one.
    """
    refusal = scope.get(_REFUSAL)
    if refusal is not None:
        refusal.error = error
    return error


class ErrorGuard:
    """Answers an exception that nothing below has answered.

    Before the answer has begun it becomes an error in the form of the face that was
    asked, a problem document if it has none of its own (500 without its text); after
    that the answer is left where it is, and the server closes the connection, so that
    a part is never taken for the whole. What is no known error it is told of.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle one request."""
        guarded = _Guarded(scope, receive, send)
        scope[_REFUSAL] = guarded.refusal
        try:
            await self._app(scope, receive, guarded.send)
        except Exception as error:
            if guarded.ended:  # Starlette raises again what it has answered
                _log.error("internal error", exc_info=error)
                return
            if guarded.started:
                known = known_within(error)
                if known is None:
                    raise
                _log.warning("an answer is broken off: %s", known.text)
                return
            await guarded.answer(as_gateway_error(error, Request(scope)))


class _Guarded:
    """One request's answer, watched."""

    __slots__ = (
        "_receive",
        "_replaced",
        "_scope",
        "_send",
        "ended",
        "refusal",
        "started",
    )

    def __init__(self, scope: Scope, receive: Receive, send: Send) -> None:
        self._scope = scope
        self._receive = receive
        self._send = send
        self._replaced = False
        self.refusal = _Refusal()
        self.started = False
        self.ended = False

    async def send(self, message: Message) -> None:
        if self._replaced:
            return
        if not self.started and self.refusal.error is not None:
            self._replaced = True
            await self.answer(self.refusal.error)
            return
        began, self.started = self.started, True
        await self._send(message)
        self.ended = began and not message.get("more_body", False)

    async def answer(self, error: GatewayError) -> None:
        self.started = True
        response = refusal(error, Request(self._scope))
        await response(self._scope, self._receive, self._send)
        self.ended = True
