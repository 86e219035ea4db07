"""The port of a database, which the tables use.

A transaction is a generator of statements: it yields one, receives its rows, and
returns its result. The generator does no I/O, so the same code runs in SQLite's writer
thread and over asyncpg's connections::

    def rename(old: str, new: str) -> Work[bool]:
        rows = yield Statement("SELECT 1 FROM thing WHERE name = ?", (old,))
        if not rows:
            return False
        yield Statement("UPDATE thing SET name = ? WHERE name = ?", (new, old))
        return True


    done = await database.run(lambda: rename("a", "b"))
"""

from collections.abc import Callable, Generator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol, TypeVar

T = TypeVar("T")

Row = Mapping[str, Any]
"""A row: values by column name, which are texts, integers, floats or None."""

Values = Sequence[Any]
"""A row's values alone, in the order of the columns of the statement."""


@dataclass(frozen=True, slots=True)
class Statement:
    """One SQL statement with its values."""

    text: str
    """SQL that both dialects accept; each ``?`` stands for a value only."""
    values: Sequence[object] = ()
    """Values for the question marks, in order."""


@dataclass(frozen=True, slots=True)
class Batch:
    """One statement that is executed for many rows of values; it returns no rows."""

    text: str
    """SQL that both dialects accept."""
    rows: Sequence[Sequence[object]]
    """Values of the placeholders for each execution."""


@dataclass(frozen=True, slots=True)
class Lock:
    """A named lock, which one transaction at a time holds, in all processes.

    It must be the first step of a transaction, and is held until the commit.
    Transactions that assign consecutive numbers to a log then never conflict, and a
    higher number never becomes visible before a lower one. SQLite has only one writer
    and ignores it.
    """

    name: str
    """Name of what is locked, such as ``events``."""


Step = Statement | Batch | Lock
"""What a transaction may yield."""

Work = Generator[Step, Sequence[Row], T]
"""A transaction: it yields steps, receives their rows, and returns its result."""


class Database(Protocol):
    """A durable, transactional database that all gateway processes share."""

    async def run(self, work: Callable[[], Work[T]]) -> T:
        """Run a transaction and return its result; its writes are durable then.

        Transactions are serializable. ``work`` may be called again if the transaction
        conflicts with another. An exception raised in the generator rolls the
        transaction back and is passed on.

        Raises
        ------
        Unavailable
            The database cannot be reached or stays locked.
        StorageFull
            The disk of the database is full.
        """
        ...

    async def read(self, text: str, *values: object) -> Sequence[Row]:
        """Return the rows of one query, which sees all committed writes.

        Raises
        ------
        Unavailable
            The database cannot be reached.
        """
        ...

    async def read_values(self, text: str, *values: object) -> Sequence[Values]:
        """Return the rows of one query as :meth:`read`, but without the names.

        For thousands of rows this takes half the time.

        Raises
        ------
        Unavailable
            The database cannot be reached.
        """
        ...

    async def close(self) -> None:
        """Finish pending work and close the database."""
        ...
