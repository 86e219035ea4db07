"""Description of the gateway and state of its systems: ``/`` and ``/status``."""

from collections.abc import Sequence
from typing import Annotated

from fastapi import APIRouter, Path, Request
from pydantic import BaseModel, Field
from starlette.responses import Response

from gatewright import __version__
from gatewright.core.errors import NotFound
from gatewright.core.pages import Page
from gatewright.domains.status import MOST_SHOWN, Announcement, Phase, status_of
from gatewright.faces.api.incident_answers import IncidentSummary, summary_answer
from gatewright.web.context import Context, RequestContext
from gatewright.web.listing import json_response, listing

router = APIRouter(tags=["service"])

_FAMILIES = (
    "session",
    "tokens",
    "status",
    "files",
    "command",
    "jobs",
    "queue",
    "projects",
    "usage",
    "events",
    "store",
    "datasets",
    "surveys",
    "images",
)


class ServiceAnswer(BaseModel):
    """Description of the gateway."""

    title: str = Field(description="Name of the gateway.")
    version: str = Field(description="Version of its software.")
    user: str | None = Field(description="Account of the request; null for a visitor.")
    systems: list[str] = Field(description="Systems with files and jobs.")
    limits: dict[str, float] = Field(description="Limits of requests and users.")
    links: dict[str, str] = Field(description="URLs of the families of resources.")
    message_of_the_day: str = Field(description="A notice from the operator.")


class SystemStatus(BaseModel):
    """State of a system."""

    system: str = Field(description="Name of the system.")
    status: str = Field(
        description="“up”, “degraded” (only its files or only its jobs work) or "
        "“down”, as the gateway finds it, or worse if a current incident says so."
    )


class OneStatus(SystemStatus):
    """State of a system, and what is announced about it."""

    takes_jobs: bool = Field(
        description="Whether administrators let it take new jobs now."
    )
    incidents: list[IncidentSummary] = Field(
        description="What is announced now or for later, the most severe first.",
        max_length=MOST_SHOWN,
    )


class StatusList(BaseModel):
    """States of all systems."""

    systems: list[SystemStatus] = Field(description="All systems.")
    incidents: list[IncidentSummary] = Field(
        description="What is announced now or for later, the most severe first.",
        max_length=MOST_SHOWN,
    )
    next: str | None = Field(description="Always null: there is one page.")


@router.get(
    "/", operation_id="getService", response_model=ServiceAnswer, summary="What is here"
)
async def describe(request: Request, context: Context) -> Response:
    """Describe the gateway: its systems, its limits, and links to all resources."""
    config = context.services.config
    root = request.scope.get("root_path", "")
    links = {name: f"{root}/{name}" for name in _FAMILIES}
    if context.caller.user:
        links["user"] = f"{root}/user/{context.caller.user}"
    links |= {
        "openapi": f"{root}/openapi.json",
        "documentation": f"{config.prefix}/docs/api",
    }
    return json_response(
        {
            "title": config.gateway.title,
            "version": __version__,
            "user": context.caller.user or None,
            "systems": _names(context),
            "limits": config.limits.model_dump(),
            "links": links,
            "message_of_the_day": config.gateway.message_of_the_day,
        }
    )


@router.get(
    "/status",
    operation_id="listStatuses",
    response_model=StatusList,
    summary="State of all systems",
)
async def statuses(request: Request, context: Context) -> Response:
    """List the systems and whether they are up, and what is announced."""
    announcements = context.services.announcements
    now = announcements.now()
    told = await announcements.shown(Phase.CURRENT, Phase.PLANNED)
    systems = [await _status(context, name, now, told) for name in _names(context)]
    extra = {"incidents": [summary_answer(one, now) for one in told]}
    return listing(request, "systems", Page(systems), extra=extra)


@router.get(
    "/status/{system}",
    operation_id="getStatus",
    response_model=OneStatus,
    summary="State of a system",
    responses={404: {"description": "There is no such system."}},
)
async def status(
    context: Context,
    system: Annotated[str, Path(description="Name of the system.", examples=["local"])],
) -> Response:
    """Return whether a system is up and takes jobs, and what is announced."""
    if system not in _names(context):
        raise NotFound(f"There is no system “{system[:80]}”.")
    announcements = context.services.announcements
    now = announcements.now()
    told = await announcements.shown(Phase.CURRENT, Phase.PLANNED)
    closed = any(
        one.closes_jobs_of(system) and one.phase(now) is Phase.CURRENT for one in told
    )
    concerning = [
        one for one in told if one.concerns(system) or one.closes_jobs_of(system)
    ]
    return json_response(
        {
            **await _status(context, system, now, told),
            "takes_jobs": not closed,
            "incidents": [summary_answer(one, now) for one in concerning],
        }
    )


def _names(context: RequestContext) -> list[str]:
    return [system.name for system in context.services.config.systems]


async def _status(
    context: RequestContext, system: str, now: float, told: Sequence[Announcement]
) -> dict[str, object]:
    probed = await context.services.health.system(system)
    current = [one for one in told if one.phase(now) is Phase.CURRENT]
    return {"system": system, "status": status_of(system, probed, current)}
