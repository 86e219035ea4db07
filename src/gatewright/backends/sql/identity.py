"""Accounts and failed sign-ins as tables."""

import logging
from collections.abc import Callable, Sequence

from gatewright.backends.sql.database import (
    Batch,
    Database,
    Lock,
    Row,
    Statement,
    Work,
)
from gatewright.backends.sql.former_people import renaming
from gatewright.backends.sql.records import (
    moment,
    optional_moment,
    readable,
    time_or_zero,
)
from gatewright.core.caller import Role
from gatewright.domains.identity import Attempts, User

_log = logging.getLogger(__name__)

_ROLES = {role.value: role for role in Role}

_ADD = """
INSERT INTO account (name, role, password, created_at) VALUES (?, ?, ?, ?)
ON CONFLICT (name) DO NOTHING RETURNING name
"""
ACCOUNT = """a.name, a.role, a.created_at, a.password IS NOT NULL AS has_password,
    a.source, a.seen_at, a.disabled_at,
    a.subject AS in_directory, g.name AS in_group"""
"""Columns of an account, one row for each of its groups, for :func:`user_of`."""
_GET = f"""
SELECT {ACCOUNT}
FROM account a LEFT JOIN account_group g ON g.account = a.name WHERE a.name = ?
"""  # noqa: S608  # constant columns
_PAGE = f"""
SELECT {ACCOUNT}
FROM (SELECT * FROM account WHERE name > ? ORDER BY name LIMIT ?) a
LEFT JOIN account_group g ON g.account = a.name ORDER BY a.name
"""  # noqa: S608  # constant columns
_SET_PASSWORD = "UPDATE account SET password = ? WHERE name = ? RETURNING name"  # noqa: S105  # SQL
_REPLACE_PASSWORD = """
UPDATE account SET password = ? WHERE name = ? AND password = ? RETURNING name
"""  # noqa: S105  # SQL
_JOIN = """
INSERT INTO account_group (account, name) VALUES (?, ?) ON CONFLICT DO NOTHING
"""
_SOURCE = "SELECT source, role, subject, disabled_at FROM account WHERE name = ?"
_MIRROR = """
INSERT INTO account (name, role, created_at, source, subject, disabled_at)
VALUES (?, ?, ?, ?, ?, ?)
ON CONFLICT (name) DO UPDATE SET role = excluded.role, subject = excluded.subject
"""
_LEAVE_ALL = "DELETE FROM account_group WHERE account = ?"
_LEAVE = "DELETE FROM account_group WHERE account = ? AND name = ? RETURNING name"
UNGRANT = """
DELETE FROM store_grants WHERE who = ? AND collection NOT IN (
    SELECT name FROM store_collections WHERE owner = ?)
"""
_END_MEMBERSHIPS = """
DELETE FROM accounting_members WHERE person = ?
    AND system IN (SELECT system FROM accounting_systems WHERE kept = 1)
"""
_END_SESSIONS = "DELETE FROM session WHERE account = ?"
_END_LINKS = "DELETE FROM sign_in_link WHERE account = ?"
SEEN = """
UPDATE account SET seen_at = ? WHERE name = ? AND (seen_at IS NULL OR seen_at < ?)
"""
_DISABLE = """
UPDATE account SET disabled_at = COALESCE(disabled_at, ?) WHERE name = ? RETURNING name
"""
_ENABLE = "UPDATE account SET disabled_at = NULL WHERE name = ? RETURNING name"
_NOTE_FAILURE = """
INSERT INTO sign_in_failure
    (subject, failures, since, bans, banned_until, noted_at)
VALUES (?, ?, ?, ?, ?, ?)
ON CONFLICT (subject) DO UPDATE SET failures = excluded.failures,
    since = excluded.since, bans = excluded.bans,
    banned_until = excluded.banned_until, noted_at = excluded.noted_at
"""
_FORGET_OLD = "DELETE FROM sign_in_failure WHERE noted_at < ?"
_FORGET_MANY = """
DELETE FROM sign_in_failure WHERE subject IN
    (SELECT subject FROM sign_in_failure ORDER BY noted_at DESC LIMIT 1000 OFFSET ?)
"""
_ONE_FAILURE = "SELECT * FROM sign_in_failure WHERE subject = ?"


