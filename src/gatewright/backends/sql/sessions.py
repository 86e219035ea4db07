"""Sessions and sign-in links as tables."""

from collections.abc import Sequence

from gatewright.backends.sql.database import Batch, Database, Row, Statement, Work
from gatewright.backends.sql.identity import ACCOUNT, SEEN, user_of
from gatewright.backends.sql.records import moment, readable
from gatewright.domains.identity import Session, User

_ADD = """
INSERT INTO session (digest, key, account, created_at, used_at, expires_at, address,
    made_by, hint, subject, sid)
VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
"""
_FIND = f"""
SELECT s.key, s.account, s.created_at AS began_at, s.used_at, s.expires_at, s.address,
    s.made_by, s.hint, s.subject, s.sid, {ACCOUNT}
FROM session s JOIN account a ON a.name = s.account
LEFT JOIN account_group g ON g.account = a.name WHERE s.digest = ?
"""  # noqa: S608  # constant columns
_OF_USER = """
SELECT key, account, created_at AS began_at, used_at, expires_at, address,
    made_by, hint, subject, sid
FROM session WHERE account = ? ORDER BY key
"""
_KEEP_NEWEST = """
DELETE FROM session WHERE account = ? AND key <> ? AND key NOT IN
    (SELECT key FROM session WHERE account = ? AND key <> ? ORDER BY key DESC LIMIT ?)
"""
_ENABLED = "SELECT password FROM account WHERE name = ? AND disabled_at IS NULL"
_TOUCH = """
UPDATE session SET used_at = ? WHERE key = ? AND used_at < ? RETURNING account
"""
_REMOVE = "DELETE FROM session WHERE key = ? AND account = ? RETURNING key"
_END_BY_PROVIDER = """
DELETE FROM session WHERE made_by = ? AND (
    (sid <> '' AND sid = ?) OR (subject <> '' AND subject = ? AND (sid = '' OR ? = ''))
) RETURNING key
"""
_TAKE_LINK = """
DELETE FROM sign_in_link WHERE digest = ? AND expires_at > ? AND expires_at <= ?
RETURNING account
"""


class SqlSessionStore:
    """Implements :class:`gatewright.domains.identity.SessionStore` over a database."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def add(
        self,
        session: Session,
        digest: str,
        *,
        instead_of: str,
        keep: int,
        password_hash: str | None = None,
    ) -> bool:
        def work() -> Work[bool]:
            user, now = session.user, session.created_at
            account = yield Statement(_ENABLED, (user,))
            if not account or password_hash not in {None, account[0]["password"]}:
                return False
            yield Statement("DELETE FROM session WHERE expires_at <= ?", (now,))
            yield Statement("DELETE FROM session WHERE key = ?", (instead_of,))
            values = (
                digest,
                session.key,
                session.user,
                session.created_at,
                session.used_at,
                session.expires_at,
                session.address,
                session.made_by,
                session.id_token,
                session.subject,
                session.sid,
            )
            yield Statement(_ADD, values)
            yield Statement(SEEN, (now, user, now))
            # Beside the new one, which is the newest whatever the clock said before.
            others = (user, session.key, user, session.key, keep - 1)
            yield Statement(_KEEP_NEWEST, others)
            return True

        return await self._database.run(work)

    async def find(self, digest: str) -> tuple[Session, User] | None:
        rows = await self._database.read(_FIND, digest)
        user = user_of(rows)
        found = readable(rows[:1], _session, "key")
        return (found[0], user) if user and found else None

    async def touch(self, key: str, at: float) -> None:
        def work() -> Work[None]:
            rows = yield Statement(_TOUCH, (at, key, at))
            for row in rows:
                yield Statement(SEEN, (at, row["account"], at))

        await self._database.run(work)

    async def of_user(self, user: str) -> Sequence[Session]:
        return readable(await self._database.read(_OF_USER, user), _session, "key")

    async def remove(self, key: str, user: str) -> bool:
        def work() -> Work[bool]:
            rows = yield Statement(_REMOVE, (key, user))
            if rows:
                yield Statement("DELETE FROM token WHERE session = ?", (key,))
            return bool(rows)

        return await self._database.run(work)

    async def end_by_provider(
        self,
        made_by: str,
        subject: str,
        sid: str,
        *,
        once: str,
        until: float,
        now: float,
    ) -> int | None:
        def work() -> Work[int | None]:
            yield Statement("DELETE FROM used_logout WHERE expires_at <= ?", (now,))
            first = yield Statement(
                "INSERT INTO used_logout (id, expires_at) VALUES (?, ?) "
                "ON CONFLICT DO NOTHING RETURNING id",
                (once, until),
            )
            if not first:
                return None
            rows = yield Statement(_END_BY_PROVIDER, (made_by, sid, subject, sid))
            yield Batch(
                "DELETE FROM token WHERE session = ?", [(row["key"],) for row in rows]
            )
            return len(rows)

        return await self._database.run(work)

    async def add_link(
        self, digest: str, user: str, expires_at: float, *, now: float
    ) -> None:
        def work() -> Work[None]:
            yield Statement("DELETE FROM sign_in_link WHERE expires_at <= ?", (now,))
            yield Statement(
                "INSERT INTO sign_in_link (digest, account, expires_at)"
                " VALUES (?, ?, ?)",
                (digest, user, expires_at),
            )

        await self._database.run(work)

    async def take_link(self, digest: str, now: float, latest: float) -> str | None:
        def work() -> Work[str | None]:
            rows = yield Statement(_TAKE_LINK, (digest, now, latest))
            return str(rows[0]["account"]) if rows else None

        return await self._database.run(work)


def _session(row: Row) -> Session:
    return Session(
        key=row["key"],
        user=row["account"],
        created_at=moment(row["began_at"]),
        used_at=moment(row["used_at"]),
        expires_at=moment(row["expires_at"]),
        address=row["address"],
        made_by=row["made_by"],
        id_token=row["hint"],
        subject=row["subject"],
        sid=row["sid"],
    )
