"""A subset as a picture: a map of two axes with a colour bar, or a line along one."""

import math
from collections.abc import Sequence
from dataclasses import replace
from typing import BinaryIO

import numpy as np
import numpy.typing as npt

from gatewright.backends.gridded.cut import Cut, Series
from gatewright.backends.gridded.picture import (
    CURVE,
    LINE,
    SCALE,
    Pixels,
    canvas,
    colours,
    draw_frame,
    draw_text,
    resized,
    text_width,
    write_png,
)
from gatewright.backends.gridded.write_text import axis_numbers, axis_texts
from gatewright.domains.arrays import AxisKind, Range, Selected, label

_LONGEST = 1440
_AREA = 720
_LEAST, _MOST = 160, 900
_GAP = 10
_BAR = 16
_LEFT = 11 * 6 * SCALE
Values = npt.NDArray[np.floating]


def write(cut: Cut, file: BinaryIO) -> None:
    """Write the picture to an empty file."""
    cut = _thinned(cut)
    series = cut.series()[0]
    sizes = zip(series.dimensions, series.shape, strict=True)
    long = [name for name, size in sizes if size > 1]
    values = _values(cut, series, [size for size in series.shape if size > 1])
    if len(long) == 1:
        pixels = _line(cut, series, long[0], values)
    else:
        pixels = _map(cut, series, long, values)
    texts = {"Title": cut.order.title, "Description": cut.order.history}
    write_png(pixels, file, texts)


