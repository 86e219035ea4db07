"""The queue of a system: ``/queue/{system}``."""

from fastapi import APIRouter, Request
from pydantic import BaseModel, Field
from starlette.responses import Response

from gatewright.core.clock import timestamp
from gatewright.domains.compute import Capabilities
from gatewright.faces.api.job_answers import JobAnswer, job_answer
from gatewright.faces.api.jobs import System
from gatewright.faces.api.system_names import SystemNames, system_names
from gatewright.web.context import Context
from gatewright.web.listing import json_response

router = APIRouter(tags=["jobs"])


class ResourcesAnswer(BaseModel):
    """What a system has for jobs."""

    cores: int = Field(description="Cores that jobs share.")
    memory_bytes: int = Field(description="Memory that jobs share.")
    nodes: int = Field(description="Machines.")
    queues: list[str] = Field(description="Queues that a job may name.")


class QueueAnswer(BaseModel):
    """The queue as the caller may see it."""

    system: str = Field(description="Name of the system.")
    as_of: str = Field(description="When the scheduler said so, RFC 3339 in UTC.")
    resources: ResourcesAnswer = Field(description="What there is to share.")
    running: int = Field(description="Jobs of all people that run.")
    waiting: int = Field(description="Jobs of all people that wait.")
    cores_in_use: int = Field(description="Cores that the running jobs take.")
    jobs: list[JobAnswer] = Field(description="The caller's jobs, oldest first.")


@router.get(
    "/queue",
    operation_id="listQueueSystems",
    response_model=SystemNames,
    summary="Systems with a queue",
)
async def systems(request: Request, context: Context) -> Response:
    """List the systems that run jobs."""
    return system_names(request, context.services.jobs.systems)


@router.get(
    "/queue/{system}",
    operation_id="getQueue",
    response_model=QueueAnswer,
    summary="The queue",
    responses={404: {"description": "There is no such system with jobs."}},
)
async def queue(context: Context, system: System) -> Response:
    """Return the caller's jobs that wait or run, and what they have to share."""
    now = await context.services.jobs.queue(context.caller, system)
    return json_response(
        {
            "system": system,
            "as_of": timestamp(now.as_of),
            "resources": _resources(now.capabilities),
            "running": now.running,
            "waiting": now.waiting,
            "cores_in_use": now.cores_in_use,
            "jobs": [job_answer(job) for job in now.jobs],
        }
    )


def _resources(capabilities: Capabilities) -> dict[str, object]:
    return {
        "cores": capabilities.cores,
        "memory_bytes": capabilities.memory_bytes,
        "nodes": capabilities.nodes,
        "queues": list(capabilities.queues),
    }
