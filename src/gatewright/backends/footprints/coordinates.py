"""Lines of equal right ascension and declination on a map, with their numbers."""

from typing import Any

import numpy as np

from gatewright.backends.footprints.frame import WIDTH, Frame, Numbers, nice_step
from gatewright.backends.gridded.pictures.library import Axes, withStroke
from gatewright.domains.sky.geometry import degrees, unit_vectors

LINES = "#8a929c"
"""Colour of lines and of the edge of the sky."""
HALO: list[Any] = [withStroke(linewidth=2.5, foreground="white")]
"""Effect of letters that stand on a map."""
_POINTS = 241
"""Points of a line."""
_MOST_ACROSS, _MOST_UP = 8, 7
_EVERY = 30.0
"""Distance of the lines on a map of the whole sky, degrees."""
_STYLE: dict[str, Any] = {"color": LINES, "linewidth": 0.6, "alpha": 0.7, "zorder": 3}
_WORDS: dict[str, Any] = {"fontsize": 9, "path_effects": HALO, "zorder": 4}
_BELOW: dict[str, Any] = {"ha": "center", "va": "top", **_WORDS}
_SHARE = np.linspace(0.0, 1.0, _POINTS)
_RA = "Right ascension (ICRS, degrees), increasing to the left"
_DEC = "Declination (ICRS, degrees)"


def draw_coordinates(axes: Axes, frame: Frame) -> None:
    """Draw the lines with their numbers, and name the axes."""
    if frame.whole:
        _draw_whole(axes, frame)
    else:
        _draw_part(axes, frame)
    words: dict[str, Any] = {"ha": "center", "va": "center"}
    axes.text(WIDTH / 2, frame.height + (18 if frame.whole else 34), _RA, **words)
    axes.text(-84, frame.height / 2, _DEC, rotation="vertical", **words)


def _draw_whole(axes: Axes, frame: Frame) -> None:
    """Draw lines over the whole sky; meridians are named at the equator."""
    for beside in np.arange(-180.0 + _EVERY, 180.0, _EVERY):
        ra = frame.centre[0] + beside
        x, y = frame.place(unit_vectors(np.full(_POINTS, ra), 180 * _SHARE - 90))
        axes.plot(x, y, **_STYLE)
        text = f"{_number(ra % 360.0, _EVERY)}°"
        axes.text(x[_POINTS // 2], y[_POINTS // 2] + 4, text, **_BELOW)
    for dec in np.arange(-90.0 + _EVERY, 90.0, _EVERY):
        along = frame.centre[0] + 359.99 * (_SHARE - 0.5)
        x, y = frame.place(unit_vectors(along, np.full(_POINTS, dec)))
        axes.plot(x, y, **_STYLE)
        text = f"{_number(dec, _EVERY, sign=True)}°"
        axes.text(x.min() - 6, y[0], text, ha="right", va="center", **_WORDS)


def _draw_part(axes: Axes, frame: Frame) -> None:
    """Draw lines over a part of the sky, named where they leave it.

    Round a pole, parallels that do not reach the left side are named on themselves, and
    meridians that do not reach the bottom are named at the top.
    """
    longitude, latitude = degrees(frame.sky())
    beside = (longitude - frame.centre[0] + 180.0) % 360.0 - 180.0
    wide, tall = float(np.ptp(beside)), float(np.ptp(latitude))
    # The lines go on beyond the map, so that they cross its sides.
    west = frame.centre[0] + max(float(beside.min()) - wide / 20, -180.0)
    east = frame.centre[0] + min(float(beside.max()) + wide / 20, 180.0)
    south = max(float(latitude.min()) - tall / 20, -90.0)
    north = min(float(latitude.max()) + tall / 20, 90.0)
    if wide > 350.0:  # a pole is on the map
        south, north = (-90.0, north) if south < -north else (south, 90.0)
    across = nice_step(east - west, _MOST_ACROSS)
    for ra in np.arange(np.ceil(west / across - 1e-9) * across, east, across):
        up = south + (north - south) * _SHARE
        x, y = frame.place(unit_vectors(np.full(_POINTS, ra), up))
        axes.plot(x, y, **_STYLE)
        text = f"{_number(ra % 360.0, across)}°"
        for level, beyond in ((float(frame.height), 6), (0.0, 6)):
            at = _crossing(x, y, level, WIDTH)
            if at is not None:
                axes.text(at, level + beyond, text, **_BELOW)
                break
    step = nice_step(north - south, _MOST_UP)
    for dec in np.arange(np.ceil(south / step - 1e-9) * step, north, step):
        along = west + (east - west) * _SHARE
        x, y = frame.place(unit_vectors(along, np.full(_POINTS, dec)))
        axes.plot(x, y, **_STYLE)
        text = f"{_number(dec, step, sign=True)}°"
        at = _crossing(y, x, 0.0, frame.height)
        if at is not None:
            axes.text(-6, at, text, ha="right", va="center", **_WORDS)
        elif 0 < y[_POINTS // 2] < frame.height:
            place = x[_POINTS // 2], y[_POINTS // 2]
            axes.text(*place, text, ha="center", va="center", **_WORDS)


def _number(value: float, step: float, *, sign: bool = False) -> str:
    """Return a number with the decimals that a step needs."""
    decimals = max(0, -int(np.floor(np.log10(step) + 1e-9)))
    value = round(value, decimals) + 0.0
    text = f"{value:{'+' if sign and value else ''}.{decimals}f}"
    return text.replace("-", "\N{MINUS SIGN}")


def _crossing(
    along: Numbers, across: Numbers, level: float, most: float
) -> float | None:
    """Return where a line crosses a level, from 0 to ``most``; None if nowhere."""
    before, after = across[:-1] - level, across[1:] - level
    for one in np.flatnonzero((before < 0) != (after < 0)):
        share = before[one] / (before[one] - after[one])
        at = float(along[one] + share * (along[one + 1] - along[one]))
        if 0 <= at <= most:
            return at
    return None
