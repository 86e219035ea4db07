"""Sign-ins that were begun with an identity provider, as a table."""

from gatewright.backends.sql.database import Database, Statement, Work
from gatewright.core.ids import new_id
from gatewright.domains.identity import BegunSignIn

_ADD = """
INSERT INTO begun_sign_in (state, id, browser, provider, path, network, expires_at)
VALUES (?, ?, ?, ?, ?, ?, ?)
"""
_KEEP_NEWEST = """
DELETE FROM begun_sign_in WHERE network = ? AND id NOT IN
    (SELECT id FROM begun_sign_in WHERE network = ? ORDER BY id DESC LIMIT ?)
"""
_TAKE = """
DELETE FROM begun_sign_in WHERE state = ? AND browser = ? AND provider = ?
    AND expires_at > ? AND expires_at <= ? RETURNING path
"""


class SqlBegunStore:
    """Implements :class:`gatewright.domains.identity.BegunStore` over a database."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def add(self, begun: BegunSignIn, *, now: float, keep: int) -> None:
        values = (
            begun.state,
            new_id(),
            begun.browser,
            begun.provider,
            begun.path,
            begun.network,
            begun.expires_at,
        )

        def work() -> Work[None]:
            yield Statement("DELETE FROM begun_sign_in WHERE expires_at <= ?", (now,))
            yield Statement(_ADD, values)
            yield Statement(_KEEP_NEWEST, (begun.network, begun.network, keep))

        await self._database.run(work)

    async def take(
        self, state: str, browser: str, provider: str, *, now: float, latest: float
    ) -> str | None:
        def work() -> Work[str | None]:
            values = (state, browser, provider, now, latest)
            rows = yield Statement(_TAKE, values)
            return str(rows[0]["path"]) if rows else None

        return await self._database.run(work)
