"""Parses headers of NetCDF-3 files: CDF-1, CDF-2 (64-bit offset) and CDF-5.

Source: "The NetCDF Classic Format Specification" (NetCDF Users' Guide, appendix B) and
the CDF-5 specification of PnetCDF. The parser does no I/O; every count is checked
against the available bytes before memory is allocated.
"""

import math
import struct
from dataclasses import dataclass, replace

from gatewright.core.errors import BackendFailed
from gatewright.domains.arrays import readable

_DIMENSIONS, _VARIABLES, _ATTRIBUTES = 10, 11, 12
_DTYPES = {
    1: ">i1",
    2: "S1",
    3: ">i2",
    4: ">i4",
    5: ">f4",
    6: ">f8",
    7: ">u1",
    8: ">u2",
    9: ">u4",
    10: ">i8",
    11: ">u8",
}
_SIZES = {1: 1, 2: 1, 3: 2, 4: 4, 5: 4, 6: 8, 7: 1, 8: 2, 9: 4, 10: 8, 11: 8}
_LARGEST_RANK = 1024
_CHAR = 2
_NUMBERS = {
    1: "b",
    3: "h",
    4: "i",
    5: "f",
    6: "d",
    7: "B",
    8: "H",
    9: "I",
    10: "q",
    11: "Q",
}
MAGIC = (b"CDF\x01", b"CDF\x02", b"CDF\x05")

Value = tuple[str, tuple[str | int | float, ...]]
"""NumPy's name of an attribute's type, and the attribute's values."""


class Truncated(Exception):
    """The bytes end within the header; the caller has to pass more."""


@dataclass(frozen=True, slots=True)
class ClassicVariable:
    """A variable and the location of its values."""

    name: str
    """Name."""
    dtype: str
    """NumPy's name of the stored type, big-endian; ``S1`` for characters."""
    dimensions: tuple[int, ...]
    """Indices of its dimensions in the header."""
    shape: tuple[int, ...]
    """Lengths of its dimensions; for the unlimited one, the number of records."""
    attributes: dict[str, Value]
    """Attributes."""
    offset: int
    """Offset of the first value, bytes."""
    record: bool
    """Whether the first dimension is the unlimited one."""
    row_bytes: int
    """Distance in bytes between two indices of the first dimension, including padding.
    """


@dataclass(frozen=True, slots=True)
class ClassicHeader:
    """The header of a file."""

    version: int
    """Version of the format: 1, 2 or 5."""
    dimensions: tuple[tuple[str, int, bool], ...]
    """Name, length, and whether it is unlimited, for each dimension."""
    attributes: dict[str, Value]
    """Global attributes."""
    variables: tuple[ClassicVariable, ...]
    """Variables in file order."""


