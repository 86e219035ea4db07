"""Server-sent events about the caller's resources: ``/events``."""

from collections.abc import AsyncIterator
from typing import Annotated

from fastapi import APIRouter, Query, Request
from starlette.responses import Response

from gatewright.core.caller import Caller, Scope
from gatewright.core.events import Event
from gatewright.web.context import Context
from gatewright.web.events import event_stream, last_event_id
from gatewright.web.turns import Counted, turn_of

router = APIRouter(tags=["events"])

_SCOPES = {"jobs": Scope.JOBS_READ}
"""Scope that a caller needs to read the events of each family of resources."""


@router.get(
    "/events",
    operation_id="followEvents",
    response_class=Response,
    summary="What happens",
    responses={
        200: {
            "description": "Server-sent events, until the client disconnects.",
            "content": {"text/event-stream": {"schema": {"type": "string"}}},
        },
        401: {"description": "You are not signed in."},
    },
)
async def events(
    request: Request,
    context: Context,
    subject: Annotated[
        str,
        Query(
            description="Only events of this resource and those below it.",
            max_length=512,
            examples=["jobs/local"],
        ),
    ] = "",
) -> Response:
    """Follow what happens to your resources, as server-sent events.

    A client that reconnects sends the id of the last event it saw as ``Last-Event-ID``,
    and gets all events since.
    """
    owner = context.caller.require_user()
    hub = context.services.events
    after = await hub.start(last_event_id(request))
    follow = hub.follow(owner=owner, subject=subject, after=after)
    answer = event_stream(_within_scopes(follow, context.caller))
    return Counted(answer, turn_of(request, context.services.streams))


async def _within_scopes(
    events: AsyncIterator[Event | None], caller: Caller
) -> AsyncIterator[Event | None]:
    """Yield the events that the caller's scopes permit to see."""
    async for event in events:
        kind = "" if event is None else event.subject.partition("/")[0]
        needed = _SCOPES.get(kind)
        if event is None or (needed is not None and caller.may(needed)):
            yield event