class SqlUserStore:
    """Implements :class:`gatewright.domains.identity.UserStore` with a database."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def add(self, user: User, password_hash: str | None) -> bool:
        def work() -> Work[bool]:
            values = (user.name, user.role.value, password_hash, user.created_at)
            rows = yield Statement(_ADD, values)
            return bool(rows)

        return await self._database.run(work)

    async def mirror(self, user: User) -> bool:
        def work() -> Work[bool]:
            found = yield Statement(_SOURCE, (user.name,))
            if found and found[0]["source"] != user.source:
                return False
            before = found[0] if found else None
            subject, disabled_at = user.subject, None
            if before is not None:
                subject = subject or before["subject"]
                disabled_at = before["disabled_at"]
                if before["subject"] not in {"", subject}:
                    yield from _removing(user.name, user.created_at)
            role = user.role.value
            made = (user.name, role, user.created_at, user.source, subject, disabled_at)
            yield Statement(_MIRROR, made)
            yield Statement(_LEAVE_ALL, (user.name,))
            yield Batch(_JOIN, [(user.name, group) for group in sorted(user.groups)])
            if before is not None and before["role"] != role:
                yield Statement(_END_SESSIONS, (user.name,))
            return True

        return await self._database.run(work)

    async def get(self, name: str) -> User | None:
        return user_of(await self._database.read(_GET, name))

    async def password_hash(self, name: str) -> str | None:
        rows = await self._database.read(
            "SELECT password FROM account WHERE name = ?", name
        )
        return rows[0]["password"] if rows else None

    async def set_password_hash(
        self,
        name: str,
        password_hash: str,
        *,
        end_sessions: bool,
        instead_of: str | None = None,
    ) -> bool:
        def work() -> Work[bool]:
            if instead_of is None:
                rows = yield Statement(_SET_PASSWORD, (password_hash, name))
            else:
                values = (password_hash, name, instead_of)
                rows = yield Statement(_REPLACE_PASSWORD, values)
            if end_sessions:
                yield Statement(_END_SESSIONS, (name,))
                yield Statement(_END_LINKS, (name,))
            return bool(rows)

        return await self._database.run(work)

    async def set_role(self, name: str, role: Role) -> None:
        def work() -> Work[None]:
            yield Statement(
                "UPDATE account SET role = ? WHERE name = ?", (role.value, name)
            )
            yield Statement(_END_SESSIONS, (name,))

        await self._database.run(work)

    async def set_disabled(self, name: str, at: float | None) -> bool:
        def work() -> Work[bool]:
            if at is None:
                rows = yield Statement(_ENABLE, (name,))
                return bool(rows)
            rows = yield Statement(_DISABLE, (at, name))
            yield Statement(_END_SESSIONS, (name,))
            yield Statement(_END_LINKS, (name,))
            return bool(rows)

        return await self._database.run(work)

    async def remove(self, name: str, at: float) -> bool:
        return await self._database.run(lambda: _removing(name, at))

    async def page(self, after: str, limit: int) -> Sequence[User]:
        rows = await self._database.read(_PAGE, after, limit)
        names = dict.fromkeys(row["name"] for row in rows)
        users = (user_of([r for r in rows if r["name"] == name]) for name in names)
        return [user for user in users if user is not None]

    async def join(self, name: str, group: str) -> None:
        def work() -> Work[None]:
            yield Statement(_JOIN, (name, group))

        await self._database.run(work)

    async def group_exists(self, group: str) -> bool:
        text = "SELECT 1 AS one FROM account_group WHERE name = ? LIMIT 1"
        return bool(await self._database.read(text, group))

    async def leave(self, name: str, group: str) -> bool:
        def work() -> Work[bool]:
            rows = yield Statement(_LEAVE, (name, group))
            return bool(rows)

        return await self._database.run(work)


def _removing(name: str, at: float) -> Work[bool]:
    rows = yield Statement("DELETE FROM account WHERE name = ? RETURNING name", (name,))
    yield Statement(_LEAVE_ALL, (name,))
    yield Statement(_END_SESSIONS, (name,))
    yield Statement("DELETE FROM token WHERE account = ?", (name,))
    yield Statement(_END_LINKS, (name,))
    # Or who gets the name later would have what was given to this account, see what
    # others use in its projects, and be taken for who has said what its person said.
    yield Statement(UNGRANT, (f"user:{name}", name))
    yield Statement(_END_MEMBERSHIPS, (name,))
    yield from renaming(name, at)
    return bool(rows)


def user_of(rows: Sequence[Row]) -> User | None:
    """Return the account from rows that hold one group each; None without rows.

    The columns are :data:`ACCOUNT`. An account with an unknown role becomes a guest,
    who may do the least.
    """
    if not rows:
        return None
    first = rows[0]
    role = first["role"]
    known = _ROLES.get(role)
    if known is None:
        _log.error("The account %r has no role that is known: %r", first["name"], role)
    return User(
        name=first["name"],
        role=known or Role.GUEST,
        created_at=time_or_zero(first["created_at"]),
        groups=frozenset(r["in_group"] for r in rows if r["in_group"] is not None),
        has_password=bool(first["has_password"]),
        source=first["source"],
        seen_at=optional_moment(first["seen_at"]),
        disabled_at=optional_moment(first["disabled_at"]),
        subject=first["in_directory"],
    )


class SqlAttemptStore:
    """Implements :class:`gatewright.domains.identity.AttemptStore` with a database.

    Parameters
    ----------
    database
        The database with the table.
    most
        Largest number of subjects; above it the oldest are removed.
    seconds
        Age without a new failure after which a subject is removed.
    """

    def __init__(
        self, database: Database, *, most: int = 100_000, seconds: float = 2 * 86_400.0
    ) -> None:
        self._database = database
        self._most = most
        self._seconds = seconds

    async def get(self, subject: str) -> Attempts | None:
        return _attempts(await self._database.read(_ONE_FAILURE, subject))

    async def update(
        self, subject: str, rule: Callable[[Attempts | None], Attempts], *, now: float
    ) -> Attempts:
        def work() -> Work[Attempts]:
            yield Lock("sign_in_failure")
            found = yield Statement(_ONE_FAILURE, (subject,))
            new = rule(_attempts(found))
            values = (new.failures, new.since, new.bans, new.banned_until, now)
            yield Statement(_NOTE_FAILURE, (subject, *values))
            yield Statement(_FORGET_OLD, (now - self._seconds,))
            yield Statement(_FORGET_MANY, (self._most,))
            return new

        return await self._database.run(work)

    async def clear(self, subject: str) -> None:
        def work() -> Work[None]:
            yield Statement("DELETE FROM sign_in_failure WHERE subject = ?", (subject,))

        await self._database.run(work)


def _attempts(rows: Sequence[Row]) -> Attempts | None:
    def attempts(row: Row) -> Attempts:
        since, until = moment(row["since"]), moment(row["banned_until"])
        return Attempts(int(row["failures"]), since, int(row["bans"]), until)

    return next(iter(readable(rows, attempts, "subject")), None)
