"""An HTTP connection: uvicorn's protocol class with limits and zero-copy responses.

Beyond uvicorn's, it limits the time and the size of request headers and the number of
connections of an address, answers data that is not HTTP with one problem document, and
sends responses by `sending`. Both use undocumented names of uvicorn, so uvicorn's
version is pinned and ``tests/web/server`` tests the behaviour.
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
from uvicorn.protocols.http.flow_control import FlowControl
from uvicorn.protocols.http.httptools_impl import (
    HttpToolsProtocol,
    RequestResponseCycle,
)

from gatewright.core import errors
from gatewright.web.client_address import CONNECTIONS_PER_ADDRESS, TrustedProxies
from gatewright.web.middleware.hosts import ABSOLUTE_FORM
from gatewright.web.server.cold_files import ColdFiles
from gatewright.web.server.sending import Sending

_ABSOLUTE = re.compile(rb"[A-Za-z][A-Za-z0-9+.-]*://([^/?#]*)")
"""Beginning of a request target that names a host, as requests to a proxy have."""
_LOOPBACK = ("127.", "::1", "::ffff:127.")


@dataclass(frozen=True, slots=True)
class ConnectionLimits:
    """Limits of one connection, and of all connections of one address."""

    header_seconds: float = 10.0
    """Seconds within which a request's header must arrive, and for which the rest of a
    body is read after an early response."""
    header_bytes: int = 65_536
    """Largest header section, without the URL."""
    url_bytes: int = 32_768
    """Longest URL."""
    connections_per_address: int = CONNECTIONS_PER_ADDRESS
    """Most open connections of one address. Loopback and trusted proxies are exempt;
    requests through proxies are counted for their clients instead."""


@dataclass(slots=True)
class Shared:
    """State that all connections of one process share."""

    limits: ConnectionLimits = field(default_factory=ConnectionLimits)
    """Limits of the connections."""
    proxies: TrustedProxies = field(default_factory=lambda: TrustedProxies(()))
    """Proxies whose ``X-Forwarded-For`` header is believed."""
    addresses: Counter[str] = field(default_factory=Counter)
    """Number of open connections of each address."""
    cold: ColdFiles = field(default_factory=ColdFiles)
    """Threads that send files that are not in the page cache."""


class _RefusedError(Exception):
    """Stops the HTTP parser at a header that is refused."""


class _Flow(FlowControl):
    """Uvicorn's flow control, with an event only while writing is paused.

    The event takes 0.8 kB, and most connections never wait for it.
    """

    def __init__(self, transport: asyncio.Transport) -> None:
        self._transport = transport
        self.read_paused = False
        self.write_paused = False
        self._writable: asyncio.Event | None = None

    @override
    async def drain(self) -> None:
        if self._writable is not None:
            await self._writable.wait()

    @override
    def pause_writing(self) -> None:
        if self._writable is None:
            self.write_paused = True
            self._writable = asyncio.Event()

    @override
    def resume_writing(self) -> None:
        if self._writable is not None:
            self.write_paused = False
            self._writable.set()
            self._writable = None


class GatewayProtocol(HttpToolsProtocol):
    """One HTTP connection.

    Its attributes have slots: Python keeps those of the base class, up to thirty of
    them, in a compact form, which more attributes would turn into a dictionary.
    """

    __slots__ = (
        *("_address", "_dead", "_full", "_gone", "_header_bytes", "_in_header"),
        *("_limits", "_on_gone", "_refusal", "_running", "_shared", "_timer"),
    )

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
        self.flow = _Flow(transport)
        self._address = "" if self.client is None else self.client[0]
        self._shared.addresses[self._address] += 1
        if self._too_many():
            self._dead = True
            transport.abort()
        else:
            self._full = self._few_descriptors_left(transport)
            self._start_timer()

    @staticmethod
    def _few_descriptors_left(transport: asyncio.Transport) -> bool:
        """Return whether so many descriptors are open that few are left for files.

        A new descriptor gets the lowest free number. Connections may use the lower
        half; the upper half is for the files that requests open and send.
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
        """Set what to call when the client closes the connection; None removes it."""
        self._on_gone = callback

    async def drain(self) -> None:
        """Wait until the transport accepts more bytes."""
        await self.flow.drain()

    # The header's time and size

    @override
    def data_received(self, data: bytes) -> None:
        if self._dead:
            return
        super().data_received(data)
        if self.is_gone():
            return
        if self._in_header:
            # An unfinished header, whose bytes the parser holds in memory.
            self._header_bytes += len(data)
            if self._header_bytes > self._limits.header_bytes + self._limits.url_bytes:
                self._refuse(errors.HeadersTooLarge())
        if self._timer is None and (self._in_header or self._answered()):
            self._start_timer()

    def _answered(self) -> bool:
        return self._running is None or self._running.response_complete

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
        if self._running is not None:  # the first request's timer starts at connect
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
            self._refusal = errors.UriTooLong("The URL is longer than the limit.")
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
            # The host of the target replaces the Host header (RFC 9112, 3.2.2).
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
        """Send an error response and close, after any response that is being sent."""
        self._dead = True
        self._stop_timer()
        self.pipeline.clear()
        running = self._running
        if running is None or self._answered():
            self.transport.write(refusal(error))
        elif not running.more_body:
            running.keep_alive = False
            return
        elif not running.response_started:  # the body of this request is malformed
            self.transport.write(refusal(error))
        self.transport.close()

    @override
    def _unsupported_upgrade_warning(self) -> None:
        pass

    # Answers

    def linger(self) -> None:
        """Close the sending side of the connection, and keep reading for a while.

        A client that is still sending its body has not read the response yet, and would
        lose it if its data met a closed connection (RFC 9112, section 9.6).
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
        super()._start_asgi_task(cycle, Sending(self, cycle, app, self._shared.cold))


def refusal(error: errors.GatewayError) -> bytes:
    """Return the bytes of a whole error response, for a request that was not parsed."""
    body = json.dumps(
        {
            "type": f"about:blank#{error.code}",
            "title": error.title,
            "status": error.status,
            "code": error.code,
            "detail": error.text,
            "request_id": "",
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
