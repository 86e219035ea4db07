"""Measures the point-spread function of an image from its own stars.

Stars are peaks that are bright, isolated, free of bad pixels, and not as narrow as a
cosmic ray. Each is shifted to the centre of a pixel, normalised and compared with the
others; outliers are rejected and counted by reason. With twenty stars or more, each
pixel of the PSF varies linearly across the field (as in PSFEx, Bertin 2011, ASP Conf.
442, 435, with degree 1).
"""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from gatewright.domains.processing.frames import Mask, Numbers, Pixels
from gatewright.domains.processing.lanczos import lanczos_table
from gatewright.domains.processing.psf_variation import linear_planes
from gatewright.domains.processing.psf_wings import (
    Wings,
    radii,
    weighted_medians,
)
from gatewright.domains.processing.smoothing import significance
from gatewright.domains.processing.sources import middles, peaks, stamps

BRIGHT = 25.0
"""Least peak of a PSF star in the smoothed image, sigma."""
MOST_STARS = 300
_VARYING = 20
_GUESS = 4.0
_ROUNDS = 4
_NEIGHBOUR = 0.1
_SEEN = 8.0
_LARGEST = 20.0
_FAR = 3.0
_INNER = 3
"""Radius of stamps that tell a star from a cosmic ray, pixels."""
_NARROWEST = 1.3
"""Smallest FWHM of a star that is expected, pixels."""
_TRUE, _TRUE_WINGS = 0.005, 0.02
"""Least error of a star's pixels, in its core and its wings, over the PSF's peak."""
_WINGS = 3.5
"""Moffat exponent of a PSF that is known by its FWHM alone."""


@dataclass(frozen=True, slots=True)
class Psf:
    """The point-spread function (PSF): the image of a star of flux 1."""

    planes: Numbers
    """Coefficients of the PSF's pixels, shape ``(1 or 3, side, side)``.

    They are the constant and the slopes along columns and rows, which both run from -1
    to 1 across the field."""
    shape: tuple[int, int]
    """Height and width of the field, pixels."""
    fwhm: float
    """Full width at half maximum (FWHM), pixels."""
    used: int
    """Number of stars that the PSF was measured from."""
    rejected: Mapping[str, int]
    """Number of stars that were rejected, by reason."""
    x: Numbers
    """Columns of the stars that were used, pixels."""
    y: Numbers
    """Rows of the stars that were used, pixels."""

    def at(self, x: float, y: float) -> Numbers:
        """Return the PSF at a position: shape ``(side, side)``, with the sum 1."""
        if len(self.planes) == 1:
            constant: Numbers = self.planes[0]
            return constant
        found: Numbers = self.at_all(np.array([x]), np.array([y]))[0]
        return found

    def at_all(self, x: Numbers, y: Numbers) -> Numbers:
        """Return the PSF at several positions: shape ``(n, side, side)``."""
        if len(self.planes) == 1:
            return np.repeat(self.planes, len(x), axis=0)
        height, width = self.shape
        terms = np.stack(
            [np.ones(len(x)), 2.0 * x / width - 1.0, 2.0 * y / height - 1.0]
        )
        terms[1:] = np.clip(terms[1:], -1.0, 1.0)
        found: Numbers = np.tensordot(terms, self.planes, axes=(0, 0))
        found /= found.sum(axis=(1, 2), keepdims=True)
        return found

    def seen_by(self, weights: Numbers, rows: slice, columns: slice) -> Numbers:
        """Return the sum of ``weights`` times the PSF at each position of a rectangle.

        ``weights`` have the shape of the PSF. The result can be broadcast to the shape
        of the rectangle.
        """
        parts: Numbers = (self.planes * weights).sum(axis=(1, 2))
        if len(parts) == 1:
            return parts
        terms = [
            np.clip(2.0 * np.arange(part.start, part.stop) / side - 1.0, -1.0, 1.0)
            for part, side in zip((columns, rows), self.shape[::-1], strict=True)
        ]
        across, down = terms[0][None, :], terms[1][:, None]
        sums = self.planes.sum(axis=(1, 2))
        found: Numbers = (parts[0] + parts[1] * across + parts[2] * down) / (
            sums[0] + sums[1] * across + sums[2] * down
        )
        return found


