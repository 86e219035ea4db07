"""The book of projects and usage as tables."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import partial
from itertools import groupby

from gatewright.backends.sql.accounting_rows import (
    COLUMNS,
    SUMS,
    amount_of,
    coverage_of,
    line_of,
    member_of,
    member_values,
    project_of,
    project_values,
    use_values,
)
from gatewright.backends.sql.database import (
    Batch,
    Database,
    Lock,
    Statement,
    Work,
)
from gatewright.backends.sql.records import readable
from gatewright.core.errors import Conflict
from gatewright.core.pages import Page, decode_cursor, encode_cursor
from gatewright.domains.accounting import (
    Allocation,
    Amount,
    Coverage,
    Project,
    Report,
    UsageLine,
    UsageQuery,
    Use,
    Viewer,
)

_SYSTEM = """
INSERT INTO accounting_systems (system, as_of, kept, failure) VALUES (?, ?, ?, ?)
ON CONFLICT (system) DO UPDATE SET as_of = excluded.as_of, kept = excluded.kept,
    failure = excluded.failure
"""
_FAILED = """
INSERT INTO accounting_systems (system, as_of, kept, failure) VALUES (?, NULL, 0, ?)
ON CONFLICT (system) DO UPDATE SET failure = excluded.failure
"""
_PROJECT = """
INSERT INTO accounting_projects (system, name, parent, starts_on, ends_on, content)
VALUES (?, ?, ?, ?, ?, ?)
"""
_MEMBER = """
INSERT INTO accounting_members (system, project, person, part, coordinator, content)
VALUES (?, ?, ?, ?, ?, ?)
"""
_DAY = """
INSERT INTO accounting_days (system, day, read_at) VALUES (?, ?, ?)
ON CONFLICT (system, day) DO UPDATE SET read_at = excluded.read_at
"""
_USE = """
INSERT INTO accounting_usage (system, day, month, project, person, part, cpu_seconds,
    node_seconds, gpu_seconds, wall_seconds, jobs)
VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
"""
# The days of a system without a gap before the newest one.
_SINCE = """
SELECT system, MIN(day) AS since FROM (
    SELECT system, day, day - ROW_NUMBER() OVER (PARTITION BY system ORDER BY day)
        AS island, MAX(day) OVER whole - COUNT(*) OVER whole AS newest
    FROM accounting_days WINDOW whole AS (PARTITION BY system)
) AS islands
WHERE island = newest GROUP BY system
"""
BELOW = """
WITH RECURSIVE below (top, name) AS (
    SELECT name, name FROM accounting_projects
        WHERE system = ? AND name IN ({marks})
    UNION SELECT b.top, p.name FROM accounting_projects p
        JOIN below b ON p.parent = b.name AND p.system = ?
)
"""
"""Projects with those below them; values are the system, the names and the system."""
_USED = f"""{BELOW}
SELECT b.top AS name, {SUMS} FROM below b
JOIN accounting_projects t ON t.system = ? AND t.name = b.top
JOIN accounting_usage u ON u.system = ? AND u.project = b.name
    AND (t.starts_on IS NULL OR u.day >= t.starts_on)
    AND (t.ends_on IS NULL OR u.day <= t.ends_on)
