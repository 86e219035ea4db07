"""Server-sent events about the caller's resources: ``/events``."""

from collections.abc import AsyncIterator
from typing import Annotated

from fastapi import APIRouter, Query, Request
from starlette.responses import Response

from gatewright.core.caller import Caller, Scope
from gatewright.core.events import Event
from gatewright.domains.discovery import CHANNEL, Discovery
from gatewright.web.concurrency import Counted, slot_of
from gatewright.web.context import Context
from gatewright.web.events import event_stream, last_event_id

router = APIRouter(tags=["events"])

_SCOPES = {
    "jobs": Scope.JOBS_READ,
    "candidates": Scope.SKY_READ,
    "classifiers": Scope.SKY_READ,
    "differences": Scope.SKY_READ,
    "objects": Scope.SKY_READ,
}
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

    Votes and comments on candidates that you may see, new candidates and new scores
    are among them, whoever they are from. A client that reconnects sends the id of the
    last event it saw as ``Last-Event-ID``, and gets all events since.
    """
    owner = context.caller.require_user()
    services = context.services
    after = await services.events.start(last_event_id(request))
    follow = services.events.follow(
        owner=owner, others=[CHANNEL], subject=subject, after=after
    )
    answer = event_stream(
        _within_reach(follow, context.caller, services.images.discovery)
    )
    return Counted(answer, slot_of(request, services.streams))


async def _within_reach(
    events: AsyncIterator[Event | None], caller: Caller, discovery: Discovery
) -> AsyncIterator[Event | None]:
    """Yield the events that the caller may see and that the caller's scopes permit."""
    async for event in events:
        if event is None:
            yield None
            continue
        needed = _SCOPES.get(event.subject.partition("/")[0])
        if needed is None or not caller.may(needed):
            continue
        if event.owner != CHANNEL or await discovery.may_hear(caller, event):
            yield event
