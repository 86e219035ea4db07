"""Cancels work when the client disconnects or the server stops."""

import asyncio
from collections.abc import Coroutine
from typing import Any, TypeVar

from starlette.requests import Request
from starlette.types import Receive, Scope
from typing_extensions import override

from gatewright.core.errors import InvalidRequest

T = TypeVar("T")

STOPPING = "gatewright.stopping"
"""Key of the `Stopping` event in the ASGI state."""


class Stopping(asyncio.Event):
    """An event that is set when the server stops.

    Many streams can wait for it through :meth:`future`, without a task for each.
    """

    def __init__(self) -> None:
        super().__init__()
        self._waiting: set[asyncio.Future[None]] = set()

    @override
    def set(self) -> None:
        super().set()
        for future in self._waiting:
            if not future.done():
                future.set_result(None)

    def future(self) -> asyncio.Future[None]:
        """Return a future that is done when the server stops; cancel it after use."""
        future = asyncio.get_running_loop().create_future()
        if self.is_set():
            future.set_result(None)
        else:
            self._waiting.add(future)
            future.add_done_callback(self._waiting.discard)
        return future


def stopping_of(scope: Scope) -> Stopping | None:
    """Return the event that is set when the server stops, or None if there is none."""
    stopping = scope.get("state", {}).get(STOPPING)
    assert stopping is None or isinstance(stopping, Stopping)  # noqa: S101  # ours
    return stopping


async def gone(receive: Receive) -> None:
    """Wait until the client has disconnected, and drop what is left of its request."""
    while (await receive())["type"] != "http.disconnect":
        pass


async def until_gone(
    receive: Receive, work: Coroutine[Any, Any, T], stopping: Stopping | None = None
) -> T | None:
    """Return the result of ``work``; None if the client leaves or the server stops.

    In the latter cases the work is cancelled, and has ended when this returns. Use it
    only when the request's body has been read or is not needed, since it drops the
    body.
    """
    working = asyncio.ensure_future(work)
    tasks: list[asyncio.Future[Any]] = [working, asyncio.ensure_future(gone(receive))]
    if stopping is not None:
        tasks.append(stopping.future())
    try:
        await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
    return None if working.cancelled() else working.result()


async def while_connected(request: Request, work: Coroutine[Any, Any, T]) -> T:
    """Run ``work`` for the response, and return its result.

    Raises
    ------
    InvalidRequest
        The client disconnected, so the work was cancelled.
    """
    result = await until_gone(request.receive, work)
    if result is None:
        raise InvalidRequest("The client disconnected before the end.")
    return result
