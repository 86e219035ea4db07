"""Draws with matplotlib: a map with a colour bar, or lines and bands.

Positions are in pixels of the picture, so that it is the same on every machine.
"""

import math
from typing import Any

import numpy as np
import numpy.typing as npt

from gatewright.backends.gridded.pictures.library import (
    Axes,
    Figure,
    FigureCanvasAgg,
    LineCollection,
    Normalize,
    ScalarMappable,
    withStroke,
)
from gatewright.backends.gridded.pictures.picture import (
    Heading,
    Map,
    Net,
    Plot,
    Scale,
)
from gatewright.backends.gridded.pictures.ticks import (
    axis_ticks,
    degree_ticks,
    degrees,
    number_ticks,
    one_line,
)
from gatewright.domains.arrays import AxisKind

STYLE: dict[Any, Any] = {
    "figure.dpi": 100.0,
    "font.family": ["DejaVu Sans"],
    "font.size": 9.0,
    "text.parse_math": False,  # a title of a file is no formula
    "text.color": "#20242a",
    "axes.edgecolor": "#8a929c",
    "axes.linewidth": 0.8,
    "axes.labelcolor": "#20242a",
    "axes.titlesize": 11.0,
    "xtick.color": "#20242a",
    "ytick.color": "#20242a",
    "grid.color": "#dfe3e8",
    "grid.linewidth": 0.6,
    "image.interpolation": "nearest",
    "legend.fontsize": 9.0,
}
"""Settings of matplotlib (``rc_context``) with which figures are made and drawn."""
COLOURS = "viridis"
MISSING = "#d6d9de"
_INK = "#20242a"
_COAST = "#16191d"
_UNDER = (1.0, 1.0, 1.0, 0.55)
"""Colour behind dark lines and letters, which makes them visible on dark areas."""
_HALO: list[Any] = [withStroke(linewidth=2.0, foreground=_UNDER)]
_CURVES = ("#2166ac", "#b2182b", "#1b7837", "#762a83", "#b35806", "#35978f")
_WIDTH = 900
_LEFT, _RIGHT, _TOP, _BELOW = 108, 40, 62, 52
_DATES = 16
"""Height in pixels of the second line of labels on a time axis."""
_BAR, _BAR_BELOW = 16, 46
_LEAST, _MOST = 240, 720
_PLOT = 400
_PROFILE = 560
_DOT = 60
"""Largest number of points for which each point of a line has a marker."""


def draw_map(one: Map) -> Figure:
    """Return a figure with a map and its colour bar."""
    width, height = _map_size(one.across, one.up)
    below = _TOP + height + _BELOW + (_DATES if one.across.time else 0)
    figure = _sheet(one.heading, below + _BAR + _BAR_BELOW)
    left = _LEFT + (_WIDTH - _LEFT - _RIGHT - width) // 2
    axes = _area(figure, left, _TOP, width, height)
    known = one.values[np.isfinite(one.values)]
    low, high = (known.min(), known.max()) if known.size else (math.nan, math.nan)
    colours = Normalize(low, high) if low < high else Normalize(low - 1, low + 1)
    image = axes.pcolorfast(
        *(one.across.edges, one.up.edges, one.values),
        cmap=COLOURS,
        norm=colours if known.size else Normalize(0, 1),
    )
    axes.set_facecolor(MISSING)
    if one.net:
        _draw_net(axes, one.across, one.up, one.net)
    _mark(axes, one.across, one.up, width, height)
    if one.coast:
        for colour, wide in ((_UNDER, 2.0), (_COAST, 0.7)):
            drawn = LineCollection(one.coast, colors=colour, linewidths=wide)
            axes.add_collection(drawn, autolim=False)
    if not known.size:
        axes.text(0.5, 0.5, "no values", transform=axes.transAxes, ha="center")
        return figure
    _draw_bar(figure, image, one, below)
    return figure


