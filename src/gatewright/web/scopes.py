"""Checks the scope that a group of routes needs, before anything else."""

from collections.abc import Awaitable, Callable

from gatewright.core.caller import Scope
from gatewright.web.context import Context


def needs_any(*scopes: Scope) -> Callable[[Context], Awaitable[None]]:
    """Return a dependency that refuses a caller who has none of the scopes.

    The services check the scope of each action; this refuses those who could do
    nothing here at all, whatever they sent.
    """

    # A coroutine, since FastAPI calls a plain function in a thread.
    async def check(context: Context) -> None:
        caller = context.caller
        if not caller.scopes.isdisjoint(scopes):
            return
        parts = tuple(f"{scope}:" for scope in scopes)
        part = any(scope.startswith(parts) for scope in caller.scopes)
        if not part and not any(caller.may(scope) for scope in scopes):
            caller.require(scopes[0])

    return check
