"""The outermost middleware: it wraps ``send`` once for every request.

`Answers` is the one wrapper of ``send`` that each request has. It adds the header
fields of all middleware in one pass, counts what is sent, and is the outermost guard:
whatever is raised below becomes an error's answer or a cut connection.
"""

import logging
import re
import time
from collections.abc import Callable, Sequence
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
"""Adds header fields to an answer whose status is known."""


class Watcher(Protocol):
    """Counts or logs requests."""

    def began(self, exchange: Exchange) -> None:
        """Note that a request came."""

    def ended(self, exchange: Exchange) -> None:
        """Note that a request was answered, or broke off."""


class Answers:
    """Makes the record of each request, and watches over its answer.

    Before an answer has begun an exception becomes an error in the form of the face
    that was asked (500 without its text if it is none of the gateway's); after that
    nothing more is sent and the server closes the connection, so that a part is never
    taken for the whole. An unknown error is raised again, for the server's log.

    Parameters
    ----------
    faces
        All faces, which say what of them is public, what are uploads, and how they
        tell errors.
    fields
        What adds header fields, in this order.
    watchers
        What counts and logs.
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
            exchange.inner = None  # the two scopes hold the record that holds them
            del scope[Exchange.KEY]


class _Answer:
    """One answer on its way out."""

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

    async def send(self, message: Message) -> None:
        exchange = self._exchange
        if self._replaced:
            return
        if exchange.refusal is not None and not exchange.status:
            self._replaced = True
            await self._answer(exchange.refusal)
            return
        await self._pass_on(message)

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
        """Answer what was raised; False if the server must be told of it."""
        exchange = self._exchange
        if exchange.ended:  # Starlette raises again what it has answered
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


def tell_request_id(fields: Fields, exchange: Exchange) -> None:
    """Add ``X-Request-Id``."""
    fields.put(b"x-request-id", exchange.request_id.encode())


def tell_time_taken(fields: Fields, exchange: Exchange) -> None:
    """Add ``Server-Timing: total;dur=`` in milliseconds (W3C Server Timing)."""
    value = b"total;dur=%.2f" % (exchange.seconds * 1000)
    fields.add(b"server-timing", value)


def tell_rate(fields: Fields, exchange: Exchange) -> None:
    """Add what is left of the caller's rate, unless the answer says so itself."""
    fields.set_if_missing(exchange.rate)
