"""Orders for jobs: ``PATCH /jobs/{system}/{job_id}``, signals and requeuing."""

from typing import Any

from fastapi import APIRouter, Request
from pydantic import BaseModel, ConfigDict, Field
from starlette.responses import Response

from gatewright.core.errors import InvalidContent
from gatewright.domains.compute import (
    ChangeArrayLimit,
    ChangeLimit,
    JobSignal,
    Order,
    Requeue,
    SendSignal,
)
from gatewright.domains.compute.check import MAXIMUM_COUNT, MAXIMUM_DURATION
from gatewright.faces.api.job_answers import JobAnswer, job_answer
from gatewright.faces.api.jobs import (
    JobId,
    Named,
    Since,
    States,
    System,
    chosen_jobs,
)
from gatewright.web.context import Context, RequestContext
from gatewright.web.json_model import json_body, read_model
from gatewright.web.listing import json_response

router = APIRouter(tags=["jobs"])

_RESPONSES: dict[int | str, dict[str, Any]] = {
    404: {"description": "You have no such job there."},
    409: {
        "description": "The state of the job, or the scheduler of the system, does not "
        "permit it."
    },
    415: {"description": "The body is not JSON."},
    422: {"description": "The body is not right, or the scheduler refuses it."},
}


class JobSignalBody(BaseModel):
    """A signal for a job."""

    model_config = ConfigDict(extra="forbid")

    signal: JobSignal = Field(description="Name of the signal.", examples=["USR1"])


class ChangedAttributesBody(BaseModel):
    """Scheduler attributes to change."""

    model_config = ConfigDict(extra="forbid", strict=True)

    duration: int = Field(
        ge=1,
        le=MAXIMUM_DURATION,
        description="Longest time that it may run, in seconds, from its start.",
        examples=[1800],
    )


class JobChangeBody(BaseModel):
    """A property of a job to change: one of the two."""

    model_config = ConfigDict(extra="forbid", strict=True)

    attributes: ChangedAttributesBody | None = Field(
        None, description="How the scheduler treats it."
    )
    array_limit: int | None = Field(
        None,
        ge=1,
        le=MAXIMUM_COUNT,
        description="Most elements of an array that run at once; null for no limit.",
        examples=[10],
    )

    def order(self) -> Order:
        """Return the order for the change.

        Raises
        ------
        InvalidContent
            Not exactly one property is to be changed.
        """
        both = {"array_limit", "attributes"} <= self.model_fields_set
        if self.attributes is not None and not both:
            return ChangeLimit(self.attributes.duration)
        if both or "array_limit" not in self.model_fields_set:
            raise InvalidContent("Send “attributes” or “array_limit”, one of the two.")
        return ChangeArrayLimit(self.array_limit)


class CancellationAnswer(BaseModel):
    """What became of an order to cancel many jobs."""

    jobs: list[str] = Field(
        description="Ids of the jobs that were canceled; they have ended, or will "
        "shortly."
    )
    left: list[str] = Field(
        description="Ids of jobs that match and are just being submitted: they go on."
    )


@router.delete(
    "/jobs/{system}",
    operation_id="cancelJobs",
    status_code=202,
    response_model=CancellationAnswer,
    summary="Cancel many jobs",
    responses={
        404: {"description": "There is no such system with jobs."},
        422: {"description": "The query does not say which jobs."},
    },
)
async def cancel_jobs(
    context: Context,
    system: System,
    state: States = None,
    name: Named = None,
    since: Since = None,
) -> Response:
    """Cancel those of your jobs that the query takes and that have not ended."""
    chosen = chosen_jobs(state, name, since)
    told = await context.services.jobs.cancel_matching(context.caller, system, chosen)
    return json_response({"jobs": list(told.jobs), "left": list(told.left)}, 202)


@router.patch(
    "/jobs/{system}/{job_id}",
    operation_id="changeJob",
    response_model=JobAnswer,
    summary="Change a job",
    openapi_extra=json_body(JobChangeBody),
    responses=_RESPONSES,
)
async def change_job(
    request: Request, context: Context, system: System, job_id: JobId
) -> Response:
    """Change the time limit of a job, or how many elements of an array run at once.

    Slurm counts whole minutes, and lets users lower the limit of a running job but not
    raise it. The job's specification stays as it was submitted; the queue shows the new
    limit as ``duration``.
    """
    asked = await read_model(request, JobChangeBody)
    return await _given(context, system, job_id, asked.order())


@router.post(
    "/jobs/{system}/{job_id}/requeue",
    operation_id="requeueJob",
    response_model=JobAnswer,
    summary="Put a job back into the queue",
    responses=_RESPONSES,
)
async def requeue_job(context: Context, system: System, job_id: JobId) -> Response:
    """End a running job and put it back into the queue, or release a held one.

    It keeps its id and runs from its beginning; “attempts” counts its runs.
    """
    return await _given(context, system, job_id, Requeue())


@router.post(
    "/jobs/{system}/{job_id}/signal",
    operation_id="signalJob",
    response_model=JobAnswer,
    summary="Send a job a signal",
    openapi_extra=json_body(JobSignalBody),
    responses=_RESPONSES,
)
async def signal_job(
    request: Request, context: Context, system: System, job_id: JobId
) -> Response:
    """Send a signal to all processes of a running job."""
    asked = await read_model(request, JobSignalBody)
    return await _given(context, system, job_id, SendSignal(asked.signal))


async def _given(
    context: RequestContext, system: str, job_id: str, order: Order
) -> Response:
    job = await context.services.jobs.order(context.caller, system, job_id, order)
    return json_response(job_answer(job))
