"""What administrators send about projects, and the answers about their burn-down."""

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

from gatewright.core.errors import InvalidContent
from gatewright.domains.accounting import (
    Allocation,
    BurnDown,
    Member,
    Project,
    day_of,
    day_text,
)
from gatewright.faces.api.accounting_answers import optional_day

Account = Annotated[str, Field(min_length=1, max_length=128)]


class ProjectBody(BaseModel):
    """A project that administrators keep."""

    model_config = ConfigDict(extra="forbid", strict=True)

    title: str = Field("", description="Description for people.", max_length=1000)
    organization: str = Field("", description="Its organization.", max_length=200)
    cpu_seconds: float | None = Field(
        None, description="CPU seconds that it may use.", ge=0
    )
    node_seconds: float | None = Field(
        None, description="Node seconds that it may use.", ge=0
    )
    gpu_seconds: float | None = Field(
        None, description="GPU seconds that it may use.", ge=0
    )
    starts_on: str | None = Field(
        None, description="First day that counts.", examples=["2026-01-01"]
    )
    ends_on: str | None = Field(
        None, description="Last day that counts.", examples=["2026-12-31"]
    )
    members: list[Account] = Field(
        [], description="Accounts of its people.", max_length=10_000
    )
    coordinators: list[Account] = Field(
        [], description="Accounts that see everyone's usage.", max_length=1000
    )


class PastDay(BaseModel):
    """Usage of a day."""

    day: str = Field(description="Day in UTC.")
    seconds: float = Field(description="What was used on it; today until now.")


class ComingDay(BaseModel):
    """Expected usage from today until the end of a day."""

    day: str = Field(description="Day in UTC.")
    low: float = Field(description="Lower end of the interval of 80 %.")
    middle: float = Field(description="Median.")
    high: float = Field(description="Upper end of the interval of 80 %.")


class RunsOutAnswer(BaseModel):
    """Days on which the allocation is used up.

    A day is null if it is after the end of the forecast or of the allocation, or if the
    allocation has not begun.
    """

    earliest: str | None = Field(description="At the upper end of the interval.")
    likely: str | None = Field(description="At the median.")
    latest: str | None = Field(description="At the lower end of the interval.")


class BurnDownAnswer(BaseModel):
    """Past and expected usage of a project and of those below it, in seconds."""

    system: str = Field(description="Name of the system.")
    project: str = Field(description="Name of the project.")
    resource: str = Field(description="What is counted: “cpu”, “node” or “gpu”.")
    granted: float | None = Field(description="What it may use; null for no limit.")
    used: float = Field(description="What it has used of it until now.")
    starts_on: str | None = Field(description="First day of the allocation, or null.")
    ends_on: str | None = Field(description="Last day of the allocation, or null.")
    history: list[PastDay] = Field(description="Each day until today.")
    forecast: list[ComingDay] = Field(
        description="Sums from today on; empty until four weeks after the first use."
    )
    runs_out: RunsOutAnswer | None = Field(
        description="When it is used up; null without allocation or forecast."
    )


def project_of(system: str, name: str, body: ProjectBody) -> Project:
    """Return the project that a request describes.

    Raises
    ------
    InvalidContent
        A day is no date, or the last one is before the first.
    """
    starts, ends = _read_day(body.starts_on), _read_day(body.ends_on)
    if starts is not None and ends is not None and ends < starts:
        raise InvalidContent("“ends_on” is before “starts_on”.")
    people = dict.fromkeys(body.members)
    return Project(
        system=system,
        name=name,
        title=body.title,
        organization=body.organization,
        allocation=Allocation(
            body.cpu_seconds,
            body.node_seconds,
            body.gpu_seconds,
            starts_on=starts,
            ends_on=ends,
        ),
        members=[
            Member(
                person,
                belongs=person in people,
                coordinator=person in body.coordinators,
            )
            for person in people | dict.fromkeys(body.coordinators)
        ],
    )


def _read_day(text: str | None) -> int | None:
    try:
        return None if text is None else day_of(text)
    except ValueError as error:
        raise InvalidContent(
            f"A day is such as 2026-11-29, and not “{text}”."
        ) from error


def burn_down_answer(found: BurnDown) -> dict[str, object]:
    """Return past and expected usage as JSON values."""
    allocation = found.project.allocation
    paths = found.forecast
    coming = zip(paths.low, paths.middle, paths.high, strict=True) if paths else ()
    out = found.runs_out
    return {
        "system": found.project.system,
        "project": found.project.name,
        "resource": found.resource.value,
        "granted": found.granted,
        "used": found.used,
        "starts_on": optional_day(allocation.starts_on if allocation else None),
        "ends_on": optional_day(allocation.ends_on if allocation else None),
        "history": [
            {"day": day_text(found.first + number), "seconds": seconds}
            for number, seconds in enumerate(found.history)
        ],
        "forecast": [
            {"day": day_text(found.today + number), "low": a, "middle": b, "high": c}
            for number, (a, b, c) in enumerate(coming)
        ],
        "runs_out": out
        and {
            "earliest": optional_day(out.earliest),
            "likely": optional_day(out.likely),
            "latest": optional_day(out.latest),
        },
    }
