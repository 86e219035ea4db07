"""Decides what the picture of a subset shows: a map, or lines along one axis."""

from dataclasses import replace

import numpy as np

from gatewright.backends.gridded.cut import Cut, Series
from gatewright.backends.gridded.pictures.coast import (
    Detail,
    Line,
    coastlines,
    repeated,
    rotated,
)
from gatewright.backends.gridded.pictures.curved import angular_size, laid_on
from gatewright.backends.gridded.pictures.headings import heading
from gatewright.backends.gridded.pictures.picture import (
    Band,
    Curve,
    Floats,
    Heading,
    Map,
    Net,
    Plot,
)
from gatewright.backends.gridded.pictures.scales import scale
from gatewright.domains.arrays import AxisKind, Range, Selected

_CELLS = 1440
"""Largest number of cells along an axis of a map; more than it has pixels."""
_POINTS = 100_000
"""Largest number of points of a line."""
_HEIGHT = {
    AxisKind.LEVEL: 5,
    AxisKind.LATITUDE: 4,
    AxisKind.MEMBER: 3,
    AxisKind.OTHER: 2,
    AxisKind.TIME: 1,
    AxisKind.LONGITUDE: 0,
}
"""Of the two axes of a map, the one with the larger number is vertical."""
_POLE = ("grid_north_pole_latitude", "grid_north_pole_longitude")
_WIDE = 70.0
"""Extent in degrees above which a map has the coarse coastlines."""


def planned(cut: Cut) -> Map | Plot:
    """Return what the picture of a subset shows.

    One or two axes of the subset have more than one value (see ``check_form``). If
    there are more values than can be seen, every n-th is drawn, and the subtitle says
    so.
    """
    series = cut.series()[0]
    sizes = list(zip(series.dimensions, series.shape, strict=True))
    long = [place for place, (_, size) in enumerate(sizes) if size > 1]
    most = _CELLS if len(long) > 1 else _POINTS
    chosen, left_out = dict(cut.order.selected), []
    for name, size in sizes:
        step = -(-size // most)
        if step > 1:
            selected = cut.selected(name)
            parts = tuple(
                Range(part.start, -(-part.count // step), part.stride * step)
                for part in selected.ranges
            )
            chosen[name] = Selected(parts, selected.west)
            left_out.append(f"one of {step} values along {name} is drawn")
    cut = cut.with_order(replace(cut.order, selected=chosen))
    group = cut.series()
    layers: list[Floats] = [np.empty(group[0].shape, np.float64) for _ in group]
    for positions, blocks in cut.made(group):
        where = tuple(slice(p.start, p.stop) for p in positions)
        for one, layer, block in zip(group, layers, blocks, strict=True):
            layer[where] = cut.numbers(one, positions, block)
    for layer in layers:
        layer[~np.isfinite(layer)] = np.nan
    layers = [layer.squeeze() for layer in layers]
    words = heading(cut, group[0], left_out)
    if len(long) == 1:
        return _plot(cut, words, group[0].dimensions[long[0]], layers)
    return _map(cut, words, [group[0].dimensions[place] for place in long], layers[0])


def _map(cut: Cut, words: Heading, names: list[str], values: Floats) -> Map:
    """Return a map; ``names`` are the dimensions of ``values``."""
    series = cut.series()[0]
    (up, up_falls), (across, across_falls) = (scale(cut, name) for name in names)
    layers = [values]
    places = cut.places(series, repeated=False)
    if places and {*names} <= {*places[0][0].dimensions}:
        own = [name for name in places[0][0].dimensions if name in names]
        nets = [where.squeeze() for _, where in places]
        layers += nets if own == names else [net.T for net in nets]
    if up_falls:
        layers = [layer[::-1] for layer in layers]
    if across_falls:
        layers = [layer[:, ::-1] for layer in layers]
    high, wide = (_HEIGHT[one.kind or AxisKind.OTHER] for one in (up, across))
    if wide > high:
        up, across, layers = across, up, [layer.T for layer in layers]
    if up.kind is AxisKind.TIME:
        up = replace(up, downward=True)
    net = Net(*layers[1:]) if len(layers) > 1 else None
    return _with_coast(cut, series, Map(words, across, up, layers[0], net=net))


def _with_coast(cut: Cut, series: Series, one: Map) -> Map:
    """Return a map with the coastlines, where its cells have places on Earth.

    On a rotated grid they are turned as its ``grid_mapping`` says; on any other that
    is not one of latitudes and longitudes they are laid between the places of its
    cells.
    """
    ends = one.across.edges[[0, -1]]
    turned = _turned(cut, series, one)
    if turned is not None:
        return replace(one, coast=tuple(repeated(turned, *ends)))
    if one.net is None:
        return one
    lines = laid_on(coastlines(_detail(angular_size(one.net))), one.net)
    across, up = (
        np.concatenate([axis.edges[:1], axis.values, axis.edges[-1:]])
        for axis in (one.across, one.up)
    )
    rows, columns = (
        np.concatenate([[-0.5], np.arange(size), [size - 0.5]])
        for size in one.values.shape
    )
    laid = [
        np.column_stack(
            [np.interp(line[:, 0], columns, across), np.interp(line[:, 1], rows, up)]
        )
        for line in lines
    ]
    return replace(one, coast=tuple(laid))


def _turned(cut: Cut, series: Series, one: Map) -> tuple[Line, ...] | None:
    """Return the coastlines in degrees of the axes, if these are of the whole Earth.

    They are latitude and longitude, or those of a rotated grid.
    """
    span = max(float(np.ptp(axis.edges)) for axis in (one.across, one.up))
    if {one.across.kind, one.up.kind} == {AxisKind.LATITUDE, AxisKind.LONGITUDE}:
        return coastlines(_detail(span))
    named = series.variable.text("grid_mapping")
    mapping = cut.description.variables.get(named)
    if mapping is None or not (one.across.flat and one.up.flat):
        return None
    if mapping.text("grid_mapping_name") != "rotated_latitude_longitude":
        return None
    try:
        latitude, longitude = (float(mapping.text(name)) for name in _POLE)
        turn = float(mapping.text("north_pole_grid_longitude") or 0)
    except ValueError:
        return None
    return rotated(coastlines(_detail(span)), latitude, longitude, turn)


def _detail(degrees: float) -> Detail:
    """Return the coastlines for a map of this size: the coarse ones for a wide one."""
    return "50m" if degrees <= _WIDE else "110m"


def _plot(cut: Cut, words: Heading, name: str, made: list[Floats]) -> Plot:
    """Return lines and bands for the statistics along one axis.

    The spread becomes a band around the mean. Minimum and maximum, or percentiles p and
    100 - p, become the limits of a band. The widest band is drawn behind the others.
    """
    along, falls = scale(cut, name)
    hows = [how.name for how in cut.order.statistics] or [""]
    layers = dict(zip(hows, (v[::-1] if falls else v for v in made), strict=True))
    bands = []
    if "spread" in layers and "mean" in layers:
        mean, spread = layers["mean"], layers.pop("spread")
        bands.append(Band("mean ± spread", mean - spread, mean + spread))
    for how in cut.order.statistics:
        low, high = how.name, ""
        if low == "min":
            high = "max"
        elif how.percentile is not None and how.percentile < 50:
            high = f"p{100 - how.percentile:.10g}"
        if low in layers and high in layers:
            bands.append(Band(f"{low} to {high}", layers.pop(low), layers.pop(high)))
    bands.sort(key=lambda band: -float(np.nansum(band.high - band.low)))
    curves = tuple(Curve(word, values) for word, values in layers.items())
    return Plot(words, along, curves, tuple(bands))