def measure_psf(values: Pixels, noise: Pixels, bad: Mask, fwhm: float) -> Psf | None:
    """Return the PSF of an image; None if it contains no usable star.

    Parameters
    ----------
    values
        The image without its sky.
    noise
        Standard deviation of the sky at each pixel.
    bad
        Bad pixels, saturated ones included.
    fwhm
        Approximate FWHM of a star, pixels.
    """
    reasons: Counter[str] = Counter()
    smooth = significance(values, noise, bad, fwhm)
    # The highest come first, so that those above a level are the first ones.
    all_x, all_y = peaks(smooth, BRIGHT * _NEIGHBOUR, 2)
    height = smooth[all_y.astype(int), all_x.astype(int)]
    number, most = (int((height > level).sum()) for level in (BRIGHT, _SEEN))
    seen = all_x[:most], all_y[:most]
    x, y = _keep(
        _alone(all_x, all_y, height, number, fwhm),
        "close neighbour",
        reasons,
        all_x[:number],
        all_y[:number],
    )
    radius = psf_radius(fwhm)
    x, y, found = middles(values, x, y, fwhm)
    x, y = _keep(found, "not a point", reasons, x, y)
    whole: Mask = stamps(bad, x, y, radius, outside=True).sum(axis=(1, 2)) == 0
    x, y = _keep(whole, "edge, mask or saturation", reasons, x, y)
    wide = _wide(stamps(values, x, y, _INNER), fwhm)
    x, y = _keep(wide, "cosmic ray or hot pixel", reasons, x, y)
    x, y = x[:MOST_STARS], y[:MOST_STARS]
    if not len(x):
        return None
    cut = stamps(values, x, y, radius).astype(np.float64)
    sky = stamps(noise, x, y, radius).astype(np.float64)
    moved = centred(cut, x - np.rint(x), y - np.rint(y))
    known = _own_pixels(seen, x, y, radius, fwhm)
    moved -= _local_level(moved, known, fwhm)[:, None, None]
    return _joined(
        moved, known, sky.mean(axis=(1, 2)), x, y, values.shape, reasons, fwhm
    )


def psf_radius(fwhm: float) -> int:
    """Return the radius at which the PSF is cut off, pixels."""
    return int(np.clip(np.ceil(4.5 * fwhm), 8, 40))


def moffat_psf(fwhm: float, shape: tuple[int, int]) -> Psf:
    """Return a round Moffat PSF with a FWHM in pixels, for an image without stars.

    Source: Moffat 1969 (A&A 3, 455).
    """
    distance = radii(2 * psf_radius(fwhm) + 1)
    square = (distance / fwhm) ** 2 * 4.0 * (2.0 ** (1.0 / _WINGS) - 1.0)
    model = _unit((1.0 + square) ** -_WINGS * _window(len(distance)))
    return Psf(model[None], shape, fwhm, 0, {}, np.empty(0), np.empty(0))


