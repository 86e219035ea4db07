"""Queue, nodes and partitions of a system, as the scheduler reports them."""

from typing import Annotated, Any

import msgspec
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
_NO_SYSTEM: dict[int | str, dict[str, Any]] = {
    404: {"description": "There is no such system with jobs."}
}


class ResourcesAnswer(BaseModel):
    """Resources of a system that jobs share."""

    cores: int = Field(description="Total CPU cores.")
    memory_bytes: int = Field(description="Total memory in bytes.")
    nodes: int = Field(description="Number of nodes.")
    queues: list[str] = Field(description="Names of the queues or partitions.")


class ComponentAnswer(BaseModel):
    """A part of a heterogeneous job, whose parts request different resources."""

    number: str = Field(description="The scheduler's id.", examples=["17+1"])
    state: JobState = Field(description="State of the part.")
    reason: str = Field(description="Why it waits.")
    cores: int = Field(description="CPU cores that it uses or requests.")
    nodes: int = Field(description="Nodes that it uses or requests.")
    partition: str = Field(description="Queue or partition.")


class QueuedAnswer(BaseModel):
    """A job in the queue, of any user."""

    id: str | None = Field(
        description="The gateway's id if the job is yours, else null."
    )
    number: str = Field(description="The scheduler's id of the job.")
    user: str = Field(description="User who submitted it.")
    name: str = Field(description="Name of the job.")
    state: JobState = Field(description="State of the job.")
    native_state: str = Field(description="State as the scheduler names it.")
    reason: str = Field(description="Why it waits.")
    partition: str = Field(description="Queue or partition.")
    project: str = Field(description="Project that is charged.")
    cores: int = Field(description="CPU cores that it uses or requests.")
    nodes: int = Field(description="Nodes that it uses or requests.")
    submitted_at: str = Field(description="RFC 3339 in UTC.")
    started_at: str | None = Field(description="RFC 3339 in UTC; null before.")
    expected_start_at: str | None = Field(
        description="When it is expected to start; null if unknown."
    )
    duration: float | None = Field(
        description="Longest time that it may run, in seconds; null without a limit."
    )
    components: list[ComponentAnswer] = Field(
        description="Parts of a heterogeneous job; empty for other jobs."
    )


class QueueAnswer(BaseModel):
    """The queue as far as the caller may see it."""

    system: str = Field(description="Name of the system.")
    as_of: str = Field(description="Time of the scheduler's report, RFC 3339 in UTC.")
    resources: ResourcesAnswer = Field(description="Resources of the system.")
    running: int = Field(description="Number of running jobs of all users.")
    waiting: int = Field(description="Number of waiting jobs of all users.")
    cores_in_use: int = Field(description="CPU cores that the running jobs use.")
    jobs: list[JobAnswer] = Field(description="Your jobs, oldest first.")
    everyone: list[QueuedAnswer] = Field(
        description="A page of the jobs of all users that you may see and that match "
        "the filters, oldest first, also those submitted outside of the gateway."
    )
    failure: str = Field(
        description="Why the report is old, if the scheduler does not answer."
    )
    next: str | None = Field(
        description="Cursor of the next page of “everyone”, null on the last."
    )


class ReportAnswer(BaseModel):
    """What the scheduler reported of a system, and when."""

    system: str = Field(description="Name of the system.")
    as_of: str = Field(description="Time of the scheduler's report, RFC 3339 in UTC.")
    failure: str = Field(
        description="Why the report is old, if the scheduler does not answer."
    )
    next: str | None = Field(description="Always null: there is one page.")


class NodeAnswer(BaseModel):
    """A node of a system."""

    name: str = Field(description="Name of the node.")
    state: str = Field(description="State as the scheduler names it.")
    reason: str = Field(description="Why it accepts no jobs.")
    cores: int = Field(description="Number of CPU cores.")
    cores_in_use: int = Field(description="CPU cores allocated to jobs.")
    memory_bytes: int = Field(description="Memory for jobs in bytes.")
    free_memory_bytes: int | None = Field(
        description="Free memory as its operating system reports; null if unknown."
    )
    gpus: int = Field(description="Number of GPUs.")
    features: list[str] = Field(description="Features that jobs may request by name.")
    partitions: list[str] = Field(description="Partitions that contain the node.")


class NodesAnswer(ReportAnswer):
    """The nodes of a system."""

    nodes: list[NodeAnswer] = Field(description="The nodes.")


