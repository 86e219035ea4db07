"""Draws a cut-out as a picture in grey levels or a colour map, with north up."""

import warnings
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from gatewright.backends.fits.box import Box
from gatewright.backends.fits.colour_maps import coloured
from gatewright.backends.fits.encode import encode
from gatewright.backends.fits.image_wcs import ImageWcs
from gatewright.backends.fits.marks import Sight, mark
from gatewright.backends.fits.on_grid import on_grid, scale_at
from gatewright.backends.fits.padded import padded_pixels, within
from gatewright.backends.fits.source import Source, pedestal, physical, pieces
from gatewright.core.errors import TooLarge
from gatewright.domains.processing.tangent import TangentGrid
from gatewright.domains.sky import Circle, Orientation, Stretch, grey_levels

LONGEST_SIDE = 4096
_PIXELS = 1 << 28
_STEP = 1 / 3600.0
Turn = tuple[bool, int]
"""Whether to mirror left and right, and then the number of quarter turns to the left.
"""


@dataclass(frozen=True, slots=True)
class Look:
    """How a picture is drawn; the fields are those of a ``CutoutRequest``."""

    format: str
    """``png``, ``jpeg`` or ``webp``."""
    stretch: Stretch
    """How pixel values become grey levels or colours."""
    size: int | None
    """Longer side in pixels; None to keep the image's own pixels."""
    orientation: Orientation
    """Orientation."""
    marks: bool
    """Whether a compass and a bar of scale are drawn."""
    caption: str
    """Words that are drawn."""


def picture(source: Source, box: Box, look: Look) -> bytes:
    """Return a box of pixels as a picture.

    Raises
    ------
    TooLarge
        The picture would have more than 4096 pixels on a side, or the box has too many
        pixels.
    """
    longest = max(box.width, box.height)
    if longest > LONGEST_SIDE and look.size is None:
        raise TooLarge(
            f"The picture would be {box.width} by {box.height} pixels, more than "
            f"{LONGEST_SIDE} on a side. Ask for a smaller region, or for size=1024.",
            width=box.width,
            height=box.height,
        )
    if box.width * box.height > _PIXELS:
        raise TooLarge(
            f"The picture would be made of {box.width} by {box.height} pixels. Ask "
            "for a smaller region."
        )
    pixels, minus = _sized(source, box, look.size)
    north, east = directions(source.wcs, box)
    turn = (False, 0)
    if look.orientation is Orientation.NORTH:
        turn = north_up(north, east)
    levels = turned(grey_levels(pixels, look.stretch, minus)[::-1], turn)
    colours = look.stretch.colours
    if look.marks or look.caption:
        sight = None
        if look.marks and np.isfinite([*north, *east]).all():
            zoom = pixels.shape[1] / box.width / _STEP
            sight = Sight(_apply(north * zoom, turn), _apply(east * zoom, turn))
        levels, colours = mark(coloured(levels, colours), sight, look.caption), "gray"
    mirrored, quarters = turn
    words = ["mirrored"] * mirrored
    if quarters:
        words.append(f"turned {90 * quarters} degrees to the left")
    turns = ", ".join(words) or "as the camera saw it"
    texts = {"Orientation": turns, "Source": source.name}
    return encode(levels, look.format, colours, **texts)


def aligned_picture(source: Source, circle: Circle, pixels: int, look: Look) -> bytes:
    """Return a square of the sky as wide as a circle, with ``pixels`` on a side.

    North is up. Pictures of one circle align, whatever the grids of their images are.

    Raises
    ------
    NotFound, TooLarge
        As :func:`gatewright.backends.fits.on_grid.on_grid`.
    """
    ra, dec = circle.longitude % 360.0, circle.latitude
    grid = TangentGrid(ra, dec, 2 * circle.radius / pixels, pixels)
    values, minus = on_grid(source, grid, scale_at(source, ra, dec))
    levels = np.ascontiguousarray(grey_levels(values, look.stretch, minus)[::-1])
    colours = look.stretch.colours
    step = 1 / grid.scale
    sight = Sight((0.0, step), (-step, 0.0)) if look.marks else None
    if sight or look.caption:
        levels, colours = mark(coloured(levels, colours), sight, look.caption), "gray"
    return encode(levels, look.format, colours, Source=source.name)


