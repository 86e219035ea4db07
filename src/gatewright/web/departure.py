"""Clients that go away before their answer is whole."""

import asyncio
from collections.abc import Coroutine
from typing import Any, TypeVar

from starlette.requests import Request
from starlette.types import Receive

from gatewright.core.errors import InvalidRequest

T = TypeVar("T")


async def gone(receive: Receive) -> None:
    """Return when the client has gone; what is left of its request is dropped."""
    while (await receive())["type"] != "http.disconnect":
        pass


async def until_gone(receive: Receive, work: Coroutine[Any, Any, T]) -> T | None:
    """Return the result of work, or None when the client goes first.

    The work is cancelled and has ended when this returns. The request's body has been
    read before, or is not wanted.
    """
    working = asyncio.ensure_future(work)
    watching = asyncio.ensure_future(gone(receive))
    try:
        await asyncio.wait((working, watching), return_when=asyncio.FIRST_COMPLETED)
    finally:
        working.cancel()
        watching.cancel()
        await asyncio.gather(working, watching, return_exceptions=True)
    return None if working.cancelled() else working.result()


async def while_connected(request: Request, work: Coroutine[Any, Any, T]) -> T:
    """Return the result of work that is done for the answer alone.

    Raises
    ------
    InvalidRequest
        The client went away, so the work was stopped.
    """
    result = await until_gone(request.receive, work)
    if result is None:
        raise InvalidRequest("The client went away before the end.")
    return result
