"""Incidents, outages and notices: what administrators send, and the answers."""

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

from gatewright.core.clock import optional_timestamp, timestamp
from gatewright.domains.status import (
    LONGEST_TEXT,
    LONGEST_TITLE,
    MOST_UPDATES,
    Announcement,
    Edit,
    Kind,
    Phase,
    Service,
    Severity,
)
from gatewright.faces.api.moments import Moment, moment

_MANY = 100
_TIMES = ("begins_at", "ends_at")
Title = Annotated[str, Field(min_length=1, max_length=LONGEST_TITLE)]
Text = Annotated[str, Field(max_length=LONGEST_TEXT)]
Systems = Annotated[
    list[Annotated[str, Field(max_length=200)]], Field(max_length=_MANY)
]
Services = Annotated[list[Service], Field(max_length=_MANY)]


class IncidentBody(BaseModel):
    """A new incident, planned outage or notice."""

    model_config = ConfigDict(extra="forbid")

    kind: Kind = Field(description="Why it is announced.")
    severity: Severity = Field(
        Severity.INFO, description="What it says about what it concerns."
    )
    title: Title = Field(description="One line.")
    text: Text = Field("", description="More about it.")
    systems: Systems = Field([], description="Systems that it concerns.")
    services: Services = Field(
        [],
        description="Services that it concerns; with neither systems nor services "
        "it concerns all.",
    )
    begins_at: Moment | None = Field(
        None, description="When it begins or began, RFC 3339; null is the present."
    )
    ends_at: Moment | None = Field(
        None,
        description="When it ends, RFC 3339; null if that is not known. A planned "
        "outage has an end.",
    )
    takes_jobs: bool = Field(
        True,
        strict=True,
        description="Whether the systems take new jobs meanwhile. If not, submissions "
        "are answered with 503.",
    )


class IncidentEdit(BaseModel):
    """Changes of an incident; a member that is left out stays as it is."""

    model_config = ConfigDict(extra="forbid")

    update: Text = Field("", description="What is new, for the history.")
    kind: Kind = Field(Kind.NOTICE, description="Why it is announced.")
    severity: Severity = Field(
        Severity.INFO, description="What it says about what it concerns."
    )
    title: Title = Field("", description="One line.")
    text: Text = Field("", description="More about it.")
    systems: Systems = Field([], description="Systems that it concerns.")
    services: Services = Field([], description="Services that it concerns.")
    begins_at: Moment = Field("", description="When it begins or began, RFC 3339.")
    ends_at: Moment | None = Field(
        None, description="When it ends, RFC 3339; null if that is not known."
    )
    takes_jobs: bool = Field(
        True, strict=True, description="Whether the systems take new jobs meanwhile."
    )
    withdrawn: bool = Field(
        False, strict=True, description="Whether only administrators see it."
    )


class ChangeAnswer(BaseModel):
    """A field that was changed."""

    field: str = Field(description="Name of the field.")
    before: str = Field(description="Its value before, as text; empty for none.")
    after: str = Field(description="Its value from then on, as text; empty for none.")


class UpdateAnswer(BaseModel):
    """What was written or changed."""

    at: str = Field(description="When, RFC 3339 in UTC.")
    author: str | None = Field(
        description="Account that did it; null unless you administer the gateway."
    )
    text: str = Field(description="What is new; empty if only fields were changed.")
    changes: list[ChangeAnswer] = Field(description="What was changed.")


class IncidentSummary(BaseModel):
    """An incident, planned outage or notice, without its history."""

    id: str = Field(description="Its id.")
    kind: Kind = Field(description="“incident”, “outage” (planned) or “notice”.")
    severity: Severity = Field(
        description="What it says about what it concerns: it works (“info”), works in "
        "part (“degraded”), or cannot be used (“down”)."
    )
    phase: Phase = Field(description="“planned”, “current” or “past”.")
    title: str = Field(description="One line.")
    text: str = Field(description="More about it; it may have several lines.")
    systems: list[str] = Field(description="Systems that it concerns.")
    services: list[Service] = Field(
        description="Services that it concerns; with neither it concerns all."
    )
    begins_at: str = Field(description="When it begins or began, RFC 3339 in UTC.")
    ends_at: str | None = Field(
        description="When it ends or ended, RFC 3339 in UTC; null if not known."
    )
    takes_jobs: bool = Field(description="Whether the systems take new jobs meanwhile.")
    withdrawn: bool = Field(description="Whether only administrators see it.")
    updated_at: str = Field(description="When it was last changed, RFC 3339 in UTC.")
    update: str = Field(description="What was written last; may be empty.")


class IncidentAnswer(IncidentSummary):
    """An incident, planned outage or notice, with its history."""

    updates: list[UpdateAnswer] = Field(
        description="Its history, oldest first.", max_length=MOST_UPDATES + 1
    )


class IncidentList(BaseModel):
    """A page of incidents, planned outages and notices."""

    incidents: list[IncidentSummary] = Field(
        description="A page, what begins last first."
    )
    next: str | None = Field(description="Cursor of the next page, null on the last.")


def draft_of(body: IncidentBody, now: float) -> Announcement:
    """Return the announcement that a request describes, without an id.

    Raises
    ------
    InvalidContent
        A time is none.
    """
    begins, ends = (moment(name, getattr(body, name)) for name in _TIMES)
    return Announcement(
        id="",
        kind=body.kind,
        severity=body.severity,
        title=body.title,
        text=body.text,
        systems=tuple(body.systems),
        services=tuple(body.services),
        begins_at=now if begins is None else begins,
        ends_at=ends,
        takes_jobs=body.takes_jobs,
    )


def edit_of(body: IncidentEdit) -> Edit:
    """Return the changes that a request describes.

    Raises
    ------
    InvalidContent
        A time is none.
    """
    values = {name: getattr(body, name) for name in body.model_fields_set - {"update"}}
    for name in _TIMES:
        if name in values:
            values[name] = moment(name, values[name])
    for name in ("systems", "services"):
        if name in values:
            values[name] = tuple(values[name])
    return Edit(**values)


def summary_answer(one: Announcement, now: float) -> dict[str, object]:
    """Return an announcement without its history as JSON values."""
    said = [update.text for update in one.updates if update.text]
    return {
        "id": one.id,
        "kind": one.kind,
        "severity": one.severity,
        "phase": one.phase(now),
        "title": one.title,
        "text": one.text,
        "systems": one.systems,
        "services": one.services,
        "begins_at": timestamp(one.begins_at),
        "ends_at": optional_timestamp(one.ends_at),
        "takes_jobs": one.takes_jobs,
        "withdrawn": one.withdrawn,
        "updated_at": timestamp(one.updates[-1].at),
        "update": said[-1] if said else "",
    }


def incident_answer(
    one: Announcement, now: float, *, authors: bool
) -> dict[str, object]:
    """Return an announcement with its history as JSON values."""
    updates = [
        {
            "at": timestamp(update.at),
            "author": update.author if authors else None,
            "text": update.text,
            "changes": update.changes,
        }
        for update in one.updates
    ]
    return {**summary_answer(one, now), "updates": updates}