def draw_plot(one: Plot) -> Figure:
    """Return a figure with lines and bands along one axis."""
    upright = one.along.kind is AxisKind.LEVEL and not one.along.texts
    height = _PROFILE if upright else _PLOT
    figure = _sheet(one.heading, _TOP + height + _BELOW + _DATES)
    width = _WIDTH - _LEFT - _RIGHT
    axes = _area(figure, _LEFT, _TOP, width, height)
    axes.grid(visible=True)
    axes.set_axisbelow(True)
    places = one.along.values
    colour = _CURVES[0]
    for number, band in enumerate(one.bands):
        shade: dict[str, Any] = {
            "color": colour,
            "alpha": 0.16 + 0.12 * number,
            "linewidth": 0,
        }
        edges = band.low, band.high
        if upright:
            axes.fill_betweenx(places, *edges, label=band.name, **shade)
        else:
            axes.fill_between(places, *edges, label=band.name, **shade)
    for curve, colour in zip(one.curves, _CURVES * len(one.curves), strict=False):
        line = (curve.values, places) if upright else (places, curve.values)
        style = "None" if one.along.loose else "-"
        axes.plot(*line, linestyle=style, color=colour, linewidth=1.4, label=curve.name)
        marked = np.isfinite(curve.values)
        if places.size > _DOT:
            # Only those that have none beside them, which a line does not show.
            beside = np.pad(marked, 1)
            marked &= ~beside[:-2] & ~beside[2:]
        axes.plot(*(part[marked] for part in line), "o", color=colour, markersize=3)
    layers = [c.values for c in one.curves]
    layers += [edge for band in one.bands for edge in (band.low, band.high)]
    known = np.concatenate([layer[np.isfinite(layer)] for layer in layers])
    if not known.size:
        axes.text(0.5, 0.5, "no values", transform=axes.transAxes, ha="center")
        known = np.array([0.0, 1.0])
    low, high = float(known.min()), float(known.max())
    beside_one = (abs(low) * 0.01 or 1.0) if low == high else 0.0
    values = Scale(one.heading.values, np.array([low - beside_one, high + beside_one]))
    pair = (values, one.along) if upright else (one.along, values)
    _mark(axes, *pair, width, height, margin=0.02)
    if len(layers) > 1:
        axes.legend(loc="best", frameon=True, framealpha=0.85, edgecolor="none")
    return figure


def pixels_of(figure: Figure) -> npt.NDArray[np.uint8]:
    """Return the drawn figure as red, green and blue, shape (height, width, 3)."""
    canvas = FigureCanvasAgg(figure)
    canvas.draw()  # type: ignore[no-untyped-call]
    drawn = np.asarray(canvas.buffer_rgba())  # type: ignore[no-untyped-call]
    return drawn[..., :3]


def _sheet(heading: Heading, height: int) -> Figure:
    """Return an empty figure with the title and the subtitle."""
    figure = Figure(figsize=(_WIDTH / 100, height / 100))
    for text, top, size in ((heading.title, 24, 11.5), (heading.subtitle, 46, 9.5)):
        figure.text(
            *(16 / _WIDTH, 1 - top / height, one_line(text, _WIDTH - 32, size)),
            size=size,
        )
    return figure


def _area(figure: Figure, left: int, top: int, width: int, height: int) -> Axes:
    whole = round(figure.get_figheight() * 100)
    return figure.add_axes(
        (left / _WIDTH, 1 - (top + height) / whole, width / _WIDTH, height / whole)
    )