GROUP BY b.top
"""  # noqa: S608  # constants
_SERIES = f"""{BELOW.format(marks="?")}
SELECT u.day, {SUMS} FROM below b
JOIN accounting_usage u ON u.system = ? AND u.project = b.name
WHERE u.day >= ? AND u.day <= ? GROUP BY u.day
"""  # noqa: S608  # constants
_MINE = """EXISTS (SELECT 1 FROM accounting_members m WHERE m.system = {of}.system
    AND m.project = {of}.{name} AND m.person = ?{more})"""
_COORDINATED = " AND m.coordinator = 1"


class SqlAccountBook:
    """Implements :class:`gatewright.domains.accounting.AccountBook` with a database."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def save(self, system: str, report: Report | None, at: float) -> None:
        def work() -> Work[None]:
            yield Lock(f"accounting:{system}")
            failure = "" if report is None else report.failure
            yield Statement(_SYSTEM, (system, at, int(report is None), failure))
            if report is None:
                return
            yield Statement(
                "DELETE FROM accounting_projects WHERE system = ?", (system,)
            )
            yield Statement(
                "DELETE FROM accounting_members WHERE system = ?", (system,)
            )
            yield from _added(report.projects)

        await self._database.run(work)

    async def fail(self, system: str, failure: str) -> None:
        def work() -> Work[None]:
            yield Statement(_FAILED, (system, failure))

        await self._database.run(work)

    async def record(
        self, system: str, day: int, uses: Sequence[Use], at: float
    ) -> None:
        def work() -> Work[None]:
            yield Lock(f"accounting:{system}")
            yield Statement(_DAY, (system, day, at))
            yield Statement(
                "DELETE FROM accounting_usage WHERE system = ? AND day = ?",
                (system, day),
            )
            yield Batch(_USE, [use_values(system, day, use) for use in uses])

        await self._database.run(work)

    async def days(self, system: str, first: int) -> Mapping[int, float]:
        late = "SELECT 1 AS one FROM accounting_late WHERE system = ? LIMIT 1"
        if await self._database.read(late, system):
            await self._database.run(partial(_opened_again, system))
        rows = await self._database.read(
            "SELECT day, read_at FROM accounting_days WHERE system = ? AND day >= ?",
            system,
            first,
        )
        return {row["day"]: row["read_at"] for row in rows}

    async def coverage(self) -> Sequence[Coverage]:
        rows = await self._database.read(
            "SELECT * FROM accounting_systems ORDER BY system"
        )
        since = {r["system"]: r["since"] for r in await self._database.read(_SINCE)}
        return [
            replace(one, since=since.get(one.system))
            for one in readable(rows, coverage_of, "system")
        ]

    async def projects(
        self,
        viewer: Viewer,
        limit: int,
        cursor: str | None,
        *,
        system: str = "",
        name: str = "",
    ) -> Page[Project]:
        conditions, values = ["1 = 1"], list[object]()
        if not viewer.all:
            conditions.append(_MINE.format(of="p", name="name", more=""))
            values.append(viewer.person)
        for column, value in (("p.system", system), ("p.name", name)):
            if value:
                conditions.append(f"{column} = ?")
                values.append(value)
        if cursor is not None:
            conditions.append("(p.system, p.name) > (?, ?)")
            values += decode_cursor(cursor, str, str)
        rows = await self._database.read(
            "SELECT p.system, p.name, p.content FROM accounting_projects p WHERE "  # noqa: S608  # conditions of constants
            f"{' AND '.join(conditions)} ORDER BY p.system, p.name LIMIT ?",
            *values,
            limit + 1,
        )
        page = rows[:limit]
        found: list[Project] = []
        for of, some in groupby(
            readable(page, project_of, "name"), key=lambda one: one.system
        ):
            found += await self._completed(viewer, of, list(some))
        more = len(rows) > limit
        last = (page[-1]["system"], page[-1]["name"]) if more else ()
        return Page(found, encode_cursor(*last) if more else None)

    async def _completed(
        self, viewer: Viewer, system: str, projects: Sequence[Project]
    ) -> list[Project]:
        """Return projects of a system with their members and what they used."""
        names = [project.name for project in projects]
        marks = ", ".join("?" for _ in names)
        seen, values = "", list[object]()
        if not viewer.all:
            coordinated = _MINE.format(of="o", name="project", more=_COORDINATED)
            seen = f"AND (o.person = ? OR {coordinated})"
            values = [viewer.person, viewer.person]
        rows = await self._database.read(
            "SELECT o.project, o.person, o.content FROM accounting_members o "  # noqa: S608  # marks and constants
            f"WHERE o.system = ? AND o.project IN ({marks}) {seen} "
            "ORDER BY o.project, o.person, o.part",
            system,
            *names,
            *values,
        )
        members = {
            project: readable(some, member_of, "person")
            for project, some in groupby(rows, key=lambda row: str(row["project"]))
        }
        used: dict[str, Amount] = {}
        if any(one.allocation and one.allocation.used is None for one in projects):
            sums = await self._database.read(
                _USED.format(marks=marks), system, *names, system, system, system
            )
            used = {row["name"]: amount_of(row) for row in sums}
        return [
            replace(
                project,
                members=tuple(members.get(project.name, ())),
                allocation=_with_used(project.allocation, used.get(project.name)),
            )
            for project in projects
        ]

    async def usage(
        self, viewer: Viewer, query: UsageQuery, limit: int, cursor: str | None
    ) -> Page[UsageLine]:
        columns = [f"u.{COLUMNS[key][0]}" for key in query.by]
        kinds = [COLUMNS[key][1] for key in query.by]
        condition, values = _condition(viewer, query)
        listed = ", ".join(columns)
        if cursor is not None:
            condition += f" AND ({listed}) > ({', '.join('?' for _ in columns)})"
            values += decode_cursor(cursor, *kinds)
        rows = await self._database.read(
            f"SELECT {listed}, {SUMS} FROM accounting_usage u WHERE {condition} "  # noqa: S608  # constants
            f"GROUP BY {listed} ORDER BY {listed} LIMIT ?",
            *values,
            limit + 1,
        )
        page = rows[:limit]
        lines = [line_of(row, query.by) for row in page]
        if len(rows) <= limit:
            return Page(lines)
        last = [page[-1][COLUMNS[key][0]] for key in query.by]
        return Page(lines, encode_cursor(*last))

    async def total(self, viewer: Viewer, query: UsageQuery) -> Amount:
        condition, values = _condition(viewer, query)
        rows = await self._database.read(
            f"SELECT {SUMS} FROM accounting_usage u WHERE {condition}",  # noqa: S608  # constants
            *values,
        )
        return amount_of(rows[0])

    async def series(
        self, system: str, name: str, first: int, last: int
    ) -> Mapping[int, Amount]:
        rows = await self._database.read(
            _SERIES, system, name, system, system, first, last
        )
        return {row["day"]: amount_of(row) for row in rows}

    async def keep(self, project: Project) -> bool:
        def work() -> Work[bool]:
            yield Lock(f"accounting:{project.system}")
            yield from _kept_here(project.system)
            gone = yield from _removed(project.system, project.name)
            yield from _added([project])
            return not gone

        return await self._database.run(work)

    async def drop(self, system: str, name: str) -> bool:
        def work() -> Work[bool]:
            yield Lock(f"accounting:{system}")
            yield from _kept_here(system)
            return (yield from _removed(system, name))

        return await self._database.run(work)


