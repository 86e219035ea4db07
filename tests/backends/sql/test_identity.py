"""Identity's tables on both databases."""

import asyncio

import pytest

from gatewright.backends.sql import Database
from gatewright.backends.sql.audit import SqlAuditLog
from gatewright.backends.sql.begun_sign_ins import SqlBegunStore
from gatewright.backends.sql.identity import SqlAttemptStore, SqlUserStore
from gatewright.backends.sql.sessions import SqlSessionStore
from gatewright.backends.sql.tokens import SqlTokenStore
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
    pass


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
