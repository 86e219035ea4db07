"""Identity's tables on both databases."""

import pytest

from gatewright.backends.sql import Database
from gatewright.backends.sql.audit import SqlAuditLog
from gatewright.backends.sql.identity import SqlAttemptStore, SqlUserStore
from gatewright.backends.sql.sessions import SqlSessionStore
from gatewright.backends.sql.tokens import SqlTokenStore
from gatewright.testing.identity import (
    AttemptStoreContract,
    AuditLogContract,
    Pair,
    SessionStoreContract,
    Stores,
    TokenStoreContract,
    UserStoreContract,
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
    )


class TestUsers(UserStoreContract):
    pass


class TestSessions(SessionStoreContract):
    pass


class TestTokens(TokenStoreContract):
    pass


class TestAttempts(AttemptStoreContract):
    pass


class TestAudit(AuditLogContract):
    pass
