"""The port of the arrays domain: the reader of sources."""

from collections.abc import AsyncIterator
from typing import Protocol

from gatewright.domains.arrays.model import (
    Description,
    Encoding,
    Hyperslab,
    Source,
    Variable,
    Version,
)
from gatewright.domains.arrays.subset import SubsetOrder


class ArrayReader(Protocol):
    """Reads sources of arrays.

    All methods may raise NotFound (the source is gone), Conflict (it has another
    version now), BackendFailed (it is damaged or of an unknown format), TimedOut and
    Unavailable.
    """

    async def version(self, source: Source) -> Version:
        """Return the current version of a source."""
        ...

    async def describe(self, source: Source) -> Description:
        """Return the metadata of a source."""
        ...

    def read(
        self,
        source: Source,
        version: Version,
        variable: Variable,
        slab: Hyperslab,
        encoding: Encoding,
    ) -> AsyncIterator[memoryview]:
        """Yield a hyperslab of a numeric or CHAR variable as bytes, in row-major order.

        Each view is valid until the next is requested; the next is read ahead
        meanwhile. The version of the source is checked before and after each: if it
        changed, Conflict is raised, so that never wrong or missing values are yielded.
        """
        ...

    async def strings(
        self,
        source: Source,
        version: Version,
        variable: Variable,
        slab: Hyperslab,
    ) -> list[str]:
        """Return a hyperslab of a STRING or CHAR variable as texts, in row-major order.

        For a CHAR variable ``slab`` lacks the last dimension, which is the string
        length, and trailing NULs are removed. Bytes that are not UTF-8 become
        surrogates (PEP 383).
        """
        ...

    async def subset(
        self,
        source: Source,
        version: Version,
        order: SubsetOrder,
        *,
        small: bool = False,
        person: str = "",
    ) -> tuple[int, int]:
        """Return an open anonymous file with a subset, and its size in bytes.

        A ``small`` subset does not wait behind large ones; subsets of the same
        ``person`` wait for one another.

        NetCDF keeps stored values, attributes and coordinates, and adds a line to
        ``history``; statistics are written unpacked. CSV has a column for each
        coordinate and variable. JSON has ``coordinates`` and ``variables`` with
        ``dimensions``, ``shape`` and ``values`` in one row-major list, null where
        missing. PNG is a map, or lines and bands along one axis.
        """
        ...
