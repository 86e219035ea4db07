"""Implements the port of the arrays domain with the pool of reader processes."""

import asyncio
import contextlib
import hashlib
import os
import time
from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

from gatewright.backends.gridded import values
from gatewright.backends.readers import ReaderPool, Shared, Weight
from gatewright.core.errors import (
    BackendFailed,
    GatewayError,
    InvalidRequest,
    TimedOut,
)
from gatewright.domains.arrays import (
    Description,
    Encoding,
    Hyperslab,
    Source,
    SubsetOrder,
    Variable,
    Version,
    check,
    encoded_size,
    windows,
)

PROGRAM = "gatewright.backends.gridded.program"
"""Module whose functions the reader processes run."""
_BULK_BYTES = 256 << 10
_REMEMBERED_SECONDS = 600.0
_Window = tuple[memoryview, AsyncExitStack]


class PooledArrayReader:
    """Reads sources of arrays in reader processes.

    Parameters
    ----------
    pool
        The reader processes, which must load :data:`PROGRAM` and the modules of the
        formats.
    formats
        Formats, each as ``module:name``, by the name of their plug-in. They are asked
        in this order whether they recognise a source.
    file_seconds
        Longest time that making a subset may take, seconds.
    """

    def __init__(
        self, pool: ReaderPool, formats: Mapping[str, str], file_seconds: float = 120.0
    ) -> None:
        self._pool = pool
        self._formats = dict(formats)
        self._file_seconds = file_seconds
        self._sources: dict[Source, Shared] = {}
        self._looks: dict[Source, asyncio.Task[Description]] = {}
        self._too_slow: dict[Source, tuple[float, Version]] = {}

    def source(self, *places: Path, reader: str = "") -> Source:
        """Return the handle of a source.

        Parameters
        ----------
        places
            Paths of its file or files, or of the folder of a chunk store.
        reader
            Name of the plug-in that reads it; empty for the first that recognises it.

        Raises
        ------
        InvalidRequest
            There is no plug-in of this name.
        """
        formats = list(self._formats.values())
        if reader:
            if reader not in self._formats:
                names = ", ".join(self._formats)
                raise InvalidRequest(
                    f"There is no array reader “{reader}”. Installed: {names}."
                )
            formats = [self._formats[reader]]
        paths = [os.fsencode(place) for place in places]
        words = b"\0".join([*paths, b"", *map(str.encode, formats)])
        handle = hashlib.blake2b(words, digest_size=12).hexdigest()
        about = {"handle": handle, "places": paths, "formats": formats}
        self._sources[Source(handle)] = Shared.of(handle, {"source": about})
        return Source(handle)

    async def version(self, source: Source) -> Version:
        found = await self._call(source, "version", {})
        return Version(found["version"])

    async def describe(self, source: Source) -> Description:
        """Return the metadata of a source; concurrent calls share one look-up.

        A source whose look-up timed out is not tried again for ten minutes, unless it
        changes.

        Raises
        ------
        TimedOut
            The look-up takes longer than is allowed.
        BackendFailed
            The source is damaged or of an unknown format.
        NotFound
            The source is gone.
        """
        look = self._looks.get(source)
        if look is None:
            look = asyncio.create_task(self._look(source))
            self._looks[source] = look

            def looked(done: asyncio.Task[Description]) -> None:
                del self._looks[source]
                if not done.cancelled():
                    done.exception()  # asyncio warns of one that nobody waited for

            look.add_done_callback(looked)
        return await asyncio.shield(look)

    async def _look(self, source: Source) -> Description:
        until, version = self._too_slow.get(source, (0.0, None))
        if time.monotonic() < until and version == await self.version(source):
            raise _too_slow()
        try:
            found = await self._call(source, "describe", {}, Weight.LOOK)
        except TimedOut as error:
            until = time.monotonic() + _REMEMBERED_SECONDS
            self._too_slow[source] = until, await self.version(source)
            raise _too_slow() from error
        try:
            return values.to_description(found)
        except (KeyError, TypeError, ValueError) as error:
            raise BackendFailed("The reader gave no description.") from error

    async def read(
        self,
        source: Source,
        version: Version,
        variable: Variable,
        slab: Hyperslab,
        encoding: Encoding,
    ) -> AsyncIterator[memoryview]:
        plan = windows(variable, check(variable, slab), encoding)
        bulk = encoded_size(slab, encoding) > _BULK_BYTES
        arguments = {
            "version": version,
            "variable": variable.name,
            "encoding": values.from_encoding(encoding),
        }
        pieces = (arguments | {"slab": values.from_slab(window)} for window in plan)
        task: asyncio.Task[_Window] | None = None
        first = next(pieces, None)
        current = None
        if first is not None:
            current = await self._window(source, first, bulk=bulk)
        while current is not None:
            view, held = current
            task = None
            if (after := next(pieces, None)) is not None:
                # It is read while this one is used.
                task = asyncio.create_task(self._window(source, after, bulk=bulk))
            try:
                async with held:
                    yield view
            except BaseException:
                if task is not None:  # nobody will use that window
                    task.cancel()
                    with contextlib.suppress(asyncio.CancelledError, GatewayError):
                        _, unused = await task
                        await unused.aclose()
                raise
            current = None if task is None else await task

    async def _window(
        self, source: Source, arguments: dict[str, Any], *, bulk: bool
    ) -> _Window:
        held = AsyncExitStack()
        window = self._pool.window(
            *(f"{PROGRAM}:read", arguments),
            key=source,
            bulk=bulk,
            shared=self._sources[source],
        )
        return await held.enter_async_context(window), held

    async def strings(
        self, source: Source, version: Version, variable: Variable, slab: Hyperslab
    ) -> list[str]:
        arguments = {
            "version": version,
            "variable": variable.name,
            "slab": values.from_slab(slab),
        }
        found = await self._call(source, "strings", arguments)
        return [data.decode("utf-8", "surrogateescape") for data in found["strings"]]

    async def subset(
        self,
        source: Source,
        version: Version,
        order: SubsetOrder,
        *,
        small: bool = False,
        person: str = "",
    ) -> tuple[int, int]:
        try:
            return await self._pool.file(
                f"{PROGRAM}:subset",
                {"version": version, "order": values.from_order(order)},
                key=source,
                seconds=self._file_seconds,
                shared=self._sources[source],
                weight=Weight.SMALL if small else Weight.LONG,
                person=person,
            )
        except TimedOut as error:
            raise TimedOut(
                f"This subset was not made within {self._file_seconds:.0f} seconds. "
                "Ask for a smaller box, fewer times, levels or members, or for a part "
                "of it at a time."
            ) from error

    async def _call(
        self,
        source: Source,
        name: str,
        arguments: dict[str, Any],
        weight: Weight = Weight.SMALL,
    ) -> dict[str, Any]:
        return await self._pool.call(
            *(f"{PROGRAM}:{name}", arguments),
            key=source,
            shared=self._sources[source],
            weight=weight,
        )


def _too_slow() -> TimedOut:
    return TimedOut(
        "Reading the metadata of this data set takes longer than is allowed: it has "
        "very many variables, or its disk is slow. It is tried again in ten minutes, "
        "or when the file changes. Its publisher can split it into several files.",
        retry_after=_REMEMBERED_SECONDS,
    )
