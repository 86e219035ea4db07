"""Writes PNG pictures (W3C PNG, third edition), compressed by libdeflate.

All pictures of the gateway are written here. Rows are not filtered: the pictures are
either flat areas of few colours or noise, and both become smaller without filters
(decision 0130).
"""

import struct
import zlib

import deflate
import numpy as np
from numpy.typing import NDArray

_SIGNATURE = b"\x89PNG\r\n\x1a\n"
_LEVEL = 4
_GREY, _RGB = 0, 2


def encode_png(pixels: NDArray[np.uint8], **texts: str) -> bytes:
    """Return a picture as a PNG file.

    Parameters
    ----------
    pixels
        Grey levels, shape (height, width), or red, green and blue, shape (height,
        width, 3); the first row is at the top.
    texts
        Text chunks by keyword, written as ``tEXt`` if they are Latin-1, else as
        ``iTXt``.
    """
    height, width = pixels.shape[:2]
    colour = _GREY if pixels.ndim == 2 else _RGB
    rows = np.zeros((height, 1 + pixels.size // height), dtype=np.uint8)
    rows[:, 1:] = pixels.reshape(height, -1)
    chunks = [(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, colour, 0, 0, 0))]
    for keyword, text in texts.items():
        try:
            chunks.append((b"tEXt", f"{keyword}\0{text}".encode("latin-1")))
        except UnicodeEncodeError:
            content = f"{keyword}\0\0\0\0\0{text}".encode("utf-8", "replace")
            chunks.append((b"iTXt", content))
    packed = bytes(deflate.zlib_compress(rows.tobytes(), _LEVEL))
    parts = [_SIGNATURE]
    for kind, data in [*chunks, (b"IDAT", packed), (b"IEND", b"")]:
        check = struct.pack(">I", zlib.crc32(kind + data))
        parts += [struct.pack(">I", len(data)), kind, data, check]
    return b"".join(parts)
