"""Ends the rights to documents of accounts that another process keeps and removes."""

import logging
from collections.abc import Awaitable, Callable

from gatewright.backends.sql.database import Database, Statement, Work
from gatewright.backends.sql.identity import UNGRANT

_PAUSE_SECONDS = 60.0
_CHUNK = 500
_PREFIX = "user:"
_PAGE = """
SELECT DISTINCT who FROM store_grants WHERE who > ? AND who LIKE 'user:%'
ORDER BY who LIMIT ?
"""

_log = logging.getLogger(__name__)


class SqlGrantees:
    """The accounts that have been given rights.

    Parameters
    ----------
    database
        Where the rights are stored.
    exists
        Returns whether there is an account of a name.
    """

    def __init__(
        self, database: Database, exists: Callable[[str], Awaitable[bool]]
    ) -> None:
        self._database = database
        self._exists = exists

    async def end_removed(self) -> float:
        """End the rights of removed accounts; return the seconds until the next check.

        Otherwise a later account with the same name would have them. If all accounts
        are missing, the process that keeps them has lost them or has none yet. Then no
        rights are ended, since that could not be undone.

        Raises
        ------
        GatewayError
            The process that keeps the accounts does not answer.
        """
        after, known, gone = "", 0, list[str]()
        while rows := await self._database.read(_PAGE, after, _CHUNK):
            for row in rows:
                name = row["who"].removeprefix(_PREFIX)
                if await self._exists(name):
                    known += 1
                else:
                    gone.append(name)
            after = rows[-1]["who"]
        if gone and not known:
            _log.warning(
                "None of the %d accounts with rights to documents is there any more. "
                "They keep their rights, in case the accounts have only been lost.",
                len(gone),
            )
            return _PAUSE_SECONDS
        for name in gone:
            await self._end(name)
        return _PAUSE_SECONDS

    async def _end(self, name: str) -> None:
        def work() -> Work[None]:
            yield Statement(UNGRANT, (f"{_PREFIX}{name}", name))

        await self._database.run(work)
