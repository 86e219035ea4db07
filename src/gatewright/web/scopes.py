"""Checks the scopes that a group of routes needs, before the routes run."""

from collections.abc import Awaitable, Callable

from gatewright.core.caller import Scope
from gatewright.web.context import Context


def needs_any(*scopes: Scope) -> Callable[[Context], Awaitable[None]]:
    """Return a FastAPI dependency that refuses callers who have none of the scopes.

    Services check the exact scope of each action. This check refuses callers who can do
    nothing on the routes, before their parameters are validated.
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
