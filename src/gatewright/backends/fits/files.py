"""Opens image files, uncompressed or compressed with gzip or bzip2."""

import bz2
import gzip
import os
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import BinaryIO, cast

import numpy as np

from gatewright.core.errors import Conflict, InvalidContent, NotFound

SUFFIXES = tuple(
    ending + packing
    for ending in (".fits", ".fit", ".fts")
    for packing in ("", ".gz", ".fz", ".bz2")
)
UNPACKED_BYTES = 4 << 30
"""Largest size to which a compressed file may be decompressed, bytes."""
_GAP = 16 << 10
"""Bytes between rows up to which several are read together."""
_TOGETHER = 1 << 20
"""Bytes that are then read at once."""


@dataclass(frozen=True, slots=True)
class OpenFile:
    """An image file that is open for reading."""

    stream: BinaryIO
    """Its decompressed content; seekable."""
    descriptor: int
    """File descriptor of the file itself."""
    size: int
    """Number of bytes that may be read; for a compressed file an upper limit."""
    packed: bool
    """Whether the whole file is compressed (gzip, bzip2)."""


def identity(descriptor: int) -> str:
    """Return a text that changes when the content of an open file changes."""
    return stat_identity(os.fstat(descriptor))


def stat_identity(status: os.stat_result) -> str:
    """Return device, inode, size and time of modification as one text."""
    numbers = (status.st_dev, status.st_ino, status.st_size, status.st_mtime_ns)
    return "-".join(f"{number:x}" for number in numbers)


@contextmanager
def open_image_file(path: str, expected: str = "") -> Iterator[OpenFile]:
    """Open an image file, and check its identity if one is expected.

    Raises
    ------
    NotFound
        The file is gone, or may not be read.
    Conflict
        The file has another identity.
    InvalidContent
        The file is compressed and turns out to be damaged while it is read.
    """
    descriptor = open_descriptor(path, expected)
    with os.fdopen(descriptor, "rb") as stream:
        magic = os.pread(descriptor, 3, 0)
        unpacked: gzip.GzipFile | bz2.BZ2File | None = None
        if magic[:2] == b"\x1f\x8b":
            unpacked = gzip.GzipFile(fileobj=stream)
        elif magic == b"BZh":
            unpacked = bz2.BZ2File(stream)
        if unpacked is None:
            size = os.fstat(descriptor).st_size
            file = OpenFile(stream, descriptor, size, packed=False)
        else:
            content = cast("BinaryIO", unpacked)
            file = OpenFile(content, descriptor, UNPACKED_BYTES, packed=True)
        try:
            yield file
        except (EOFError, OSError, zlib.error) as error:
            if not file.packed:
                raise
            raise InvalidContent(
                "The file of this image cannot be unpacked; it is damaged."
            ) from error


def open_descriptor(path: str, expected: str = "") -> int:
    """Return a file descriptor of a file, after checking its identity.

    Raises
    ------
    NotFound
        The file is gone, or may not be read.
    Conflict
        The file has another identity than ``expected``, if that is not empty.
    """
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK)
    except (OSError, ValueError) as error:
        raise NotFound(
            "The file of this image is gone, or may not be read any more."
        ) from error
    if expected and identity(descriptor) != expected:
        os.close(descriptor)
        raise Conflict(
            "The file of this image changed since it was indexed. It is read again "
            "in a few minutes."
        )
    return descriptor


def read_exactly(file: OpenFile, offset: int, length: int) -> bytes:
    """Return ``length`` bytes of a file.

    Raises
    ------
    InvalidContent
        The file ends before that.
    """
    if file.packed:
        file.stream.seek(offset)
        data = file.stream.read(length)
    else:
        data = os.pread(file.descriptor, length, offset)
    if len(data) != length:
        raise InvalidContent("The file of this image ends too soon.")
    return data


def read_stretches(
    file: OpenFile, offset: int, stride: int, length: int, count: int
) -> bytearray:
    """Return ``count`` pieces of ``length`` bytes that lie ``stride`` bytes apart.

    Raises
    ------
    InvalidContent
        The file ends before that.
    """
    if length == stride:
        return bytearray(read_exactly(file, offset, length * count))
    if file.packed:
        rows = (read_exactly(file, offset + n * stride, length) for n in range(count))
        return bytearray(b"".join(rows))
    if stride - length <= _GAP:
        return _of_whole_rows(file, offset, stride, length, count)
    data = bytearray(length * count)
    view, descriptor, preadv = memoryview(data), file.descriptor, os.preadv
    for n in range(count):
        place = n * length
        got = preadv(descriptor, [view[place : place + length]], offset + n * stride)
        if got != length:
            raise InvalidContent("The file of this image ends too soon.")
    return data


def _of_whole_rows(
    file: OpenFile, offset: int, stride: int, length: int, count: int
) -> bytearray:
    """Return what :func:`read_stretches` does; what lies between is read as well.

    A system call costs as much as a copy of some thousand bytes.
    """
    data = bytearray(length * count)
    rows = np.frombuffer(data, np.uint8).reshape(count, length)
    step = max(1, _TOGETHER // stride)
    for n in range(0, count, step):
        some = min(step, count - n)
        whole = read_exactly(file, offset + n * stride, (some - 1) * stride + length)
        layout = (stride, 1)
        rows[n : n + some] = np.ndarray((some, length), np.uint8, whole, 0, layout)
    return data
