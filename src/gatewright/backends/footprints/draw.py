"""Draws a map of the sky with matplotlib, with the number of images in each place."""

from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np

from gatewright.backends.footprints.coordinates import LINES, draw_coordinates
from gatewright.backends.footprints.counting import Counts
from gatewright.backends.footprints.frame import WIDTH, Frame, Numbers
from gatewright.backends.gridded.pictures.chart import write_chart
from gatewright.backends.gridded.pictures.draw import COLOURS
from gatewright.backends.gridded.pictures.library import (
    Colorbar,
    Figure,
    LineCollection,
    LogNorm,
    MaxNLocator,
    Normalize,
)
from gatewright.backends.gridded.pictures.ticks import one_line
from gatewright.domains.sky.geometry import Vectors

_SHEET = 900
_LEFT, _TOP, _BELOW, _BAR, _BAR_BELOW = 92, 62, 56, 16, 46
_EDGES, _EMPTY = "#ffffff", "#f2f4f7"
_MANY = 100
"""Number of images from which the colours are logarithmic."""
_FEW = 0.25
"""Share of a map below which what is covered is drawn over the lines."""


@dataclass(frozen=True, slots=True)
class SkyMap:
    """What a map shows."""

    frame: Frame
    """Which part of the sky."""
    counts: Counts
    """Number of images in each pixel, shape (rows, columns)."""
    title: str
    """First line above the map."""
    subtitle: str
    """Second line above the map."""
    counted: str
    """What is counted, below the colour bar."""
    outlines: tuple[Vectors, ...] = ()
    """Outlines that are drawn, each array (outlines, vertices, 3)."""


def write_map(shown: SkyMap, form: str) -> bytes:
    """Return the map as ``png`` or ``svg``."""
    return write_chart(partial(draw_map, shown), shown.title, shown.subtitle, form)


def draw_map(shown: SkyMap) -> Figure:
    """Return a figure with the map, its lines of coordinates, and the colour bar."""
    frame = shown.frame
    below = _TOP + frame.height + _BELOW
    whole = below + _BAR + _BAR_BELOW
    figure = Figure(figsize=(_SHEET / 100, whole / 100))
    for text, top, size in ((shown.title, 24, 11.5), (shown.subtitle, 46, 9.5)):
        line = one_line(text, _SHEET - 32, size)
        figure.text(16 / _SHEET, 1 - top / whole, line, size=size)
    axes = figure.add_axes(
        (
            *(_LEFT / _SHEET, 1 - (_TOP + frame.height) / whole),
            *(WIDTH / _SHEET, frame.height / whole),
        )
    )
    axes.set_xlim(0, WIDTH)
    axes.set_ylim(frame.height, 0)
    axes.set_xticks([])
    axes.set_yticks([])
    most = int(shown.counts.max())
    norm = LogNorm(1, most) if most >= _MANY else Normalize(0, max(most, 1))
    edge = _sky_edge(frame)
    if frame.whole:
        axes.set_axis_off()
        axes.fill(*edge, facecolor=_EMPTY, edgecolor=LINES, linewidth=0.8)
    else:
        axes.set_facecolor(_EMPTY)
    # Lines must not hide images that are no larger than a pixel.
    zorder = 3.5 if frame.whole and (shown.counts > 0).mean() < _FEW else 1.5
    image = axes.imshow(
        np.ma.masked_equal(shown.counts, 0),
        extent=(0, WIDTH, frame.height, 0),
        cmap=COLOURS,
        norm=norm,
        aspect="auto",
        zorder=zorder,
    )
    if shown.outlines:
        rings = []
        for group in shown.outlines:
            closed = np.concatenate([group, group[:, :1]], axis=1)
            rings += list(np.stack(frame.place(closed), axis=-1))
        edges = LineCollection(rings, colors=_EDGES, linewidths=0.6, alpha=0.8)
        axes.add_collection(edges, autolim=False)
    draw_coordinates(axes, frame)
    if not most:
        middle: dict[str, Any] = {
            "ha": "center",
            "va": "center",
            "zorder": 5,
        }
        axes.text(0.5, 0.58, "no images", transform=axes.transAxes, **middle)
        return figure
    place = (_LEFT / _SHEET, 1 - (below + _BAR) / whole, WIDTH / _SHEET, _BAR / whole)
    bar = figure.colorbar(image, cax=figure.add_axes(place), orientation="horizontal")
    label_counts(bar, most)
    bar.set_label(shown.counted)
    return figure


def label_counts(bar: Colorbar, most: int) -> None:
    """Label a colour bar of 0 to ``most`` images: whole numbers, or powers of ten."""
    if most < _MANY:
        ticks = [
            (float(at), f"{at:.0f}")
            for at in MaxNLocator(10, integer=True).tick_values(0, max(most, 1))
            if at <= max(most, 1)
        ]
    else:
        decades = [10.0**power for power in range(len(str(most)))]
        ticks = [(one, f"{one:.0f}") for one in [*decades, float(most)]]
    bar.set_ticks([at for at, _ in ticks], labels=[text for _, text in ticks])
    bar.minorticks_off()


def _sky_edge(frame: Frame) -> tuple[Numbers, Numbers]:
    """Return the edge of a map of the whole sky, as columns and rows."""
    turn = np.linspace(0, 2 * np.pi, 361)
    return (
        WIDTH / 2 * (1 + np.cos(turn)),
        frame.height / 2 * (1 + np.sin(turn)),
    )
