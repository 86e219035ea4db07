"""Usage of the gateway's own jobs as a source of accounting."""

import pytest
from tests.backends.sql.test_upgrade_to_accounting import DAY, old_jobs

from gatewright.backends.sql import Database
from gatewright.backends.sql.job_usage import SqlJobUsage
from gatewright.testing.accounting_source import AccountingSourceContract


class TestJobUsage(AccountingSourceContract):
    @pytest.fixture
    async def source(self, databases: tuple[Database, Database]) -> SqlJobUsage:
        await databases[0].run(old_jobs)
        return SqlJobUsage(databases[0], "local")

    @pytest.fixture
    def ran(self) -> tuple[float, float]:
        return DAY - 200.0, DAY + 100.0
