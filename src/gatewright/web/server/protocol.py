"""One connection of the server: uvicorn's protocol with what it lacks.

Beyond uvicorn's: a request's header has to arrive in time and below a size, an address
has no more than so many connections, what is not HTTP is answered once as a problem
document, and an answer can be sent from a file (``zero_copy``). It leans on names of
uvicorn that are not documented, so uvicorn's version is pinned and
``tests/web/server`` holds its behaviour.
"""

import asyncio
import json
import math
import re
import resource
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Any

from typing_extensions import override
from uvicorn.protocols.http.httptools_impl import (
    HttpToolsProtocol,
    RequestResponseCycle,
)

from gatewright.core import errors
from gatewright.web.client_address import CONNECTIONS_PER_ADDRESS, TrustedProxies
from gatewright.web.middleware.hosts import ABSOLUTE_FORM
from gatewright.web.server.cold_files import ColdFiles
from gatewright.web.server.zero_copy import (
    TruncatedFileError,
    ZeroCopy,
    span,
)

EXTENSION = "http.response.zerocopysend"
_ABSOLUTE = re.compile(rb"[A-Za-z][A-Za-z0-9+.-]*://([^/?#]*)")
"""The beginning of a target that names a host, as requests to a proxy do."""
_LOOPBACK = ("127.", "::1", "::ffff:127.")


@dataclass(frozen=True, slots=True)
class ConnectionLimits:
    """Bounds on one connection, and on those of one address."""

    header_seconds: float = 10.0
    """Time for a request's header to arrive, and for what is left of a body that was
    answered before its end."""
    header_bytes: int = 65_536
    """Largest header section without the URL."""
    url_bytes: int = 32_768
    """Longest URL."""
    connections_per_address: int = CONNECTIONS_PER_ADDRESS
    """Open connections of one address, but for this machine's own and for those of
    trusted proxies, whose requests are counted for their clients."""


@dataclass(slots=True)
class Shared:
    """What the connections of one process share."""

    limits: ConnectionLimits = field(default_factory=ConnectionLimits)
    """Their bounds."""
    proxies: TrustedProxies = field(default_factory=lambda: TrustedProxies(()))
    """Who is believed when it says from whom a request comes."""
    addresses: Counter[str] = field(default_factory=Counter)
    """Open connections of each address."""
    cold: ColdFiles = field(default_factory=ColdFiles)
    """Threads for files that are not in memory."""


class _RefusedError(Exception):
    """Ends the parser's work on a header that is refused."""


