"""Opens image files, uncompressed or compressed with gzip or bzip2."""

import bz2
import gzip
import os
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import BinaryIO, cast

from gatewright.core.errors import Conflict, InvalidContent, NotFound

SUFFIXES = tuple(
    ending + packing
    for ending in (".fits", ".fit", ".fts")
    for packing in ("", ".gz", ".fz", ".bz2")
)
UNPACKED_BYTES = 4 << 30
"""Largest size to which a compressed file may be decompressed, bytes."""


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
    if not file.packed:
        return read_descriptor(file.descriptor, offset, length)
    file.stream.seek(offset)
    return _complete(file.stream.read(length), length)


def read_descriptor(descriptor: int, offset: int, length: int) -> bytes:
    """Return ``length`` bytes of an open file as they are, without decompression.

    Raises
    ------
    InvalidContent
        The file ends before that.
    """
    return _complete(os.pread(descriptor, length, offset), length)


def _complete(data: bytes, length: int) -> bytes:
    if len(data) != length:
        raise InvalidContent("The file of this image ends too soon.")
    return data
