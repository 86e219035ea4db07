"""DAP2's own view of a data set (ESE-RFC-004, section 5): types and declarations.

Every variable is an Array, coordinates too; dimensions have names. There are no Grids:
netCDF-C reads a Grid of few values, which it asks for by its member, wrongly.
"""

from dataclasses import dataclass
from enum import StrEnum


class Kind(StrEnum):
    """An atomic type, by its name in a DDS."""

    BYTE = "Byte"
    INT16 = "Int16"
    UINT16 = "UInt16"
    INT32 = "Int32"
    UINT32 = "UInt32"
    FLOAT32 = "Float32"
    FLOAT64 = "Float64"
    STRING = "String"


WIDTHS = {
    Kind.BYTE: 1,
    Kind.INT16: 4,
    Kind.UINT16: 4,
    Kind.INT32: 4,
    Kind.UINT32: 4,
    Kind.FLOAT32: 4,
    Kind.FLOAT64: 8,
}
"""Bytes of one element of an array on the wire; strings have no fixed width."""


@dataclass(frozen=True, slots=True)
class Slab:
    """The part of one dimension that is asked for."""

    start: int
    """First index, counted from 0."""
    stride: int
    """Step between indices, at least 1."""
    count: int
    """How many indices."""


@dataclass(frozen=True, slots=True)
class Array:
    """A variable of one atomic type; without dimensions, a scalar."""

    name: str
    """Name, as the file has it (it is escaped when written)."""
    kind: Kind
    """Type of its elements."""
    dimensions: tuple[tuple[str, int], ...] = ()
    """Name and size of each dimension, slowest first."""

    @property
    def size(self) -> int:
        """Number of elements."""
        product = 1
        for _, size in self.dimensions:
            product *= size
        return product


@dataclass(frozen=True, slots=True)
class Dataset:
    """All that one URL serves."""

    name: str
    """Name of the data set; clients do not interpret it."""
    arrays: tuple[Array, ...]
    """Its variables."""


@dataclass(frozen=True, slots=True)
class Leaf:
    """One array of an answer, with the part of the file that fills it."""

    array: Array
    """The array as it is answered, with the sizes of the part."""
    slabs: tuple[Slab, ...]
    """The part, one slab for each dimension of the variable in the file."""


@dataclass(frozen=True, slots=True)
class Projection:
    """An answer: what is declared and what is read, in the same order."""

    dataset: Dataset
    """The declarations of the answer."""
    leaves: tuple[Leaf, ...]
    """Its arrays."""
