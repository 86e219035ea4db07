"""The blocks of a FITS file: where each HDU's header and data lie.

Source: FITS standard 4.0, sections 3 and 4.4.1. Only the keywords that say sizes are
read here, with bounds on everything, so that a damaged file costs little.
"""

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import BinaryIO

from gatewright.core.errors import InvalidContent

BLOCK = 2880
CARD = 80
_HEADER_BYTES = 1024 * BLOCK
_HDUS = 4096
_AXES = 16
_LARGEST = 1 << 62


@dataclass(frozen=True, slots=True)
class Block:
    """One HDU."""

    number: int
    """Place in the file, 0 for the primary."""
    header: bytes
    """Its header, in cards of 80 bytes, END included."""
    data_offset: int
    """Where its data begin, bytes from the start of the file."""
    data_size: int
    """Bytes of its data, without padding."""

    def text(self, keyword: str) -> str:
        """Return the value of a keyword as it is written; empty if it is not there."""
        return keyword_text(self.header, keyword)

    @property
    def axes(self) -> tuple[int, ...]:
        """Lengths of the axes, the fastest first."""
        return _axes(self.header)

    @property
    def is_image(self) -> bool:
        """Whether it is an array of pixels with two axes or more, none empty."""
        kind = self.text("XTENSION").strip("' ")
        return kind in {"", "IMAGE"} and len(self.axes) >= 2 and min(self.axes) > 0

    @property
    def is_compressed_image(self) -> bool:
        """Whether it is a table that holds a tile-compressed image."""
        return self.text("ZIMAGE") == "T"


def cards(header: bytes) -> Iterator[bytes]:
    """Yield the cards of a header up to END."""
    for place in range(0, len(header) - CARD + 1, CARD):
        card = header[place : place + CARD]
        if card.rstrip() == b"END":
            return
        yield card


def keyword_text(header: bytes, keyword: str) -> str:
    """Return the value of a keyword as it is written; empty if it is not there."""
    start = keyword.encode().ljust(8) + b"="
    for card in cards(header):
        if card.startswith(start):
            return card[9:].split(b"/", 1)[0].strip().decode("ascii", "replace")
    return ""


def walk(stream: BinaryIO, size: int) -> Iterator[Block]:
    """Yield the HDUs of a file of so many bytes.

    Raises
    ------
    InvalidContent
        The file is not FITS, is cut off, or claims impossible sizes.
    """
    offset = 0
    for number in range(_HDUS):
        stream.seek(offset)
        header = _read_header(stream, first=number == 0)
        if not header:
            return
        start = offset + len(header)
        length = _data_size(header)
        if start + length > size:
            raise InvalidContent(f"HDU {number} is longer than its file")
        yield Block(number, header, start, length)
        offset = start + -(-length // BLOCK) * BLOCK
        if offset >= size:
            return


def _read_header(stream: BinaryIO, *, first: bool) -> bytes:
    """Return a header; empty where there is no further HDU."""
    block = stream.read(BLOCK)
    if not block.startswith(b"SIMPLE  =" if first else b"XTENSION"):
        if first:
            raise InvalidContent("not a FITS file")
        return b""
    header = bytearray(block)
    while not _ends(block):
        if len(block) < BLOCK or len(header) > _HEADER_BYTES:
            raise InvalidContent("a header without an end")
        block = stream.read(BLOCK)
        header += block
    return bytes(header)


def _ends(block: bytes) -> bool:
    return any(
        block[place : place + 8] == b"END     " for place in range(0, len(block), CARD)
    )


def _whole(header: bytes, keyword: str, missing: int | None = None) -> int:
    text = keyword_text(header, keyword)
    if not text and missing is not None:
        return missing
    try:
        value = int(text[:24])
    except ValueError as error:
        raise InvalidContent(f"{keyword} is not a whole number") from error
    if not -_LARGEST < value < _LARGEST:
        raise InvalidContent(f"{keyword} is out of bounds")
    return value


def _axes(header: bytes) -> tuple[int, ...]:
    count = _whole(header, "NAXIS")
    if not 0 <= count <= _AXES:
        raise InvalidContent("NAXIS is out of bounds")
    lengths = tuple(_whole(header, f"NAXIS{n}") for n in range(1, count + 1))
    if min(lengths, default=0) < 0:
        raise InvalidContent("a negative NAXIS")
    return lengths


def _data_size(header: bytes) -> int:
    bits = abs(_whole(header, "BITPIX"))
    if bits not in {8, 16, 32, 64}:
        raise InvalidContent("BITPIX is not one of those that there are")
    axes = _axes(header)
    if not axes:
        return 0
    groups = keyword_text(header, "GROUPS") == "T" and axes[0] == 0
    pixels = math.prod(axes[1:] if groups else axes)
    parameters = _whole(header, "PCOUNT", 0)
    length = bits // 8 * _whole(header, "GCOUNT", 1) * (parameters + pixels)
    if not 0 <= length < _LARGEST:
        raise InvalidContent("the data have no possible size")
    return length
