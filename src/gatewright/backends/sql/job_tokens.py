"""The tokens of jobs as a table."""

from collections.abc import Mapping, Sequence

from gatewright.backends.sql.database import Database, Row, Statement, Work
from gatewright.backends.sql.records import moment, readable
from gatewright.domains.compute import JobToken

_ADD = """
INSERT INTO job_tokens (uuid, system, owner, token, path, made_at, postponed_until)
VALUES (?, ?, ?, ?, ?, ?, 0)
"""
_COLUMNS = (
    "SELECT t.uuid, t.system, t.owner, t.token, t.path, t.made_at FROM job_tokens t"
)
_OVER = f"""
{_COLUMNS} WHERE t.postponed_until <= ? AND (
    (t.number IS NULL AND t.made_at <= ?)
    OR (t.number IS NOT NULL AND NOT EXISTS (
        SELECT 1 FROM jobs j WHERE j.number = t.number AND j.ended_at IS NULL
    ))
) ORDER BY t.made_at LIMIT ?
"""  # noqa: S608  # constants


class SqlJobTokenTable:
    """Implements :class:`gatewright.domains.compute.JobTokenTable` with a database."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def add(self, token: JobToken) -> None:
        await self._change(
            _ADD,
            token.uuid,
            token.system,
            token.user,
            token.key,
            token.path,
            token.made_at,
        )

    async def unused(self, uuids: Sequence[str]) -> Sequence[JobToken]:
        marks = ", ".join("?" for _ in uuids)
        rows = await self._database.read(
            f"{_COLUMNS} WHERE number IS NULL AND uuid IN ({marks})", *uuids
        )
        return readable(rows, _token, "uuid")

    async def over(self, now: float, before: float, limit: int) -> Sequence[JobToken]:
        rows = await self._database.read(_OVER, now, before, limit)
        return readable(rows, _token, "uuid")

    async def postpone(self, uuid: str, until: float) -> None:
        await self._change(
            "UPDATE job_tokens SET postponed_until = ? WHERE uuid = ?", until, uuid
        )

    async def remove(self, uuid: str) -> None:
        await self._change("DELETE FROM job_tokens WHERE uuid = ?", uuid)

    async def jobs(
        self, user: str, keys: Sequence[str]
    ) -> Mapping[str, tuple[str, str]]:
        marks = ", ".join("?" for _ in keys)
        rows = await self._database.read(
            "SELECT token, system, number FROM job_tokens "  # noqa: S608  # marks alone
            f"WHERE owner = ? AND number IS NOT NULL AND token IN ({marks})",
            user,
            *keys,
        )
        return {row["token"]: (row["system"], str(row["number"])) for row in rows}

    async def _change(self, sql: str, *values: object) -> None:
        def work() -> Work[None]:
            yield Statement(sql, values)

        await self._database.run(work)


def _token(row: Row) -> JobToken:
    return JobToken(
        uuid=row["uuid"],
        system=row["system"],
        user=row["owner"],
        key=row["token"],
        path=row["path"],
        made_at=moment(row["made_at"]),
    )
