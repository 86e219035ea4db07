"""Tables and statements that SQLite and PostgreSQL share.

``backends.sqlite`` and ``backends.postgresql`` implement the :class:`Database` port;
all other SQL is in this package.
"""

from gatewright.backends.sql.database import (
    Batch,
    Database,
    Lock,
    Row,
    Statement,
    Step,
    Values,
    Work,
)

__all__ = ["Batch", "Database", "Lock", "Row", "Statement", "Step", "Values", "Work"]
