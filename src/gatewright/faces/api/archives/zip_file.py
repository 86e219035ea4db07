"""Writes a ZIP file member by member (PKWARE APPNOTE 6.3.10).

The sizes and checksum of a file that comes in blocks follow it in a data descriptor, so
they need not be known beforehand. Sizes and offsets that do not fit into 32 bits are
stored in ZIP64 format. Names that are not UTF-8 are stored as plain bytes without the
UTF-8 flag; Info-ZIP and libarchive restore such names of Unix files unchanged.
"""

import struct
import tempfile
import time
import zlib
from collections.abc import Iterator
from dataclasses import dataclass

from gatewright.domains.files import Entry, FileType

_STORED, _DEFLATED = 0, 8
_DESCRIPTOR_FOLLOWS, _UTF_8 = 0x0008, 0x0800
_UNIX = 3 << 8
_VERSION, _VERSION_64 = 20, 45
_FULL_16, _FULL_32 = 0xFFFF, 0xFFFFFFFF
_MAYBE_LARGE = 0xFF00_0000
"""Bytes from which a file may, once deflated, be too large for 32-bit sizes."""
_EARLIEST, _LATEST = 315_532_800, 4_354_819_198
"""The years 1980 and 2107, between which MS-DOS times are defined, in seconds since
1970."""
_IS_FOLDER = 0x10
_LEVEL = 1
_HELD_IN_MEMORY = 1 << 20
_READ = 1 << 16


@dataclass(slots=True)
class _Record:
    """The fields of a member's local header and central directory header."""

    name: bytes
    entry: Entry
    flags: int
    method: int
    offset: int
    crc: int = 0
    packed: int = 0
    size: int = 0


class ZipFile:
    """Returns the bytes of a ZIP file; the methods are called in the file's order.

    The central directory, which comes at the end, is kept in a temporary file if it is
    large. The methods compress and may write to that file, so call them in a thread.
    """

    def __init__(self) -> None:
        self._directory = tempfile.SpooledTemporaryFile(_HELD_IN_MEMORY)  # noqa: SIM115  # closed by `close`
        self._members = 0
        self._offset = 0
        self._begun: _Record | None = None
        self._deflate = _deflate()

    def whole(self, name: bytes, entry: Entry, content: bytes) -> bytes:
        """Return a member with known content; the content of a link is its target."""
        record = self._record(name, entry)
        deflate = _deflate()
        packed = deflate.compress(content) + deflate.flush()
        if len(packed) < len(content):
            record.method = _DEFLATED
        else:
            packed = content
        record.crc, record.size = zlib.crc32(content), len(content)
        record.packed = len(packed)
        header = _local_header(record)
        self._add(record, len(header) + len(packed))
        return header + packed

    def begin(self, name: bytes, entry: Entry) -> bytes:
        """Return a file's header; its ``entry.size`` bytes go through `data` next."""
        record = self._record(name, entry)
        record.flags |= _DESCRIPTOR_FOLLOWS
        record.method = _DEFLATED
        self._begun, self._deflate = record, _deflate()
        return _local_header(record)

    def data(self, block: bytes) -> bytes:
        """Return the next block of the current file, deflated."""
        record = self._in_hand()
        record.crc = zlib.crc32(block, record.crc)
        record.size += len(block)
        packed = self._deflate.compress(block)
        record.packed += len(packed)
        return packed

    def end(self) -> bytes:
        """Return the rest of the current file, and its data descriptor."""
        record = self._in_hand()
        rest = self._deflate.flush()
        record.packed += len(rest)
        sizes = struct.pack(
            "<QQ" if _is_large(record) else "<II", record.packed, record.size
        )
        descriptor = b"PK\x07\x08" + struct.pack("<I", record.crc) + sizes
        header = len(_local_header(record))
        self._add(record, header + record.packed + len(descriptor))
        self._begun = None
        return rest + descriptor

    def finish(self) -> Iterator[bytes]:
        """Yield the central directory and the end record."""
        size = self._directory.tell()
        self._directory.seek(0)
        while block := self._directory.read(_READ):
            yield block
        yield _end_of_directory(self._members, size, self._offset)

    def close(self) -> None:
        """Close the temporary file."""
        self._directory.close()

    def _in_hand(self) -> _Record:
        assert self._begun is not None  # noqa: S101  # `begin` comes first
        return self._begun

    def _record(self, name: bytes, entry: Entry) -> _Record:
        if entry.type is FileType.DIRECTORY:
            name += b"/"
        try:
            flags = 0 if name.isascii() else _UTF_8 * bool(name.decode())
        except UnicodeDecodeError:
            flags = 0
        return _Record(name, entry, flags, _STORED, self._offset)

    def _add(self, record: _Record, size: int) -> None:
        self._directory.write(_central_header(record))
        self._members += 1
        self._offset += size


