"""What a gridded file is: dimensions, variables, attributes, and pieces of arrays."""

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Literal, NewType

import numpy as np

from gatewright.core.access import NOBODY, Access
from gatewright.core.errors import InvalidRequest


class ElementType(StrEnum):
    """Type of the elements of a variable or an attribute."""

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
    """One byte of text; the last dimension is the length of the strings."""
    STRING = "string"
    """Text of any length."""

    @property
    def numeric(self) -> bool:
        """Whether the elements are numbers of a fixed size."""
        return self not in {ElementType.CHAR, ElementType.STRING}

    @property
    def size(self) -> int:
        """Bytes of one element; 1 for CHAR, 0 for STRING, which has no fixed size."""
        if self.numeric:
            return int(np.dtype(self.value).itemsize)
        return 1 if self is ElementType.CHAR else 0


class AxisKind(StrEnum):
    """What a dimension means (CF conventions 1.11, chapter 4, and its discrete E)."""

    TIME = "time"
    LEVEL = "level"
    LATITUDE = "lat"
    LONGITUDE = "lon"
    MEMBER = "member"
    OTHER = "other"
    """Any other: a month, a quantile, a station, the rows of a projected grid."""


ByteOrder = Literal["big", "little"]
"""Order of the bytes of an element."""


@dataclass(frozen=True, slots=True)
class Attribute:
    """A named value of a variable or of the whole data set."""

    type: ElementType
    """Type in the file; CHAR and STRING attributes hold text."""
    values: tuple[str | int | float, ...]
    """The values; text of type CHAR is one string."""
    latin1: bool = False
    """Whether the file has the text in Latin-1, as it is no UTF-8."""

    @property
    def text(self) -> str:
        """The value as one line of text."""
        return ", ".join(str(value) for value in self.values)


Attributes = Mapping[str, Attribute]


@dataclass(frozen=True, slots=True)
class Dimension:
    """An axis of indices that variables share."""

    name: str
    """Name in the file."""
    size: int
    """Number of indices."""
    unlimited: bool = False
    """Whether the file may grow along it."""


@dataclass(frozen=True, slots=True)
class Variable:
    """An array of the file."""

    name: str
    """Name in the file."""
    type: ElementType
    """Type of its elements as stored."""
    dimensions: tuple[str, ...]
    """Names of its dimensions, slowest first; none for a scalar."""
    shape: tuple[int, ...]
    """Sizes of its dimensions."""
    attributes: Attributes = field(default_factory=dict)
    """Its attributes, in the order of the file."""
    chunks: tuple[int, ...] | None = None
    """Shape of the stored pieces; None where the values stand in one row."""

    @property
    def elements(self) -> int:
        """Number of elements."""
        return math.prod(self.shape)

    @property
    def size(self) -> int:
        """Bytes of the whole array; 0 for strings."""
        return self.elements * self.type.size

    def text(self, attribute: str) -> str:
        """Return an attribute as text; empty where there is none."""
        found = self.attributes.get(attribute)
        return found.text if found else ""


Source = NewType("Source", str)
"""Handle of what holds a data set's arrays: one file, many files, a store of chunks.

Only the reader that gave it knows what stands behind it.
"""
Version = NewType("Version", str)
"""Which values a source has: another version means that they may be others."""


@dataclass(frozen=True, slots=True)
class Description:
    """All that a source says but for its arrays' values."""

    version: Version
    """Which version of the source this is about."""
    format: str
    """``NetCDF-3``, ``NetCDF-4``, ..."""
    dimensions: Mapping[str, Dimension]
    """Dimensions by name."""
    variables: Mapping[str, Variable]
    """Variables by name, in the order of the file."""
    attributes: Attributes = field(default_factory=dict)
    """Attributes of the whole file."""
    warnings: tuple[str, ...] = ()
    """What was left out, and why."""
    stored_bytes: int = 0
    """Bytes that the source takes where it is kept."""
    modified: float = 0.0
    """When the source was changed last, seconds since 1970 UTC."""

    def variable(self, name: str) -> Variable:
        """Return a variable.

        Raises
        ------
        InvalidRequest
            There is none of that name.
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
        """Bytes of all variables, unpacked from compression; strings not counted."""
        return sum(variable.size for variable in self.variables.values())


@dataclass(frozen=True, slots=True)
class Range:
    """Indices of one dimension: ``count`` of them, ``stride`` apart, from ``start``."""

    start: int
    """First index."""
    count: int
    """Number of indices, zero or more."""
    stride: int = 1
    """Distance between two indices, one or more."""

    @property
    def stop(self) -> int:
        """One behind the last index."""
        return self.start + (self.count - 1) * self.stride + 1 if self.count else 0

    def part(self, first: int, count: int) -> "Range":
        """Return some of the indices, by their position in this range."""
        return Range(self.start + first * self.stride, count, self.stride)


Hyperslab = tuple[Range, ...]
"""A range for every dimension of a variable, slowest first."""


@dataclass(frozen=True, slots=True)
class Encoding:
    """How the elements of an array are written."""

    type: ElementType
    """Type that the elements are converted to."""
    order: ByteOrder = "big"
    """Order of the bytes."""
    exact: bool = False
    """Whether a stored number that the type does not hold is an error."""

    @property
    def dtype(self) -> np.dtype[np.generic]:
        """The same for NumPy."""
        return np.dtype(self.type.value).newbyteorder(self.order)


_XDR_TYPES = {
    ElementType.INT8: ElementType.INT32,
    ElementType.INT16: ElementType.INT32,
    ElementType.UINT16: ElementType.UINT32,
    ElementType.INT64: ElementType.FLOAT64,
    ElementType.UINT64: ElementType.FLOAT64,
}


def xdr(kind: ElementType) -> Encoding:
    """Return the encoding of DAP2 (ESE-RFC-004, section 7.3: XDR).

    Integers of 16 bits take four bytes, and so do those of 8 bits with a sign, which
    DAP2 calls Int16. It has none of 64 bits: they become Float64, or an error where it
    does not hold one. Unsigned bytes stay bytes; counts and padding are the protocol's
    business.
    """
    return Encoding(_XDR_TYPES.get(kind, kind), "big", exact=True)


@dataclass(frozen=True, slots=True)
class Dataset:
    """A source of arrays that is published."""

    id: str
    """Name in URLs."""
    source: Source
    """Where its arrays are."""
    title: str = ""
    """Title in the catalogue; empty: the file's own."""
    access: Access = NOBODY
    """Who may see it."""


@dataclass(frozen=True, slots=True)
class Published:
    """A data set that a caller may see, and what its file says now."""

    dataset: Dataset
    """The entry in the catalogue."""
    description: Description
    """What the file says."""

    @property
    def title(self) -> str:
        """Title of the catalogue, of the file, or else the id."""
        own = self.description.attributes.get("title")
        return self.dataset.title or (own.text if own else "") or self.dataset.id
