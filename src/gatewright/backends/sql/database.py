"""A database as the tables see it.

A transaction is a generator of statements: it yields one, receives its rows, and
returns its result. The generator does no I/O, so the same code runs in SQLite's
writer thread and over asyncpg's connections::

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
"""A row by the names of its columns: text, whole numbers, floats and None."""


@dataclass(frozen=True, slots=True)
class Statement:
    """One SQL statement with its values."""

    text: str
    """SQL that both dialects read; ``?`` stands for a value and for nothing else."""
    values: Sequence[object] = ()
    """The values, in order."""


@dataclass(frozen=True, slots=True)
class Batch:
    """One statement for many rows of values; it returns no rows."""

    text: str
    """SQL that both dialects read."""
    rows: Sequence[Sequence[object]]
    """The values of each execution."""


@dataclass(frozen=True, slots=True)
class Lock:
    """Let one transaction of this name run at a time, in all processes.

    It is the first thing that a transaction yields, and is held until the commit. Two
    transactions that count (the next number of a log) then never clash, and a higher
    number is never seen before a lower one. SQLite has one writer and needs no more.
    """

    name: str
    """What is locked, such as ``events``."""


Step = Statement | Batch | Lock
"""What a transaction may yield."""

Work = Generator[Step, Sequence[Row], T]
"""A transaction: yields statements, receives their rows, returns its result."""


class Database(Protocol):
    """A durable, transactional database shared by all gateway processes."""

    async def run(self, work: Callable[[], Work[T]]) -> T:
        """Run a transaction; what it wrote is on disk when this returns.

        Transactions are serializable. ``work`` may be called more than once, when the
        database asks for a new try. An exception raised in the generator rolls the
        transaction back and is passed on.

        Raises
        ------
        Unavailable
            The database is away or stays locked.
        StorageFull
            Its disk is full.
        """
        ...

    async def read(self, text: str, *values: object) -> Sequence[Row]:
        """Return the rows of one query, which sees all acknowledged writes.

        Raises
        ------
        Unavailable
            The database is away.
        """
        ...

    async def close(self) -> None:
        """Finish what was begun and let go of the database."""
        ...
