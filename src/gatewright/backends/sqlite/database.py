"""SQLite as the gateway's database."""

import asyncio
import logging
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Self, TypeVar

from gatewright.backends.sql.database import Row, Values, Work
from gatewright.backends.sqlite.connection import gateway_errors
from gatewright.backends.sqlite.readers import Readers
from gatewright.backends.sqlite.writer import Writer

T = TypeVar("T")

_SECONDS = 6.0

_log = logging.getLogger(__name__)


class SqliteDatabase:
    """Implements :class:`gatewright.backends.sql.Database` with a local SQLite file.

    It uses a write-ahead log, a full sync at every commit, and one writer thread that
    combines all queued transactions into one commit. Several processes may open the
    file, which must be on a local disk.
    """

    def __init__(self, path: Path, *, seconds: float = _SECONDS) -> None:
        if path.exists() and not path.stat().st_size:
            _log.warning("The database %s is empty: it is begun anew.", path)
        with gateway_errors(path):
            self._writer = Writer(path, seconds=seconds)
            try:
                self._readers = Readers(path, seconds=seconds)
            except BaseException:
                self._writer.close()
                raise

    @classmethod
    async def open(cls, path: Path, *, seconds: float = _SECONDS) -> Self:
        """Open or create the file; ``seconds`` limits the wait for a lock.

        Raises
        ------
        Unavailable
            The file cannot be opened.
        BackendFailed
            The file is damaged, or not a database.
        StorageFull
            The disk is full.
        """
        return await asyncio.to_thread(lambda: cls(path, seconds=seconds))

    async def run(self, work: Callable[[], Work[T]]) -> T:
        return await self._writer.run(work)

    async def read(self, text: str, *values: object) -> Sequence[Row]:
        return await self._readers.read(text, values, named=True)

    async def read_values(self, text: str, *values: object) -> Sequence[Values]:
        return await self._readers.read(text, values, named=False)

    async def close(self) -> None:
        def work() -> None:
            self._readers.close()
            self._writer.close()

        await asyncio.to_thread(work)
