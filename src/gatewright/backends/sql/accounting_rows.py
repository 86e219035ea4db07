"""Converts projects, members and usage to rows of their tables, and back."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import date

import msgspec

from gatewright.backends.sql.database import Row
from gatewright.backends.sql.records import optional_moment
from gatewright.domains.accounting import (
    Amount,
    By,
    Coverage,
    Member,
    Project,
    UsageLine,
    Use,
    day_text,
)

SUMS = """
CAST(COALESCE(SUM(u.cpu_seconds), 0) AS DOUBLE PRECISION) AS cpu_seconds,
CAST(COALESCE(SUM(u.node_seconds), 0) AS DOUBLE PRECISION) AS node_seconds,
CAST(COALESCE(SUM(u.gpu_seconds), 0) AS DOUBLE PRECISION) AS gpu_seconds,
CAST(COALESCE(SUM(u.wall_seconds), 0) AS DOUBLE PRECISION) AS wall_seconds,
CAST(COALESCE(SUM(u.jobs), 0) AS BIGINT) AS jobs
"""
"""Columns of a sum of usage."""

COLUMNS = {
    By.SYSTEM: ("system", str),
    By.PROJECT: ("project", str),
    By.PERSON: ("person", str),
    By.PARTITION: ("part", str),
    By.DAY: ("day", int),
    By.MONTH: ("month", int),
}
"""Column of each key of a sum, and the type of its values."""

_PROJECT = msgspec.json.Decoder(Project)
_MEMBER = msgspec.json.Decoder(Member)


def project_values(project: Project) -> Sequence[object]:
    """Return a project, without its members, as values of a row."""
    days = project.allocation
    return (
        project.system,
        project.name,
        project.parent,
        days.starts_on if days else None,
        days.ends_on if days else None,
        msgspec.json.encode(replace(project, members=())).decode(),
    )


def member_values(project: Project, member: Member) -> Sequence[object]:
    """Return a member of a project as values of a row."""
    return (
        project.system,
        project.name,
        member.person,
        member.partition,
        int(member.coordinator),
        msgspec.json.encode(member).decode(),
    )


def use_values(system: str, day: int, use: Use) -> Sequence[object]:
    """Return one day's usage as values of a row."""
    when, amount = date.fromisoformat(day_text(day)), use.amount
    return (
        system,
        day,
        when.year * 12 + when.month - 1,
        use.project,
        use.person,
        use.partition,
        amount.cpu_seconds,
        amount.node_seconds,
        amount.gpu_seconds,
        amount.wall_seconds,
        amount.jobs,
    )


def project_of(row: Row) -> Project:
    """Return the project of a row, without members."""
    return _PROJECT.decode(row["content"])


def member_of(row: Row) -> Member:
    """Return the member of a row."""
    return _MEMBER.decode(row["content"])


def amount_of(row: Row) -> Amount:
    """Return the sum in a row with the columns :data:`SUMS`."""
    return Amount(
        row["cpu_seconds"],
        row["node_seconds"],
        row["gpu_seconds"],
        row["wall_seconds"],
        row["jobs"],
    )


def line_of(row: Row, by: Sequence[By]) -> UsageLine:
    """Return a line of usage."""
    return UsageLine({key: _text(key, row) for key in by}, amount_of(row))


def _text(key: By, row: Row) -> str:
    value = row[COLUMNS[key][0]]
    if key is By.DAY:
        return day_text(value)
    if key is By.MONTH:
        return f"{value // 12:04}-{value % 12 + 1:02}"
    return str(value)


def coverage_of(row: Row) -> Coverage:
    """Return how far the usage of a system is known."""
    return Coverage(
        row["system"],
        optional_moment(row["as_of"]),
        None,
        kept=bool(row["kept"]),
        failure=row["failure"],
    )
