"""Jobs: ``/jobs/{system}`` and ``/jobs/{system}/{job_id}``."""

from dataclasses import replace
from datetime import UTC, datetime
from typing import Annotated, Any

from fastapi import APIRouter, Header, Path, Query, Request
from starlette.responses import Response

from gatewright.core.errors import InvalidContent
from gatewright.domains.compute import (
    LONGEST_WAIT,
    JobFilter,
    JobNews,
    JobState,
    Refusal,
)
from gatewright.faces.api.job_answers import (
    EstimateAnswer,
    JobAnswer,
    JobOutcomes,
    JobPage,
    JobUsageAnswer,
    JobWithSpecAnswer,
    estimate_answer,
    job_answer,
    job_with_spec,
)
from gatewright.faces.api.job_bodies import JobListBody
from gatewright.faces.api.job_requests import (
    DRY_RUN,
    read_specs,
    script_parameters,
    submit_body,
)
from gatewright.faces.api.system_names import SystemNames, system_names
from gatewright.web.concurrency import Counted, slot_of
from gatewright.web.context import Context, RequestContext
from gatewright.web.disconnect import stopping_of, until_gone
from gatewright.web.events import event_stream, last_event_id
from gatewright.web.form_text import EMPTY_IS_NONE
from gatewright.web.json_model import json_body, read_model
from gatewright.web.listing import Cursor, Limit, json_response, listing
from gatewright.web.problems import problem_document

router = APIRouter(tags=["jobs"])

System = Annotated[
    str,
    Path(title="System", description="Name of a system.", examples=["local"]),
]
JobId = Annotated[
    str,
    Path(
        title="Job",
        description="Id of a job (17), an array (18) or one of its elements (18_3).",
        examples=["17"],
    ),
]
Key = Annotated[
    str | None,
    Header(
        alias="Idempotency-Key",
        title="Key against double submission",
        description="Any text that you choose. If you send it again with the same job, "
        "you get the same response and no second job; with another job the request is "
        "refused (422).",
        examples=["7d1f0b2e"],
    ),
]
States = Annotated[
    list[JobState] | None,
    EMPTY_IS_NONE,
    Query(description="Only jobs in this state; may be repeated."),
]
Named = Annotated[
    str | None, EMPTY_IS_NONE, Query(description="Only jobs with this name.")
]
Since = Annotated[
    str | None,
    EMPTY_IS_NONE,
    Query(
        description="Only jobs submitted since this time (RFC 3339).",
        examples=["2026-01-31T08:00:00Z"],
    ),
]

_NOT_FOUND: dict[int | str, dict[str, Any]] = {
    404: {"description": "You have no such job on this system."}
}
_SUBMIT_DOCUMENT = {**submit_body(), "parameters": script_parameters()}


@router.get(
    "/jobs",
    operation_id="listJobSystems",
    response_model=SystemNames,
    summary="Systems with jobs",
)
async def systems(request: Request, context: Context) -> Response:
    """List the systems that run jobs."""
    return system_names(request, context.services.jobs.systems)


@router.post(
    "/jobs/{system}",
    operation_id="submitJob",
    status_code=201,
    response_model=JobWithSpecAnswer,
    summary="Submit a job",
    openapi_extra=_SUBMIT_DOCUMENT,
    responses={
        200: {"description": "Dry run: what it would be.", "model": EstimateAnswer},
        404: {"description": "There is no such system with jobs."},
        409: {"description": "The first request with the key is in progress."},
        415: {"description": "The media type of the body is not accepted."},
        422: {"description": "The job is not valid, or can never run here."},
        429: {"description": "You have too many jobs that have not ended."},
    },
)
async def submit_job(
    request: Request,
    context: Context,
    system: System,
    key: Key = None,
    dry_run: Annotated[
        bool,
        Query(
            alias=DRY_RUN,
            description="Only tell where and when the job would run, or why it would "
            "be refused; nothing is submitted or recorded.",
        ),
    ] = False,
) -> Response:
    """Submit a job: a specification, a script or a form.

    The job is on disk when the response is sent. The body may also be a JSON list of
    specifications, of which all or none are submitted; the response is then {“jobs”:
    […]}. Use `submitJobs` to submit each independently.
    """
    specs, many = await read_specs(request)
    if dry_run:
        estimates = await context.services.jobs.estimate(context.caller, system, specs)
        told = [estimate_answer(one) for one in estimates]
        return json_response({"jobs": told} if many else told[0])
    jobs = await context.services.jobs.submit(context.caller, system, specs, key=key)
    if many:
        return json_response({"jobs": [job_with_spec(job) for job in jobs]}, 201)
    headers = {"Location": f"/api/v1/jobs/{system}/{jobs[0].id}"}
    return json_response(job_with_spec(jobs[0]), 201, headers)


@router.post(
    "/jobs/{system}/bulk",
    operation_id="submitJobs",
    response_model=JobOutcomes,
    summary="Submit several jobs",
    openapi_extra=json_body(JobListBody),
    responses={
        404: {"description": "There is no such system with jobs."},
        409: {"description": "The first request with the key is in progress."},
        415: {"description": "The body is not JSON."},
        422: {"description": "The body does not fit the schema."},
    },
)
async def submit_jobs(
    request: Request, context: Context, system: System, key: Key = None
) -> Response:
    """Submit up to 1,000 jobs, each independently, and return the result of each.

    Accepted jobs are on disk when the response is sent. A body with an unknown member
    is refused as a whole.
    """
    asked = await read_model(request, JobListBody)
    specs = [body.spec() for body in asked.jobs]
    outcomes = await context.services.jobs.submit_each(
        context.caller, system, specs, key=key
    )
    return json_response(
        {
            "jobs": [
                {"job": None, "problem": problem_document(outcome.error(), request)}
                if isinstance(outcome, Refusal)
                else {"job": job_with_spec(outcome), "problem": None}
                for outcome in outcomes
            ]
        }
    )