def turned(levels: NDArray[np.uint8], turn: Turn) -> NDArray[np.uint8]:
    """Return a picture mirrored and rotated."""
    mirrored, quarters = turn
    flipped = levels[:, ::-1] if mirrored else levels
    return np.ascontiguousarray(np.rot90(flipped, quarters))


def directions(
    wcs: ImageWcs, box: Box
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return the steps in pixels, right and up, for an arcsecond to north and to east.

    They are those in the middle of a box; NaN where the projection is not defined.
    """
    x, y = (box.x0 + box.x1 - 1) / 2, (box.y0 + box.y1 - 1) / 2
    ra, dec = wcs.to_sky(np.array([x]), np.array([y]))
    # Beyond a pole some projections begin elsewhere. The meridians meet there, so the
    # steps are those of a plane.
    step = -1.0 if dec[0] > 89.9 else 1.0
    plane = TangentGrid(float(ra[0]), float(dec[0]), _STEP, 1)
    near_x, near_y = wcs.to_pixels(
        *plane.to_sky(np.array([0.0, -1.0]), np.array([step, 0.0]))
    )
    north = np.array([near_x[0] - x, near_y[0] - y]) * step
    return north, np.array([near_x[1] - x, near_y[1] - y])


def north_up(north: NDArray[np.float64], east: NDArray[np.float64]) -> Turn:
    """Return the turn that brings north nearest to up and east nearest to left."""
    turns = [
        (mirrored, quarters) for mirrored in (False, True) for quarters in range(4)
    ]
    scores = {turn: _apply(north, turn)[1] - _apply(east, turn)[0] for turn in turns}
    if not all(map(np.isfinite, scores.values())):
        return False, 0
    return max(scores, key=lambda turn: scores[turn])


def _apply(direction: NDArray[np.float64], turn: Turn) -> tuple[float, float]:
    mirrored, quarters = turn
    across, up = float(direction[0]), float(direction[1])
    across = -across if mirrored else across
    for _ in range(quarters):
        across, up = -up, across
    return across, up


def _sized(
    source: Source, box: Box, size: int | None
) -> tuple[NDArray[np.float32], float]:
    """Return the pixels of a box, resized to ``size`` on the longer side.

    To make the picture smaller, blocks of pixels are averaged, and the nearest average
    is taken. To make it larger, pixels are repeated. The values are those of the image
    minus a pedestal, which is returned as well.
    """
    longest = max(box.width, box.height)
    block = max(1, longest // size) if size else 1
    block = min(block, box.width, box.height)
    minus = 0.0
    if within(box, source.wcs) != box:
        whole, minus = padded_pixels(source, box, relative=True)
        pixels = _block_means(whole, block)
    else:
        rows: list[NDArray[np.float32]] = []
        for raw in pieces(source, box, rows=max(1, 1024 // block) * block):
            minus = minus if rows else pedestal(source, raw)
            rows.append(_block_means(physical(source, raw, box.width, minus), block))
        pixels = np.concatenate(rows) if len(rows) > 1 else rows[0]
    if size is None:
        return pixels, minus
    height, width = pixels.shape
    scale = size / longest
    down = _nearest(height, max(1, round(box.height * scale)))
    across = _nearest(width, max(1, round(box.width * scale)))
    return pixels[np.ix_(down, across)], minus


def _nearest(length: int, wanted: int) -> NDArray[np.intp]:
    places = ((np.arange(wanted) + 0.5) * length / wanted).astype(np.intp)
    return np.minimum(places, length - 1)


def _block_means(pixels: NDArray[np.float32], block: int) -> NDArray[np.float32]:
    if block == 1:
        return pixels
    height, width = (length // block * block for length in pixels.shape)
    whole = pixels[:height, :width].reshape(
        height // block, block, width // block, block
    )
    with warnings.catch_warnings(), np.errstate(over="ignore", invalid="ignore"):
        warnings.simplefilter("ignore")  # a block without any value is NaN
        means: NDArray[np.float32] = np.nanmean(whole, axis=(1, 3), dtype=np.float32)
    return means
