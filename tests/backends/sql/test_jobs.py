"""The tables of jobs on both databases."""

import pytest

from gatewright.backends.sql import Database
from gatewright.backends.sql.jobs import SqlJobTable
from gatewright.testing.job_table import JobTableContract


@pytest.fixture
def table(databases: tuple[Database, Database]) -> SqlJobTable:
    return SqlJobTable(databases[0])


class TestJobTable(JobTableContract):
    """All of the contract."""