@router.get(
    "/jobs/{system}",
    operation_id="listJobs",
    response_model=JobPage,
    summary="My jobs",
    responses={404: {"description": "There is no such system with jobs."}},
)
async def list_jobs(
    request: Request,
    context: Context,
    system: System,
    state: States = None,
    name: Named = None,
    since: Since = None,
    limit: Limit = None,
    cursor: Cursor = None,
) -> Response:
    """List your jobs, newest first."""
    chosen = chosen_jobs(state, name, since)
    page = await context.services.jobs.list(
        context.caller, system, chosen, limit, cursor
    )
    return listing(request, "jobs", page.map(job_answer))


@router.get(
    "/jobs/{system}/{job_id}",
    operation_id="getJob",
    response_model=JobWithSpecAnswer,
    summary="A job",
    responses={**_NOT_FOUND},
)
async def one_job(
    request: Request,
    context: Context,
    system: System,
    job_id: JobId,
    wait: Annotated[
        float,
        Query(
            description="Wait up to this many seconds for the job to end.",
            ge=0,
            le=LONGEST_WAIT,
            allow_inf_nan=False,
            examples=[30],
        ),
    ] = 0.0,
) -> Response:
    """Return a job's record; an array is shown as one job, with ``tasks``."""
    job = await context.services.jobs.get(context.caller, system, job_id)
    if wait and not job.ended:
        ended = _news(context).wait(context.caller, system, job_id, wait)
        stopping = stopping_of(request.scope)
        # If the server stops, return the job as it is.
        job = await until_gone(request.receive, ended, stopping) or job
    return json_response(job_with_spec(job))


@router.delete(
    "/jobs/{system}/{job_id}",
    operation_id="cancelJob",
    status_code=202,
    response_model=JobAnswer,
    summary="Cancel a job",
    responses={
        204: {"description": "The job has ended."},
        409: {"description": "The job is still being submitted."},
        **_NOT_FOUND,
    },
)
async def cancel_job(context: Context, system: System, job_id: JobId) -> Response:
    """End a job and all its processes.

    They get SIGTERM, and after five seconds SIGKILL. The status is 202 while the job is
    ending and 204 when it has ended.
    """
    job = await context.services.jobs.cancel(context.caller, system, job_id)
    if job.ended:
        return Response(status_code=204)
    return json_response(job_answer(job), 202)


@router.post(
    "/jobs/{system}/{job_id}/hold",
    operation_id="holdJob",
    response_model=JobAnswer,
    summary="Hold a job",
    responses={409: {"description": "It has started."}, **_NOT_FOUND},
)
async def hold_job(context: Context, system: System, job_id: JobId) -> Response:
    """Keep a queued job from starting until it is released."""
    job = await context.services.jobs.hold(context.caller, system, job_id)
    return json_response(job_answer(job))


@router.post(
    "/jobs/{system}/{job_id}/release",
    operation_id="releaseJob",
    response_model=JobAnswer,
    summary="Release a job",
    responses={409: {"description": "It has started."}, **_NOT_FOUND},
)
async def release_job(context: Context, system: System, job_id: JobId) -> Response:
    """Let a held job start."""
    job = await context.services.jobs.release(context.caller, system, job_id)
    return json_response(job_answer(job))


@router.get(
    "/jobs/{system}/{job_id}/usage",
    operation_id="getJobUsage",
    response_model=JobUsageAnswer,
    summary="What a job used",
    responses={**_NOT_FOUND},
)
async def job_usage(context: Context, system: System, job_id: JobId) -> Response:
    """Return the resources that a job has used; the values are final after its end."""
    job = await context.services.jobs.get(context.caller, system, job_id)
    return json_response(job_answer(job)["usage"])


@router.get(
    "/jobs/{system}/{job_id}/events",
    operation_id="followJobEvents",
    response_class=Response,
    summary="What happens to a job",
    responses={
        200: {
            "description": "Server-sent events, until the job has ended.",
            "content": {"text/event-stream": {"schema": {"type": "string"}}},
        },
        204: {"description": "The job has ended, and you have seen all events."},
        **_NOT_FOUND,
    },
)
async def job_events(
    request: Request, context: Context, system: System, job_id: JobId
) -> Response:
    """Follow what happens to a job, as server-sent events, until it has ended.

    A client that reconnects sends the id of the last event it saw as ``Last-Event-ID``.
    If the job has ended and there are no more events, the status is 204, so that
    browsers do not reconnect.
    """
    after = await context.services.events.start(last_event_id(request))
    news = _news(context)
    if await news.over(context.caller, system, job_id, after):
        return Response(status_code=204)
    answer = event_stream(news.follow(context.caller, system, job_id, after))
    return Counted(answer, slot_of(request, context.services.streams))


def _news(context: RequestContext) -> JobNews:
    return JobNews(context.services.jobs, context.services.events)


def chosen_jobs(
    states: list[JobState] | None, name: str | None, since: str | None
) -> JobFilter:
    """Return the filter that a query's fields mean.

    Raises
    ------
    InvalidContent
        ``since`` is no moment.
    """
    chosen = JobFilter(frozenset(states or ()), name)
    if since is None:
        return chosen
    try:
        moment = datetime.fromisoformat(since)
        moment = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
        return replace(chosen, since=moment.timestamp())
    except (ValueError, OverflowError) as error:
        raise InvalidContent(
            "“since” has to be a time such as 2026-01-31T08:00:00Z."
        ) from error
