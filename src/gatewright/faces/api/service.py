"""Description of the gateway and state of its systems: ``/`` and ``/status``."""

from typing import Annotated

from fastapi import APIRouter, Path, Request
from pydantic import BaseModel, Field
from starlette.responses import Response

from gatewright import __version__
from gatewright.core.errors import NotFound
from gatewright.core.pages import Page
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
        description="“up”, “degraded” (only its files or only its jobs work) or “down”."
    )


class StatusList(BaseModel):
    """States of all systems."""

    systems: list[SystemStatus] = Field(description="All systems.")
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
    """List the systems and whether they are up."""
    systems = [await _status(context, name) for name in _names(context)]
    return listing(request, "systems", Page(systems))


@router.get(
    "/status/{system}",
    operation_id="getStatus",
    response_model=SystemStatus,
    summary="State of a system",
    responses={404: {"description": "There is no such system."}},
)
async def status(
    context: Context,
    system: Annotated[str, Path(description="Name of the system.", examples=["local"])],
) -> Response:
    """Return whether a system is up."""
    if system not in _names(context):
        raise NotFound(f"There is no system “{system[:80]}”.")
    return json_response(await _status(context, system))


def _names(context: RequestContext) -> list[str]:
    return [system.name for system in context.services.config.systems]


async def _status(context: RequestContext, system: str) -> dict[str, object]:
    status = await context.services.health.system(system)
    return {"system": system, "status": status}
