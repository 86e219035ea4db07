"""Responses that count as in progress for their user until they are sent."""

from contextlib import AbstractContextManager

from starlette.requests import Request
from starlette.responses import Response
from starlette.types import Receive, Scope, Send
from typing_extensions import override

from gatewright.core.concurrency import ConcurrencyLimit, Slot
from gatewright.web.client_address import client_address
from gatewright.web.context import request_context


def slot_of(request: Request, limit: ConcurrencyLimit) -> Slot:
    """Count an operation as in progress for the caller until the slot is released.

    Visitors are counted by their address.

    Raises
    ------
    TooManyRequests
        The caller has as many operations in progress as allowed.
    """
    user = request_context(request).caller.user
    return limit.acquire(user or f"address {client_address(request.scope)}")


class Counted(Response):
    """A response that releases a slot when it has been sent or has failed."""

    def __init__(self, answer: Response, slot: AbstractContextManager[object]) -> None:
        self.status_code = answer.status_code
        self.raw_headers = answer.raw_headers
        self.background = None
        self._answer = answer
        self._slot = slot

    @override
    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        with self._slot:
            await self._answer(scope, receive, send)
