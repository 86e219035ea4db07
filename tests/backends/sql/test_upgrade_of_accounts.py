"""A database from before accounts could be disabled keeps them, and their last use."""

from tests.backends.sql.databases import Opener

from gatewright.backends.sql.database import Statement, Work
from gatewright.backends.sql.identity import SqlUserStore
from gatewright.backends.sql.migrations import Dialect, migrate, schema_files
from gatewright.backends.sql.sessions import SqlSessionStore
from gatewright.backends.sql.tokens import SqlTokenStore

_SESSION = """
INSERT INTO session (digest, key, account, created_at, used_at, expires_at, address)
VALUES (?, ?, ?, 5.0, ?, 99.0, '')
"""
_TOKEN = """
INSERT INTO token (key, digest, account, label, scopes, parent, created_at, expires_at,
    used_at, used_from) VALUES (?, '', ?, '', 'store', '', 5.0, 99.0, ?, '')
"""


def old_accounts() -> Work[None]:
    """Add one that has signed in twice, one with tokens alone, and one never used."""
    for name in ("ada", "ben", "cy"):
        text = "INSERT INTO account (name, role, created_at) VALUES (?, 'guest', 1.0)"
        yield Statement(text, (name,))
    yield Statement(_SESSION, ("d1", "s1", "ada", 20.0))
    yield Statement(_SESSION, ("d2", "s2", "ada", 30.0))
    yield Statement(_TOKEN, ("t1", "ada", 25.0))
    yield Statement(_TOKEN, ("t2", "ben", 40.0))
    yield Statement(_TOKEN, ("t3", "ben", None))
    yield Statement(_TOKEN, ("t4", "cy", None))


async def test_a_database_from_before(backend: tuple[Opener, Dialect]) -> None:
    open_database, dialect = backend
    before = {name: text for name, text in schema_files().items() if name < "0081"}
    database = await open_database()
    await migrate(database, dialect, before)
    await database.run(old_accounts)
    await migrate(database, dialect)
    found = await SqlUserStore(database).page("", 9)
    assert {user.name: user.seen_at for user in found} == {
        "ada": 30.0, "ben": 40.0, "cy": None,
    }  # fmt: skip
    assert not any(user.disabled for user in found)
    sessions = await SqlSessionStore(database).of_user("ada")
    assert [session.key for session in sessions] == ["s1", "s2"]
    tokens = await SqlTokenStore(database).page(None, "", 9)
    assert [token.key for token in tokens] == ["t1", "t2", "t3", "t4"]
    await database.close()
