"""Ends the rights to documents of accounts that another process keeps and removes."""

import logging
from collections.abc import Awaitable, Callable

from gatewright.backends.sql.database import Database, Statement, Work
from gatewright.backends.sql.identity import UNGRANT
from gatewright.core.clock import Clock, system_clock

_PAUSE_SECONDS = 60.0
_CHUNK = 500
_PREFIX = "user:"
_ALWAYS = 1e300
_PAGE = """
SELECT who, MIN(given_at) AS first FROM store_grants
WHERE who > ? AND who LIKE 'user:%' GROUP BY who ORDER BY who LIMIT ?
"""
_DATE = "UPDATE store_grants SET given_at = ? WHERE given_at IS NULL"
_UNGRANT_BEFORE = f"{UNGRANT} AND given_at < ?"

_log = logging.getLogger(__name__)


class SqlGrantees:
    """The accounts that have been given rights.

    Parameters
    ----------
    database
        Where the rights are stored.
    created_at
        Returns when the account of a name was created, in seconds since 1970 UTC; None
        if there is none.
    clock
        Returns the time in seconds since 1970 UTC.
    """

    def __init__(
        self,
        database: Database,
        created_at: Callable[[str], Awaitable[float | None]],
        clock: Clock = system_clock,
    ) -> None:
        self._database = database
        self._created_at = created_at
        self._clock = clock

    async def end_removed(self) -> float:
        """End the rights of removed accounts; return the seconds until the next check.

        Otherwise a later account with the same name would have them. What was given
        before the account of a name was created was given to a removed one, even if the
        name was never seen to be gone. If all accounts are missing, the process that
        keeps them has lost them or has none yet. Then no rights are ended, since that
        could not be undone.

        Raises
        ------
        GatewayError
            The process that keeps the accounts does not answer.
        """
        await self._date_the_undated()
        after, known, gone, anew = "", 0, list[str](), dict[str, float]()
        while rows := await self._database.read(_PAGE, after, _CHUNK):
            for row in rows:
                name = row["who"].removeprefix(_PREFIX)
                made = await self._created_at(name)
                if made is None:
                    gone.append(name)
                    continue
                known += 1
                if row["first"] < made:
                    anew[name] = made
            after = rows[-1]["who"]
        if gone and not known:
            _log.warning(
                "None of the %d accounts with rights to documents is there any more. "
                "They keep their rights, in case the accounts have only been lost.",
                len(gone),
            )
            return _PAUSE_SECONDS
        for name, before in {**dict.fromkeys(gone, _ALWAYS), **anew}.items():
            await self._end(name, before)
        return _PAUSE_SECONDS

    async def _date_the_undated(self) -> None:
        """Take rights of before times were recorded for those of today's accounts."""
        now = self._clock()

        def work() -> Work[None]:
            yield Statement(_DATE, (now,))

        await self._database.run(work)

    async def _end(self, name: str, before: float) -> None:
        def work() -> Work[None]:
            yield Statement(_UNGRANT_BEFORE, (f"{_PREFIX}{name}", name, before))

        await self._database.run(work)
