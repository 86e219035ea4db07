"""Server-sent events: what happened, as it happens (WHATWG HTML, section 9.2)."""

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
from gatewright.web.departure import stopping_of, until_gone

HEARTBEAT_SECONDS = 15.0

_LINE_END = re.compile(r"\r\n|\r|\n")
_MAXIMUM_NUMBER = 2**63 - 1


@dataclass(frozen=True, slots=True)
class Message:
    """A message of a stream that is not of the event log."""

    data: str
    """The text; each of its lines becomes a line of the message."""
    kind: str = ""
    """Name of the event; empty for ``message``."""
    id: str = ""
    """What the client sends back as ``Last-Event-ID``."""


def encode_event(event: Event | Message) -> bytes:
    """Return an event's lines, with the empty line that ends them."""
    if isinstance(event, Message):
        message = event
    else:
        data = msgspec.json.encode(event_document(event)).decode()
        message = Message(data, event.kind, str(event.number))
    lines = [f"data: {line}" for line in _LINE_END.split(message.data)]
    if message.kind:
        lines.insert(0, f"event: {_one_line(message.kind)}")
    if message.id:
        lines.insert(0, f"id: {_one_line(message.id)}")
    return ("\n".join(lines) + "\n\n").encode("utf-8", "replace")


def _one_line(text: str) -> str:
    return _LINE_END.sub(" ", text).replace("\0", "")


def event_document(event: Event) -> dict[str, object]:
    """Return an event as the API shows it."""
    return {
        "id": event.number,
        "at": timestamp(event.at),
        "kind": event.kind,
        "subject": event.subject,
        "data": event.data,
    }


def last_event_id(connection: HTTPConnection) -> int | None:
    """Return the number in ``Last-Event-ID``, None when it was not sent.

    Raises
    ------
    InvalidRequest
        It is not a number that this gateway gave.
    """
    text = connection.headers.get("last-event-id", "").strip()
    if not text:
        return None
    if not (text.isascii() and text.isdigit() and len(text) < 20):
        raise InvalidRequest("“Last-Event-ID” is the id of an event that was sent.")
    return min(int(text), _MAXIMUM_NUMBER)


def event_stream(
    events: AsyncIterator[Event | Message | None],
    *,
    heartbeat: float = HEARTBEAT_SECONDS,
    headers: Mapping[str, str] | None = None,
) -> Response:
    """Return an answer that tells the events until the client goes.

    A None in the iterator is passed over. A comment goes out whenever nothing else
    has for ``heartbeat`` seconds, so that proxies keep the connection and a client
    that has gone is noticed. The stream ends, and the iterator is closed, when the
    client goes, the server stops or the iterator ends.
    """
    return _EventStream(events, heartbeat, headers)


_Events = AsyncGenerator[Event | Message | None, None]


class _EventStream(Response):
    media_type = "text/event-stream"

    def __init__(
        self,
        events: AsyncIterator[Event | Message | None],
        heartbeat: float,
        headers: Mapping[str, str] | None,
    ) -> None:
        self._events = events
        self._heartbeat = heartbeat
        super().__init__(None, headers=headers)
        del self.headers["content-length"]
        self.headers.setdefault("Cache-Control", "no-store")
        self.headers.setdefault("X-Accel-Buffering", "no")

    @override
    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await send(
            {
                "type": "http.response.start",
                "status": self.status_code,
                "headers": self.raw_headers,
            }
        )
        if scope["method"] != "HEAD":
            beats = _Heartbeats(send, self._heartbeat)
            try:
                await until_gone(receive, self._tell(beats), stopping_of(scope))
            finally:
                beats.stop()
        await send({"type": "http.response.body", "body": b"", "more_body": False})

    async def _tell(self, beats: "_Heartbeats") -> None:
        async with aclosing(cast("_Events", self._events)) as events:
            async for event in events:
                if event is not None:
                    await beats.write(encode_event(event))


class _Heartbeats:
    """Writes to a client, and a comment whenever nothing was written for a while.

    A timer costs a stream that waits less than a task does.
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
        await self._send(
            {"type": "http.response.body", "body": body, "more_body": True}
        )

    def _beat(self) -> None:
        # The last comment may wait for a client that reads nothing.
        if self._quiet and (self._beating is None or self._beating.done()):
            self._beating = asyncio.create_task(self.write(b": heartbeat\n\n"))
        self._quiet = True
        loop = asyncio.get_running_loop()
        self._timer = loop.call_later(self._seconds, self._beat)

    def stop(self) -> None:
        """Write no more."""
        self._timer.cancel()
        if self._beating is not None:
            self._beating.cancel()
