"""Zero points of the real DECam frames, whose sky no catalogue here covers.

The catalogue is made from one frame, by aperture sums; the zero points of the others
then have to differ from its own as the fluxes of the frames do.
"""

import warnings

import numpy as np
import pytest
from astropy.io import fits
from astropy.wcs import WCS, FITSFixedWarning
from tests.support.fields import Sky
from tests.support.needs import shared_data

from gatewright.domains.processing.frames import Frame
from gatewright.domains.processing.prepared import Prepared, prepare
from gatewright.domains.processing.scales import relative_scale
from gatewright.domains.processing.zeropoint import Stars, measure_zero_point

ZERO = 30.0


def frame(name: str) -> Prepared:
    with fits.open(
        shared_data("sky", "decam_mini") / f"DEC-OBS{name}.mini.fits"
    ) as file:
        values = file[0].data.astype(np.float32)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", FITSFixedWarning)
            return prepare(Frame(values, Sky(WCS(file[0].header)), name=name))


def apertures(made: Prepared) -> Stars:
    """Return the sources of a frame, with their light within two FWHM as magnitudes."""
    x, y = made.sources.x, made.sources.y
    rows, columns = np.indices(made.values.shape)
    sums = np.array(
        [
            made.values[np.hypot(rows - at_y, columns - at_x) < 2 * made.psf.fwhm].sum()
            for at_x, at_y in zip(x, y, strict=True)
        ]
    )
    ra, dec = made.projection.to_sky(x, y)
    good = sums > 0
    magnitude = ZERO - 2.5 * np.log10(sums[good])
    return Stars(ra[good], dec[good], magnitude, np.full(len(magnitude), 0.02))


def test_zero_points_of_real_frames_differ_as_their_fluxes_do() -> None:
    first = frame("04a")
    stars = apertures(first)
    own = measure_zero_point(first, stars)
    # Apertures of two FWHM hold most of a star's light.
    assert own.value == pytest.approx(ZERO, abs=0.1)
    for name in ("04b", "04d", "18a", "18c"):
        other = frame(name)
        found = measure_zero_point(other, stars)
        ratio = relative_scale(first, other)
        expected = own.value + 2.5 * np.log10(ratio.value)
        error = np.hypot(found.error, own.error)
        error = np.hypot(error, 1.0857 * ratio.error / ratio.value)
        assert found.value == pytest.approx(expected, abs=4 * error)
        assert error < 0.05