def _wide(cut: Pixels, fwhm: float) -> Mask:
    """Return which stamps are as wide as a star; cosmic rays and hot pixels are not.

    The neighbours of the brightest pixel must be bright along rows and columns.
    """
    side = cut.shape[1]
    inner = slice(side // 2 - 2, side // 2 + 3)
    brightest = cut[:, inner, inner].reshape(len(cut), 25).argmax(axis=1)
    star = np.arange(len(cut))
    row, column = brightest // 5 + inner.start, brightest % 5 + inner.start
    beside = np.minimum(
        np.maximum(cut[star, row, column - 1], cut[star, row, column + 1]),
        np.maximum(cut[star, row - 1, column], cut[star, row + 1, column]),
    )
    least = 0.5 * np.exp(-4.0 * np.log(2.0) / fwhm**2)
    wide: Mask = beside > least * cut[star, row, column]
    return wide


def _own_pixels(
    seen: tuple[Numbers, Numbers], x: Numbers, y: Numbers, radius: int, fwhm: float
) -> Mask:
    """Return for each stamp the pixels that do not belong to a neighbouring star.

    Stars were ``seen`` at these columns and rows.
    """
    all_x, all_y = seen
    step = np.arange(-radius, radius + 1)
    own = np.ones((len(x), len(step), len(step)), np.bool_)
    for star in range(len(x)):
        left, top = np.rint(x[star]), np.rint(y[star])
        near = (np.abs(all_x - left) < 1.5 * radius) & (
            np.abs(all_y - top) < 1.5 * radius
        )
        for other_x, other_y in zip(all_x[near] - left, all_y[near] - top, strict=True):
            if np.hypot(other_x, other_y) > 1.2 * fwhm:
                own[star] &= (
                    np.hypot(step[:, None] - other_y, step[None, :] - other_x)
                    > 1.5 * fwhm
                )
    return own


def _keep(
    chosen: Mask, reason: str, reasons: Counter[str], *arrays: Numbers
) -> tuple[Numbers, ...]:
    lost = int(len(chosen) - np.count_nonzero(chosen))
    if lost:
        reasons[reason] += lost
    return tuple(array[chosen] for array in arrays)


def _alone(x: Numbers, y: Numbers, height: Pixels, number: int, fwhm: float) -> Mask:
    """Return which of the first peaks have none a tenth as high within 2.5 FWHM."""
    order = np.argsort(x, kind="stable")
    all_x, all_y, heights = x[order], y[order], height[order]
    reach = 2.5 * fwhm
    first = np.searchsorted(all_x, x[:number] - reach, "left")
    last = np.searchsorted(all_x, x[:number] + reach, "right")
    alone = np.ones(number, np.bool_)
    for star in range(number):
        part = slice(first[star], last[star])
        near = np.hypot(all_x[part] - x[star], all_y[part] - y[star])
        others = heights[part] > _NEIGHBOUR * height[star]
        alone[star] = not ((near > 0) & (near < reach) & others).any()
    return alone


def centred(cut: Numbers, at_x: Numbers, at_y: Numbers) -> Numbers:
    """Return stamps shifted so that each star is at the centre of the middle pixel.

    ``at_x`` and ``at_y`` are the offsets of the stars from that centre, within half a
    pixel.
    """
    side = cut.shape[1]
    lobes = 4
    table = lanczos_table(lobes).astype(np.float64)
    moves = []
    for offset in (at_y, at_x):
        whole = np.floor(offset)
        position = (offset - whole) * (len(table) - 1)
        weights = table[np.rint(position).astype(int)]
        matrix = np.zeros((len(offset), side, side))
        row = np.arange(side)
        for tap in range(2 * lobes):
            column = row[None, :] + whole[:, None].astype(int) + tap + 1 - lobes
            inside = (column >= 0) & (column < side)
            star, place = np.nonzero(inside)
            matrix[star, place, column[inside]] += weights[star, tap]
        moves.append(matrix)
    down, across = moves
    moved: Numbers = down @ np.nan_to_num(cut) @ across.transpose(0, 2, 1)
    return moved


def _joined(
    moved: Numbers,
    known: Mask,
    noise: Numbers,
    x: Numbers,
    y: Numbers,
    shape: tuple[int, int],
    reasons: Counter[str],
    fwhm: float,
) -> Psf:
    """Return the PSF that is the weighted mean of centred stars, without outliers.

    Pixels that are not ``known`` belong to a neighbouring star.
    """
    side = moved.shape[1]
    distance = radii(side)
    core = distance < 1.2 * fwhm
    window = _window(side)
    moffat = Wings(side, fwhm)
    flux = np.maximum(moved[:, core].sum(axis=1), 1e-30)
    model = _unit(np.median(moved / flux[:, None, None], axis=0) * window)
    kept = np.ones(len(x), np.bool_)
    scaled, weight, level = moved, noise, 0.0
    for _ in range(_ROUNDS):
        flux = (moved * model)[:, core].sum(axis=1) / (model[core] ** 2).sum()
        flux = np.maximum(flux, 1e-30)
        residual = moved - flux[:, None, None] * model
        spread = np.sqrt((residual[:, core] ** 2).mean(axis=1))
        # In units of what noise and a mismatch of three per cent would leave.
        expected = np.hypot(noise, 0.03 * flux * np.sqrt((model[core] ** 2).mean()))
        odd = spread / expected
        kept = odd < max(2.0, 2.5 * float(np.median(odd[kept])))
        # A star counts by its signal to noise. Faint stars may have faint neighbours
        # that nobody sees: they must not count as much as bright ones.
        weight = 1.0 / np.hypot(noise / flux, _TRUE * model.max())[kept] ** 2
        share = weight[:, None, None] * known[kept]
        scaled = moved[kept] / flux[kept][:, None, None]
        model = (share * scaled).sum(axis=0) / np.maximum(share.sum(axis=0), 1e-30)
        # The median star: light of neighbours is in the wings of a few. Several stars
        # must count for that, not the brightest one alone.
        even = 1.0 / np.hypot(noise / flux, _TRUE_WINGS * model.max())[kept] ** 2
        typical = np.zeros_like(model)
        typical[moffat.pixels] = weighted_medians(
            scaled[:, moffat.pixels], even[:, None] * known[kept][:, moffat.pixels]
        )
        wings, level = moffat.fit(typical, 1.0 / float(np.sqrt(even.sum())))
        part = np.clip((distance - 1.5 * fwhm) / fwhm, 0.0, 1.0)
        model = _unit(((1.0 - part) * (model - level) + part * wings) * window)
    _keep(kept, "not like the others", reasons, x)
    planes = model[None]
    if np.count_nonzero(kept) >= _VARYING:
        terms = np.stack(
            [
                np.ones(np.count_nonzero(kept)),
                2.0 * x[kept] / shape[1] - 1.0,
                2.0 * y[kept] / shape[0] - 1.0,
            ],
            axis=1,
        )
        planes = linear_planes(model, scaled - level, known[kept], weight, terms, fwhm)
    return Psf(
        planes,
        (shape[0], shape[1]),
        full_width(model),
        int(np.count_nonzero(kept)),
        dict(reasons),
        x[kept],
        y[kept],
    )


def _local_level(moved: Numbers, known: Mask, fwhm: float) -> Numbers:
    """Return the median far from each star: light of faint neighbours and halos.

    The sky that was subtracted before is the most frequent level, without their light.
    """
    far = radii(moved.shape[1]) > _FAR * fwhm
    return weighted_medians(moved[:, far].T, known[:, far].T)


def _unit(model: Numbers) -> Numbers:
    total = model.sum()
    return model / total if total > 0 else np.full_like(model, 1.0 / model.size)


def _window(side: int) -> Numbers:
    """Return a cosine taper: 1 at the centre of a stamp and 0 at its edge."""
    part = np.clip((radii(side) / (side / 2) - 0.8) / 0.2, 0.0, 1.0)
    window: Numbers = 0.5 * (1.0 + np.cos(np.pi * part))
    return window


def full_width(model: Numbers) -> float:
    """Return the FWHM of a centred PSF, pixels."""
    # Five points per pixel, interpolated linearly between the pixels.
    side = model.shape[0]
    place = np.linspace(0, side - 1, 5 * side - 4)
    weights = np.maximum(0.0, 1.0 - np.abs(place[:, None] - np.arange(side)))
    finer = weights @ model @ weights.T
    area = np.count_nonzero(finer > model.max() / 2.0) / 25.0
    return float(2.0 * np.sqrt(area / np.pi))


def guess_width(values: Pixels, noise: Pixels, bad: Mask) -> float:
    """Return the approximate FWHM of the stars in an image, pixels.

    It is the median over the narrower half of the bright peaks, from the area above
    half maximum; 4 if there are none.
    """
    smooth = significance(values, noise, bad, _GUESS / 2)
    x, y = peaks(smooth, BRIGHT, 3)
    x, y = x[: 2 * MOST_STARS], y[: 2 * MOST_STARS]
    around = stamps(values, x, y, 7)
    whole = ~stamps(bad, x, y, 7, outside=True).any(axis=(1, 2))
    whole &= _wide(np.nan_to_num(around), _NARROWEST)
    around = around[whole].astype(np.float64)
    if not len(around):
        return _GUESS
    half = around.max(axis=(1, 2))[:, None, None] / 2.0
    widths = 2.0 * np.sqrt((around > half).sum(axis=(1, 2)) / np.pi)
    return float(
        np.clip(np.median(np.sort(widths)[: len(widths) // 2 + 1]), 1.5, _LARGEST)
    )
