"""Files to draw, and what to look at in a figure."""

from pathlib import Path
from typing import Any

import matplotlib as mpl
import netCDF4
import numpy as np
from matplotlib.figure import Figure
from tests.support.gridded import cut_of

from gatewright.backends.gridded.pictures.draw import (
    STYLE,
    draw_map,
    draw_plot,
    pixels_of,
)
from gatewright.backends.gridded.pictures.picture import Map
from gatewright.backends.gridded.pictures.plan import planned

NOTHING: dict[str, Any] = {}


def write(
    path: Path, axes: dict[str, tuple[Any, dict[str, Any]]], **variables: Any
) -> Path:
    """Write axes as values and attributes, and variables as dimensions, and both."""
    with netCDF4.Dataset(path, "w") as file:
        for name, (values, attributes) in axes.items():
            file.createDimension(name, len(values))
            made = file.createVariable(name, "f8", (name,))
            made[:] = values
            made.setncatts(attributes)
        for name, (names, values, attributes) in variables.items():
            fill = 1e20 if np.ndim(values) else None
            made = file.createVariable(name, "f8", names, fill_value=fill)
            made[...] = np.ma.masked_invalid(values)
            made.setncatts(attributes)
    return path


async def drawn(path: Path, **query: str) -> tuple[Figure, Any]:
    """Return the figure of a picture, and its main axes."""
    found = planned(await cut_of(path, **query, format="png"))
    with mpl.rc_context(STYLE):
        figure = draw_map(found) if isinstance(found, Map) else draw_plot(found)
        pixels_of(figure)
    return figure, figure.axes[0]


def words(figure: Figure) -> str:
    return "\n".join(text.get_text() for text in figure.texts)


def ticks(axis: Any) -> list[str]:
    return [label.get_text() for label in axis.get_ticklabels()]


def stand_apart(figure: Figure, axes: Any) -> None:
    """Check that no text of the marks stands over another, or outside the picture."""
    for axis in (axes.xaxis, axes.yaxis):
        boxes = [label.get_window_extent() for label in axis.get_ticklabels()]
        for n, box in enumerate(boxes):
            assert not any(box.overlaps(other) for other in boxes[n + 1 :])
            assert box.x0 >= 0
            assert box.x1 <= figure.bbox.x1
            assert box.y0 >= 0
        title = axis.label
        if title.get_text():
            assert not any(title.get_window_extent().overlaps(box) for box in boxes)


DAYS = {"units": "days since 2000-01-01"}
