"""Writes pictures as PNG, JPEG or WebP."""

import io

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from gatewright.backends.fits.colour_maps import colour_table, coloured, is_grey
from gatewright.backends.png import encode_png
from gatewright.domains.sky import ColourMap

_JPEG_QUALITY = 92
_WEBP_EFFORT = 2


def encode(
    levels: NDArray[np.uint8], form: str, colours: ColourMap = "gray", /, **texts: str
) -> bytes:
    """Return a picture in the format ``png``, ``jpeg`` or ``webp``.

    ``levels`` are grey levels, drawn in a colour map, or red, green and blue as they
    are. PNG and WebP keep each level; JPEG is lossy. ``texts`` become the text chunks
    of a PNG, and the comment of a JPEG.
    """
    if form == "png" and not is_grey(colours):
        return encode_png(levels, colour_table(colours), **texts)
    shown = coloured(levels, colours)
    if form == "png":
        return encode_png(shown, **texts)
    packed = io.BytesIO()
    picture = Image.fromarray(shown)
    if form == "jpeg":
        words = "; ".join(f"{name}: {text}" for name, text in texts.items())
        # 4:4:4, as stars are smaller than the blocks in which colour is averaged.
        picture.save(
            packed, "JPEG", quality=_JPEG_QUALITY, subsampling=0, comment=words.encode()
        )
    else:
        picture.save(packed, "WEBP", lossless=True, method=_WEBP_EFFORT)
    return packed.getvalue()
