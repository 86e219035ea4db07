"""JSON answers about projects and usage."""

from collections.abc import Sequence

from pydantic import BaseModel, Field

from gatewright.core.clock import optional_timestamp
from gatewright.domains.accounting import (
    Allocation,
    Amount,
    Coverage,
    FairShare,
    Limits,
    Member,
    Project,
    UsageLine,
    day_text,
)

CPU_SECONDS = "Seconds of single CPU cores, as allocated to jobs."
NODE_SECONDS = "Seconds of nodes, each counted for every job that has a part of it."
GPU_SECONDS = "Seconds of single GPUs, if the scheduler records them."


class AmountAnswer(BaseModel):
    """What jobs were allocated."""

    cpu_seconds: float = Field(description=CPU_SECONDS)
    node_seconds: float = Field(description=NODE_SECONDS)
    gpu_seconds: float = Field(description=GPU_SECONDS)
    wall_seconds: float = Field(description="Elapsed time of the jobs in seconds.")
    jobs: int = Field(description="Jobs that ended.")


class UsageLineAnswer(AmountAnswer):
    """A sum of usage, with those of the keys that “by” names."""

    system: str | None = Field(None, description="Name of the system.")
    project: str | None = Field(
        None, description="Project; “none” for jobs without one."
    )
    person: str | None = Field(None, description="Account of the person.")
    partition: str | None = Field(None, description="Partition; empty for none.")
    day: str | None = Field(None, description="Day in UTC, such as 2026-11-29.")
    month: str | None = Field(None, description="Month in UTC, such as 2026-11.")


class CoverageAnswer(BaseModel):
    """How far the usage of a system is known."""

    system: str = Field(description="Name of the system.")
    as_of: str | None = Field(
        description="When it was last read, RFC 3339 in UTC; null if never."
    )
    since: str | None = Field(
        description="First day from which on usage is known without a gap."
    )
    failure: str = Field(description="Why it is old or not complete; empty if not.")


class UsageAnswerBody(BaseModel):
    """Sums of usage."""

    usage: list[UsageLineAnswer] = Field(description="A page of sums, by their keys.")
    total: AmountAnswer = Field(description="Sum of all pages.")
    by: list[str] = Field(description="Keys of each sum.")
    first: str = Field(alias="from", description="First day in UTC.")
    last: str = Field(alias="to", description="Last day in UTC, included.")
    as_of: str | None = Field(
        description="When the oldest part was read, RFC 3339 in UTC; null if never."
    )
    systems: list[CoverageAnswer] = Field(description="How far usage is known.")
    next: str | None = Field(description="Cursor of the next page, null on the last.")


class FairShareAnswer(BaseModel):
    """Fair share as the scheduler states it; null for what it does not tell."""

    shares: int | None = Field(description="Assigned shares; null for the parent's.")
    normal_shares: float | None = Field(description="Part of all shares.")
    usage: float | None = Field(
        description="Usage that is weighed, in CPU seconds or the site's billing "
        "units; it may decay with time."
    )
    effective_usage: float | None = Field(description="Part of the parent's usage.")
    factor: float | None = Field(
        description="Factor from 0 to 1, 1 is best; null for a project in Slurm."
    )
    level: float | None = Field(
        description="Shares divided by usage: above 1 if less than the share was used."
    )


class AllocationAnswer(BaseModel):
    """What a project may use, and what it has used of it."""

    cpu_seconds: float | None = Field(description="CPU seconds; null for no limit.")
    node_seconds: float | None = Field(description="Node seconds; null for no limit.")
    gpu_seconds: float | None = Field(description="GPU seconds; null for no limit.")
    used: AmountAnswer = Field(description="What was used of it.")
    starts_on: str | None = Field(description="First day; null if it is open.")
    ends_on: str | None = Field(description="Last day; null if it is open.")


class LimitsAnswer(BaseModel):
    """Most of each that a project or member may have; null without a limit."""

    jobs: int | None = Field(description="Jobs that run at the same time.")
    submitted: int | None = Field(description="Jobs that run and wait.")
    duration: float | None = Field(description="Time limit of a job in seconds.")
    cores: int | None = Field(description="CPU cores at the same time.")
    nodes: int | None = Field(description="Nodes at the same time.")
    gpus: int | None = Field(description="GPUs at the same time.")
    qos: list[str] = Field(description="Qualities of service that jobs may name.")


