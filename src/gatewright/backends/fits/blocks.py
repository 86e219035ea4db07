"""Finds the HDUs of a FITS file: where the header and the data of each lie.

Source: FITS standard 4.0, sections 3 and 4.4.1. Only keywords that determine sizes are
read here, and all sizes are checked, so that a damaged file costs little.
"""

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import BinaryIO

from gatewright.backends.fits.header import CARD, Header, parse_header
from gatewright.core.errors import InvalidContent

BLOCK = 2880
_HEADER_BYTES = 1024 * BLOCK
_HDUS = 4096
_AXES = 16
_LARGEST = 1 << 62


@dataclass(frozen=True, slots=True)
class Block:
    """One HDU of a file."""

    number: int
    """Number of the HDU, 0 for the primary HDU."""
    header: Header
    """Its header."""
    axes: tuple[int, ...]
    """Lengths of the axes (NAXISn), fastest first."""
    data_offset: int
    """Start of the data, bytes from the start of the file."""
    data_size: int
    """Size of the data in bytes, without padding."""

    @property
    def is_image(self) -> bool:
        """Whether it is an image with at least two axes, none of them empty."""
        kind = self.header.text("XTENSION")
        return kind in {"", "IMAGE"} and len(self.axes) >= 2 and min(self.axes) > 0

    @property
    def is_compressed_image(self) -> bool:
        """Whether it is a binary table that holds a tile-compressed image."""
        return self.header.value("ZIMAGE") is True


def walk(stream: BinaryIO, size: int) -> Iterator[Block]:
    """Yield the HDUs of a file of ``size`` bytes.

    Raises
    ------
    InvalidContent
        The file is not FITS, is truncated, or has impossible sizes.
    """
    offset = 0
    for number in range(_HDUS):
        stream.seek(offset)
        raw = _read_header(stream, first=number == 0)
        if not raw:
            return
        header, start = parse_header(raw), offset + len(raw)
        count = _bounded(header, "NAXIS")
        if not 0 <= count <= _AXES:
            raise InvalidContent("NAXIS is out of bounds")
        axes = tuple(_bounded(header, f"NAXIS{n}") for n in range(1, count + 1))
        if min(axes, default=0) < 0:
            raise InvalidContent("a negative NAXIS")
        bits = abs(_bounded(header, "BITPIX"))
        if bits not in {8, 16, 32, 64}:
            raise InvalidContent("BITPIX is none of 8, 16, 32, 64, -32 and -64")
        # Random groups have a first axis of length 0 (FITS standard 4.0, section 6.1).
        groups = header.value("GROUPS") is True and axes[:1] == (0,)
        pixels = math.prod(axes[1:] if groups else axes)
        length = 0
        if axes:
            parameters = _bounded(header, "PCOUNT", 0)
            length = bits // 8 * _bounded(header, "GCOUNT", 1) * (parameters + pixels)
        if not 0 <= length < _LARGEST:
            raise InvalidContent("the size of the data is impossible")
        if start + length > size:
            raise InvalidContent(f"HDU {number} is longer than its file")
        yield Block(number, header, axes, start, length)
        offset = start + -(-length // BLOCK) * BLOCK
        if offset >= size:
            return


def _read_header(stream: BinaryIO, *, first: bool) -> bytes:
    """Return the header at the stream's position; empty after the last HDU.

    Raises
    ------
    InvalidContent
        The first header is not that of a FITS file, or a header has no END.
    """
    block = stream.read(BLOCK)
    if not block.startswith(b"SIMPLE  =" if first else b"XTENSION"):
        if first:
            raise InvalidContent("not a FITS file")
        return b""
    header = bytearray(block)
    while not any(
        block.startswith(b"END     ", place) for place in range(0, len(block), CARD)
    ):
        if len(block) < BLOCK or len(header) > _HEADER_BYTES:
            raise InvalidContent("a header without an end")
        block = stream.read(BLOCK)
        header += block
    return bytes(header)


def _bounded(header: Header, keyword: str, missing: int | None = None) -> int:
    value = header.whole(keyword, missing)
    if not -_LARGEST < value < _LARGEST:
        raise InvalidContent(f"{keyword} is out of bounds")
    return value
