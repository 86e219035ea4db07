"""Joins PNG pictures into an animation (APNG: W3C PNG, third edition, section 11.3.4).

The compressed pixels are taken as they are, so that no picture is decoded.
"""

import struct
import zlib
from collections.abc import Iterator, Mapping, Sequence
from typing import Final

_SIGNATURE = b"\x89PNG\r\n\x1a\n"
_THOUSANDTHS = 1000
NO_TEXT: Final[Mapping[str, str]] = {}
"""No further text chunks."""


def animated_png(
    pictures: Sequence[bytes], seconds: float, text: Mapping[str, str] = NO_TEXT
) -> bytes:
    """Return pictures of one size, kind and palette as an animation without end.

    Each is shown for so many ``seconds``. A program that knows no animations shows the
    first. The text chunks are those of the first, and one (iTXt) for each keyword of
    ``text``.

    Raises
    ------
    ValueError
        There is no picture, or one has another size, kind or palette than the first.
    """
    kinds = {
        (_content(picture, b"IHDR"), _content(picture, b"PLTE")) for picture in pictures
    }
    if len(kinds) != 1:
        raise ValueError("the pictures of an animation have one size, kind and palette")
    ((head, palette),) = kinds
    size = head[:8]
    delay = struct.pack(">HH", round(seconds * _THOUSANDTHS), _THOUSANDTHS)
    parts = [_SIGNATURE, _chunk(b"IHDR", head)]
    parts.append(_chunk(b"acTL", struct.pack(">II", len(pictures), 0)))
    parts += [
        _chunk(kind, data) for kind, data in _chunks(pictures[0]) if kind[1:] == b"EXt"
    ]
    # No compression, no language, no keyword in another language: PNG, 11.3.3.4.
    parts += [
        _chunk(b"iTXt", keyword.encode("latin-1") + b"\0\0\0\0\0" + words.encode())
        for keyword, words in text.items()
    ]
    if palette:
        parts.append(_chunk(b"PLTE", palette))
    number = 0
    for picture in pictures:
        place = struct.pack(">II", 0, 0)
        order = struct.pack(">I", number)
        parts.append(_chunk(b"fcTL", order + size + place + delay + b"\0\0"))
        data = _content(picture, b"IDAT")
        if number == 0:
            parts.append(_chunk(b"IDAT", data))
            number = 1
        else:
            order = struct.pack(">I", number + 1)
            parts.append(_chunk(b"fdAT", order + data))
            number += 2
    parts.append(_chunk(b"IEND", b""))
    return b"".join(parts)


def _chunks(picture: bytes) -> Iterator[tuple[bytes, bytes]]:
    """Yield kind and content of each chunk of a PNG."""
    place = len(_SIGNATURE)
    while place < len(picture):
        length, kind = struct.unpack_from(">I4s", picture, place)
        yield kind, picture[place + 8 : place + 8 + length]
        place += 12 + length


def _content(picture: bytes, wanted: bytes) -> bytes:
    """Return the content of all chunks of a kind, joined."""
    return b"".join(data for kind, data in _chunks(picture) if kind == wanted)


def _chunk(kind: bytes, data: bytes) -> bytes:
    check = struct.pack(">I", zlib.crc32(kind + data))
    return struct.pack(">I", len(data)) + kind + data + check
