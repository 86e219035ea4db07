"""Clients that go away, and servers that stop, before an answer is whole."""

import asyncio
from collections.abc import Coroutine
from typing import Any, TypeVar

from starlette.requests import Request
from starlette.types import Receive, Scope
from typing_extensions import override

from gatewright.core.errors import InvalidRequest

T = TypeVar("T")

STOPPING = "gatewright.stopping"
"""Key in the ASGI state of a `Stopping`."""


class Stopping(asyncio.Event):
    """Is set when the server stops. Many streams wait for it, without a task each."""

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
    """Return what says that the server stops, where there is one."""
    stopping = scope.get("state", {}).get(STOPPING)
    assert stopping is None or isinstance(stopping, Stopping)  # noqa: S101  # ours
    return stopping


async def gone(receive: Receive) -> None:
    """Return when the client has gone; what is left of its request is dropped."""
    while (await receive())["type"] != "http.disconnect":
        pass


async def until_gone(
    receive: Receive, work: Coroutine[Any, Any, T], stopping: Stopping | None = None
) -> T | None:
    """Return the result of work, or None when the client goes or the server stops.

    The work is cancelled and has ended when this returns. The request's body has been
    read before, or is not wanted.
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
