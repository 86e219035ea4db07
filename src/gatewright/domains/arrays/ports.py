"""What the arrays' domain needs of the outside."""

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

    All methods may raise NotFound (the source is not there), Conflict (it is not of
    the version any more), BackendFailed (it is damaged or of no known kind), TimedOut
    and Unavailable.
    """

    async def version(self, source: Source) -> Version:
        """Return the version of a source as it is now."""
        ...

    async def describe(self, source: Source) -> Description:
        """Return all that a source says but for its arrays' values."""
        ...

    def read(
        self,
        source: Source,
        version: Version,
        variable: Variable,
        slab: Hyperslab,
        encoding: Encoding,
    ) -> AsyncIterator[memoryview]:
        """Yield the bytes of a piece of a numeric or CHAR variable, in row-major order.

        A view is valid until the next is asked for; while one is used the next is
        read. The source is checked before and after each: one that changed ends the
        iteration by Conflict, never by wrong or missing values.
        """
        ...

    async def strings(
        self,
        source: Source,
        version: Version,
        variable: Variable,
        slab: Hyperslab,
    ) -> list[str]:
        """Return a piece of a STRING variable, in row-major order.

        For a CHAR variable the last dimension is left out of ``slab``: it is the
        length of the strings, which come without the NULs behind them. Bytes that are
        no UTF-8 come as surrogates (PEP 383).
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

        One that is ``small`` does not wait for large ones; those of one person wait
        for one another's.

        NetCDF keeps stored values, attributes and coordinates, and adds a line to
        ``history``; statistics are unpacked. CSV has a column for each coordinate and
        variable. JSON has ``coordinates`` and ``variables`` with ``dimensions``,
        ``shape`` and ``values`` in one row-major list, null where there is none. PNG
        is a map, or lines and bands along one axis.
        """
        ...