class GatewayProtocol(HttpToolsProtocol):
    """One connection."""

    def __init__(self, shared: Shared, **given: Any) -> None:
        super().__init__(**given)
        self._shared = shared
        self._limits = shared.limits
        self._timer: asyncio.TimerHandle | None = None
        self._in_header = False
        self._header_bytes = 0
        self._dead = False
        self._full = False
        self._refusal: errors.GatewayError | None = None
        self._on_gone: Callable[[], None] | None = None
        self._gone = False
        self._address = ""
        self._running: RequestResponseCycle | None = None

    # The connection

    @override
    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        self._address = "" if self.client is None else self.client[0]
        self._shared.addresses[self._address] += 1
        if self._too_many():
            self._dead = True
            transport.abort()
        else:
            self._full = self._takes_a_file_s_place(transport)
            self._start_timer()

    @staticmethod
    def _takes_a_file_s_place(transport: asyncio.Transport) -> bool:
        """Return whether so much is open that files could soon not be.

        A new descriptor is the lowest that is free. Connections have the lower half:
        each of them may open files, and one more to send them.
        """
        most, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
        own = transport.get_extra_info("socket")
        return own is not None and own.fileno() >= most // 2

    def _too_many(self) -> bool:
        if not self._address or self._address.startswith(_LOOPBACK):
            return False
        if self._shared.proxies.trusts(self._address):
            return False
        count = self._shared.addresses[self._address]
        return count > self._limits.connections_per_address

    @override
    def connection_lost(self, exc: Exception | None) -> None:
        self._gone = True
        self._stop_timer()
        self._shared.addresses[self._address] -= 1
        if not self._shared.addresses[self._address]:
            del self._shared.addresses[self._address]
        if self._on_gone is not None:
            self._on_gone()
        if self._running is not None and not self._running.response_complete:
            self._running.disconnected = True
            self._running.message_event.set()
        super().connection_lost(exc)

    def is_gone(self) -> bool:
        """Return whether the client has closed the connection."""
        return self._gone or self.transport.is_closing()

    def on_gone(self, callback: Callable[[], None] | None) -> None:
        """Call back when the client closes the connection; None takes it back."""
        self._on_gone = callback

    async def drain(self) -> None:
        """Wait until the transport takes more bytes."""
        await self.flow.drain()

    # The header's time and size

    @override
    def data_received(self, data: bytes) -> None:
        if self._dead:
            return
        super().data_received(data)
        if not self.is_gone():
            self._watch_header(len(data))

    def _watch_header(self, size: int) -> None:
        """Bound the header that has not ended, and what follows an answer."""
        if self._in_header:
            self._count(size)
        if self._timer is None and (self._in_header or self._answered()):
            self._start_timer()

    def _answered(self) -> bool:
        return self._running is None or self._running.response_complete

    def _count(self, size: int) -> None:
        """Bound what the parser holds of a header that has not ended."""
        self._header_bytes += size
        if self._header_bytes > self._limits.header_bytes + self._limits.url_bytes:
            self._refuse(errors.HeadersTooLarge())

    def _start_timer(self) -> None:
        self._stop_timer()
        self._timer = self.loop.call_later(self._limits.header_seconds, self._expire)

    def _stop_timer(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _expire(self) -> None:
        self._timer = None
        if not self._answered():
            self._start_timer()
        elif self._in_header:
            self._refuse(errors.RequestTimeout("The header did not arrive in time."))
        else:
            self.transport.close()

    @override
    def on_message_begin(self) -> None:
        super().on_message_begin()
        self._in_header = True
        self._header_bytes = 0
        if self._running is not None:  # else the timer runs from the connection on
            self._stop_timer()

    @override
    def on_url(self, url: bytes) -> None:
        super().on_url(url)
        if self._full:
            self._refusal = errors.Unavailable(
                "The gateway has too many connections open. Try again soon."
            )
            raise _RefusedError
        if len(self.url) > self._limits.url_bytes:
            self._refusal = errors.UriTooLong("The URL is longer than is read here.")
            raise _RefusedError

    @override
    def on_header(self, name: bytes, value: bytes) -> None:
        self._header_bytes += len(name) + len(value) + 4
        if self._header_bytes > self._limits.header_bytes:
            self._refusal = errors.HeadersTooLarge()
            raise _RefusedError
        super().on_header(name, value)

    @override
    def on_headers_complete(self) -> None:
        self._in_header = False
        self._header_bytes = 0
        self._stop_timer()
        absolute = _ABSOLUTE.match(self.url)
        if absolute is not None:
            # RFC 9112, section 3.2.2: its host counts, and not the field's.
            self.scope[ABSOLUTE_FORM] = True  # type: ignore[literal-required]
            rest = self.url[absolute.end() :]
            self.url = rest if rest.startswith(b"/") else b"/" + rest
            for number, (name, _) in enumerate(self.headers):
                if name == b"host":
                    self.headers[number] = (name, absolute[1])
            if b"host" not in dict(self.headers):
                self.headers.append((b"host", absolute[1]))
        super().on_headers_complete()

    # What is not HTTP

    @override
    def send_400_response(self, msg: str) -> None:
        self._refuse(self._refusal or errors.InvalidRequest("This is not HTTP/1.1."))

    def _refuse(self, error: errors.GatewayError) -> None:
        """Answer with an error and close; an answer under way is finished first."""
        self._dead = True
        self._stop_timer()
        self.pipeline.clear()
        running = self._running
        if running is None or self._answered():
            self.transport.write(refusal(error))
        elif not running.more_body:
            running.keep_alive = False
            return
        elif not running.response_started:  # its own body is broken
            self.transport.write(refusal(error))
        self.transport.close()

    @override
    def _unsupported_upgrade_warning(self) -> None:
        pass

    # Answers

    def linger(self) -> None:
        """Close the connection from this side, and read on for a while.

        A client that still sends its body has not read the answer yet, and would lose
        it if what it sends met a closed connection (RFC 9112, section 9.6).
        """
        self._dead = True
        self._unset_keepalive_if_required()
        self._stop_timer()
        if not self.is_gone():
            self.transport.write_eof()
            seconds = self._limits.header_seconds
            self._timer = self.loop.call_later(seconds, self.transport.close)

    @override
    def _start_asgi_task(self, cycle: RequestResponseCycle, app: Any) -> None:
        self._running = cycle
        super()._start_asgi_task(cycle, _Extended(self, cycle, app, self._shared.cold))


class _Extended:
    """The application, with the zero-copy extension in its scope."""

    __slots__ = ("_app", "_cold", "_cycle", "_protocol")

    def __init__(
        self,
        protocol: GatewayProtocol,
        cycle: RequestResponseCycle,
        app: Any,
        cold: ColdFiles,
    ) -> None:
        self._protocol = protocol
        self._cycle = cycle
        self._app = app
        self._cold = cold

    def __call__(self, scope: Any, receive: Any, send: Any) -> Any:
        scope["extensions"] = {EXTENSION: {}}
        return self._app(scope, receive, self._send)

    def _send(self, message: Any) -> Any:
        if message["type"] == EXTENSION:
            return self._send_file(message)
        if self._ends_too_early(message):
            return self._send_and_linger(message)
        return self._cycle.send(message)

    async def _send_and_linger(self, message: Any) -> None:
        self._cycle.keep_alive = True  # else the connection is closed at once
        await self._cycle.send(message)
        self._protocol.linger()

    def _ends_too_early(self, message: Any) -> bool:
        """Return whether the connection ends with this, before the request's body."""
        cycle = self._cycle
        return (
            message["type"] == "http.response.body"
            and not message.get("more_body", False)
            and cycle.response_started
            and cycle.more_body
            and not cycle.keep_alive
        )

    async def _send_file(self, message: Any) -> None:
        cycle = self._cycle
        file, offset, count = span(message)
        more_body = message.get("more_body", False)
        if cycle.scope["method"] != "HEAD" and not cycle.disconnected:
            self._claim(count)
            try:
                await ZeroCopy(self._protocol, self._cold).send(file, offset, count)
            except TruncatedFileError:
                self._cut(offset)
                return
        if self._protocol.is_gone():
            cycle.disconnected = True
        else:
            await self._send({"type": "http.response.body", "more_body": more_body})

    def _claim(self, count: int) -> None:
        """Count bytes against the answer's ``Content-Length``."""
        cycle = self._cycle
        if not cycle.response_started or cycle.chunked_encoding is not False:
            raise RuntimeError("A file is sent after a start with Content-Length.")
        if count > cycle.expected_content_length:
            raise RuntimeError("The file is longer than Content-Length.")
        cycle.expected_content_length -= count

    def _cut(self, offset: int) -> None:
        """Close the connection, so that a part is not taken for the whole."""
        self._cycle.disconnected = True
        self._cycle.logger.warning("A file shrank while it was sent (at %d).", offset)
        self._protocol.transport.abort()


def refusal(error: errors.GatewayError) -> bytes:
    """Return the whole answer to a request that was not read."""
    body = json.dumps(
        {
            "type": f"about:blank#{error.code}",
            "title": error.title,
            "status": error.status,
            "code": error.code,
            "detail": error.text,
        }
    )
    seconds = math.ceil(error.retry_after or 1)
    again = f"Retry-After: {seconds}\r\n" if error.transient else ""
    head = (
        f"HTTP/1.1 {error.status} {HTTPStatus(error.status).phrase}\r\n"
        "Content-Type: application/problem+json\r\n"
        f"{again}"
        f"Content-Length: {len(body)}\r\n"
        "Connection: close\r\n\r\n"
    )
    return (head + body).encode("ascii")