def _deflate() -> "zlib._Compress":
    return zlib.compressobj(_LEVEL, zlib.DEFLATED, wbits=-15)


def _is_large(record: _Record) -> bool:
    """Return whether a file that comes in blocks has 64-bit sizes."""
    return record.entry.size >= _MAYBE_LARGE


def _moment(entry: Entry) -> tuple[int, int]:
    """Return an entry's MS-DOS time and date, in UTC since ZIP has no time zones."""
    seconds = min(max(entry.modified_ns // 10**9, _EARLIEST), _LATEST)
    year, month, day, hour, minute, second, *_ = time.gmtime(seconds)
    return (
        hour << 11 | minute << 5 | second // 2,
        (year - 1980) << 9 | month << 5 | day,
    )


def _exact_time(entry: Entry) -> bytes:
    """Return Info-ZIP's extra field with the time in UTC; empty if beyond 32 bits."""
    seconds = entry.modified_ns // 10**9
    if not -(1 << 31) <= seconds < 1 << 31:
        return b""
    return struct.pack("<2sHBi", b"UT", 5, 1, seconds)


def _local_header(record: _Record) -> bytes:
    extra = _exact_time(record.entry)
    version, crc, packed, size = _VERSION, record.crc, record.packed, record.size
    if record.flags & _DESCRIPTOR_FOLLOWS:
        crc = packed = size = 0
        if _is_large(record):
            extra += struct.pack("<HHQQ", 1, 16, 0, 0)
            version, packed, size = _VERSION_64, _FULL_32, _FULL_32
    return (
        struct.pack(
            "<4s5H3I2H",
            b"PK\x03\x04",
            version,
            record.flags,
            record.method,
            *_moment(record.entry),
            crc,
            packed,
            size,
            len(record.name),
            len(extra),
        )
        + record.name
        + extra
    )


def _central_header(record: _Record) -> bytes:
    numbers = [record.size, record.packed, record.offset]
    large = [number for number in numbers if number >= _FULL_32]
    size, packed, offset = (min(number, _FULL_32) for number in numbers)
    extra = _exact_time(record.entry)
    if large:
        extra += struct.pack(f"<HH{len(large)}Q", 1, 8 * len(large), *large)
    version = _VERSION_64 if large or _is_large(record) else _VERSION
    attributes = record.entry.mode << 16
    if record.entry.type is FileType.DIRECTORY:
        attributes |= _IS_FOLDER
    return (
        struct.pack(
            "<4s6H3I5H2I",
            b"PK\x01\x02",
            _UNIX | _VERSION_64,
            version,
            record.flags,
            record.method,
            *_moment(record.entry),
            record.crc,
            packed,
            size,
            len(record.name),
            len(extra),
            0,
            0,
            0,
            attributes,
            offset,
        )
        + record.name
        + extra
    )


def _end_of_directory(members: int, size: int, offset: int) -> bytes:
    large = b""
    if members >= _FULL_16 or size >= _FULL_32 or offset >= _FULL_32:
        large = struct.pack(
            "<4sQ2H2I4Q",
            b"PK\x06\x06",
            44,
            _UNIX | _VERSION_64,
            _VERSION_64,
            0,
            0,
            members,
            members,
            size,
            offset,
        ) + struct.pack("<4sIQI", b"PK\x06\x07", 0, offset + size, 1)
    count = min(members, _FULL_16)
    return large + struct.pack(
        "<4s4H2IH",
        b"PK\x05\x06",
        0,
        0,
        count,
        count,
        min(size, _FULL_32),
        min(offset, _FULL_32),
        0,
    )
