"""Writes a chart with a title, such as a map of the sky or a light curve."""

import io
import warnings
from collections.abc import Callable
from typing import Any

from gatewright.backends.gridded.pictures.draw import STYLE, pixels_of
from gatewright.backends.gridded.pictures.library import (
    Figure,
    FigureCanvasSVG,
    rc_context,
)
from gatewright.backends.png import encode_png

_SVG: dict[Any, Any] = {"svg.fonttype": "none", "svg.hashsalt": "gatewright"}


def write_chart(
    draw: Callable[[], Figure], title: str, subtitle: str, form: str
) -> bytes:
    """Return what ``draw`` draws as ``png`` or ``svg``, with its titles as metadata."""
    with rc_context({**STYLE, **_SVG}), warnings.catch_warnings():
        # A letter that the font does not have shows as a box.
        warnings.filterwarnings("ignore", "Glyph .* missing from font")
        figure = draw()
        if form == "svg":
            file = io.BytesIO()
            told = {"Title": title, "Description": subtitle, "Date": None}
            FigureCanvasSVG(figure).print_svg(file, metadata=told)  # type: ignore[no-untyped-call]
            return file.getvalue()
        pixels = pixels_of(figure)
    return encode_png(pixels, Title=title, Description=subtitle)
