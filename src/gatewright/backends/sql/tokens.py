"""Personal tokens as a table."""

from collections.abc import Sequence

from gatewright.backends.sql.database import Database, Lock, Row, Statement, Work
from gatewright.backends.sql.identity import ACCOUNT, SEEN, user_of
from gatewright.backends.sql.records import moment, optional_moment, readable
from gatewright.core.errors import NotSignedIn
from gatewright.domains.identity import Token, User

_KEPT_SECONDS = 30 * 86_400.0
_MOST_CONVERTED = 512

_ADD = """
INSERT INTO token (key, digest, account, label, scopes, parent, created_at, expires_at,
    session, delegated, used_from)
VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, '')
"""
_FIND = f"""
SELECT t.key, t.digest, t.account, t.label, t.scopes, t.parent,
    t.created_at AS made_at, t.expires_at, t.used_at, t.used_from, t.session,
    t.delegated, {ACCOUNT}
FROM token t JOIN account a ON a.name = t.account
LEFT JOIN account_group g ON g.account = a.name WHERE t.key = ?
"""  # noqa: S608  # constant columns
_COLUMNS = """
SELECT key, account, label, scopes, parent, created_at AS made_at, expires_at, used_at,
    used_from, session, delegated FROM token
"""
_OF_USER = f"{_COLUMNS} WHERE account = ? AND key > ? ORDER BY key LIMIT ?"
_OF_ALL = f"{_COLUMNS} WHERE key > ? ORDER BY key LIMIT ?"
_TOUCH = """
UPDATE token SET used_at = ?, used_from = ?
WHERE key = ? AND (used_at IS NULL OR used_at < ?) RETURNING account
"""
_FAMILY = """
WITH RECURSIVE family (key) AS (
    SELECT key FROM token WHERE key = ?
    UNION SELECT t.key FROM token t JOIN family f ON t.parent = f.key
)
DELETE FROM token WHERE key IN (SELECT key FROM family) RETURNING key
"""
_MAKER = """
SELECT name FROM account WHERE name = ?
    AND (? = '' OR EXISTS (SELECT 1 FROM token WHERE key = ?))
"""
_OWNED = "SELECT key FROM token WHERE key = ? AND account = ?"


_Found = tuple[Token, str, User]


class SqlTokenStore:
    """Implements :class:`gatewright.domains.identity.TokenStore` over a database.

    A token is read at each look, so that one that was ended is found by nobody. What
    its rows were converted to is kept, since the next look most often reads the same
    rows.
    """

    def __init__(self, database: Database) -> None:
        self._database = database
        self._converted: dict[str, tuple[Sequence[Row], _Found]] = {}

    async def add(self, token: Token, digest: str, *, most: int) -> bool:
        def work() -> Work[bool]:
            yield Lock("token")
            there = yield Statement(_MAKER, (token.user, token.parent, token.parent))
            if not there:
                raise NotSignedIn("The account or the token was ended meanwhile.")
            ended = (token.user, token.created_at - _KEPT_SECONDS)
            yield Statement(
                "DELETE FROM token WHERE account = ? AND expires_at < ?", ended
            )
            rows = yield Statement(
                "SELECT COUNT(*) AS count FROM token WHERE account = ? "
                "AND delegated = ?",
                (token.user, int(token.delegated)),
            )
            if rows[0]["count"] >= most:
                return False
            values = (
                token.key,
                digest,
                token.user,
                token.label,
                " ".join(sorted(token.scopes)),
                token.parent,
                token.created_at,
                token.expires_at,
                token.session,
                int(token.delegated),
            )
            yield Statement(_ADD, values)
            return True

        return await self._database.run(work)

    async def find(self, key: str) -> _Found | None:
        rows = await self._database.read(_FIND, key)
        converted = self._converted.get(key)
        if converted is not None and converted[0] == rows:
            return converted[1]
        user = user_of(rows)
        tokens = readable(rows[:1], _token, "key")
        if user is None or not tokens:
            return None
        found = tokens[0], rows[0]["digest"], user
        if user.role == rows[0]["role"]:  # else the log says at each look what is wrong
            if len(self._converted) >= _MOST_CONVERTED:
                self._converted.clear()
            self._converted[key] = rows, found
        return found

    async def touch(self, key: str, at: float, address: str) -> None:
        def work() -> Work[None]:
            rows = yield Statement(_TOUCH, (at, address, key, at))
            for row in rows:
                yield Statement(SEEN, (at, row["account"], at))

        await self._database.run(work)

    async def page(self, user: str | None, after: str, limit: int) -> Sequence[Token]:
        if user is None:
            rows = await self._database.read(_OF_ALL, after, limit)
        else:
            rows = await self._database.read(_OF_USER, user, after, limit)
        return readable(rows, _token, "key")

    async def remove(self, key: str, user: str | None) -> int:
        def work() -> Work[int]:
            if user is not None:
                owned = yield Statement(_OWNED, (key, user))
                if not owned:
                    return 0
            rows = yield Statement(_FAMILY, (key,))
            return len(rows)

        return await self._database.run(work)


def _token(row: Row) -> Token:
    return Token(
        key=row["key"],
        user=row["account"],
        label=row["label"],
        scopes=frozenset(row["scopes"].split()),
        created_at=moment(row["made_at"]),
        expires_at=moment(row["expires_at"]),
        parent=row["parent"],
        session=row["session"],
        delegated=bool(row["delegated"]),
        used_at=optional_moment(row["used_at"]),
        used_from=row["used_from"],
    )