def _thinned(cut: Cut) -> Cut:
    """Return the same with no more cells than a picture can show."""
    chosen = dict(cut.order.selected)
    series = cut.series()[0]
    for name, size in zip(series.dimensions, series.shape, strict=True):
        step = -(-size // _LONGEST)
        if step > 1:
            selected = cut.selected(name)
            parts = (_every(part, step) for part in selected.ranges)
            chosen[name] = Selected(tuple(parts), selected.west)
    return cut.with_order(replace(cut.order, selected=chosen))


def _every(part: Range, step: int) -> Range:
    return Range(part.start, -(-part.count // step), part.stride * step)


def _values(cut: Cut, series: Series, sizes: list[int]) -> Values:
    found = np.empty(series.shape, np.float64)
    for positions, block in cut.numbers(series):
        found[tuple(slice(p.start, p.stop) for p in positions)] = block
    return found.reshape(sizes)


def _extent(values: Values) -> tuple[float, float]:
    known = values[np.isfinite(values)]
    if not known.size:
        return math.nan, math.nan
    return float(known.min()), float(known.max())


def _map(cut: Cut, series: Series, long: list[str], values: Values) -> Pixels:
    rows, columns = long
    if _kind(cut, rows) is AxisKind.LONGITUDE or _kind(cut, columns) in {
        AxisKind.LATITUDE,
        AxisKind.LEVEL,
    }:
        rows, columns, values = columns, rows, values.T
    across, up = axis_numbers(cut, columns), axis_numbers(cut, rows)
    if across[0] > across[-1]:
        across, values = across[::-1], values[:, ::-1]
    if (up[0] < up[-1]) == _grows_upward(cut, rows):
        up, values = up[::-1], values[::-1]
    low, high = _extent(values)
    width = _AREA
    height = round(width * values.shape[0] / values.shape[1])
    height = min(_MOST, max(_LEAST, height))
    pixels, top = _sheet(cut, series, width, height, bottom=4 * LINE + _BAR)
    area = resized(colours(values, low, high), width, height)
    pixels[top : top + height, _LEFT : _LEFT + width] = area
    draw_frame(pixels, _LEFT, top, width, height)
    _labels_below(cut, pixels, columns, across, top + height + _GAP)
    _labels_left(cut, pixels, rows, up, top, height)
    _bar(pixels, series, low, high, top + height + 2 * _GAP + LINE)
    return pixels


def _kind(cut: Cut, name: str) -> AxisKind | None:
    return cut.axes[name].kind if name in cut.axes else None


def _grows_upward(cut: Cut, name: str) -> bool:
    """Return whether larger values stand higher: not pressures, depths and times."""
    kind = _kind(cut, name)
    if kind is AxisKind.LEVEL:
        variable = cut.description.variables.get(name)
        return variable is not None and variable.text("positive").lower() == "up"
    return kind is not AxisKind.TIME


def _sheet(
    cut: Cut, series: Series, width: int, height: int, bottom: int
) -> tuple[Pixels, int]:
    """Return a canvas with its title, and the row at which the area begins."""
    lines = [f"{series.title} ({_units(series)})" if _units(series) else series.title]
    fixed = _fixed(cut, series)
    if fixed:
        lines.append(fixed)
    top = _GAP + len(lines) * (LINE + _GAP)
    total = _LEFT + width + 4 * _GAP
    pixels = canvas(total, top + height + bottom + 2 * _GAP)
    for number, line in enumerate(lines):
        most = (total - 2 * _GAP) // (6 * SCALE)
        draw_text(pixels, _GAP, _GAP + number * (LINE + _GAP), line[:most])
    return pixels, top


def _units(series: Series) -> str:
    return series.variable.text("units")


def _fixed(cut: Cut, series: Series) -> str:
    """Return the axes of which the picture shows one value, as text."""
    sizes = zip(series.dimensions, series.shape, strict=True)
    names = [name for name, size in sizes if size == 1]
    names += cut.scalars([series])
    words = []
    for name in names:
        value = axis_texts(cut, name)[0].removesuffix("T00:00:00")
        words.append(f"{name} {value}")
    return "  ".join(words)


def _label(cut: Cut, name: str, value: float) -> str:
    axis = cut.axes.get(name)
    if axis is None or axis.time is None:
        return f"{value:.6g}"
    return label(axis, value).removesuffix("T00:00:00")


def _places(count: int, most: int) -> list[int]:
    """Return a few positions along an axis, its ends included."""
    return sorted({round(i * (count - 1) / (most - 1)) for i in range(most)})


def _labels_below(
    cut: Cut, pixels: Pixels, name: str, values: npt.NDArray[np.number], y: int
) -> None:
    texts = [_label(cut, name, float(value)) for value in values[[0, -1]]]
    most = max(2, min(5, _AREA // (max(map(text_width, texts)) + 4 * _GAP)))
    for place in _places(len(values), most):
        part = place / max(1, len(values) - 1)
        text = _label(cut, name, float(values[place]))
        draw_text(pixels, _LEFT + part * _AREA, y, text, align=part)


def _labels_left(
    cut: Cut,
    pixels: Pixels,
    name: str,
    values: npt.NDArray[np.number],
    top: int,
    height: int,
) -> None:
    for place in _places(len(values), 5 if height > 8 * LINE else 2):
        part = place / max(1, len(values) - 1)
        y = top + part * (height - LINE)
        text = _label(cut, name, float(values[place]))[:10]
        draw_text(pixels, _LEFT - _GAP, y, text, align=1.0)


def _bar(pixels: Pixels, series: Series, low: float, high: float, y: int) -> None:
    """Draw the colour bar with its ends, its middle and the units."""
    if not math.isfinite(low):
        draw_text(pixels, _LEFT, y, "no values")
        return
    ramp = np.linspace(low, high, _AREA) if high > low else np.full(_AREA, low)
    pixels[y : y + _BAR, _LEFT : _LEFT + _AREA] = colours(ramp, low, high)
    draw_frame(pixels, _LEFT, y, _AREA, _BAR)
    ends = ((0.0, low), (0.5, (low + high) / 2), (1.0, high))
    for part, value in ends:
        text = f"{value:.6g}"
        if part == 1.0 and _units(series):
            text = f"{text} {_units(series)}"
        draw_text(pixels, _LEFT + part * _AREA, y + _BAR + _GAP, text[:24], align=part)


def _line(cut: Cut, series: Series, name: str, values: Values) -> Pixels:
    height = _AREA // 2
    pixels, top = _sheet(cut, series, _AREA, height, bottom=2 * LINE)
    draw_frame(pixels, _LEFT, top, _AREA, height)
    low, high = _extent(values)
    _labels_below(cut, pixels, name, axis_numbers(cut, name), top + height + _GAP)
    if not math.isfinite(low):
        draw_text(pixels, _LEFT + _AREA / 2, top + height / 2, "no values", align=0.5)
        return pixels
    for part, value in ((0.0, high), (0.5, (low + high) / 2), (1.0, low)):
        y = top + part * (height - LINE)
        draw_text(pixels, _LEFT - _GAP, y, f"{value:.6g}", align=1.0)
    span = (high - low) or 1.0
    ys = top + (height - 1) * (1 - (values - low) / span)
    xs = _LEFT + np.linspace(0, _AREA - 1, len(values))
    _stroke(pixels, xs.tolist(), ys.tolist())
    return pixels


def _stroke(pixels: Pixels, xs: Sequence[float], ys: Sequence[float]) -> None:
    """Draw a line two pixels wide through the points, broken where one is missing."""
    for x0, y0, x1, y1 in zip(xs, ys, xs[1:], ys[1:], strict=False):
        if not (math.isfinite(y0) and math.isfinite(y1)):
            continue
        steps = max(2, math.ceil(max(abs(x1 - x0), abs(y1 - y0))) + 1)
        columns = np.round(np.linspace(x0, x1, steps)).astype(int)
        rows = np.round(np.linspace(y0, y1, steps)).astype(int)
        for down in (0, 1):
            pixels[np.clip(rows + down, 0, pixels.shape[0] - 1), columns] = CURVE
