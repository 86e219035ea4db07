"""Answers that count among those of their user until they have been sent."""

from contextlib import AbstractContextManager

from starlette.requests import Request
from starlette.responses import Response
from starlette.types import Receive, Scope, Send
from typing_extensions import override

from gatewright.core.turns import Turn, Turns
from gatewright.web.client_address import client_address
from gatewright.web.context import request_context


def turn_of(request: Request, turns: Turns) -> Turn:
    """Take a turn for who asks; visitors' turns count for their address.

    Raises
    ------
    TooManyRequests
        They have as many as they may.
    """
    user = request_context(request).caller.user
    return turns.take(user or f"address {client_address(request.scope)}")


class Counted(Response):
    """Another answer, whose turn is given back when it has been sent, or has failed."""

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
