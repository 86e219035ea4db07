"""Headers of NetCDF-3 files: CDF-1, CDF-2 (64-bit offset) and CDF-5, from bytes.

Source: "The NetCDF Classic Format Specification" (NetCDF Users' Guide, appendix B) and
the CDF-5 specification of PnetCDF. The parser does no I/O; every count is checked
against the bytes that are there before anything is allocated.
"""

import math
import struct
from dataclasses import dataclass

from gatewright.core.errors import BackendFailed
from gatewright.domains.arrays import readable

_DIMENSIONS, _VARIABLES, _ATTRIBUTES = 10, 11, 12
_STREAMING = {4: 0xFFFFFFFF, 8: 0xFFFFFFFFFFFFFFFF}
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
"""NumPy's name of an attribute's type, and its values."""


class Truncated(Exception):
    """The header goes on behind the bytes that were given."""


@dataclass(frozen=True, slots=True)
class ClassicVariable:
    """A variable and where its values stand."""

    name: str
    """Name."""
    dtype: str
    """NumPy's name of the stored type, big-endian; ``S1`` for characters."""
    dimensions: tuple[int, ...]
    """Numbers of its dimensions."""
    shape: tuple[int, ...]
    """Sizes of its dimensions, with the number of records for the unlimited one."""
    attributes: dict[str, Value]
    """Attributes."""
    offset: int
    """Byte at which the values begin."""
    record: bool
    """Whether the first dimension is the unlimited one."""
    row_bytes: int
    """Bytes from one index of the first dimension to the next."""


@dataclass(frozen=True, slots=True)
class ClassicHeader:
    """The whole header."""

    version: int
    """1, 2 or 5."""
    dimensions: tuple[tuple[str, int, bool], ...]
    """Name, size and whether unlimited."""
    attributes: dict[str, Value]
    """Attributes of the file."""
    variables: tuple[ClassicVariable, ...]
    """Variables in order."""


@dataclass(slots=True)
class _Raw:
    """A variable before the size of a record is known."""

    name: str
    numbers: tuple[int, ...]
    attributes: dict[str, Value]
    kind: int
    offset: int


def parse(data: bytes, file_size: int) -> ClassicHeader:
    """Return the header at the beginning of a file.

    Parameters
    ----------
    data
        The first bytes of the file, as many as are at hand.
    file_size
        Bytes of the whole file, which tells the records of one that was streamed.

    Raises
    ------
    Truncated
        The header is longer than ``data``.
    BackendFailed
        The bytes are not a header.
    """
    if data[:4] not in MAGIC:
        raise BackendFailed("This is not a NetCDF-3 file.")
    return _Parser(data, data[3]).header(file_size)


