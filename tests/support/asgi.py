"""ASGI messages by hand: a request in, the answer's parts out."""

import asyncio
from collections.abc import Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import unquote

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Message, Receive, Scope, Send

Pair = tuple[bytes, bytes]


@dataclass(slots=True)
class Answer:
    """What an application sent."""

    messages: list[Message] = field(default_factory=list)
    """All messages, in order."""
    received: int = 0
    """Bytes of the body that came."""
    left: bool = False
    """Whether the client had enough before the end, and went."""

    @property
    def status(self) -> int:
        """Status of the answer, 0 when none began."""
        return int(self.messages[0]["status"]) if self.messages else 0

    @property
    def headers(self) -> Headers:
        """Header fields of the answer."""
        return Headers(raw=list(self.messages[0].get("headers", ())))

    @property
    def body(self) -> bytes:
        """Bytes of the answer."""
        return b"".join(m.get("body", b"") for m in self.messages[1:])

    @property
    def ended(self) -> bool:
        """Whether the answer came to its end."""
        return len(self.messages) > 1 and not self.messages[-1].get("more_body", False)

    @property
    def is_endless(self) -> bool:
        """Whether the answer is a stream of events."""
        return self.headers.get("content-type", "").startswith("text/event-stream")


def scope_of(
    method: str = "GET",
    target: str = "/",
    headers: Iterable[Pair] = (),
    *,
    client: str = "192.0.2.7",
) -> dict[str, Any]:
    """Return the scope of a request as the server makes it."""
    path, _, query = target.partition("?")
    return {
        "type": "http",
        "asgi": {"version": "3.0", "spec_version": "2.3"},
        "http_version": "1.1",
        "method": method,
        "scheme": "http",
        "path": unquote(path),
        "raw_path": path.encode("ascii", "surrogateescape"),
        "query_string": query.encode("ascii", "surrogateescape"),
        "root_path": "",
        "headers": [(b"host", b"127.0.0.1"), *headers],
        "client": (client, 50_000),
        "server": ("127.0.0.1", 8000),
        "state": {},
    }


async def ask(
    app: ASGIApp,
    scope: Scope,
    body: Sequence[bytes] = (),
    *,
    gone: bool = False,
    keep: int | None = None,
    enough: int | None = None,
    patience: float = 0.0,
) -> Answer:
    """Send a request, its body in parts, and return the answer.

    ``keep`` bounds what is kept of each part of the answer. The client goes when the
    answer has ended, is a stream of events or has brought ``enough`` bytes, or after
    ``patience`` seconds.
    """
    answer = Answer()
    parts = list(body) or [b""]

    told = asyncio.Event()

    async def receive() -> Message:
        if parts and not gone:
            part = parts.pop(0)
            more = bool(parts)
            return {"type": "http.request", "body": part, "more_body": more}
        with suppress(TimeoutError):
            await asyncio.wait_for(told.wait(), patience)
        return {"type": "http.disconnect"}

    async def send(message: Message) -> None:
        answer.messages.append(dict(message))
        if keep is not None and message["type"] == "http.response.body":
            answer.messages[-1]["body"] = bytes(message.get("body", b"")[:keep])
            del answer.messages[1:-1]
        answer.received += len(message.get("body", b""))
        if enough is not None and answer.received >= enough and not answer.ended:
            answer.left = True
        if answer.ended or answer.is_endless or answer.left:
            told.set()

    await app(scope, receive, send)
    return answer


def constant(
    body: bytes = b"ok", status: int = 200, headers: Iterable[Pair] = ()
) -> ASGIApp:
    """Return an application that reads its body and answers always the same."""
    fields = list(headers)

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        while (await receive()).get("more_body", False):
            pass
        start = {"type": "http.response.start", "status": status, "headers": fields}
        await send(dict(start, headers=list(fields)))
        await send({"type": "http.response.body", "body": body})

    return app


def failing(error: BaseException, *, started: bool = False) -> ASGIApp:
    """Return an application that raises, before or within its answer."""

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        if started:
            await send({"type": "http.response.start", "status": 200, "headers": []})
            await send({"type": "http.response.body", "body": b"a", "more_body": True})
        raise error

    return app
