"""The records of jobs as tables."""

from collections.abc import Mapping, Sequence

from gatewright.backends.sql import job_work
from gatewright.backends.sql.database import Database
from gatewright.backends.sql.job_rows import SELECT, job_of
from gatewright.core.pages import Page, decode_cursor, encode_cursor
from gatewright.domains.compute import (
    Admission,
    Admitted,
    Job,
    JobFilter,
    JobStatus,
    KeyUse,
    Refusal,
)


class SqlJobTable:
    """Implements :class:`gatewright.domains.compute.JobTable` with a database."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def keyed(self, use: KeyUse) -> Sequence[Admitted] | None:
        return await self._database.run(lambda: job_work.keyed(use))

    async def admit(self, admission: Admission) -> Sequence[Admitted]:
        return await self._database.run(lambda: job_work.admit(admission))

    async def submitted(self, statuses: Mapping[str, JobStatus]) -> Sequence[Job]:
        return await self._database.run(lambda: job_work.submitted(statuses))

    async def withdraw(self, refused: Mapping[str, Refusal]) -> None:
        await self._database.run(lambda: job_work.withdraw(refused))

    async def cut_short(self, system: str, now: float, lease: float) -> Sequence[Job]:
        query = f"{SELECT} WHERE j.system = ? AND j.state = 'new' AND j.lease <= ?"
        rows = await self._database.read(
            f"{query} AND j.ended_at IS NULL LIMIT 1", system, now
        )
        if not rows:
            return []
        return await self._database.run(lambda: job_work.cut_short(system, now, lease))

    async def record(self, system: str, statuses: Sequence[JobStatus]) -> Sequence[Job]:
        if not statuses:
            return []
        return await self._database.run(lambda: job_work.record(system, statuses))

    async def open_jobs(self, system: str, user: str | None = None) -> Sequence[Job]:
        where = "WHERE j.system = ? AND j.ended_at IS NULL"
        order = "ORDER BY j.number, j.array_index"
        if user is None:
            rows = await self._database.read(f"{SELECT} {where} {order}", system)
        else:
            rows = await self._database.read(
                f"{SELECT} {where} AND j.owner = ? {order}", system, user
            )
        return [job_of(row) for row in rows]

    async def get(self, system: str, user: str, job_id: str) -> Job | None:
        number, _, index = job_id.partition("_")
        rows = await self._database.read(
            f"{SELECT} WHERE j.number = ? AND j.array_index = ? AND j.system = ? "
            "AND j.owner = ?",
            int(number),
            int(index or -1),
            system,
            user,
        )
        return job_of(rows[0]) if rows else None

    async def numbered(self, system: str, user: str, number: int) -> Sequence[Job]:
        rows = await self._database.read(
            f"{SELECT} WHERE j.number = ? AND j.system = ? AND j.owner = ? "
            "ORDER BY j.array_index",
            number,
            system,
            user,
        )
        return [job_of(row) for row in rows]

    async def list(
        self, system: str, user: str, chosen: JobFilter, limit: int, cursor: str | None
    ) -> Page[Job]:
        conditions, values = _conditions(system, user, chosen)
        if cursor is not None:
            number, index = decode_cursor(cursor, int, int)
            conditions.append("(j.number < ? OR (j.number = ? AND j.array_index < ?))")
            values += [number, number, index]
        rows = await self._database.read(
            f"{SELECT} WHERE {' AND '.join(conditions)} "
            "ORDER BY j.number DESC, j.array_index DESC LIMIT ?",
            *values,
            limit + 1,
        )
        page = rows[:limit]
        more = len(rows) > limit
        last = (
            encode_cursor(page[-1]["number"], page[-1]["array_index"]) if more else None
        )
        return Page([job_of(row) for row in page], last)


def _conditions(
    system: str, user: str, chosen: JobFilter
) -> tuple[list[str], list[object]]:
    conditions = ["j.system = ?", "j.owner = ?"]
    values: list[object] = [system, user]
    if chosen.states:
        marks = ", ".join("?" for _ in chosen.states)
        conditions.append(f"j.state IN ({marks})")
        values += sorted(state.value for state in chosen.states)
    if chosen.name is not None:
        conditions.append("j.name = ?")
        values.append(chosen.name)
    if chosen.since is not None:
        conditions.append("j.submitted_at >= ?")
        values.append(chosen.since)
    if chosen.number is not None:
        conditions.append("j.number = ?")
        values.append(chosen.number)
    return conditions, values
