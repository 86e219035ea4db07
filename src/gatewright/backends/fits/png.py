"""PNG pictures in shades of grey (W3C PNG, third edition), compressed by libdeflate."""

import struct
import zlib

import deflate
import numpy as np
from numpy.typing import NDArray

_SIGNATURE = b"\x89PNG\r\n\x1a\n"
_LEVEL = 4


def encode_png(levels: NDArray[np.uint8], **texts: str) -> bytes:
    """Return a picture, the first row on top; ``texts`` go along as tEXt chunks."""
    height, width = levels.shape
    lines = np.zeros((height, width + 1), dtype=np.uint8)
    lines[:, 1:] = levels
    header = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    parts = [_SIGNATURE, _chunk(b"IHDR", header)]
    for keyword, text in texts.items():
        content = f"{keyword}\0{text}".encode("latin-1", "replace")
        parts.append(_chunk(b"tEXt", content))
    packed = bytes(deflate.zlib_compress(lines.tobytes(), _LEVEL))
    return b"".join([*parts, _chunk(b"IDAT", packed), _chunk(b"IEND", b"")])


def _chunk(kind: bytes, data: bytes) -> bytes:
    checksum = zlib.crc32(kind + data)
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", checksum)
