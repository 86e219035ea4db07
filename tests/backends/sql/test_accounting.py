"""The book of projects and usage in SQLite and PostgreSQL."""

import pytest

from gatewright.backends.sql import Database
from gatewright.backends.sql.accounting import SqlAccountBook
from gatewright.testing.account_book import AccountBookContract


class TestBook(AccountBookContract):
    @pytest.fixture
    async def book(self, databases: tuple[Database, Database]) -> SqlAccountBook:
        return SqlAccountBook(databases[0])
