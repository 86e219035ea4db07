"""The outermost middleware, which wraps ``send`` once for every request.

`Answers` adds the headers of all middleware in one pass, counts what is sent, and
handles whatever is raised below it: it sends an error response, or breaks the
connection if the response has begun.
"""

import logging
import re
import time
from collections.abc import Awaitable, Callable, Sequence
from typing import Protocol

from starlette.requests import Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from gatewright.core.errors import GatewayError
from gatewright.core.ids import new_id
from gatewright.web.exchange import Exchange, refusal
from gatewright.web.face import Faces
from gatewright.web.fields import Fields
from gatewright.web.problems import (
    REQUEST_ID_KEY,
    as_gateway_error,
    known_within,
)

_SANE = re.compile(rb"[A-Za-z0-9][A-Za-z0-9._-]{7,63}")
_log = logging.getLogger("gatewright.errors")

AddFields = Callable[[Fields, Exchange], None]
"""Adds headers to a response whose status is known."""


class Watcher(Protocol):
    """Counts or logs requests."""

    def began(self, exchange: Exchange) -> None:
        """Note that a request has begun."""

    def ended(self, exchange: Exchange) -> None:
        """Note that a request has ended, with a response or broken off."""


class Answers:
    """ASGI middleware that creates each request's `Exchange` and guards its response.

    An exception before the response has begun becomes an error response in the form of
    the face that has the path; errors that are not of the gateway's tree become 500
    without their text. After that nothing more is sent and the server closes the
    connection, so that the client does not take a part for the whole. Unknown errors
    are raised again for the server's log.

    Parameters
    ----------
    faces
        All faces, which say what content is public, which bodies are uploads, and how
        errors are rendered.
    fields
        Functions that add headers, called in this order.
    watchers
        Objects that count and log requests.
    """

    def __init__(
        self,
        app: ASGIApp,
        faces: Faces | None = None,
        *,
        fields: Sequence[AddFields] = (),
        watchers: Sequence[Watcher] = (),
    ) -> None:
        self._app = app
        self._faces = faces or Faces(())
        self._fields = tuple(fields)
        self._watchers = tuple(watchers)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle one request."""
        request_id = new_id()
        for name, value in scope["headers"]:
            if name == b"x-request-id" and _SANE.fullmatch(value):
                request_id = str(value, "ascii")
                break
        exchange = scope[Exchange.KEY] = Exchange(scope, request_id)
        scope[REQUEST_ID_KEY] = request_id
        path = scope["path"]
        face = self._faces.at(path)
        if face is not None:
            exchange.render = face.error
            exchange.public = face.is_public(path)
            exchange.open = face.is_open(path)
            exchange.upload = face.is_upload(scope["method"], path)
        answer = _Answer(exchange, receive, send, self._fields)
        for watcher in self._watchers:
            watcher.began(exchange)
        try:
            await self._app(scope, receive, answer.send)
        except Exception as error:
            if not await answer.take(error):
                raise
        finally:
            for watcher in self._watchers:
                watcher.ended(exchange)
            exchange.inner = None  # breaks reference cycles with the scopes
            del scope[Exchange.KEY]


class _Answer:
    """The response to one request while it is sent."""

    __slots__ = ("_exchange", "_fields", "_receive", "_replaced", "_send")

    def __init__(
        self,
        exchange: Exchange,
        receive: Receive,
        send: Send,
        fields: Sequence[AddFields],
    ) -> None:
        self._exchange = exchange
        self._receive = receive
        self._send = send
        self._fields = fields
        self._replaced = False

    def send(self, message: Message) -> Awaitable[None]:
        if self._exchange.refusal is None:
            return self._pass_on(message)
        return self._pass_on_or_refuse(message, self._exchange.refusal)

    async def _pass_on_or_refuse(self, message: Message, refusal: GatewayError) -> None:
        if self._replaced:
            return
        if self._exchange.status:
            await self._pass_on(message)
        else:
            self._replaced = True
            await self._answer(refusal)

    async def _pass_on(self, message: Message) -> None:
        exchange = self._exchange
        if message["type"] == "http.response.start":
            exchange.status = message["status"]
            exchange.seconds = time.perf_counter() - exchange.began
            fields = Fields(message.get("headers", ()))
            for add in self._fields:
                add(fields, exchange)
            await self._send({**message, "headers": fields.finished()})
            return
        await self._send(message)
        exchange.size += len(message.get("body", b"")) + message.get("count", 0)
        exchange.ended = not message.get("more_body", False)

    async def take(self, error: Exception) -> bool:
        """Send the error response for an exception; False if the server must log it."""
        exchange = self._exchange
        if exchange.ended:  # Starlette raises an exception again after handling it
            _log.error("internal error", exc_info=error)
            return True
        if exchange.status:
            known = known_within(error)
            if known is not None:
                _log.warning("an answer is broken off: %s", known.text)
            return known is not None
        await self._answer(as_gateway_error(error, Request(exchange.scope)))
        return True

    async def _answer(self, error: GatewayError) -> None:
        scope = self._exchange.scope
        response = refusal(error, Request(scope))
        await response(scope, self._receive, self._pass_on)


def add_request_id(fields: Fields, exchange: Exchange) -> None:
    """Add ``X-Request-Id``."""
    fields.put(b"x-request-id", exchange.request_id.encode())


def add_time_taken(fields: Fields, exchange: Exchange) -> None:
    """Add ``Server-Timing: total;dur=`` in milliseconds (W3C Server Timing)."""
    value = b"total;dur=%.2f" % (exchange.seconds * 1000)
    fields.add(b"server-timing", value)


def add_rate_limit(fields: Fields, exchange: Exchange) -> None:
    """Add the rate limit's headers, unless the response has them already."""
    fields.set_if_missing(exchange.rate)
