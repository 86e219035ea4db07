"""The queue, the machines and the partitions of a system, as of the last look."""

from typing import Annotated

from fastapi import APIRouter, Query, Request
from pydantic import BaseModel, Field
from starlette.responses import Response

from gatewright.core.clock import optional_timestamp, timestamp
from gatewright.core.pages import Page
from gatewright.domains.compute import JobState, QueueFilter, SeenJob
from gatewright.faces.api.job_answers import JobAnswer, job_answer
from gatewright.faces.api.jobs import System
from gatewright.faces.api.system_names import SystemNames, system_names
from gatewright.web.context import Context
from gatewright.web.form_text import EMPTY_IS_NONE
from gatewright.web.listing import Cursor, Limit, listing

router = APIRouter(tags=["jobs"])


class ResourcesAnswer(BaseModel):
    """What a system has for jobs."""

    cores: int = Field(description="Cores that jobs share.")
    memory_bytes: int = Field(description="Memory that jobs share.")
    nodes: int = Field(description="Machines.")
    queues: list[str] = Field(description="Queues that a job may name.")


class QueuedAnswer(BaseModel):
    """A job of the queue, whoever's it is."""

    id: str | None = Field(description="The gateway's id of a job of the caller's own.")
    number: str = Field(description="The scheduler's id.")
    user: str = Field(description="Whose it is.")
    name: str = Field(description="Its name.")
    state: JobState = Field(description="Where it is in its life.")
    native_state: str = Field(description="The same in the scheduler's word.")
    reason: str = Field(description="Why it waits.")
    partition: str = Field(description="Its queue or partition.")
    project: str = Field(description="Project that is charged.")
    cores: int = Field(description="Cores that it takes, or asks for.")
    nodes: int = Field(description="Machines that it takes, or asks for.")
    submitted_at: str = Field(description="RFC 3339 in UTC.")
    started_at: str | None = Field(description="RFC 3339 in UTC; null before.")
    expected_start_at: str | None = Field(
        description="When it is expected to start; null where nobody knows."
    )
    duration: float | None = Field(
        description="Longest time that it may run, in seconds; null without a limit."
    )


class QueueAnswer(BaseModel):
    """The queue as the caller may see it."""

    system: str = Field(description="Name of the system.")
    as_of: str = Field(description="When the scheduler said so, RFC 3339 in UTC.")
    resources: ResourcesAnswer = Field(description="What there is to share.")
    running: int = Field(description="Jobs of all people that run.")
    waiting: int = Field(description="Jobs of all people that wait.")
    cores_in_use: int = Field(description="Cores that the running jobs take.")
    jobs: list[JobAnswer] = Field(description="The caller's jobs, oldest first.")
    everyone: list[QueuedAnswer] = Field(
        description="A page of the jobs of all people that the caller may see and the "
        "filters take, oldest first, those from elsewhere too."
    )
    failure: str = Field(
        description="Why this is not newer, where the scheduler does not answer."
    )
    next: str | None = Field(
        description="Cursor of the next page of “everyone”, null on the last."
    )


class NodeAnswer(BaseModel):
    """A machine."""

    name: str = Field(description="Its name.")
    state: str = Field(description="How it is, in the scheduler's word.")
    reason: str = Field(description="Why it takes no jobs.")
    cores: int = Field(description="Cores that it has.")
    cores_in_use: int = Field(description="Cores that jobs have.")
    memory_bytes: int = Field(description="Memory that it has for jobs.")
    free_memory_bytes: int | None = Field(
        description="Memory that its system has free; null where nobody knows."
    )
    gpus: int = Field(description="Graphics processors that it has.")
    features: list[str] = Field(description="What jobs may ask of it by name.")
    partitions: list[str] = Field(description="Partitions that it is in.")


class NodesAnswer(BaseModel):
    """The machines of a system."""

    nodes: list[NodeAnswer] = Field(description="The machines.")
    system: str = Field(description="Name of the system.")
    as_of: str = Field(description="When the scheduler said so, RFC 3339 in UTC.")
    failure: str = Field(
        description="Why this is not newer, where the scheduler does not answer."
    )
    next: str | None = Field(description="Always null: there is one page.")


