"""A small simulated sky survey: one field, three filters, six nights.

It has stars, galaxies and three supernovae with light curves; every exposure has its
own pointing, seeing and sky level. The file ``transients.csv`` beside the images has
the true positions, magnitudes and times of the supernovae, and ``simulated-stars.csv``
the measured magnitudes of the brighter stars, as a catalogue of stars has them.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from astropy.io import fits
from astropy.time import Time
from astropy.wcs import WCS
from numpy.typing import NDArray

TITLE = "Simulated field (not observations)"
CENTRE = (150.10, 2.20)
"""Right ascension and declination of the field's centre, ICRS degrees."""
PIXEL = 0.4
"""Arcseconds per pixel."""
SIZE = 512
ZERO_POINT = 29.0
"""AB magnitude of a source with one count per exposure."""
NIGHTS = (0.0, 4.0, 9.0, 15.0, 22.0, 40.0)
"""Days after the first exposure."""
FIRST_NIGHT = 60_310.2
"""MJD (UTC) of the first exposure."""
COLOURS = {"g": 0.45, "r": 0.0, "i": -0.25}
"""Magnitude in each filter minus magnitude in r."""

Pixels = NDArray[np.float32]
_FAINTEST = 22.0
_ERROR = 0.02
_PEAK_WIDTH = 12.0
_SEED = 2009


@dataclass(frozen=True, slots=True)
class Source:
    """A source in the simulated sky."""

    ra: float
    """Right ascension, ICRS degrees."""
    dec: float
    """Declination, ICRS degrees."""
    magnitude: float
    """AB magnitude in r, at the peak for a transient."""
    radius: float = 0.0
    """Half-light radius in arcseconds; 0 for a point source."""
    ratio: float = 1.0
    """Minor axis divided by major axis."""
    angle: float = 0.0
    """Position angle in radians."""
    peak: float | None = None
    """MJD of a transient's peak; None for a constant source."""
    name: str = ""
    """Name of a transient; empty for other sources."""

    def counts(self, mjd: float, band: str) -> float:
        """Return the source's counts in an exposure through a filter at an MJD."""
        magnitude = self.magnitude + COLOURS[band]
        if self.peak is not None:
            days = (mjd - self.peak) / _PEAK_WIDTH
            magnitude += 1.1 * days**2 if days > 0 else 6.0 * days**2
        return float(10 ** (0.4 * (ZERO_POINT - magnitude)))

    def add_to(
        self,
        image: NDArray[np.float64],
        counts: float,
        centre: tuple[float, float],
        seeing: float,
    ) -> None:
        """Add an elliptical Gaussian with the widths of source and seeing combined.

        ``centre`` is column and row, counted from 0; ``seeing`` is the FWHM in
        arcseconds.
        """
        sigma = seeing / 2.355 / PIXEL
        major = float(np.hypot(self.radius / 1.18 / PIXEL, sigma))
        minor = float(np.hypot(self.radius * self.ratio / 1.18 / PIXEL, sigma))
        reach = int(5 * major) + 2
        x0, y0 = round(centre[0]), round(centre[1])
        left, right = max(x0 - reach, 0), min(x0 + reach + 1, SIZE)
        low, high = max(y0 - reach, 0), min(y0 + reach + 1, SIZE)
        if left >= right or low >= high:
            return
        y, x = np.mgrid[low:high, left:right]
        x, y = x - centre[0], y - centre[1]
        cosine, sine = np.cos(self.angle), np.sin(self.angle)
        along, across = x * cosine + y * sine, y * cosine - x * sine
        shape = np.exp(-0.5 * ((along / major) ** 2 + (across / minor) ** 2))
        image[low:high, left:right] += counts / (2 * np.pi * major * minor) * shape


def write_survey(folder: Path) -> None:
    """Write the exposures as FITS files, and beside them the tables of their sources.

    These are ``transients.csv`` and ``simulated-stars.csv``, with the stars down to 22
    in r.
    """
    random = np.random.default_rng(_SEED)
    folder.mkdir(parents=True, exist_ok=True)
    stars = list(_stars(random, 260))
    steady = [*stars, *_galaxies(random, 90)]
    transients = list(_transients(steady))
    for night, days in enumerate(NIGHTS):
        for band in COLOURS:
            exposure = _expose(random, [*steady, *transients], FIRST_NIGHT + days, band)
            exposure.writeto(folder / f"sim-{night:02d}-{band}.fits", overwrite=True)
    rows = [
        f"{s.name},{s.ra:.6f},{s.dec:.6f},{s.magnitude},{s.peak}" for s in transients
    ]
    text = "\n".join(["name,ra,dec,peak_magnitude_r,peak_mjd", *rows, ""])
    (folder / "transients.csv").write_text(text, encoding="ascii")
    # A generator of its own leaves the images as they are.
    random = np.random.default_rng(_SEED + 1)
    columns = ",".join(f"{band},e_{band}" for band in COLOURS)
    rows = [f"origin,ra,dec,{columns}"]
    for star in (one for one in stars if one.magnitude <= _FAINTEST):
        measured = ",".join(
            f"{star.magnitude + colour + random.normal(0, _ERROR):.4f},{_ERROR}"
            for colour in COLOURS.values()
        )
        rows.append(f"simulated,{star.ra:.7f},{star.dec:.7f},{measured}")
    text = "\n".join([*rows, ""])
    (folder / "simulated-stars.csv").write_text(text, encoding="ascii")


