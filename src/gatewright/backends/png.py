"""Writes PNG pictures (W3C PNG, third edition), compressed by igzip or libdeflate.

All pictures of the gateway are written here. Rows are not filtered: the pictures are
either flat areas of few colours or noise, and both become smaller without filters
(decision 0130). Noise has no repeats that are worth a search: igzip compresses it seven
times as fast as libdeflate, and as well. Where pixels repeat, libdeflate finds longer
repeats, and the files are smaller (decision 0172). A picture in a colour map is written
as its levels, with the colours as the palette (decision 0179).
"""

import struct

import deflate
import numpy as np
from isal import isal_zlib
from numpy.typing import NDArray

_SIGNATURE = b"\x89PNG\r\n\x1a\n"
_LEVEL = 4
_LEVEL_OF_NOISE = 2
_ROWS_TRIED, _COLOURS_TRIED = 64, 4096
_MANY_COLOURS = 512
"""More colours than a colour map has with marks and a caption drawn over it."""
_GREY, _RGB, _INDEXED = 0, 2, 3


def encode_png(
    pixels: NDArray[np.uint8],
    palette: NDArray[np.uint8] | None = None,
    /,
    **texts: str,
) -> bytes:
    """Return a picture as a PNG file.

    Parameters
    ----------
    pixels
        Grey levels, shape (height, width), or red, green and blue, shape (height,
        width, 3); the first row is at the top.
    palette
        Red, green and blue of each level, shape (levels, 3), with at most 256 of them,
        if the levels are not grey.
    texts
        Text chunks by keyword, written as ``tEXt`` if they are Latin-1, else as
        ``iTXt``.
    """
    height, width = pixels.shape[:2]
    colour = _GREY if pixels.ndim == 2 else _RGB
    if palette is not None:
        colour = _INDEXED
    if palette is not None:
        colour = _INDEXED
    rows = np.empty((height, 1 + pixels.size // height), dtype=np.uint8)
    rows[:, 0] = 0  # no filter
    rows[:, 1:] = pixels.reshape(height, -1)
    chunks = [(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, colour, 0, 0, 0))]
    if palette is not None:
        chunks.append((b"PLTE", palette.tobytes()))
    for keyword, text in texts.items():
        try:
            chunks.append((b"tEXt", f"{keyword}\0{text}".encode("latin-1")))
        except UnicodeEncodeError:
            content = f"{keyword}\0\0\0\0\0{text}".encode("utf-8", "replace")
            chunks.append((b"iTXt", content))
    packed = (
        isal_zlib.compress(rows, _LEVEL_OF_NOISE)
        if is_noise(pixels)
        else bytes(deflate.zlib_compress(rows.tobytes(), _LEVEL))
    )
    parts = [_SIGNATURE]
    for kind, data in [*chunks, (b"IDAT", packed), (b"IEND", b"")]:
        check = struct.pack(">I", isal_zlib.crc32(data, isal_zlib.crc32(kind)))
        parts += [struct.pack(">I", len(data)), kind, data, check]
    return b"".join(parts)


def is_noise(pixels: NDArray[np.uint8]) -> bool:
    """Return whether a picture is noise, as most images of the sky are.

    Of some of its rows, most pixels differ from their left neighbours. A picture in
    colour has many colours, too: a colour map makes three bytes of each grey level,
    which repeat wherever the level does.
    """
    tried = pixels[:: max(1, len(pixels) // _ROWS_TRIED)]
    some: NDArray[np.integer] = tried.astype(np.uint32)
    if pixels.ndim == 3:
        some = some[..., 0] << 16 | some[..., 1] << 8 | some[..., 2]
    same = some[:, 1:] == some[:, :-1]
    if 2 * np.count_nonzero(same) > same.size:
        return False
    if pixels.ndim == 2:
        return True
    colours = some.ravel()[:: max(1, some.size // _COLOURS_TRIED)]
    return len(np.unique(colours)) > _MANY_COLOURS
