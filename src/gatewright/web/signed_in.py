"""Ends long requests when the session or token of their caller has ended.

A request is authenticated once, and may go on for days. When the token was revoked, the
session ended, or the account's role or groups changed,

* an answer that waits for the client to go is told that it has: server-sent events and
  other streams that are followed, DAP data, and every file and range, whether it is
  sent in blocks or by ``zero_copy`` (``web.bytes``). A stream of events then ends; all
  others lose their connection, so that a part is never taken for the whole;
* a body that still comes in is refused (401), so that an upload does not end as a file;
* an answer that is made before it is sent, and a command that was begun, are finished.
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
"""How long a request may outlast its credentials."""


class UntilSignedOut:
    """Receives as the server does, until the caller is no longer signed in.

    Parameters
    ----------
    scope
        The request's.
    receive
        The server's.
    still
        Whether the credentials hold; where that cannot be told they do.
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
        """Return the next message of the server's, or that the client has gone.

        Raises
        ------
        NotSignedIn
            The credentials ended within the body.
        """
        while await self._holds():
            if self._more:  # its pauses are bounded by ``BodyTimeout``, further out
                message = await self._receive()
                self._more = message.get("more_body", False)
                return message
            # Only the end is still waited for, which the server tells again.
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
        """Return whether the credentials are still good, asked now and then."""
        if self._loop.time() < self._check_at:
            return True
        try:
            holds = await self._still()
        except GatewayError:
            holds = True
        if holds:
            self._check_at = self._loop.time() + CHECK_SECONDS
        return holds
