"""Identity's tables on both databases."""

import asyncio

import pytest

from gatewright.backends.sql import Database, Statement, Work
from gatewright.backends.sql import tokens as sql_tokens
from gatewright.backends.sql.audit import SqlAuditLog
from gatewright.backends.sql.begun_sign_ins import SqlBegunStore
from gatewright.backends.sql.identity import SqlAttemptStore, SqlUserStore
from gatewright.backends.sql.sessions import SqlSessionStore
from gatewright.backends.sql.tokens import SqlTokenStore
from gatewright.core.caller import Role
from gatewright.testing.identity import (
    AttemptStoreContract,
    AuditLogContract,
    BegunStoreContract,
    Pair,
    SessionStoreContract,
    Stores,
    TokenStoreContract,
    UserStoreContract,
    entry,
)
from gatewright.testing.identity.samples import token


@pytest.fixture
def stores(databases: tuple[Database, Database]) -> Pair:
    return _stores(databases[0]), _stores(databases[1])


def _stores(database: Database) -> Stores:
    return Stores(
        SqlUserStore(database),
        SqlSessionStore(database),
        SqlTokenStore(database),
        SqlAttemptStore(database, most=50),
        SqlAuditLog(database),
        SqlBegunStore(database),
    )


class TestBegunSignIns(BegunStoreContract):
    pass


class TestUsers(UserStoreContract):
    pass


class TestSessions(SessionStoreContract):
    pass


class TestTokens(TokenStoreContract):
    async def test_many_tokens_in_turn(
        self, stores: Pair, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(sql_tokens, "_MOST_CONVERTED", 2)
        made = [token() for _ in range(5)]
        for one in made:
            await stores[0].tokens.add(one, one.key, most=9)
        for one in made * 2:
            found = await stores[0].tokens.find(one.key)
            assert found is not None
            assert found[:2] == (one, one.key)

    async def test_an_unknown_role_is_logged_at_each_look(
        self,
        stores: Pair,
        databases: tuple[Database, Database],
        caplog: pytest.LogCaptureFixture,
    ) -> None:
        made = token()
        await stores[0].tokens.add(made, "digest", most=9)

        def damage() -> Work[None]:
            yield Statement("UPDATE account SET role = 'chief'", ())

        await databases[0].run(damage)
        for count in (1, 2):
            found = await stores[0].tokens.find(made.key)
            assert found is not None
            assert found[2].role is Role.GUEST
            assert caplog.text.count("no role that is known: 'chief'") == count


class TestAttempts(AttemptStoreContract):
    pass


class TestAudit(AuditLogContract):
    async def test_a_cancelled_record_does_not_delay_others(self, stores: Pair) -> None:
        log = stores[0].audit
        gone = asyncio.create_task(log.append(entry(0)))
        other = asyncio.create_task(log.append(entry(1)))
        await asyncio.sleep(0)
        gone.cancel()
        await other
        assert len(await log.after(0, 9)) == 2
