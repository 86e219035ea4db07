"""Frames along a strip of the sky, each of which overlaps its neighbours a little."""

from pathlib import Path

import numpy as np
from astropy.io import fits
from astropy.wcs import WCS
from tests.support.fields import GAIN, Sky, gaussian_stars, noisy, random_stars, tangent

SIDE = 240
STEP = 180
"""Columns from one frame to the next: the first and the third have none in common."""
SCALES = (1.0, 0.7, 1.4)
NOISE = 8.0
WIDE = (SIDE + 40, 4 * STEP + SIDE)
CENTRE = (150.0, 2.0)
"""Right ascension and declination of the middle of the strip, degrees."""
PIXEL = 0.3 / 3600.0


def sky_stars() -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return the right ascensions, declinations and fluxes of the stars."""
    x, y, flux = random_stars(140, WIDE, 5)
    # The second frame is centred at the reference point.
    ra, dec = tangent(SIDE / 2 + STEP, SIDE / 2).to_sky(x, y - 20)
    return ra, dec, flux


def placed(number: int, turn: float = 0.0) -> Sky:
    """Return the projection of a frame of the strip, turned by degrees."""
    return tangent(SIDE / 2 + STEP * (1 - number) + 0.3 * number, SIDE / 2, turn=turn)


def write_frame(
    path: Path, place: Sky, scale: float, seed: int, day: int, *, stars: bool = True
) -> None:
    """Write a frame of the stars, in units of its own, that was taken on a day.

    Without ``stars`` it is empty, and its header tells the seeing.
    """
    ra, dec, flux = sky_stars()
    x, y = place.to_pixels(ra, dec)
    near = (np.abs(x - SIDE / 2) < SIDE) & (np.abs(y - SIDE / 2) < SIDE)
    near &= stars
    clean = gaussian_stars(
        (SIDE, SIDE), x[near], y[near], scale * flux[near], 3.2 + 0.2 * seed
    )
    header = place.wcs.to_header()
    header["GAIN"], header["FILTER"] = GAIN, "r"
    header["DATE-OBS"] = f"2021-01-{day:02}T00:00:00"
    header["EXPTIME"] = 30.0
    if not stars:
        header["SEEING"] = 1.0
    fits.PrimaryHDU(noisy(clean, NOISE, seed), header).writeto(path)


def write_strip(folder: Path) -> None:
    """Write three frames that overlap, one far away, and a later one of the middle."""
    folder.mkdir()
    for number, scale in enumerate(SCALES):
        place = placed(number, turn=12.0 * number)
        write_frame(folder / f"part{number}.fits", place, scale, number, number + 1)
    write_frame(folder / "lonely.fits", placed(4), 1.0, 2, 8)
    write_frame(folder / "blank.fits", placed(1), 1.0, 4, 25, stars=False)
    for day, name in enumerate(("late", "changing"), 20):
        write_frame(folder / f"{name}.fits", placed(1), 0.9, 3, day)


def reach(header: fits.Header, shape: tuple[int, int], path: Path) -> np.ndarray:
    """Return how far each pixel is within a frame, in the frame's pixels.

    It is negative outside. The positions are astropy's.
    """
    rows, columns = np.indices(shape)
    sky = WCS(header).all_pix2world(columns, rows, 0)
    frame = fits.getheader(path)
    x, y = WCS(frame).all_world2pix(*sky, 0)
    across = np.minimum(x, frame["NAXIS1"] - 1 - x)
    return np.asarray(np.minimum(across, np.minimum(y, frame["NAXIS2"] - 1 - y)))
