"""Tables and statements that SQLite and PostgreSQL share.

``backends.sqlite`` and ``backends.postgresql`` are drivers of the one
:class:`Database` port; everything that is said in SQL stands here, once.
"""

from gatewright.backends.sql.database import (
    Batch,
    Database,
    Lock,
    Row,
    Statement,
    Step,
    Work,
)

__all__ = ["Batch", "Database", "Lock", "Row", "Statement", "Step", "Work"]