def parse(data: bytes, file_size: int) -> ClassicHeader:
    """Return the header at the beginning of a file.

    Parameters
    ----------
    data
        The first bytes of the file.
    file_size
        Size of the whole file in bytes, from which the number of records is computed if
        the header omits it (the file was written as a stream).

    Raises
    ------
    Truncated
        The header is longer than ``data``.
    BackendFailed
        The bytes are not a valid header.
    """
    if data[:4] not in MAGIC:
        raise BackendFailed("This is not a NetCDF-3 file.")
    parser = _Parser(data)
    records = parser.count()
    dimensions = parser.dimensions()
    attributes = parser.attributes()
    variables = parser.variables(dimensions)
    # A record has a part for each variable, padded to four bytes unless it is the only
    # one.
    parts = [v.row_bytes for v in variables if v.record]
    record_bytes = parts[0] if len(parts) == 1 else sum(n + -n % 4 for n in parts)
    if records == parser.streaming:
        begin = min((v.offset for v in variables if v.record), default=file_size)
        records = max(0, (file_size - begin) // record_bytes) if record_bytes else 0
    if record_bytes and records * record_bytes > file_size + record_bytes:
        raise BackendFailed("This NetCDF-3 file is shorter than its header says.")
    if not record_bytes and records > file_size and parser.version != 5:
        raise _damaged()
    return ClassicHeader(
        parser.version,
        tuple((name, size or records, size == 0) for name, size in dimensions),
        attributes,
        tuple(
            replace(v, shape=(records, *v.shape[1:]), row_bytes=record_bytes)
            if v.record
            else v
            for v in variables
        ),
    )


class _Parser:
    """Reads the parts of a header from its bytes, in order."""

    def __init__(self, data: bytes) -> None:
        self.version = data[3]
        self._data = data
        self._at = 4
        self._count_bytes = 8 if self.version == 5 else 4
        self._offset_bytes = 4 if self.version == 1 else 8
        self.streaming = (1 << 8 * self._count_bytes) - 1
        """Value of the record count in a file that was written as a stream."""

    def count(self) -> int:
        """Return a number of records or values, or a size."""
        return self._number(self._count_bytes)

    def dimensions(self) -> list[tuple[str, int]]:
        """Return names and lengths; the length of the unlimited dimension is 0."""
        found = [
            (self._name(), self.count())
            for _ in range(self._list(_DIMENSIONS, 4 + self._count_bytes))
        ]
        if sum(size == 0 for _, size in found) > 1:
            raise BackendFailed("This NetCDF-3 file has two unlimited dimensions.")
        return found

    def attributes(self) -> dict[str, Value]:
        """Return the attributes of the file or of a variable."""
        found: dict[str, Value] = {}
        for _ in range(self._list(_ATTRIBUTES, 8)):
            name = self._name()
            kind = self._kind()
            count = self._items(_SIZES[kind])
            data = self._take(count * _SIZES[kind])
            self._take(-len(data) % 4)
            if kind == _CHAR:
                text = data.decode("utf-8", "surrogateescape").rstrip("\0")
                found[name] = "S1", (text,)
            else:
                values = struct.unpack(f">{count}{_NUMBERS[kind]}", data)
                found[name] = _DTYPES[kind][1:], values
        return found

    def variables(self, dimensions: list[tuple[str, int]]) -> list[ClassicVariable]:
        """Return the variables, with a first length of 0 for record variables.

        Their ``row_bytes`` do not include padding.
        """
        found = []
        for _ in range(self._list(_VARIABLES, 12 + self._count_bytes)):
            name = self._name()
            rank = self._items(self._count_bytes)
            if rank > _LARGEST_RANK:
                raise _damaged()
            numbers = tuple(self.count() for _ in range(rank))
            if any(number >= len(dimensions) for number in numbers):
                raise BackendFailed(
                    "This NetCDF-3 file names a dimension it does not have."
                )
            shape = tuple(dimensions[number][1] for number in numbers)
            if 0 in shape[1:]:
                raise BackendFailed(
                    "The unlimited dimension of a variable is not its first."
                )
            attributes = self.attributes()
            kind = self._kind()
            self.count()  # the size in bytes: redundant, and wrong above 4 GiB
            offset = self._number(self._offset_bytes)
            found.append(
                ClassicVariable(
                    *(name, _DTYPES[kind], numbers, shape, attributes, offset),
                    record=shape[:1] == (0,),
                    row_bytes=math.prod(shape[1:]) * _SIZES[kind],
                )
            )
        return found

    def _take(self, length: int) -> bytes:
        end = self._at + length
        if end > len(self._data):
            raise Truncated
        taken = self._data[self._at : end]
        self._at = end
        return taken

    def _number(self, length: int) -> int:
        return int.from_bytes(self._take(length), "big")

    def _items(self, least_bytes: int) -> int:
        """Return a count of items, after checking it against their minimum size."""
        count = self.count()
        if count * least_bytes > 1 << 31:
            raise _damaged()
        return count

    def _list(self, tag: int, least_bytes: int) -> int:
        """Return the number of items in a list with this tag."""
        found, count = self._number(4), self._items(least_bytes)
        if (found, count) == (0, 0):
            return 0
        if found != tag:
            raise _damaged()
        return count

    def _name(self) -> str:
        length = self._items(1)
        name = readable(self._take(length).decode("utf-8", "surrogateescape"))
        self._take(-length % 4)
        return name

    def _kind(self) -> int:
        kind = self._number(4)
        if kind not in _DTYPES:
            raise BackendFailed("This NetCDF-3 file has values of an unknown type.")
        return kind


def _damaged() -> BackendFailed:
    return BackendFailed("The header of this NetCDF-3 file is damaged.")