class MemberAnswer(BaseModel):
    """A person in a project."""

    person: str = Field(description="Account of the person.")
    partition: str = Field(description="Only partition in which it counts, or empty.")
    belongs: bool = Field(description="Whether the person's jobs may be charged to it.")
    coordinator: bool = Field(description="Whether the person coordinates it.")
    limits: LimitsAnswer = Field(description="Limits of the person in the project.")
    fair_share: FairShareAnswer | None = Field(description="Fair share; null if none.")


class ProjectAnswer(BaseModel):
    """A project, which jobs are charged to: an account of Slurm's."""

    system: str = Field(description="Name of the system.")
    name: str = Field(description="Name, which jobs give as “project_name”.")
    title: str = Field(description="Description for people.")
    organization: str = Field(description="Organization that it belongs to.")
    parent: str = Field(description="Project above; empty if there is none.")
    allocation: AllocationAnswer | None = Field(
        description="What it may use in all; null without any limit."
    )
    limits: LimitsAnswer = Field(description="Limits of its jobs together.")
    fair_share: FairShareAnswer | None = Field(description="Fair share; null if none.")
    members: list[MemberAnswer] = Field(
        description="You; everybody if you coordinate the project."
    )


class ProjectList(BaseModel):
    """A page of projects."""

    projects: list[ProjectAnswer] = Field(description="Projects by system and name.")
    as_of: str | None = Field(
        description="When the oldest part was read, RFC 3339 in UTC; null if never."
    )
    systems: list[CoverageAnswer] = Field(description="How far this is known.")
    next: str | None = Field(description="Cursor of the next page, null on the last.")


def amount_answer(amount: Amount) -> dict[str, object]:
    """Return an amount as JSON values."""
    return {
        "cpu_seconds": amount.cpu_seconds,
        "node_seconds": amount.node_seconds,
        "gpu_seconds": amount.gpu_seconds,
        "wall_seconds": amount.wall_seconds,
        "jobs": amount.jobs,
    }


def line_answer(line: UsageLine) -> dict[str, object]:
    """Return a sum of usage as JSON values."""
    keys = {key.value: text for key, text in line.keys.items()}
    return {**keys, **amount_answer(line.amount)}


def coverage_answers(coverage: Sequence[Coverage]) -> dict[str, object]:
    """Return the members “as_of” and “systems” of an answer."""
    read = [one.as_of for one in coverage if one.as_of is not None]
    return {
        "as_of": optional_timestamp(min(read, default=None)),
        "systems": [
            {
                "system": one.system,
                "as_of": optional_timestamp(one.as_of),
                "since": optional_day(one.since),
                "failure": one.failure,
            }
            for one in coverage
        ],
    }


def project_answer(project: Project) -> dict[str, object]:
    """Return a project as JSON values."""
    return {
        "system": project.system,
        "name": project.name,
        "title": project.title,
        "organization": project.organization,
        "parent": project.parent,
        "allocation": _allocation(project.allocation),
        "limits": _limits(project.limits),
        "fair_share": _fair_share(project.fair_share),
        "members": [_member(member) for member in project.members],
    }


def _member(member: Member) -> dict[str, object]:
    return {
        "person": member.person,
        "partition": member.partition,
        "belongs": member.belongs,
        "coordinator": member.coordinator,
        "limits": _limits(member.limits),
        "fair_share": _fair_share(member.fair_share),
    }


def _allocation(allocation: Allocation | None) -> dict[str, object] | None:
    if allocation is None:
        return None
    return {
        "cpu_seconds": allocation.cpu_seconds,
        "node_seconds": allocation.node_seconds,
        "gpu_seconds": allocation.gpu_seconds,
        "used": amount_answer(allocation.used or Amount()),
        "starts_on": optional_day(allocation.starts_on),
        "ends_on": optional_day(allocation.ends_on),
    }


def _limits(limits: Limits) -> dict[str, object]:
    return {
        "jobs": limits.jobs,
        "submitted": limits.submitted,
        "duration": limits.duration,
        "cores": limits.cores,
        "nodes": limits.nodes,
        "gpus": limits.gpus,
        "qos": list(limits.qos),
    }


def _fair_share(share: FairShare | None) -> dict[str, object] | None:
    if share is None:
        return None
    return {
        "shares": share.shares,
        "normal_shares": share.normal_shares,
        "usage": share.usage,
        "effective_usage": share.effective_usage,
        "factor": share.factor,
        "level": share.level,
    }


def optional_day(day: int | None) -> str | None:
    """Return the date of a day; None without one."""
    return None if day is None else day_text(day)
