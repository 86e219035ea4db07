"""The grid on the tangent plane, compared with wcslib; and images of mean blocks."""

import numpy as np
import pytest
from astropy.wcs import WCS

from gatewright.domains.processing.tangent import (
    BinnedProjection,
    TangentGrid,
    binned,
)


def tan(ra: float, dec: float, scale: float, side: int) -> WCS:
    wcs = WCS(naxis=2)
    wcs.wcs.ctype = ["RA---TAN", "DEC--TAN"]
    wcs.wcs.crval = [ra, dec]
    wcs.wcs.crpix = [(side + 1) / 2] * 2
    wcs.wcs.cdelt = [-scale, scale]
    return wcs


@pytest.mark.parametrize(
    ("ra", "dec"), [(150.1, 2.2), (0.001, -66.0), (359.999, 89.99), (12.0, -90.0)]
)
def test_positions_are_those_of_wcslib(ra: float, dec: float) -> None:
    grid, wcs = TangentGrid(ra, dec, 0.01, 101), tan(ra, dec, 0.01, 101)
    x, y = (n.ravel().astype(float) for n in np.mgrid[0:101:10, 0:101:10])
    ours, theirs = grid.to_sky(x, y), wcs.wcs_pix2world(x, y, 0)
    east = (ours[0] - theirs[0] + 180) % 360 - 180
    assert abs(east * np.cos(np.radians(theirs[1]))).max() < 1e-10
    np.testing.assert_allclose(ours[1], theirs[1], atol=1e-10)
    back = grid.to_pixels(*theirs)
    np.testing.assert_allclose(back, (x, y), atol=1e-6)


def test_the_far_side_of_the_sky_has_no_pixel() -> None:
    grid = TangentGrid(10.0, 20.0, 0.01, 101)
    x, y = grid.to_pixels(np.array([190.0, 10.0]), np.array([-20.0, 20.0]))
    assert np.isnan([x[0], y[0]]).all()
    np.testing.assert_allclose([x[1], y[1]], 50.0)


def test_blocks_keep_their_places() -> None:
    whole = TangentGrid(150.1, 2.2, 0.001, 100)
    blocks = BinnedProjection(whole, 4)
    ra, dec = whole.to_sky(np.array([1.5, 41.5]), np.array([5.5, 61.5]))
    np.testing.assert_allclose(blocks.to_pixels(ra, dec), [[0, 10], [1, 15]], atol=1e-9)
    back = blocks.to_sky(np.array([0.0, 10.0]), np.array([1.0, 15.0]))
    np.testing.assert_allclose(back, (ra, dec))


def test_blocks_are_means() -> None:
    values = np.arange(70, dtype=np.float32).reshape(7, 10)
    values[0, 0] = np.nan
    means = binned(values, 3)
    assert means.shape == (2, 3)
    assert np.isnan(means[0, 0])
    assert means[1, 2] == values[3:6, 6:9].mean()