def _positions(random: np.random.Generator, count: int) -> NDArray[np.float64]:
    half = 0.55 * SIZE * PIXEL / 3600
    offsets = random.uniform(-half, half, (count, 2))
    offsets[:, 0] /= np.cos(np.radians(CENTRE[1]))
    positions: NDArray[np.float64] = offsets + np.array(CENTRE)
    return positions


def _stars(random: np.random.Generator, count: int) -> Iterator[Source]:
    magnitudes = 23.5 - random.exponential(1.6, count)
    for (ra, dec), magnitude in zip(_positions(random, count), magnitudes, strict=True):
        yield Source(ra, dec, float(np.clip(magnitude, 15.0, 23.5)))


def _galaxies(random: np.random.Generator, count: int) -> Iterator[Source]:
    for ra, dec in _positions(random, count):
        yield Source(
            ra,
            dec,
            magnitude=float(np.clip(22.5 - random.exponential(1.2), 17.5, 22.5)),
            radius=float(random.uniform(0.6, 2.8)),
            ratio=float(random.uniform(0.35, 1.0)),
            angle=float(random.uniform(0, np.pi)),
        )


def _transients(sources: list[Source]) -> Iterator[Source]:
    """Yield supernovae slightly off the centres of the three brightest galaxies.

    Only galaxies well inside the field are chosen.
    """
    near = 0.35 * SIZE * PIXEL / 3600
    hosts = [
        s
        for s in sources
        if s.radius and abs(s.ra - CENTRE[0]) < near and abs(s.dec - CENTRE[1]) < near
    ]
    hosts.sort(key=lambda host: host.magnitude)
    peaks = (FIRST_NIGHT + 9, FIRST_NIGHT + 15, FIRST_NIGHT + 22)
    for number, (host, peak) in enumerate(zip(hosts, peaks, strict=False)):
        away = (1.2 + 0.3 * number) / 3600
        name = f"SIM-SN-{number + 1}"
        magnitude = 18.3 + 0.5 * number
        yield Source(host.ra + away, host.dec - away, magnitude, peak=peak, name=name)


def _expose(
    random: np.random.Generator, sources: list[Source], mjd: float, band: str
) -> fits.PrimaryHDU:
    """Return an exposure with its own pointing, seeing and sky level."""
    wcs = WCS(naxis=2)
    wcs.wcs.ctype = ["RA---TAN", "DEC--TAN"]
    wcs.wcs.crval = CENTRE
    wcs.wcs.crpix = SIZE / 2 + random.uniform(-12, 12, 2)
    turn = np.radians(random.normal(0, 0.3))
    cosine, sine = np.cos(turn), np.sin(turn)
    wcs.wcs.cd = PIXEL / 3600 * np.array([[-cosine, sine], [sine, cosine]])
    seeing = float(random.uniform(0.9, 1.5))
    sky = float(random.uniform(350, 700))
    counts = np.full((SIZE, SIZE), sky, np.float64)
    ra, dec = np.array([[s.ra, s.dec] for s in sources]).T
    for source, x, y in zip(sources, *wcs.all_world2pix(ra, dec, 0), strict=True):
        here = (float(x), float(y))
        source.add_to(counts, source.counts(mjd, band), here, seeing)
    noisy = random.poisson(counts) + random.normal(0, 5.0, counts.shape)
    header = wcs.to_header()
    header["OBJECT"] = TITLE
    header["SIMULATE"] = (True, "simulated image")
    header["FILTER"] = band
    header["EXPTIME"] = (90.0, "[s]")
    header["MJD-OBS"] = (mjd, "[d] start of exposure, UTC")
    header["DATE-OBS"] = str(Time(mjd, format="mjd", scale="utc").isot)
    header["TELESCOP"], header["INSTRUME"] = "Simulated", "Gatewright demo"
    header["MAGZERO"] = (ZERO_POINT, "AB magnitude of one count")
    header["SEEING"] = (round(seeing, 3), "[arcsec] FWHM")
    limit = ZERO_POINT - 2.5 * np.log10(
        5 * np.sqrt(4 * np.pi * sky) * seeing / 2.35 / PIXEL
    )
    header["MAGLIM"] = (round(float(limit), 3), "5 sigma point source, AB")
    return fits.PrimaryHDU(noisy.astype(np.float32), header)
