"""Draws a light curve with matplotlib: points with errors, limits, and a legend."""

from collections.abc import Sequence
from functools import partial
from typing import Any

from gatewright.backends.gridded.pictures.chart import write_chart
from gatewright.backends.gridded.pictures.library import (
    Axes,
    Figure,
)
from gatewright.backends.gridded.pictures.ticks import (
    number_ticks,
    one_line,
    time_ticks,
)
from gatewright.domains.arrays import time_units
from gatewright.domains.processing import CurveMark, CurvePicture

_WIDTH, _HEIGHT = 900, 520
_LEFT, _RIGHT, _TOP, _BELOW = 108, 40, 62, 72
_COLOURS = ("#2166ac", "#b2182b", "#1b7837", "#762a83", "#b35806", "#35978f")
_SHAPES = "osD^PXhp"
"""Markers of the series: by colour alone, not everybody could tell them apart."""
_ROOM = 0.06
"""Room beside the outer points, as a part of their distance."""
_ARROW = 16
"""Length of the arrow below an upper limit, points."""


def write_curve(shown: CurvePicture, form: str) -> bytes:
    """Return the picture of a light curve as ``png`` or ``svg``."""
    return write_chart(partial(draw_curve, shown), shown.title, shown.subtitle, form)


def draw_curve(shown: CurvePicture) -> Figure:
    """Return a figure with the points of a light curve over time."""
    figure = Figure(figsize=(_WIDTH / 100, _HEIGHT / 100))
    for text, top, size in ((shown.title, 24, 11.5), (shown.subtitle, 46, 9.5)):
        line = one_line(text, _WIDTH - 32, size)
        figure.text(16 / _WIDTH, 1 - top / _HEIGHT, line, size=size)
    width, height = _WIDTH - _LEFT - _RIGHT, _HEIGHT - _TOP - _BELOW
    axes = figure.add_axes(
        (
            *(_LEFT / _WIDTH, _BELOW / _HEIGHT),
            *(width / _WIDTH, height / _HEIGHT),
        )
    )
    axes.grid(visible=True)
    axes.set_axisbelow(True)
    axes.set_xlabel(one_line(shown.time_axis, width))
    axes.set_ylabel(one_line(shown.value_axis, height))
    axes.yaxis.set_label_coords(-84 / width, 0.5)
    if not shown.marks:
        axes.set_xticks([])
        axes.set_yticks([])
        axes.text(0.5, 0.5, "no values", transform=axes.transAxes, ha="center")
        return figure
    _limits(axes, shown, width, height)
    for number, series in enumerate(dict.fromkeys(one.series for one in shown.marks)):
        own = [one for one in shown.marks if one.series == series]
        colour = _COLOURS[number % len(_COLOURS)]
        _draw_points(axes, own, series, colour, _SHAPES[number % len(_SHAPES)])
        for one in own:
            if one.limit is not None:
                axes.annotate(
                    "",
                    xy=(one.mjd, one.limit),
                    xytext=(0, -_ARROW),
                    textcoords="offset points",
                    arrowprops={"arrowstyle": "<|-", "color": colour, "linewidth": 1.0},
                )
                axes.plot(one.mjd, one.limit, "_", color=colour, markersize=9)
    axes.yaxis.set_inverted(shown.downwards)
    if any(one.limit is not None for one in shown.marks):
        grey: dict[str, Any] = {"color": "#5b636d", "linestyle": "none"}
        axes.plot([], [], marker="v", label="upper limit, 5 sigma", **grey)
    axes.legend(loc="best", frameon=True, framealpha=0.85, edgecolor="none")
    return figure


def _limits(axes: Axes, shown: CurvePicture, width: int, height: int) -> None:
    """Set the ends and the ticks of both axes."""
    times = [one.mjd for one in shown.marks]
    low, high = _padded(times, 0.01)
    axes.set_xlim(low, high)
    units = time_units("days since 1858-11-17")
    assert units is not None  # noqa: S101  # a unit and a date that are known
    ticks = time_ticks(units, low, high, width // 105)
    axes.set_xticks([at for at, _ in ticks], [text for _, text in ticks])
    values = [
        end
        for one in shown.marks
        for end in (
            *(() if one.value is None else (one.value - one.error,)),
            *(() if one.value is None else (one.value + one.error,)),
            *(() if one.limit is None else (one.limit,)),
        )
    ]
    low, high = _padded(values, abs(values[0]) * 0.01 or 1.0)
    axes.set_ylim(*((high, low) if shown.downwards else (low, high)))
    ticks = number_ticks(low, high, height // 50)
    axes.set_yticks([at for at, _ in ticks], [text for _, text in ticks])


def _padded(values: Sequence[float], least: float) -> tuple[float, float]:
    low, high = min(values), max(values)
    room = _ROOM * (high - low) or least
    return low - room, high + room


def _draw_points(
    axes: Axes, marks: Sequence[CurveMark], series: str, colour: str, shape: str
) -> None:
    """Draw what is measured with its errors, and in any case the legend's entry."""
    for sure in (True, False):
        own = [one for one in marks if one.value is not None and one.sure is sure]
        if not own and not sure:
            continue
        axes.errorbar(
            [one.mjd for one in own],
            [one.value or 0.0 for one in own],
            yerr=[one.error for one in own],
            fmt=shape,
            color=colour,
            markersize=5,
            markerfacecolor=colour if sure else "none",
            elinewidth=1.0,
            capsize=2,
            label=series if sure else f"{series}, scale unknown",
        )
