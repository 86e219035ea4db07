"""Output of jobs: ``/jobs/{system}/{job_id}/output`` and ``/error``."""

from contextlib import ExitStack
from typing import Annotated, Any

from fastapi import APIRouter, Query, Request
from starlette.responses import Response

from gatewright.domains.compute import Stream, follow
from gatewright.faces.api.jobs import JobId, System
from gatewright.web.changing_files import changing_file_response
from gatewright.web.concurrency import Counted, slot_of
from gatewright.web.context import Context, RequestContext
from gatewright.web.live import live_response

router = APIRouter(tags=["jobs"])

Follow = Annotated[
    bool,
    Query(
        title="Follow",
        description="Send the output so far and then new output until the job has "
        "ended. A response that ends normally is complete.",
    ),
]
_PLAIN = "text/plain; charset=utf-8"
_TEXT: dict[int | str, dict[str, Any]] = {
    200: {
        "description": "The output of the job.",
        "content": {"text/plain": {"schema": {"type": "string"}}},
    },
    404: {"description": "You have no such job, or it has not started to write."},
}


@router.head("/jobs/{system}/{job_id}/output", include_in_schema=False)
@router.get(
    "/jobs/{system}/{job_id}/output",
    operation_id="readJobOutput",
    response_class=Response,
    summary="A job's output",
    responses=_TEXT,
)
async def job_output(
    request: Request,
    context: Context,
    system: System,
    job_id: JobId,
    *,
    follow: Follow = False,
) -> Response:
    """Return a job's standard output; byte ranges are supported."""
    return await _stream(request, context, system, job_id, Stream.OUTPUT, live=follow)


@router.head("/jobs/{system}/{job_id}/error", include_in_schema=False)
@router.get(
    "/jobs/{system}/{job_id}/error",
    operation_id="readJobErrors",
    response_class=Response,
    summary="A job's errors",
    responses=_TEXT,
)
async def job_error(
    request: Request,
    context: Context,
    system: System,
    job_id: JobId,
    *,
    follow: Follow = False,
) -> Response:
    """Return a job's standard error; byte ranges are supported."""
    return await _stream(request, context, system, job_id, Stream.ERROR, live=follow)


async def _stream(
    request: Request,
    context: RequestContext,
    system: str,
    job_id: str,
    stream: Stream,
    *,
    live: bool,
) -> Response:
    jobs, caller = context.services.jobs, context.caller
    if live:
        await jobs.with_output(caller, system, job_id)
        pieces = follow(jobs, caller, system, job_id, stream)
        slot = slot_of(request, context.services.streams)
        return Counted(live_response(pieces, _PLAIN), slot)
    with ExitStack() as held:
        held.enter_context(slot_of(request, context.services.files.downloads))
        file = await jobs.output(caller, system, job_id, stream)
        answer = await changing_file_response(
            request,
            file,
            file.size,
            media_type=_PLAIN,
            etag=file.etag,
            modified_at=file.modified_at,
            headers={"Cache-Control": "no-cache"},
        )
        return Counted(answer, held.pop_all())
