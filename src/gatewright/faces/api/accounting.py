"""Projects and usage: ``/projects`` and ``/usage``."""

from typing import Annotated, Any

from fastapi import APIRouter, Path, Query, Request
from starlette.responses import Response

from gatewright.core.errors import InvalidContent
from gatewright.domains.accounting import (
    LONGEST,
    USUAL_DAYS,
    By,
    Resource,
    UsageQuery,
    day_of,
    day_text,
)
from gatewright.faces.api.accounting_answers import (
    ProjectAnswer,
    ProjectList,
    UsageAnswerBody,
    amount_answer,
    coverage_answers,
    line_answer,
    project_answer,
)
from gatewright.faces.api.project_bodies import (
    BurnDownAnswer,
    ProjectBody,
    burn_down_answer,
    project_of,
)
from gatewright.web.context import Context
from gatewright.web.form_text import EMPTY_IS_NONE
from gatewright.web.json_model import json_body, read_model
from gatewright.web.listing import Cursor, Limit, json_response, listing

router = APIRouter(tags=["accounting"])
_NO_SYSTEM: dict[int | str, dict[str, Any]] = {
    404: {"description": "There is no such system with jobs."}
}
_NO_PROJECT: dict[int | str, dict[str, Any]] = {
    404: {"description": "There is no such project that you may see."}
}

_KEPT_THERE: dict[int | str, dict[str, Any]] = {
    409: {"description": "The system's scheduler keeps its projects itself."}
}

System = Annotated[str, Path(description="Name of the system.")]
Name = Annotated[str, Path(description="Name of the project.")]
NewName = Annotated[
    str,
    Path(
        description="Name of the project, which jobs give.",
        max_length=128,
        pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]*$",
    ),
]
Text = Annotated[str, Query(max_length=200)]
Day = Annotated[str, Query(max_length=10, examples=["2026-11-29"])]


@router.get(
    "/projects",
    operation_id="listProjects",
    response_model=ProjectList,
    summary="My projects",
    responses=_NO_SYSTEM,
)
async def projects(
    request: Request,
    context: Context,
    system: Annotated[Text, Query(description="Only of this system.")] = "",
    limit: Limit = None,
    cursor: Cursor = None,
) -> Response:
    """List the projects that you belong to or coordinate, with allocation and share.

    Administrators see all projects. Of the members of a project you see yourself, and
    everybody if you coordinate it.
    """
    accounting = context.services.accounting
    page = await accounting.projects(context.caller, system, limit, cursor)
    shown = page.map(project_answer)
    extra = coverage_answers(await accounting.coverage(system))
    return listing(request, "projects", shown, extra=extra)


@router.get(
    "/projects/{system}/{name}",
    operation_id="getProject",
    response_model=ProjectAnswer,
    summary="A project",
    responses=_NO_PROJECT,
)
async def project(context: Context, system: System, name: Name) -> Response:
    """Return a project that you belong to or coordinate."""
    found = await context.services.accounting.project(context.caller, system, name)
    return json_response(project_answer(found))


@router.put(
    "/projects/{system}/{name}",
    operation_id="keepProject",
    response_model=ProjectAnswer,
    summary="Keep a project",
    openapi_extra=json_body(ProjectBody),
    responses={
        201: {"description": "It is new.", "model": ProjectAnswer},
        **_NO_SYSTEM,
        **_KEPT_THERE,
        422: {
            "description": "A day is no date, the last is before the first, or the "
            "name is that of no project, “none”."
        },
    },
)
async def keep_project(
    request: Request, context: Context, system: System, name: NewName
) -> Response:
    """Create or replace a project of a system without accounting of its own.

    Only administrators may. Usage of its jobs counts from its first day on, also that
    from before it was made.
    """
    asked = project_of(system, name, await read_model(request, ProjectBody))
    accounting = context.services.accounting
    new = await accounting.keep(context.caller, asked)
    found = await accounting.project(context.caller, system, name)
    return json_response(project_answer(found), 201 if new else 200)


