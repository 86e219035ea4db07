"""Data model of DAP2 (ESE-RFC-004, section 5): types and declarations.

Every variable is an Array, coordinates too, and dimensions have names. There are no
Grids, since netCDF-C misreads Grids with few values when it requests their members.
"""

from dataclasses import dataclass
from enum import StrEnum


class Kind(StrEnum):
    """An atomic type, with its name in a DDS."""

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
"""Bytes of one array element in XDR; strings have no fixed width."""


@dataclass(frozen=True, slots=True)
class Slab:
    """The requested part of one dimension."""

    start: int
    """First index, counted from 0."""
    stride: int
    """Step between indices, at least 1."""
    count: int
    """Number of indices."""


@dataclass(frozen=True, slots=True)
class Array:
    """A variable of one atomic type; without dimensions it is a scalar."""

    name: str
    """Name as in the file; it is escaped when it is written."""
    kind: Kind
    """Type of the elements."""
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
    """The declarations of a data set, or of the requested part."""

    name: str
    """Name of the data set; clients do not interpret it."""
    arrays: tuple[Array, ...]
    """Variables of the data set."""


@dataclass(frozen=True, slots=True)
class Leaf:
    """An array of a response, with the part of the file that it is read from."""

    array: Array
    """The array with the sizes of the requested part."""
    slabs: tuple[Slab, ...]
    """The requested part: one slab for each dimension of the variable in the file."""


@dataclass(frozen=True, slots=True)
class Projection:
    """A response: its declarations and the parts to read, in the same order."""

    dataset: Dataset
    """The declarations of the response."""
    leaves: tuple[Leaf, ...]
    """The arrays of the response."""
