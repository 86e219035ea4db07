"""The table of the tokens of jobs on both databases."""

import pytest

from gatewright.backends.sql import Database
from gatewright.backends.sql.job_tokens import SqlJobTokenTable
from gatewright.backends.sql.jobs import SqlJobTable
from gatewright.testing.job_tokens import JobTokenTableContract


class TestJobTokenTable(JobTokenTableContract):
    @pytest.fixture
    def table(self, databases: tuple[Database, Database]) -> SqlJobTable:
        return SqlJobTable(databases[0])

    @pytest.fixture
    def tokens(self, databases: tuple[Database, Database]) -> SqlJobTokenTable:
        return SqlJobTokenTable(databases[1])
