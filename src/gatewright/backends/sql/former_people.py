"""Renames the authors of votes, comments, labels, filters and changes who were removed.

Whoever gets the name of a removed account later has said none of that. The former
person is called such as ``ada (removed 2026-11-30)``, which is no valid name of an
account, so that nobody can sign in as them.
"""

import logging
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime

from gatewright.backends.sql.database import Batch, Database, Statement, Work
from gatewright.core.access import Access, access_of_text
from gatewright.core.clock import Clock, system_clock
from gatewright.domains.identity import is_name

_PAUSE_SECONDS = 60.0
_ALWAYS = 1e300
"""A time after all others."""
_AUTHORS = (
    ("candidate_vote", "person", "at"),
    ("candidate_comment", "person", "at"),
    ("candidate_label", "person", "at"),
    ("object_change", "person", "at"),
    ("candidate_filter", "owner", "changed_at"),
    ("candidate_filter", "changed_by", "changed_at"),
    ("classifier", "owner", "created_at"),
)
"""Tables with their columns of the author and of the time. The index of each begins
with the author."""
_NEXT = " UNION ALL ".join(
    f"SELECT MIN({who}) AS name FROM {table} WHERE {who} > ?"  # noqa: S608  # constants
    for table, who, _ in _AUTHORS
)
_SAID = " UNION ALL ".join(
    f"SELECT 1 AS one WHERE EXISTS (SELECT 1 FROM {table} WHERE {who} = ? AND {at} < ?)"  # noqa: S608  # constants
    for table, who, at in _AUTHORS
)
_FORMER = "SELECT name FROM former_person WHERE account = ?"
_ADD = "INSERT INTO former_person (name, account, removed_at) VALUES (?, ?, ?)"
_END_CLAIMS = "DELETE FROM candidate_claim WHERE person = ?"
_PRODUCTS = """
UPDATE product SET body = REPLACE(body, ?, ?)
WHERE created_at < ? AND REPLACE(body, ?, '') <> body
"""
_NAMED = """
SELECT f.name, f.access FROM candidate_filter f JOIN candidate_filter_reader r
ON r.name = f.name WHERE r.who = ? AND f.changed_at < ?
"""
_SET_ACCESS = "UPDATE candidate_filter SET access = ? WHERE name = ?"
_END_READER = "DELETE FROM candidate_filter_reader WHERE who = ? AND name = ?"
_ADMIT = "INSERT INTO candidate_filter_reader (who, name) VALUES (?, ?)"
_OWNED = "SELECT name FROM candidate_filter WHERE owner = ?"

_log = logging.getLogger(__name__)


def renaming(account: str, at: float, before: float = _ALWAYS) -> Work[str | None]:
    """Rename a removed person, as part of a transaction; return the new name.

    Parameters
    ----------
    account
        Name of the account that was removed.
    at
        Time of the removal, seconds since 1970 UTC.
    before
        Only what was said before this time is the removed person's.

    Returns
    -------
    None if the person has said nothing under the account's name.
    """
    yield Statement(_END_CLAIMS, (account,))
    yield from _ending_access(account, before)
    if not (yield Statement(_SAID, (account, before) * len(_AUTHORS))):
        return None
    former = yield from _naming(account, at)
    for table, who, when in _AUTHORS:
        text = f"UPDATE {table} SET {who} = ? WHERE {who} = ? AND {when} < ?"  # noqa: S608  # constants
        yield Statement(text, (former, account, before))
    owned = yield Statement(_OWNED, (former,))
    principal = f"name:{former}"
    yield Batch(_ADMIT, [(principal, row["name"]) for row in owned])
    old, new = f'"owner": "{account}"', f'"owner": "{former}"'
    yield Statement(_PRODUCTS, (old, new, before, old))
    return former


def _ending_access(account: str, before: float) -> Work[None]:
    """End the account's access to filters: its own, and those that name it."""
    principal = f"name:{account}"
    for row in (yield Statement(_NAMED, (principal, before))):
        access = access_of_text(row["access"])
        if account in access.names:
            left = Access(names=access.names - {account})
            yield Statement(_SET_ACCESS, (left.text, row["name"]))
        yield Statement(_END_READER, (principal, row["name"]))


def _naming(account: str, at: float) -> Work[str]:
    """Choose and keep a name that no person has had."""
    day = datetime.fromtimestamp(at, UTC).date().isoformat()
    taken = {row["name"] for row in (yield Statement(_FORMER, (account,)))}
    name, number = f"{account} (removed {day})", 1
    while name in taken:
        number += 1
        name = f"{account} (removed {day}, no. {number})"
    yield Statement(_ADD, (name, account, at))
    return name


class SqlAuthors:
    """The authors of votes, comments, labels, filters and changes of objects.

    Parameters
    ----------
    database
        Where these are stored.
    created_at
        Returns when the account of a name was created; None if there is none.
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

    async def rename_removed(self) -> float:
        """Rename the authors who were removed; return the seconds until the next check.

        In multi-user mode another process keeps the accounts, so that a removal is only
        noticed here. What was said before the account of a name was created was said by
        a former person. If all accounts are missing, the process has lost them or has
        none yet. Then nobody is renamed, since that could not be undone.

        Raises
        ------
        GatewayError
            The process that keeps the accounts does not answer.
        """
        known, gone = dict[str, float](), list[str]()
        after = ""
        while name := await self._next(after):
            if is_name(name):
                made = await self._created_at(name)
                if made is None:
                    gone.append(name)
                else:
                    known[name] = made
            after = name
        if gone and not known:
            _log.warning(
                "None of the %d people who voted, commented or saved filters has an "
                "account any more. They keep their names, in case the accounts have "
                "only been lost.",
                len(gone),
            )
            return _PAUSE_SECONDS
        for name in gone:
            await self._rename(name, _ALWAYS)
        for name, made in known.items():
            if await self._database.read(_SAID, *(name, made) * len(_AUTHORS)):
                await self._rename(name, made)
        return _PAUSE_SECONDS

    async def _next(self, after: str) -> str | None:
        rows = await self._database.read(_NEXT, *[after] * len(_AUTHORS))
        return min((row["name"] for row in rows if row["name"]), default=None)

    async def _rename(self, name: str, before: float) -> None:
        await self._database.run(lambda: renaming(name, self._clock(), before))