class _Parser:
    def __init__(self, data: bytes, version: int) -> None:
        self._data = data
        self._at = 4
        self._version = version
        self._count_bytes = 8 if version == 5 else 4
        self._offset_bytes = 4 if version == 1 else 8

    def header(self, file_size: int) -> ClassicHeader:
        records = self._number(self._count_bytes)
        dimensions = self._dimensions()
        attributes = self._attributes()
        raw = self._variables(dimensions)
        unlimited = [n for n, (_, size) in enumerate(dimensions) if size == 0][:1]
        record_bytes = _record_bytes(raw, dimensions)
        if records == _STREAMING[self._count_bytes]:
            records = _streamed_records(raw, unlimited, record_bytes, file_size)
        sizes = [(size or records) for _, size in dimensions]
        _check_records(records, record_bytes, file_size, self._version)
        return ClassicHeader(
            self._version,
            tuple(
                (name, sizes[n], size == 0) for n, (name, size) in enumerate(dimensions)
            ),
            attributes,
            tuple(_placed(v, sizes, unlimited, record_bytes) for v in raw),
        )

    def _take(self, length: int) -> bytes:
        end = self._at + length
        if end > len(self._data):
            raise Truncated
        taken = self._data[self._at : end]
        self._at = end
        return taken

    def _number(self, length: int) -> int:
        return int.from_bytes(self._take(length), "big")

    def _count(self, least_bytes: int) -> int:
        """Return a count of items, each of which takes at least so many bytes."""
        count = self._number(self._count_bytes)
        if count * least_bytes > 1 << 31:
            raise BackendFailed("The header of this NetCDF-3 file is damaged.")
        return count

    def _list(self, tag: int, least_bytes: int) -> int:
        found, count = self._number(4), self._count(least_bytes)
        if (found, count) == (0, 0):
            return 0
        if found != tag:
            raise BackendFailed("The header of this NetCDF-3 file is damaged.")
        return count

    def _name(self) -> str:
        length = self._count(1)
        name = readable(self._take(length).decode("utf-8", "surrogateescape"))
        self._take(-length % 4)
        return name

    def _dimensions(self) -> list[tuple[str, int]]:
        count = self._list(_DIMENSIONS, 4 + self._count_bytes)
        found = [(self._name(), self._number(self._count_bytes)) for _ in range(count)]
        if sum(size == 0 for _, size in found) > 1:
            raise BackendFailed("This NetCDF-3 file has two unlimited dimensions.")
        return found

    def _attributes(self) -> dict[str, Value]:
        count = self._list(_ATTRIBUTES, 8)
        found = {}
        for _ in range(count):
            name = self._name()
            found[name] = self._values()
        return found

    def _values(self) -> Value:
        kind = self._kind()
        count = self._count(_SIZES[kind])
        length = count * _SIZES[kind]
        data = self._take(length)
        self._take(-length % 4)
        if kind == _CHAR:
            return "S1", (data.decode("utf-8", "surrogateescape").rstrip("\0"),)
        return _DTYPES[kind][1:], struct.unpack(f">{count}{_NUMBERS[kind]}", data)

    def _kind(self) -> int:
        kind = self._number(4)
        if kind not in _DTYPES:
            raise BackendFailed("This NetCDF-3 file has values of an unknown type.")
        return kind

    def _variables(self, dimensions: list[tuple[str, int]]) -> list[_Raw]:
        count = self._list(_VARIABLES, 12 + self._count_bytes)
        return [self._variable(len(dimensions)) for _ in range(count)]

    def _variable(self, dimensions: int) -> _Raw:
        name = self._name()
        rank = self._count(self._count_bytes)
        if rank > _LARGEST_RANK:
            raise BackendFailed("The header of this NetCDF-3 file is damaged.")
        numbers = tuple(self._number(self._count_bytes) for _ in range(rank))
        if any(number >= dimensions for number in numbers):
            raise BackendFailed(
                "This NetCDF-3 file names a dimension it does not have."
            )
        attributes = self._attributes()
        kind = self._kind()
        self._number(self._count_bytes)  # vsize is redundant, and wrong above 4 GiB
        return _Raw(name, numbers, attributes, kind, self._number(self._offset_bytes))


def _is_record(variable: _Raw, dimensions: list[tuple[str, int]]) -> bool:
    return bool(variable.numbers) and dimensions[variable.numbers[0]][1] == 0


def _slice_bytes(variable: _Raw, dimensions: list[tuple[str, int]]) -> int:
    """Return the bytes of a record variable within one record, not padded."""
    inner = (dimensions[number][1] for number in variable.numbers[1:])
    return math.prod(inner) * _SIZES[variable.kind]


def _record_bytes(raw: list[_Raw], dimensions: list[tuple[str, int]]) -> int:
    """Return the bytes of a record; a single record variable is not padded."""
    slices = [_slice_bytes(v, dimensions) for v in raw if _is_record(v, dimensions)]
    if len(slices) == 1:
        return slices[0]
    return sum(size + -size % 4 for size in slices)


def _streamed_records(
    raw: list[_Raw], unlimited: list[int], record_bytes: int, file_size: int
) -> int:
    begins = [v.offset for v in raw if v.numbers and v.numbers[0] in unlimited]
    if not begins or not record_bytes:
        return 0
    return max(0, (file_size - min(begins)) // record_bytes)


def _check_records(
    records: int, record_bytes: int, file_size: int, version: int
) -> None:
    """Refuse a number of records that the file cannot hold."""
    if record_bytes and records * record_bytes > file_size + record_bytes:
        raise BackendFailed("This NetCDF-3 file is shorter than its header says.")
    if not record_bytes and records > file_size and version != 5:
        raise BackendFailed("The header of this NetCDF-3 file is damaged.")


def _placed(
    variable: _Raw, sizes: list[int], unlimited: list[int], record_bytes: int
) -> ClassicVariable:
    shape = tuple(sizes[number] for number in variable.numbers)
    record = bool(variable.numbers) and variable.numbers[0] in unlimited
    if any(number in unlimited for number in variable.numbers[1:]):
        raise BackendFailed("The unlimited dimension of a variable is not its first.")
    item = _SIZES[variable.kind]
    row = record_bytes if record else math.prod(shape[1:]) * item
    return ClassicVariable(
        variable.name,
        _DTYPES[variable.kind],
        variable.numbers,
        shape,
        variable.attributes,
        variable.offset,
        record,
        row,
    )
