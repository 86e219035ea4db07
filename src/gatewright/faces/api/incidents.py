"""Incidents, planned outages and notices: ``/status/incidents``."""

from typing import Annotated, Any

from fastapi import APIRouter, Path, Query, Request
from pydantic import Field
from starlette.responses import Response

from gatewright.core.caller import Scope
from gatewright.domains.status import Announcement, Kind, Phase, Wanted
from gatewright.faces.api.incident_answers import (
    IncidentAnswer,
    IncidentBody,
    IncidentEdit,
    IncidentList,
    draft_of,
    edit_of,
    incident_answer,
    summary_answer,
)
from gatewright.web.context import Context, RequestContext
from gatewright.web.form_text import EMPTY_IS_NONE
from gatewright.web.json_model import json_body, read_model
from gatewright.web.listing import Cursor, LargeLimit, json_response, listing

router = APIRouter(tags=["service"])
"""What everybody may read."""
changing = APIRouter(tags=["service"])
"""What administrators may change."""

Id = Annotated[str, Path(description="Id of the incident, outage or notice.")]
_NONE: dict[int | str, dict[str, Any]] = {
    404: {"description": "There is no such incident that you may see."}
}
_MANY: dict[int | str, dict[str, Any]] = {
    409: {"description": "There are too many that have not ended, or updates of it."}
}


@router.get(
    "/status/incidents",
    operation_id="listIncidents",
    response_model=IncidentList,
    summary="Incidents, planned outages and notices",
)
async def incidents(
    request: Request,
    context: Context,
    phase: Annotated[
        Annotated[list[Phase], Field(max_length=3)] | None,
        EMPTY_IS_NONE,
        Query(description="Only what is in one of these phases."),
    ] = None,
    kind: Annotated[
        Kind | None, EMPTY_IS_NONE, Query(description="Only of this kind.")
    ] = None,
    withdrawn: Annotated[
        bool, Query(description="Those that were withdrawn, for administrators.")
    ] = False,
    limit: LargeLimit = None,
    cursor: Cursor = None,
) -> Response:
    """List what administrators have announced, also the past; no account is needed."""
    announcements = context.services.announcements
    now = announcements.now()
    wanted = Wanted(now, frozenset(phase or Phase), kind, withdrawn)
    page = await announcements.announcements(context.caller, wanted, limit, cursor)
    shown = page.map(lambda one: summary_answer(one, now))
    return listing(request, "incidents", shown)


@router.get(
    "/status/incidents/{incident}",
    operation_id="getIncident",
    response_model=IncidentAnswer,
    summary="An incident with its history",
    responses=_NONE,
)
async def incident(context: Context, incident: Id) -> Response:
    """Return an incident, planned outage or notice, with its updates."""
    announcements = context.services.announcements
    found = await announcements.announcement(context.caller, incident)
    return json_response(_answer(context, found))


@changing.post(
    "/status/incidents",
    operation_id="announceIncident",
    status_code=201,
    response_model=IncidentAnswer,
    summary="Announce an incident, an outage or a notice",
    openapi_extra=json_body(IncidentBody),
    responses=_MANY,
)
async def announce(request: Request, context: Context) -> Response:
    """Announce something to everybody, at once; only administrators may.

    While an announcement that says “takes_jobs”: false is current, submissions to its
    systems are answered with 503 and “Retry-After”. If it names no systems, but the
    service “jobs” or nothing at all, that holds for all systems.
    """
    announcements = context.services.announcements
    body = await read_model(request, IncidentBody)
    draft = draft_of(body, announcements.now())
    made = await announcements.write(context.caller, draft)
    headers = {"Location": f"/api/v1/status/incidents/{made.id}"}
    return json_response(_answer(context, made), 201, headers)


@changing.patch(
    "/status/incidents/{incident}",
    operation_id="updateIncident",
    response_model=IncidentAnswer,
    summary="Tell what is new, or change an incident",
    openapi_extra=json_body(IncidentEdit),
    responses={**_NONE, **_MANY},
)
async def update(request: Request, context: Context, incident: Id) -> Response:
    """Add an update, with the fields that change; only administrators may.

    The history keeps the values before and after, the time and who changed them. An
    incident ends when its “ends_at” has come.
    """
    body = await read_model(request, IncidentEdit)
    found = await context.services.announcements.edit(
        context.caller, incident, edit_of(body), body.update
    )
    return json_response(_answer(context, found))


@changing.delete(
    "/status/incidents/{incident}",
    operation_id="withdrawIncident",
    status_code=204,
    summary="Withdraw an incident",
    responses=_NONE,
)
async def withdraw(context: Context, incident: Id) -> Response:
    """Show an announcement to administrators only from now on; only they may do this.

    It is kept with its history, and “withdrawn”: false shows it again.
    """
    await context.services.announcements.withdraw(context.caller, incident)
    return Response(status_code=204)


def _answer(context: RequestContext, found: Announcement) -> dict[str, object]:
    now = context.services.announcements.now()
    return incident_answer(found, now, authors=context.caller.may(Scope.ADMIN))
