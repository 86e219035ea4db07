"""All that happens and that the caller may know: ``/events``."""

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
"""Scope that knowing of each family of resources takes."""


@router.get(
    "/events",
    operation_id="followEvents",
    response_class=Response,
    summary="What happens",
    responses={
        200: {
            "description": "Server-sent events, until the client goes.",
            "content": {"text/event-stream": {"schema": {"type": "string"}}},
        },
        401: {"description": "A visitor has no events."},
    },
)
async def events(
    request: Request,
    context: Context,
    subject: Annotated[
        str,
        Query(
            description="Only of this resource and those below it.",
            max_length=512,
            examples=["jobs/local"],
        ),
    ] = "",
) -> Response:
    """Tell what happens to all that is the caller's, as it happens.

    A client that comes back says in ``Last-Event-ID`` what it has seen, and is told
    all that happened since.
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
    """Leave out what the caller's token does not reach."""
    async for event in events:
        kind = "" if event is None else event.subject.partition("/")[0]
        needed = _SCOPES.get(kind)
        if event is None or (needed is not None and caller.may(needed)):
            yield event