@router.delete(
    "/projects/{system}/{name}",
    operation_id="dropProject",
    status_code=204,
    summary="Remove a project",
    responses={**_NO_PROJECT, **_KEPT_THERE},
)
async def drop_project(context: Context, system: System, name: Name) -> Response:
    """Remove a project that administrators keep here; its usage stays.

    Only administrators may.
    """
    await context.services.accounting.drop(context.caller, system, name)
    return Response(status_code=204)


@router.get(
    "/projects/{system}/{name}/burn-down",
    operation_id="getBurnDown",
    response_model=BurnDownAnswer,
    summary="Past and expected usage",
    responses=_NO_PROJECT,
)
async def burn_down(
    context: Context,
    system: System,
    name: Name,
    resource: Annotated[
        Resource | None,
        EMPTY_IS_NONE,
        Query(description="What to count; by default what the allocation is of."),
    ] = None,
    days: Annotated[
        int, Query(description="Days to forecast, with today.", ge=1, le=LONGEST)
    ] = USUAL_DAYS,
) -> Response:
    """Return the daily usage of a project so far, and what is to be expected.

    The forecast is made of weeks of the project's own past, and its interval is set so
    that it would have held in eight of ten earlier weeks. It knows nothing of plans.
    """
    found = await context.services.accounting.burn_down(
        context.caller, system, name, resource, days
    )
    return json_response(burn_down_answer(found))


@router.get(
    "/usage",
    operation_id="getUsage",
    response_model=UsageAnswerBody,
    summary="Usage",
    responses={
        **_NO_SYSTEM,
        422: {
            "description": "A day is no date or before 1970, or “to” is before “from”."
        },
    },
)
async def usage(
    request: Request,
    context: Context,
    by: Annotated[
        list[By] | None,
        Query(
            description="What each sum stands for, by default “project”; repeat it for "
            "sums of each combination.",
            max_length=6,
        ),
    ] = None,
    first: Annotated[
        Day,
        Query(
            alias="from",
            description=f"First day in UTC; by default {USUAL_DAYS} days up to “to”.",
        ),
    ] = "",
    last: Annotated[
        Day, Query(alias="to", description="Last day in UTC, included; by default now.")
    ] = "",
    system: Annotated[Text, Query(description="Only of this system.")] = "",
    project: Annotated[Text, Query(description="Only of this project.")] = "",
    person: Annotated[Text, Query(description="Only of this person.")] = "",
    partition: Annotated[Text, Query(description="Only in this partition.")] = "",
    limit: Limit = None,
    cursor: Cursor = None,
) -> Response:
    """Return what was allocated to jobs, summed by project, person, partition or time.

    You see the usage of your projects. By person, or of one person, you see your own
    usage, and everyone's in projects that you coordinate. Administrators see all.

    Days are days of UTC. Of a job that ran for several days, each day has its part.
    """
    accounting = context.services.accounting
    to = _day(last, "to") if last else accounting.today()
    since = _day(first, "from") if first else to - USUAL_DAYS + 1
    query = UsageQuery(by or (), since, to, system, project, person, partition)
    found = await accounting.usage(context.caller, query, limit, cursor)
    shown = found.lines.map(line_answer)
    extra = {
        "total": amount_answer(found.total),
        "by": [key.value for key in found.query.by],
        "from": day_text(since),
        "to": day_text(to),
        **coverage_answers(found.coverage),
    }
    return listing(request, "usage", shown, extra=extra)


def _day(text: str, name: str) -> int:
    """Return the number of a day in a query.

    Raises
    ------
    InvalidContent
        The text is no date, or is of a year before 1970, which no usage is of.
    """
    try:
        day = day_of(text)
    except ValueError as error:
        raise InvalidContent(
            f"“{name}” is a day such as 2026-11-29, and not “{text}”."
        ) from error
    if day < 0:
        raise InvalidContent(f"“{name}” is a day since 1970-01-01, and not “{text}”.")
    return day
