"""Server-sent events (WHATWG HTML, section 9.2)."""

import asyncio
import re
from collections.abc import AsyncGenerator, AsyncIterator, Mapping
from contextlib import aclosing
from dataclasses import dataclass
from typing import cast

import msgspec
from starlette.requests import HTTPConnection
from starlette.responses import Response
from starlette.types import Receive, Scope, Send
from typing_extensions import override

from gatewright.core.clock import timestamp
from gatewright.core.errors import InvalidRequest
from gatewright.core.events import Event
from gatewright.web.disconnect import stopping_of, until_gone
from gatewright.web.live import LiveResponse, body_message

HEARTBEAT_SECONDS = 15.0

_LINE_END = re.compile(r"\r\n|\r|\n")
_MAXIMUM_NUMBER = 2**63 - 1


@dataclass(frozen=True, slots=True)
class Message:
    """A server-sent event that does not come from the event log."""

    data: str
    """The text; each of its lines becomes one ``data`` line."""
    kind: str = ""
    """Type of the event (``event`` line); empty for the default, ``message``."""
    id: str = ""
    """Id that the client sends back as ``Last-Event-ID`` when it reconnects; may be
    empty."""


def encode_event(event: Event | Message) -> bytes:
    """Return an event in the wire format, with the empty line that ends it."""
    if isinstance(event, Message):
        message = event
    else:
        shown = {
            "id": event.number,
            "at": timestamp(event.at),
            "kind": event.kind,
            "subject": event.subject,
            "data": event.data,
        }
        data = msgspec.json.encode(shown).decode()
        message = Message(data, event.kind, str(event.number))
    lines = [f"data: {line}" for line in _LINE_END.split(message.data)]
    if message.kind:
        lines.insert(0, f"event: {_one_line(message.kind)}")
    if message.id:
        lines.insert(0, f"id: {_one_line(message.id)}")
    return ("\n".join(lines) + "\n\n").encode("utf-8", "replace")


def _one_line(text: str) -> str:
    return _LINE_END.sub(" ", text).replace("\0", "")


def last_event_id(connection: HTTPConnection) -> int | None:
    """Return the event number in ``Last-Event-ID``, or None if it was not sent.

    Raises
    ------
    InvalidRequest
        The header is not a number.
    """
    text = connection.headers.get("last-event-id", "").strip()
    if not text:
        return None
    if not (text.isascii() and text.isdigit() and len(text) < 20):
        raise InvalidRequest("“Last-Event-ID” must be the id of an event.")
    return min(int(text), _MAXIMUM_NUMBER)


def event_stream(
    events: AsyncIterator[Event | Message | None],
    *,
    heartbeat: float = HEARTBEAT_SECONDS,
    headers: Mapping[str, str] | None = None,
) -> Response:
    """Return a response that sends events until the client disconnects.

    A None in the iterator is skipped. Whenever nothing was sent for ``heartbeat``
    seconds a comment is sent, so that proxies keep the connection open and a client
    that has gone is noticed. The stream ends, and the iterator is closed, when the
    client disconnects, the server stops or the iterator ends.
    """
    return _EventStream(events, heartbeat, headers)


_Events = AsyncGenerator[Event | Message | None, None]


class _EventStream(LiveResponse):
    def __init__(
        self,
        events: AsyncIterator[Event | Message | None],
        heartbeat: float,
        headers: Mapping[str, str] | None,
    ) -> None:
        self._events = events
        self._heartbeat = heartbeat
        super().__init__("text/event-stream", headers)

    @override
    async def produce(self, scope: Scope, receive: Receive, send: Send) -> bool:
        beats = _Heartbeats(send, self._heartbeat)

        async def send_events() -> None:
            async with aclosing(cast("_Events", self._events)) as events:
                async for event in events:
                    if event is not None:
                        await beats.write(encode_event(event))

        try:
            await until_gone(receive, send_events(), stopping_of(scope))
        finally:
            beats.stop()
        return True


class _Heartbeats:
    """Writes to a client, and sends a comment whenever nothing was written for a while.

    It uses a timer, which costs an idle stream less than a task.
    """

    __slots__ = ("_beating", "_quiet", "_seconds", "_send", "_timer")

    def __init__(self, send: Send, seconds: float) -> None:
        self._send = send
        self._seconds = seconds
        self._quiet = True
        self._beating: asyncio.Task[None] | None = None
        self._timer = asyncio.get_running_loop().call_later(seconds, self._beat)

    async def write(self, body: bytes) -> None:
        """Send a part of the stream."""
        self._quiet = False
        await self._send(body_message(body))

    def _beat(self) -> None:
        # The last comment may still wait for a slow client.
        if self._quiet and (self._beating is None or self._beating.done()):
            self._beating = asyncio.create_task(self.write(b": heartbeat\n\n"))
        self._quiet = True
        loop = asyncio.get_running_loop()
        self._timer = loop.call_later(self._seconds, self._beat)

    def stop(self) -> None:
        """Cancel the timer and a comment that is being sent."""
        self._timer.cancel()
        if self._beating is not None:
            self._beating.cancel()
