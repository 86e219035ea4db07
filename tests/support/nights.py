"""Nights at a telescope, made by numbers: fields with what real frames suffer from.

A field has stars, some of which move, and galaxies. A night has its own seeing, sky,
transparency and point-spread function, which changes over the field and a little from
star to star, and places that are off by a fraction of a pixel in a pattern. Frames have
bleeds, cosmic rays, hot pixels, bad columns and trails. The reference is a deep frame
without cosmic rays.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from tests.support.fields import GAIN, Sky, tangent

from gatewright.domains.processing.frames import Frame, Numbers

Image = NDArray[np.float64]

SATURATION = 45_000.0
_BETA = 3.5
_SQUARE_DEGREES = (0.3 / 3600) ** 2


@dataclass(frozen=True, slots=True)
class Night:
    """What a frame of a night is like."""

    fwhm: float
    """Full width of a star, pixels."""
    sky: float
    """Level of the sky."""
    noise: float
    """Standard deviation of a pixel of the sky."""
    scale: float
    """Flux of a star, over that of the catalogue."""
    stretch: tuple[float, float]
    """Ellipticity of stars along rows and diagonals."""
    slope: tuple[float, float]
    """How much wider stars are at the right and the top than in the middle."""
    wave: tuple[float, float, float, float]
    """Size and phases of the pattern by which places are off, and a second size."""
    shift: tuple[float, float]
    """By how much places are off, pixels; the projection does not tell."""


@dataclass(frozen=True, slots=True)
class Sources:
    """Stars and galaxies of a field."""

    x: Numbers
    y: Numbers
    flux: Numbers
    moves: NDArray[np.float64]
    """Pixels that a star moves by from the reference to the nights: ``(n, 2)``."""
    size: Numbers
    """Scale length of a galaxy, pixels; 0 for a star."""
    wider: Numbers
    """How much wider the star is than others, for its colour."""


def night(seed: int) -> Night:
    """Return the conditions of a night."""
    rng = np.random.default_rng([seed, 1])
    sky = 10 ** rng.uniform(2.0, 2.9)
    return Night(
        fwhm=rng.uniform(2.8, 5.0),
        sky=sky,
        noise=float(np.sqrt(sky / GAIN + 4.0)),
        scale=rng.uniform(0.75, 1.1),
        stretch=(rng.normal(0, 0.03), rng.normal(0, 0.03)),
        slope=(rng.normal(0, 0.02), rng.normal(0, 0.02)),
        wave=(
            *(rng.uniform(0.0, 0.12), rng.uniform(0, 6.28), rng.uniform(0, 6.28)),
            rng.uniform(0.0, 0.12),
        ),
        shift=(rng.uniform(-0.8, 0.8), rng.uniform(-0.8, 0.8)),
    )


def deep_night(seed: int) -> Night:
    """Return the conditions of a reference: good seeing, little noise."""
    rng = np.random.default_rng([seed, 2])
    return Night(
        rng.uniform(2.8, 3.6),
        200.0,
        4.0,
        1.0,
        (0.0, 0.0),
        (0.0, 0.0),
        (0.0,) * 4,
        (0, 0),
    )


def sources(seed: int, side: int) -> Sources:
    """Return what shines in a field, with fluxes by a power law."""
    rng = np.random.default_rng([seed, 3])
    stars, galaxies = round(1e-3 * side**2), round(1.5e-4 * side**2)
    number = stars + galaxies
    flux = 60.0 * rng.uniform(0, 1, number) ** (-1 / 0.75)
    flux = np.minimum(flux, 6e6)
    star = np.arange(number) < stars
    flux[~star] = np.minimum(flux[~star] * 1.5, 3e4)
    moves = np.zeros((number, 2))
    moving = star & (rng.uniform(0, 1, number) < 0.03)
    moves[moving] = rng.normal(0, 0.4, (np.count_nonzero(moving), 2))
    x, y = rng.uniform(0, side, (2, number))
    return Sources(
        x,
        y,
        flux,
        moves,
        np.where(star, 0.0, rng.uniform(1.0, 5.0, number)),
        np.where(star, rng.normal(0, 0.006, number), 0.0),
    )


def off(at: Night, x: Numbers, y: Numbers) -> tuple[Numbers, Numbers]:
    """Return where light from a place of the catalogue falls."""
    size, first, second, other = at.wave
    return (
        x + at.shift[0] + size * np.sin(x / 90 + first) * np.cos(y / 120 + second),
        y + at.shift[1] + other * np.sin(y / 100 + second) * np.cos(x / 80 + first),
    )


def light(
    at: Night,
    side: int,
    x: Numbers,
    y: Numbers,
    flux: Numbers,
    size: Numbers,
    wider: Numbers,
) -> Image:
    """Return Moffat functions, and exponential discs as wider ones, of true places."""
    image = np.zeros((side, side))
    column, row = off(at, x, y)
    for n in range(len(x)):
        width = at.fwhm * (1 + wider[n])
        width *= 1 + at.slope[0] * (2 * x[n] / side - 1)
        width *= 1 + at.slope[1] * (2 * y[n] / side - 1)
        width = np.hypot(width, 2.0 * size[n])
        alpha = width / (2 * np.sqrt(2 ** (1 / _BETA) - 1))
        reach = int(np.clip(2 * width + 4 * np.log10(1 + flux[n]), 8, 6 * width))
        top, left = round(row[n]) - reach, round(column[n]) - reach
        y0, x0 = max(0, top), max(0, left)
        y1, x1 = min(side, top + 2 * reach + 1), min(side, left + 2 * reach + 1)
        if y0 >= y1 or x0 >= x1:
            continue
        dy = np.arange(y0, y1)[:, None] - row[n]
        dx = np.arange(x0, x1)[None, :] - column[n]
        e, f = at.stretch
        square = (dx**2 * (1 - e) + dy**2 * (1 + e) - 2 * f * dx * dy) / alpha**2
        norm = (_BETA - 1) / (np.pi * alpha**2) * np.sqrt(1 - e**2 - f**2)
        image[y0:y1, x0:x1] += flux[n] * norm * (1 + square) ** -_BETA
    return image


def stars_of(at: Night, side: int, x: Numbers, y: Numbers, flux: Numbers) -> Image:
    """Return new stars as the telescope shows them, of fluxes of the night."""
    zero = np.zeros(len(x))
    return light(at, side, x, y, flux, zero, zero)


def frame(
    field: int,
    at: Night,
    seed: int,
    side: int = 1024,
    *,
    deep: bool = False,
    more: tuple[Numbers, Numbers, Numbers] | None = None,
    name: str = "",
) -> Frame:
    """Return a frame of a field in a night.

    ``more`` are columns and rows in the frame, and fluxes, of injected stars: they
    have the true function and the noise of their own light.
    """
    rng = np.random.default_rng([field, seed, 4])
    found = sources(field, side)
    x, y = found.x, found.y
    if not deep:
        x, y = x + found.moves[:, 0], y + found.moves[:, 1]
    clean = light(at, side, x, y, found.flux * at.scale, found.size, found.wider)
    if more is not None:
        dx, dy = off(at, more[0], more[1])
        # Places are those in the frame.
        clean += stars_of(at, side, 2 * more[0] - dx, 2 * more[1] - dy, more[2])
    rows, columns = np.indices((side, side)) / side
    slope = rng.normal(0, 0.03, 2)
    sky = at.sky * (1 + slope[0] * rows + slope[1] * columns)
    sigma = np.sqrt(at.noise**2 + np.maximum(clean, 0) / GAIN)
    values = clean + sky + rng.normal(0, 1, clean.shape) * sigma
    bad = _detector(values, field, rng)
    if not deep:
        _rays(values, at, rng)
        if rng.uniform() < 0.3:
            _trail(values, rng)
    _bleed(values, rng)
    return Frame(
        np.minimum(values, SATURATION * 1.05).astype(np.float32),
        projection(side),
        gain=GAIN,
        saturation=SATURATION,
        bad=bad,
        name=name,
    )


def projection(side: int) -> Sky:
    """Return where a field is on the sky; the same for each of its frames."""
    return tangent(side / 2, side / 2)


def square_degrees(side: int) -> float:
    """Return the area of a frame."""
    return side**2 * _SQUARE_DEGREES


def _detector(values: Image, field: int, rng: np.random.Generator) -> NDArray[np.bool_]:
    """Spoil columns and pixels; return those that a mask knows."""
    side = len(values)
    fixed = np.random.default_rng([field, 5])
    bad = np.zeros(values.shape, np.bool_)
    for column in fixed.integers(0, side, 3):
        values[:, column] *= 0.6
        bad[:, column] = True
    column = fixed.integers(0, side)
    values[:, column] *= 1.0 + rng.normal(0, 0.02)
    for y, x in rng.integers(0, side, (round(2e-5 * side**2), 2)):
        values[y, x] += rng.uniform(50, 2000)
    return bad


def _rays(values: Image, at: Night, rng: np.random.Generator) -> None:
    """Add tracks of cosmic rays."""
    side = len(values)
    for _ in range(round(4e-5 * side**2)):
        y, x = rng.uniform(1, side - 1, 2)
        angle, length = rng.uniform(0, np.pi), rng.exponential(3.0)
        charge = at.noise * 10 ** rng.uniform(0.8, 2.2)
        for step in np.arange(0, max(1.0, length), 0.5):
            row = int(y + step * np.sin(angle))
            column = int(x + step * np.cos(angle))
            if 0 <= row < side and 0 <= column < side:
                values[row, column] += charge / 2


def _trail(values: Image, rng: np.random.Generator) -> None:
    """Draw a satellite across the frame."""
    side = len(values)
    angle, bright = rng.uniform(0, np.pi), rng.uniform(5, 60)
    place = rng.uniform(0.2, 0.8, 2) * side
    rows, columns = np.indices(values.shape)
    across = (columns - place[0]) * np.sin(angle) - (rows - place[1]) * np.cos(angle)
    values += bright * np.exp(-0.5 * (across / 1.6) ** 2)


def _bleed(values: Image, rng: np.random.Generator) -> None:
    """Let the charge of pixels that are too full run along their columns."""
    rows, columns = np.nonzero(values > 3 * SATURATION)
    for column in np.unique(columns):
        own = rows[columns == column]
        excess = (values[own, column] - SATURATION).sum() / SATURATION
        reach = int(min(60, 2 + excess * rng.uniform(0.3, 0.6)))
        first, last = max(0, own.min() - reach), own.max() + reach
        part = values[first : last + 1, column]
        np.maximum(part, SATURATION * 1.02, out=part)
