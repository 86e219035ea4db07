"""Responses that count as in progress for their user until they are sent."""

from contextlib import AbstractContextManager

from starlette.requests import Request
from starlette.responses import Response
from starlette.types import Receive, Scope, Send
from typing_extensions import override

from gatewright.core.turns import Turn, Turns
from gatewright.web.client_address import client_address
from gatewright.web.context import request_context


def turn_of(request: Request, turns: Turns) -> Turn:
    """Count an operation as in progress for the caller until the turn is given back.

    Visitors are counted by their address.

    Raises
    ------
    TooManyRequests
        The caller has as many operations in progress as allowed.
    """
    user = request_context(request).caller.user
    return turns.take(user or f"address {client_address(request.scope)}")


class Counted(Response):
    """A response that gives a turn back when it has been sent or has failed."""

    def __init__(self, answer: Response, turn: AbstractContextManager[object]) -> None:
        self.status_code = answer.status_code
        self.raw_headers = answer.raw_headers
        self.background = None
        self._answer = answer
        self._turn = turn

    @override
    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        with self._turn:
            await self._answer(scope, receive, send)
