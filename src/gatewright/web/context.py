"""The context of a request that handlers use: services, caller and request id."""

from dataclasses import dataclass
from typing import Annotated

from fastapi import Depends
from starlette.requests import HTTPConnection

from gatewright.composition import Services
from gatewright.core.caller import Caller

SCOPE_KEY = "gatewright.context"


@dataclass(frozen=True, slots=True)
class RequestContext:
    """What a handler may use; `Authentication` puts it into the ASGI scope."""

    services: Services
    """The services of all domains."""
    caller: Caller
    """The user who makes the request, or a visitor."""
    request_id: str
    """Id of the request, which the response carries as ``X-Request-Id``."""


def request_context(connection: HTTPConnection) -> RequestContext:
    """Return the context of a request."""
    context = connection.scope[SCOPE_KEY]
    assert isinstance(context, RequestContext)  # noqa: S101  # set by the middleware
    return context


async def _context(connection: HTTPConnection) -> RequestContext:
    # A coroutine, since FastAPI calls a plain function in a thread, which takes 0.3 ms.
    return request_context(connection)


Context = Annotated[RequestContext, Depends(_context)]
"""Annotation of a handler's parameter that receives the request's context."""
