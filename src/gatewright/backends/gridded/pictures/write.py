"""Writes a subset as a picture: a map with a colour bar, or lines along one axis."""

import warnings
from typing import BinaryIO

from gatewright.backends.gridded.cut import Cut
from gatewright.backends.gridded.pictures.draw import (
    STYLE,
    draw_map,
    draw_plot,
    pixels_of,
)
from gatewright.backends.gridded.pictures.library import rc_context
from gatewright.backends.gridded.pictures.picture import Map
from gatewright.backends.gridded.pictures.plan import planned
from gatewright.backends.png import encode_png


def write(cut: Cut, file: BinaryIO) -> None:
    """Write the picture as PNG to an empty file."""
    shown = planned(cut)
    with rc_context(STYLE), warnings.catch_warnings():
        # A letter that the font does not have shows as a box.
        warnings.filterwarnings("ignore", "Glyph .* missing from font")
        figure = draw_map(shown) if isinstance(shown, Map) else draw_plot(shown)
        pixels = pixels_of(figure)
    texts = {"Title": cut.order.title, "Description": cut.order.history}
    file.write(encode_png(pixels, **texts))
