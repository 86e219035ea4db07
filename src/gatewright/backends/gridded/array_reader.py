"""The arrays' port over the reader pool."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from typing import Any

from gatewright.backends.gridded import values
from gatewright.backends.readers import ReaderPool
from gatewright.core.errors import BackendFailed, GatewayError
from gatewright.domains.arrays import (
    Description,
    Encoding,
    FileIdentity,
    Hyperslab,
    SubsetOrder,
    Variable,
    check,
    encoded_size,
    windows,
)

_PROGRAM = "gatewright.backends.netcdf.program"
_BULK_BYTES = 256 << 10
_Window = tuple[memoryview, AsyncExitStack]


class PooledArrayReader:
    """Reads NetCDF and HDF5 files in reader processes.

    Parameters
    ----------
    pool
        The reader processes.
    file_seconds
        Longest time that the making of a subset may take.
    """

    def __init__(self, pool: ReaderPool, file_seconds: float = 120.0) -> None:
        self._pool = pool
        self._file_seconds = file_seconds

    async def identify(self, source: bytes) -> FileIdentity:
        found = await self._call("identity", {"source": source})
        return values.to_identity(found["identity"])

    async def describe(self, source: bytes) -> Description:
        found = await self._call("describe", {"source": source})
        try:
            return values.to_description(found)
        except (KeyError, TypeError, ValueError) as error:
            raise BackendFailed("The reader gave no description.") from error

    async def read(
        self,
        source: bytes,
        identity: FileIdentity,
        variable: Variable,
        slab: Hyperslab,
        encoding: Encoding,
    ) -> AsyncIterator[memoryview]:
        plan = windows(variable, check(variable, slab), encoding)
        bulk = encoded_size(slab, encoding) > _BULK_BYTES
        arguments = {
            "source": source,
            "identity": values.from_identity(identity),
            "variable": variable.name,
            "encoding": values.from_encoding(encoding),
        }
        pieces = (arguments | {"slab": values.from_slab(window)} for window in plan)
        task: asyncio.Task[_Window] | None = None
        first = next(pieces, None)
        current = None if first is None else await self._window(first, bulk=bulk)
        while current is not None:
            view, held = current
            task = self._ahead(next(pieces, None), bulk=bulk)
            try:
                async with held:
                    yield view
            except BaseException:
                await _abandon(task)
                raise
            current = None if task is None else await task

    def _ahead(
        self, arguments: dict[str, Any] | None, *, bulk: bool
    ) -> "asyncio.Task[_Window] | None":
        """Begin to read the window after the one that is used now."""
        if arguments is None:
            return None
        return asyncio.create_task(self._window(arguments, bulk=bulk))

    async def _window(self, arguments: dict[str, Any], *, bulk: bool) -> _Window:
        held = AsyncExitStack()
        window = self._pool.window(
            f"{_PROGRAM}:read", arguments, key=_key(arguments), bulk=bulk
        )
        return await held.enter_async_context(window), held

    async def strings(
        self,
        source: bytes,
        identity: FileIdentity,
        variable: Variable,
        slab: Hyperslab,
    ) -> list[str]:
        arguments = {
            "source": source,
            "identity": values.from_identity(identity),
            "variable": variable.name,
            "slab": values.from_slab(slab),
        }
        found = await self._call("strings", arguments)
        return [data.decode("utf-8", "replace") for data in found["strings"]]

    async def subset(
        self, source: bytes, identity: FileIdentity, order: SubsetOrder
    ) -> tuple[int, int]:
        arguments = {
            "source": source,
            "identity": values.from_identity(identity),
            "order": values.from_order(order),
        }
        return await self._pool.file(
            f"{_PROGRAM}:subset",
            arguments,
            key=_key(arguments),
            seconds=self._file_seconds,
        )

    async def _call(self, name: str, arguments: dict[str, Any]) -> dict[str, Any]:
        return await self._pool.call(
            f"{_PROGRAM}:{name}", arguments, key=_key(arguments)
        )


def _key(arguments: dict[str, Any]) -> str:
    source: bytes = arguments["source"]
    return source.decode("utf-8", "replace")


async def _abandon(task: asyncio.Task[_Window] | None) -> None:
    """Let go of a window that nobody will use."""
    if task is None:
        return
    task.cancel()
    with contextlib.suppress(asyncio.CancelledError, GatewayError):
        _, held = await task
        await held.aclose()