def _map_size(across: Scale, up: Scale) -> tuple[int, int]:
    """Return width and height of a map in pixels, with the correct aspect ratio.

    On a map of latitude and longitude, the ratio is correct at the middle latitude.
    """
    width = _WIDTH - _LEFT - _RIGHT
    kinds = {across.kind, up.kind}
    on_earth = kinds == {AxisKind.LATITUDE, AxisKind.LONGITUDE}
    if not on_earth and not (across.flat and up.flat and across.units == up.units):
        return width, _PLOT + 20
    wide, tall = float(np.ptp(across.edges)), float(np.ptp(up.edges))
    if on_earth and tall < 90:
        wide *= max(0.25, math.cos(math.radians(float(np.mean(up.edges[[0, -1]])))))
    height = width * tall / wide
    if height > _MOST:
        width, height = max(_LEAST, round(width * _MOST / height)), _MOST
    return width, max(_LEAST // 2, round(height))


def _mark(
    axes: Axes,
    across: Scale,
    up: Scale,
    width: int,
    height: int,
    *,
    margin: float | None = None,
) -> None:
    """Set limits, ticks and titles of both axes.

    The limits are the edges of the outer cells; or with ``margin`` the outer values,
    extended by this fraction of their distance.
    """
    ends = []
    for scale in (across, up):
        low, high = scale.edges[[0, -1]]
        if margin is not None:
            low, high = scale.values[[0, -1]]
            beside = margin * (high - low)
            low, high = low - beside, high + beside
        ends.append((float(low), float(high)))
    axes.set_xlim(*ends[0])
    axes.set_ylim(*(ends[1][::-1] if up.downward else ends[1]))
    for axis, scale, (low, high), room, upright in (
        (axes.xaxis, across, ends[0], width, False),
        (axes.yaxis, up, ends[1], height, True),
    ):
        ticks = axis_ticks(scale, low, high, room, upright=upright)
        axis.set_ticks([place for place, _ in ticks], [text for _, text in ticks])
        if scale.kind not in {AxisKind.LATITUDE, AxisKind.LONGITUDE} or scale.texts:
            axis.set_label_text(one_line(scale.title, room))
    axes.yaxis.set_label_coords(-84 / width, 0.5)


def _draw_bar(figure: Figure, image: ScalarMappable, one: Map, top: int) -> None:
    """Draw the colour bar from the smallest to the largest value, with the units.

    If values are missing, their colour is explained below the end of the bar.
    """
    width = _WIDTH - _LEFT - _RIGHT
    bar = figure.colorbar(
        image, cax=_area(figure, _LEFT, top, width, _BAR), orientation="horizontal"
    )
    known = one.values[np.isfinite(one.values)]
    ticks = number_ticks(float(known.min()), float(known.max()), 8)
    bar.set_ticks([place for place, _ in ticks], labels=[text for _, text in ticks])
    bar.set_label(one_line(one.heading.values, width - 2 * _LEFT))
    if known.size < one.values.size:
        patch = _area(figure, _WIDTH - _RIGHT - 76, top + _BAR + 24, 12, 12)
        patch.set_facecolor(MISSING)
        patch.set_xticks([])
        patch.set_yticks([])
        patch.text(1.5, 0.5, "no value", transform=patch.transAxes, va="center")


def _draw_net(axes: Axes, across: Scale, up: Scale, net: Net) -> None:
    """Draw lines of equal latitude and longitude on a grid with other axes.

    Longitudes are counted from the centre of the grid; lines end at the opposite
    meridian, where the count jumps.
    """
    middle = net.longitudes[tuple(size // 2 for size in net.longitudes.shape)]
    if not np.isfinite(middle):
        middle = 0.0
    beside = (net.longitudes - middle + 180.0) % 360.0 - 180.0
    beside[np.abs(beside) > 175.0] = np.nan
    for kind, layer, zero in (
        (AxisKind.LATITUDE, net.latitudes, 0.0),
        (AxisKind.LONGITUDE, beside, float(middle)),
    ):
        known = layer[np.isfinite(layer)]
        if not known.size or np.ptp(known) <= 0:
            continue
        ends = float(known.min()) + zero, float(known.max()) + zero
        ticks = dict(degree_ticks(kind, *ends, 7))
        lines = axes.contour(
            *(across.values, up.values, np.ma.masked_invalid(layer + zero)),
            levels=sorted(ticks),
            colors=_INK,
            linestyles="solid",
            linewidths=0.5,
        )
        lines.set_path_effects(_HALO)
        axes.clabel(lines, fmt=lambda v, k=kind: degrees(k, round(v, 6)), fontsize=8)
        for text in lines.labelTexts:
            text.set_path_effects(_HALO)
            text.set_clip_on(True)
