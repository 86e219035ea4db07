"""Frames are loaded with the weights of their own pixels."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from astropy.io import fits
from astropy.nddata import Cutout2D
from astropy.wcs import WCS
from tests.support.fields import tangent

from gatewright.backends.fits.files import stat_identity
from gatewright.backends.processing.loading import load_frame
from gatewright.core.errors import InvalidContent
from gatewright.domains.processing import Circle

SHAPE = (90, 80)
PIXEL = 0.3 / 3600


def written(
    folder: Path, name: str, values: np.ndarray[Any, Any], sky: WCS
) -> dict[str, Any]:
    path = folder / f"{name}.fits"
    fits.PrimaryHDU(values, sky.to_header()).writeto(path)
    identity = stat_identity(path.stat())
    return {"image": name, "path": str(path), "identity": identity, "hdu": 0}


def shifted(x: float, y: float) -> WCS:
    """Return a projection whose reference pixel is moved."""
    sky: WCS = tangent(40.0, 45.0).wcs.deepcopy()
    sky.wcs.crpix = sky.wcs.crpix + np.array([x, y])
    return sky


def weights() -> np.ndarray[Any, Any]:
    made = np.arange(1.0, SHAPE[0] * SHAPE[1] + 1).reshape(SHAPE).astype(np.float32)
    made[40:43, 38] = 0.0
    return made


@pytest.mark.parametrize("shift", [(0.0, 0.0), (0.06, -0.06), (-0.06, 0.06)])
@pytest.mark.parametrize("reach", [9.0, 9.47, 9.53, 14.5, 300.0])
def test_the_weights_of_a_part_are_those_of_its_pixels(
    tmp_path: Path, shift: tuple[float, float], reach: float
) -> None:
    """By the map's own header its box would differ by a column or a row."""
    values = np.arange(float(SHAPE[0] * SHAPE[1])).reshape(SHAPE).astype(np.float32)
    ref = written(tmp_path, "a", values, shifted(0.0, 0.0))
    ref |= {
        "weight": written(tmp_path, "w", weights(), shifted(*shift)),
        "seeing": None,
    }
    ra, dec = shifted(0.0, 0.0).all_pix2world(37.0, 41.0, 0)
    place = Circle(float(ra), float(dec), reach * PIXEL)
    frame = load_frame(ref, place, 0)
    row, column = divmod(int(frame.values[0, 0]), SHAPE[1])
    height, width = frame.values.shape
    middle = (column + (width - 1) / 2, row + (height - 1) / 2)
    expected = Cutout2D(weights(), middle, (height, width)).data
    assert frame.bad is not None
    assert frame.variance is not None
    assert np.array_equal(frame.bad, expected == 0)
    assert frame.variance[~frame.bad] == pytest.approx(1 / expected[expected > 0])


@pytest.mark.parametrize("name", ["far", "off"])
def test_a_map_that_lacks_pixels_is_refused(tmp_path: Path, name: str) -> None:
    sky = shifted(-30.0, 0.0)
    if name == "off":
        sky.wcs.crval = [330.0, -2.0]  # the other side of the sky
    values = np.ones(SHAPE, np.float32)
    ref = written(tmp_path, "a", values, shifted(0.0, 0.0))
    ref |= {"weight": written(tmp_path, "w", values, sky), "seeing": None}
    with pytest.raises(InvalidContent, match="other pixels"):
        load_frame(ref, None, 0)