def _opened_again(system: str) -> Work[None]:
    """Forget that days were read of whose jobs more was recorded since."""
    yield Lock(f"accounting:{system}")
    late = yield Statement(
        "DELETE FROM accounting_late WHERE system = ? RETURNING day", (system,)
    )
    if late:
        # A job that ended late was taken to run on all days after that.
        yield Statement(
            "UPDATE accounting_days SET read_at = 0.0 WHERE system = ? AND day >= ?",
            (system, min(row["day"] for row in late)),
        )


def _added(projects: Sequence[Project]) -> Work[None]:
    yield Batch(_PROJECT, [project_values(project) for project in projects])
    yield Batch(
        _MEMBER,
        [
            member_values(project, member)
            for project in projects
            for member in project.members
        ],
    )


def _removed(system: str, name: str) -> Work[bool]:
    rows = yield Statement(
        "DELETE FROM accounting_projects WHERE system = ? AND name = ? RETURNING name",
        (system, name),
    )
    yield Statement(
        "DELETE FROM accounting_members WHERE system = ? AND project = ?",
        (system, name),
    )
    return bool(rows)


def _kept_here(system: str) -> Work[None]:
    rows = yield Statement(
        "SELECT kept FROM accounting_systems WHERE system = ?", (system,)
    )
    if not rows or not rows[0]["kept"]:
        raise Conflict(
            f"The scheduler of “{system}” keeps its projects itself: change them there."
        )


def _with_used(allocation: Allocation | None, used: Amount | None) -> Allocation | None:
    if allocation is None or allocation.used is not None:
        return allocation
    return replace(allocation, used=used or Amount())


def _condition(viewer: Viewer, query: UsageQuery) -> tuple[str, list[object]]:
    """Return the condition for what a query finds and the viewer may see."""
    # With the systems, the days are looked up in the primary key.
    conditions = [
        "u.system IN (SELECT DISTINCT system FROM accounting_days)",
        "u.day >= ?",
        "u.day <= ?",
    ]
    values: list[object] = [query.first, query.last]
    for column, value in (
        ("system", query.system),
        ("project", query.project),
        ("person", query.person),
        ("part", query.partition),
    ):
        if value:
            conditions.append(f"u.{column} = ?")
            values.append(value)
    if not viewer.all:
        more = _COORDINATED if query.names_people else ""
        mine = _MINE.format(of="u", name="project", more=more)
        conditions.append(f"(u.person = ? OR {mine})")
        values += [viewer.person, viewer.person]
    return " AND ".join(conditions), values
