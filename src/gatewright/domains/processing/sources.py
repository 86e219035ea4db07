"""Finds sources in an image: peaks, centroids and the pixels around them.

Sources: Bertin and Arnouts 1996 (A&AS 117, 393) for peaks of a smoothed image above a
threshold. The centroids are XWIN of SExtractor 2.8 (Bertin, user manual, section 10.4):
a mean weighted by a Gaussian that moves with it, iterated with twice the step.
"""

from typing import TypeVar

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

from gatewright.domains.processing.frames import Numbers, Pixels

_ROUNDS = 16
_STILL = 1e-5

T = TypeVar("T", bound=np.generic)


def peaks(image: Pixels, threshold: float, reach: int) -> tuple[Numbers, Numbers]:
    """Return the columns and rows of local maxima above a threshold, highest first.

    No pixel within ``reach`` pixels is higher than a maximum; of equal neighbours, one
    is returned. Pixels within ``reach`` of the edge are ignored.
    """
    height, width = image.shape
    if min(height, width) <= 2 * reach:
        return np.empty(0), np.empty(0)
    flat = image.ravel()
    place = np.flatnonzero(flat > threshold)
    rows, columns = np.divmod(place, width)
    inner = (rows >= reach) & (rows < height - reach)
    inner &= (columns >= reach) & (columns < width - reach)
    place = place[inner]
    offsets = [
        (down, across)
        for down in range(-reach, reach + 1)
        for across in range(-reach, reach + 1)
        if (down, across) != (0, 0)
    ]
    # The nearest come first: they rule out most pixels.
    for down, across in sorted(offsets, key=lambda o: o[0] ** 2 + o[1] ** 2):
        here, other = flat[place], flat[place + (down * width + across)]
        top = here >= other if (down, across) > (0, 0) else here > other
        place = place[top]
    place = place[np.argsort(-flat[place], kind="stable")]
    rows, columns = np.divmod(place, width)
    return columns.astype(float), rows.astype(float)


def stamps(
    image: NDArray[T], x: Numbers, y: Numbers, radius: int, outside: float = np.nan
) -> NDArray[T]:
    """Return the square of pixels around each position: ``(n, 2 r + 1, 2 r + 1)``.

    Pixels outside the image have the value ``outside``.
    """
    side = 2 * radius + 1
    left, top = (np.rint(place).astype(int) - radius for place in (x, y))
    height, width = image.shape
    inner = (left >= 0) & (left + side <= width) & (top >= 0) & (top + side <= height)
    if not inner.any():
        return _stamps_at_edge(image, left, top, side, outside)
    cut = np.empty((len(left), side, side), image.dtype)
    cut[inner] = sliding_window_view(image, (side, side))[top[inner], left[inner]]
    cut[~inner] = _stamps_at_edge(image, left[~inner], top[~inner], side, outside)
    return cut


def _stamps_at_edge(
    image: NDArray[T],
    left: NDArray[np.intp],
    top: NDArray[np.intp],
    side: int,
    outside: float,
) -> NDArray[T]:
    """Return squares of pixels from their first columns and rows."""
    step = np.arange(side)
    down, across = (first[:, None] + step for first in (top, left))
    inside = [
        (place >= 0) & (place < side)
        for place, side in zip((down, across), image.shape, strict=True)
    ]
    down, across = (
        np.where(i, p, 0) for i, p in zip(inside, (down, across), strict=True)
    )
    cut: NDArray[T] = image[down[:, :, None], across[:, None, :]]
    cut[~(inside[0][:, :, None] & inside[1][:, None, :])] = outside
    return cut


def middles(
    image: Pixels, x: Numbers, y: Numbers, fwhm: float
) -> tuple[Numbers, Numbers, NDArray[np.bool_]]:
    """Return the windowed centroids of sources near positions, and which were found.

    A source whose centroid moves more than one FWHM (or two pixels) is not found.
    """
    radius = max(3, int(np.ceil(1.5 * fwhm)))
    around = np.nan_to_num(stamps(image, x, y, radius, 0.0)).astype(np.float64)
    step = np.arange(-radius, radius + 1.0)
    whole_x, whole_y = np.rint(x), np.rint(y)
    at_x, at_y = x - whole_x, y - whole_y
    found = np.zeros(len(x), np.bool_)
    sharp = -4.0 * np.log(2.0) / fwhm**2
    for _ in range(_ROUNDS):
        across = step[None, :] - at_x[:, None]
        down = step[None, :] - at_y[:, None]
        weighted = (
            np.exp(sharp * down**2)[:, :, None]
            * np.exp(sharp * across**2)[:, None, :]
            * around
        )
        total = weighted.sum(axis=(1, 2))
        with np.errstate(divide="ignore", invalid="ignore"):
            move_x = 2.0 * (weighted.sum(axis=1) * across).sum(axis=1) / total
            move_y = 2.0 * (weighted.sum(axis=2) * down).sum(axis=1) / total
        found = np.isfinite(move_x + move_y) & (total > 0)
        move_x, move_y = (np.where(found, m, 0.0).clip(-1, 1) for m in (move_x, move_y))
        at_x, at_y = at_x + move_x, at_y + move_y
        if np.all(np.abs(move_x) + np.abs(move_y) < _STILL):
            break
    new_x, new_y = whole_x + at_x, whole_y + at_y
    return new_x, new_y, found & (np.hypot(new_x - x, new_y - y) < max(2.0, fwhm))
