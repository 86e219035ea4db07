"""Ends long requests when the session or token of their caller has ended.

A request is authenticated once, and may run for days. When the token was revoked, the
session ended, or the account's role or groups changed:

* a response that waits for the client's disconnect is told that the client has
  disconnected. This concerns event streams and other followed streams, DAP data, and
  all files and ranges (``web.bytes``). An event stream then ends; others lose their
  connection, so that the client does not take a part for the whole;
* a body that is still arriving is refused (401), so that an upload does not become a
  file;
* a response that was computed before it is sent, and a running command, are finished.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from contextlib import suppress

from starlette.types import Message, Receive, Scope

from gatewright.core.errors import GatewayError, NotSignedIn
from gatewright.web.exchange import exchange_of, refuse_body
from gatewright.web.middleware.timeouts import has_body

_log = logging.getLogger(__name__)

CHECK_SECONDS = 30.0
"""Longest time in seconds that a request may outlast its credentials."""


class UntilSignedOut:
    """ASGI ``receive`` that reports a disconnect when the caller's credentials end.

    Parameters
    ----------
    scope
        Scope of the request.
    receive
        The server's ``receive``.
    still
        Returns whether the credentials are still valid. If it fails with an error of
        the gateway, they count as valid.
    """

    __slots__ = ("_check_at", "_loop", "_more", "_receive", "_scope", "_still")

    def __init__(
        self, scope: Scope, receive: Receive, still: Callable[[], Awaitable[bool]]
    ) -> None:
        self._scope = scope
        self._receive = receive
        self._still = still
        self._loop = asyncio.get_running_loop()
        self._check_at = self._loop.time() + CHECK_SECONDS
        self._more = has_body(scope)

    async def __call__(self) -> Message:
        """Return the next message, ``http.disconnect`` when the credentials ended.

        Raises
        ------
        NotSignedIn
            The credentials ended before the end of the body.
        """
        while await self._holds():
            if self._more:  # ``BodyTimeout``, further out, limits the pauses
                message = await self._receive()
                self._more = message.get("more_body", False)
                return message
            # Only the disconnect is still to come, and the server reports it again.
            with suppress(TimeoutError):
                async with asyncio.timeout_at(self._check_at):
                    return await self._receive()
        request_id = exchange_of(self._scope).request_id
        _log.info("a request outlasted its credentials, and is ended: %s", request_id)
        if self._more:
            error = NotSignedIn(
                "What this request was signed in with ended before its body did. Sign "
                "in, or take another token, and send it again.",
                headers={"Connection": "close"},
            )
            raise refuse_body(self._scope, error)
        return {"type": "http.disconnect"}

    async def _holds(self) -> bool:
        """Return whether the credentials are valid, checked every 30 seconds."""
        if self._loop.time() < self._check_at:
            return True
        try:
            holds = await self._still()
        except GatewayError:
            holds = True
        if holds:
            self._check_at = self._loop.time() + CHECK_SECONDS
        return holds
