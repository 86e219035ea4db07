"""The data model of gridded files: dimensions, variables, attributes and hyperslabs."""

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Literal, NewType

import numpy as np

from gatewright.core.access import NOBODY, Access
from gatewright.core.errors import InvalidRequest


class ElementType(StrEnum):
    """Type of the values of a variable or attribute."""

    INT8 = "int8"
    UINT8 = "uint8"
    INT16 = "int16"
    UINT16 = "uint16"
    INT32 = "int32"
    UINT32 = "uint32"
    INT64 = "int64"
    UINT64 = "uint64"
    FLOAT32 = "float32"
    FLOAT64 = "float64"
    CHAR = "char"
    """Single bytes of text; the last dimension of a variable is the string length."""
    STRING = "string"
    """Strings of any length."""

    @property
    def numeric(self) -> bool:
        """Whether the values are numbers."""
        return self not in {ElementType.CHAR, ElementType.STRING}

    @property
    def size(self) -> int:
        """Bytes per value: 1 for CHAR, 0 for STRING, whose values vary in size."""
        if self.numeric:
            return int(np.dtype(self.value).itemsize)
        return 1 if self is ElementType.CHAR else 0


class AxisKind(StrEnum):
    """Kinds of axes (CF conventions 1.11, chapter 4; ensemble members as in 4.5)."""

    TIME = "time"
    LEVEL = "level"
    LATITUDE = "lat"
    LONGITUDE = "lon"
    MEMBER = "member"
    OTHER = "other"
    """Any other axis: months, quantiles, stations, the rows of a projected grid."""


ByteOrder = Literal["big", "little"]
"""Byte order of numbers."""


@dataclass(frozen=True, slots=True)
class Attribute:
    """An attribute of a variable or of the whole data set."""

    type: ElementType
    """Type in the file; CHAR and STRING attributes hold text."""
    values: tuple[str | int | float, ...]
    """Values; CHAR text is one string."""
    latin1: bool = False
    """Whether the file holds the text in Latin-1 instead of UTF-8."""

    @property
    def text(self) -> str:
        """All values as one text, separated by commas."""
        return ", ".join(str(value) for value in self.values)


Attributes = Mapping[str, Attribute]


@dataclass(frozen=True, slots=True)
class Dimension:
    """A named dimension that variables share."""

    name: str
    """Name in the file."""
    size: int
    """Length."""
    unlimited: bool = False
    """Whether the file can grow along it (a record dimension)."""


@dataclass(frozen=True, slots=True)
class Variable:
    """A variable: an array with dimensions and attributes."""

    name: str
    """Name in the file."""
    type: ElementType
    """Type of its values as stored."""
    dimensions: tuple[str, ...]
    """Names of its dimensions, slowest first; empty for a scalar."""
    shape: tuple[int, ...]
    """Lengths of its dimensions."""
    attributes: Attributes = field(default_factory=dict)
    """Attributes, in the order of the file."""
    chunks: tuple[int, ...] | None = None
    """Shape of the storage chunks; None for contiguous storage."""

    @property
    def elements(self) -> int:
        """Number of values."""
        return math.prod(self.shape)

    @property
    def size(self) -> int:
        """Uncompressed size of the whole array in bytes; 0 for strings."""
        return self.elements * self.type.size

    def text(self, attribute: str) -> str:
        """Return the text of an attribute; empty if there is none."""
        found = self.attributes.get(attribute)
        return found.text if found else ""


Source = NewType("Source", str)
"""Handle of what holds a data set's arrays: one file, many files, or a chunk store.

Only the reader that issued the handle can interpret it."""
Version = NewType("Version", str)
"""State of a source. As long as it stays the same, the source's values do too."""