class PartitionAnswer(BaseModel):
    """A queue or partition in which jobs can run."""

    name: str = Field(description="Name of the partition.")
    state: str = Field(description="State as the scheduler names it.")
    default: bool = Field(description="Whether jobs that name no partition run in it.")
    nodes: int = Field(description="Number of nodes.")
    cores: int = Field(description="Total CPU cores.")
    cores_in_use: int = Field(description="CPU cores allocated to jobs.")
    memory_bytes: int = Field(description="Largest memory of a node in bytes.")
    duration: float | None = Field(
        description="Longest time that a job may run, in seconds; null without a limit."
    )
    most_nodes: int | None = Field(
        description="Most nodes of one job; null without a limit."
    )


class PartitionsAnswer(ReportAnswer):
    """The partitions of a system."""

    partitions: list[PartitionAnswer] = Field(description="The partitions.")


class ReservationAnswer(BaseModel):
    """Resources that are set aside for some users or projects, or for maintenance."""

    name: str = Field(description="Name, which a job gives as “reservation”.")
    state: str = Field(description="State as the scheduler names it.")
    starts_at: str = Field(description="RFC 3339 in UTC.")
    ends_at: str = Field(description="RFC 3339 in UTC.")
    nodes: str = Field(
        description="Its nodes, in the scheduler's notation.", examples=["n[01-04]"]
    )
    node_count: int = Field(description="Number of nodes.")
    cores: int = Field(description="Number of CPU cores.")
    partition: str = Field(description="Its partition; empty for any.")
    users: list[str] = Field(
        description="Accounts that may use it; one after “-” may not."
    )
    projects: list[str] = Field(
        description="Projects that may use it; one after “-” may not."
    )
    flags: list[str] = Field(
        description="Its properties as the scheduler names them.", examples=[["MAINT"]]
    )


class ReservationsAnswer(ReportAnswer):
    """The reservations of a system that you may see."""

    reservations: list[ReservationAnswer] = Field(description="The reservations.")


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
    responses=_NO_SYSTEM,
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
    """Return your jobs, the jobs of all users, and the resources that they share.

    The filters and the pages concern “everyone”. On a system that hides other users'
    jobs, “everyone” has only your own.
    """
    jobs, caller = context.services.jobs, context.caller
    chosen = QueueFilter(user, partition, name, state)
    now, page = await jobs.queue_page(caller, system, chosen, limit, cursor)
    shown = page.map(_queued)
    there = now.capabilities
    extra = _last_look(system, now.as_of, now.failure) | {
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
    }
    return listing(request, "everyone", shown, extra=extra)


@router.get(
    "/nodes/{system}",
    operation_id="getNodes",
    response_model=NodesAnswer,
    summary="The nodes",
    responses=_NO_SYSTEM,
)
async def nodes(request: Request, context: Context, system: System) -> Response:
    """Return the nodes that run jobs, their state and what is in use."""
    whole, machines, _ = await context.services.jobs.machines(context.caller, system)
    extra = _last_look(system, whole.as_of, whole.failure)
    return listing(request, "nodes", Page(machines), extra=extra)


@router.get(
    "/partitions/{system}",
    operation_id="getPartitions",
    response_model=PartitionsAnswer,
    summary="The partitions",
    responses=_NO_SYSTEM,
)
async def partitions(request: Request, context: Context, system: System) -> Response:
    """Return the queues or partitions that jobs may name, and their limits."""
    whole, _, found = await context.services.jobs.machines(context.caller, system)
    extra = _last_look(system, whole.as_of, whole.failure)
    return listing(request, "partitions", Page(found), extra=extra)


@router.get(
    "/reservations/{system}",
    operation_id="getReservations",
    response_model=ReservationsAnswer,
    summary="The reservations",
    responses=_NO_SYSTEM,
)
async def reservations(request: Request, context: Context, system: System) -> Response:
    """Return the reservations of resources, the earliest first.

    On a system that hides reservations, only those that name you are shown.
    """
    whole, found = await context.services.jobs.reservations(context.caller, system)
    extra = _last_look(system, whole.as_of, whole.failure)
    items = [
        {
            "name": one.name,
            "state": one.state,
            "starts_at": timestamp(one.starts_at),
            "ends_at": timestamp(one.ends_at),
            "nodes": one.nodes,
            "node_count": one.node_count,
            "cores": one.cores,
            "partition": one.partition,
            "users": list(one.users),
            "projects": list(one.projects),
            "flags": list(one.flags),
        }
        for one in found
    ]
    return listing(request, "reservations", Page(items), extra=extra)


def _last_look(system: str, as_of: float, failure: str) -> dict[str, object]:
    """Return the members on the age of a report: system, “as_of” and “failure”."""
    return {"system": system, "as_of": timestamp(as_of), "failure": failure}


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
        "components": msgspec.to_builtins(job.components),
    }
