"""Draws a compass, a bar of scale and a caption over a picture of the sky."""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

SMALLEST_SIDE = 48
"""Smallest side of a picture, pixels, on which a compass and a bar are drawn."""
_ARM = 0.09
_BAR = 0.2
_WHITE, _BLACK = 255, 0


@dataclass(frozen=True, slots=True)
class Sight:
    """How the sky lies in a picture, in its middle."""

    north: tuple[float, float]
    """Pixels to the right and upwards for a degree to the north."""
    east: tuple[float, float]
    """Pixels to the right and upwards for a degree to the east."""

    @property
    def across(self) -> float:
        """Pixels from left to right for a degree; 0 where the sky has no such step."""
        (right, up), (north_right, north_up) = self.east, self.north
        area = abs(right * north_up - up * north_right)
        return area / math.hypot(up, north_up) if area else 0.0


def mark(
    levels: NDArray[np.uint8], sight: Sight | None, caption: str
) -> NDArray[np.uint8]:
    """Return a picture in grey or in colour with marks, white with a dark edge.

    With a ``sight``, a compass is in the upper right corner and a bar of scale in the
    lower left one, unless the picture is smaller than 48 pixels on a side. The caption
    is in the upper left corner.
    """
    picture = Image.fromarray(levels)
    height, width = levels.shape[:2]
    least = min(height, width)
    pen = ImageDraw.Draw(picture)
    size = max(9, least // 22)
    font = ImageFont.load_default(size)
    colour = (_WHITE,) * 3 if levels.ndim == 3 else _WHITE
    edge = (_BLACK,) * 3 if levels.ndim == 3 else _BLACK
    gap = max(3, least // 40)

    def word(x: float, y: float, text: str, anchor: str) -> None:
        pen.text((x, y), text, colour, font, anchor, stroke_width=1, stroke_fill=edge)

    def line(*ends: float) -> None:
        pen.line(ends, edge, 3)
        pen.line(ends, colour, 1)

    if caption:
        word(gap, gap, caption, "la")
    pixels_per_degree = 0.0 if sight is None else sight.across
    if sight is None or least < SMALLEST_SIDE or not pixels_per_degree:
        return np.asarray(picture)
    arm = _ARM * least
    x, y = width - gap - arm - size, gap + arm + size
    for name, way in (("N", sight.north), ("E", sight.east)):
        right, up = (step / math.hypot(*way) for step in way)
        line(x, y, x + arm * right, y - arm * up)
        reach = arm + 0.7 * size
        word(x + reach * right, y - reach * up, name, "mm")
    arc = round_arc(_BAR * width / pixels_per_degree)
    bar = arc * pixels_per_degree
    line(gap, height - gap, gap + bar, height - gap)
    word(gap, height - gap - 3, arc_words(arc), "lb")
    return np.asarray(picture)


def round_arc(degrees: float) -> float:
    """Return the largest arc of 1, 2 or 5 times a power of ten that is not larger.

    It is a round number of degrees, or of minutes below one degree, or of seconds below
    one minute; in degrees.
    """
    unit = next((u for u in (1.0, 1 / 60.0) if degrees >= u), 1 / 3600.0)
    count = degrees / unit * (1 + 1e-9)
    power = 10.0 ** math.floor(math.log10(count))
    return max(step for step in (1, 2, 5) if step * power <= count) * power * unit


def arc_words(degrees: float) -> str:
    """Return an arc as text: degrees, minutes or seconds of arc."""
    for unit, sign in ((1.0, "°"), (1 / 60.0, "'")):
        if degrees >= unit * (1 - 1e-9):
            return f"{degrees / unit:g}{sign}"
    return f'{degrees * 3600.0:g}"'