@dataclass(frozen=True, slots=True)
class Description:
    """The metadata of a source: all but the values of its arrays."""

    version: Version
    """Version of the source that is described."""
    format: str
    """Name of the format, such as ``NetCDF-3`` or ``NetCDF-4``."""
    dimensions: Mapping[str, Dimension]
    """Dimensions by name."""
    variables: Mapping[str, Variable]
    """Variables by name, in the order of the file."""
    attributes: Attributes = field(default_factory=dict)
    """Global attributes."""
    warnings: tuple[str, ...] = ()
    """Parts of the source that cannot be served, each with the reason."""
    stored_bytes: int = 0
    """Size of the source in storage, bytes."""
    modified: float = 0.0
    """Time of the last change, seconds since 1970-01-01 UTC."""

    def variable(self, name: str) -> Variable:
        """Return the variable of a name.

        Raises
        ------
        InvalidRequest
            There is no variable of this name.
        """
        found = self.variables.get(name)
        if found is None:
            names = ", ".join(list(self.variables)[:50])
            raise InvalidRequest(
                f"There is no variable “{name[:100]}” here. There are: {names}."
            )
        return found

    @property
    def size(self) -> int:
        """Uncompressed size of all variables in bytes, without those of strings."""
        return sum(variable.size for variable in self.variables.values())


@dataclass(frozen=True, slots=True)
class Range:
    """Indices along a dimension: ``count`` of them from ``start``, ``stride`` apart."""

    start: int
    """First index."""
    count: int
    """Number of indices, 0 or more."""
    stride: int = 1
    """Step between two indices, 1 or more."""

    @property
    def stop(self) -> int:
        """The index after the last one; 0 for an empty range."""
        return self.start + (self.count - 1) * self.stride + 1 if self.count else 0

    def part(self, first: int, count: int) -> "Range":
        """Return ``count`` of the indices from position ``first`` in this range."""
        return Range(self.start + first * self.stride, count, self.stride)


Hyperslab = tuple[Range, ...]
"""A range for each dimension of a variable, slowest first."""


@dataclass(frozen=True, slots=True)
class Encoding:
    """How the values of an array are written as bytes."""

    type: ElementType
    """Type to which the values are converted."""
    order: ByteOrder = "big"
    """Byte order."""
    exact: bool = False
    """Whether a value that the type cannot represent is an error."""

    @property
    def dtype(self) -> np.dtype[np.generic]:
        """The NumPy type of the encoding."""
        return np.dtype(self.type.value).newbyteorder(self.order)


_XDR_TYPES = {
    ElementType.INT8: ElementType.INT32,
    ElementType.INT16: ElementType.INT32,
    ElementType.UINT16: ElementType.UINT32,
    ElementType.INT64: ElementType.FLOAT64,
    ElementType.UINT64: ElementType.FLOAT64,
}


def xdr(kind: ElementType) -> Encoding:
    """Return the encoding that DAP2 uses for a type (ESE-RFC-004, section 7.3: XDR).

    Integers of 16 bits and signed ones of 8 bits take four bytes; DAP2 calls the latter
    Int16. 64-bit integers, which DAP2 lacks, become Float64, and one that Float64
    cannot represent is an error. Unsigned bytes stay bytes. The counts and the padding
    of arrays are not part of the encoding.
    """
    return Encoding(_XDR_TYPES.get(kind, kind), "big", exact=True)


@dataclass(frozen=True, slots=True)
class Dataset:
    """An entry of the catalogue: a published source of arrays."""

    id: str
    """Name of the data set in URLs."""
    source: Source
    """Handle of the source that holds its arrays."""
    title: str = ""
    """Title in the catalogue; if empty, the ``title`` attribute of the source is used.
    """
    access: Access = NOBODY
    """Who may see the data set."""


@dataclass(frozen=True, slots=True)
class Published:
    """A data set that a caller may see, with its current description."""

    dataset: Dataset
    """The entry in the catalogue."""
    description: Description
    """Metadata of its source."""

    @property
    def title(self) -> str:
        """Title from the catalogue, else from the source, else the id."""
        own = self.description.attributes.get("title")
        return self.dataset.title or (own.text if own else "") or self.dataset.id
