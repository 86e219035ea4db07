"""PostgreSQL as the database of one or several gateways, through asyncpg."""

from gatewright.backends.postgresql.database import PostgresqlDatabase
from gatewright.backends.postgresql.statements import POSTGRESQL

__all__ = ["POSTGRESQL", "PostgresqlDatabase"]