class PartitionAnswer(BaseModel):
    """A queue or partition that jobs may name."""

    name: str = Field(description="Its name.")
    state: str = Field(description="Whether it takes jobs, in the scheduler's word.")
    default: bool = Field(description="Whether jobs go there that name none.")
    nodes: int = Field(description="Machines.")
    cores: int = Field(description="Cores of them all.")
    cores_in_use: int = Field(description="Cores that jobs have.")
    memory_bytes: int = Field(description="Most memory of one of its machines.")
    duration: float | None = Field(
        description="Longest time that a job may run, in seconds; null without a limit."
    )
    most_nodes: int | None = Field(
        description="Most machines of one job; null without a limit."
    )


class PartitionsAnswer(BaseModel):
    """The partitions of a system."""

    partitions: list[PartitionAnswer] = Field(description="The partitions.")
    system: str = Field(description="Name of the system.")
    as_of: str = Field(description="When the scheduler said so, RFC 3339 in UTC.")
    failure: str = Field(
        description="Why this is not newer, where the scheduler does not answer."
    )
    next: str | None = Field(description="Always null: there is one page.")


Text = Annotated[str, Query(max_length=200)]


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
async def queue(
    request: Request,
    context: Context,
    system: System,
    user: Annotated[Text, Query(description="Only jobs of this account.")] = "",
    partition: Annotated[Text, Query(description="Only in this partition.")] = "",
    name: Annotated[Text, Query(description="Only of this name.")] = "",
    state: Annotated[
        JobState | None, EMPTY_IS_NONE, Query(description="Only in this state.")
    ] = None,
    limit: Limit = None,
    cursor: Cursor = None,
) -> Response:
    """Return the caller's jobs, everybody's, and what they have to share.

    The filters and the pages are of “everyone”. On a system whose queue is nobody
    else's to see, these are the caller's own.
    """
    jobs, caller = context.services.jobs, context.caller
    now = await jobs.queue(caller, system)
    chosen = QueueFilter(user, partition, name, state)
    page = await jobs.everyone(caller, system, chosen, limit, cursor)
    shown = Page([_queued(one) for one in page.items], page.next)
    there = now.capabilities
    extra = {
        "system": system,
        "as_of": timestamp(now.as_of),
        "resources": {
            "cores": there.cores,
            "memory_bytes": there.memory_bytes,
            "nodes": there.nodes,
            "queues": list(there.queues),
        },
        "running": now.running,
        "waiting": now.waiting,
        "cores_in_use": now.cores_in_use,
        "jobs": [job_answer(job) for job in now.jobs],
        "failure": now.failure,
    }
    return listing(request, "everyone", shown, extra=extra)


@router.get(
    "/nodes/{system}",
    operation_id="getNodes",
    response_model=NodesAnswer,
    summary="The machines",
    responses={404: {"description": "There is no such system with jobs."}},
)
async def nodes(request: Request, context: Context, system: System) -> Response:
    """Return the machines that run jobs, how they are and what is in use."""
    whole, machines, _ = await context.services.jobs.machines(context.caller, system)
    extra = {
        "system": system,
        "as_of": timestamp(whole.as_of),
        "failure": whole.failure,
    }
    return listing(request, "nodes", Page(machines), extra=extra)


@router.get(
    "/partitions/{system}",
    operation_id="getPartitions",
    response_model=PartitionsAnswer,
    summary="The partitions",
    responses={404: {"description": "There is no such system with jobs."}},
)
async def partitions(request: Request, context: Context, system: System) -> Response:
    """Return the queues or partitions that jobs may name, and their limits."""
    whole, _, found = await context.services.jobs.machines(context.caller, system)
    extra = {
        "system": system,
        "as_of": timestamp(whole.as_of),
        "failure": whole.failure,
    }
    return listing(request, "partitions", Page(found), extra=extra)


def _queued(one: SeenJob) -> dict[str, object]:
    job, status = one.job, one.job.status
    return {
        "id": one.id,
        "number": job.number or status.native_id,
        "user": job.user,
        "name": job.name,
        "state": status.state.value,
        "native_state": status.native_state,
        "reason": status.reason,
        "partition": job.partition,
        "project": job.project,
        "cores": job.cores,
        "nodes": job.nodes,
        "submitted_at": timestamp(job.submitted_at),
        "started_at": optional_timestamp(status.started_at),
        "expected_start_at": optional_timestamp(status.expected_start_at),
        "duration": job.duration,
    }
