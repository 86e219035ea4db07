"""The box of pixels round a region, against every pixel of the image."""

from functools import cache

import numpy as np
import pytest
from astropy.io import fits
from astropy.wcs import WCS
from tests.backends.fits.skies import tan_header

from gatewright.backends.fits.box import box_of
from gatewright.backends.fits.header import parse_header
from gatewright.backends.fits.image_wcs import ImageWcs, make_image_wcs
from gatewright.core.errors import NotFound
from gatewright.domains.sky import parse_region
from gatewright.domains.sky.geometry import Flags, Vectors, oriented, unit_vectors

pytestmark = pytest.mark.filterwarnings("ignore::astropy.wcs.FITSFixedWarning")


def image_wcs(header: fits.Header, width: int, height: int) -> ImageWcs:
    raw = header.tostring().encode()
    return make_image_wcs(parse_header(raw), width, height)


@cache
def pixels_of(header_text: str, width: int, height: int) -> Vectors:
    """Return the square of each pixel on the sphere, by astropy's corners."""
    edges = np.meshgrid(np.arange(width + 1) - 0.5, np.arange(height + 1) - 0.5)
    ra, dec = WCS(fits.Header.fromstring(header_text)).all_pix2world(*edges, 0)
    at = unit_vectors(ra, dec)
    corners = (at[:-1, :-1], at[:-1, 1:], at[1:, 1:], at[1:, :-1])
    return oriented(np.stack(corners, axis=2).reshape(-1, 4, 3))


def touched(header: fits.Header, region: str, width: int, height: int) -> Flags:
    """Return for each pixel whether a region touches it."""
    squares = pixels_of(header.tostring(), width, height)
    return parse_region(region).meets(squares).reshape(height, width)


@pytest.mark.parametrize(
    "region",
    [
        "RANGE 0 360 2.19999 2.20001",
        "RANGE 0 360 2.2 2.2",
        "RANGE 150.1 290 2.2 90",
        "CIRCLE 150.1 42.2 40",
        "POLYGON 150.1 2.2 200 60 100 60",
    ],
)
def test_regions_wider_than_the_projection(region: str) -> None:
    """The box is the smallest with all pixels that the region touches, also then."""
    header = tan_header(350, 250, turn=0.4)
    box = box_of(parse_region(region), image_wcs(header, 350, 250))
    rows, columns = np.nonzero(touched(header, region, 350, 250))
    assert (box.x0, box.x1) == (columns.min(), columns.max() + 1)
    assert (box.y0, box.y1) == (rows.min(), rows.max() + 1)


def test_a_wide_region_beside_the_image() -> None:
    wcs = image_wcs(tan_header(700, 500), 700, 500)
    with pytest.raises(NotFound):
        box_of(parse_region("RANGE 0 360 3 3.00001"), wcs)


@pytest.mark.parametrize("radius", [0.002, 0.008, 0.07])
@pytest.mark.parametrize("shape", ["RANGE 0 360", "RANGE 200 199", "CIRCLE"])
def test_no_pixel_is_missing_round_a_pole(shape: str, radius: float) -> None:
    header = tan_header(2100, 2100, turn=0.2)
    header["CRVAL1"], header["CRVAL2"] = 30.0, 90.0
    text = (
        f"{shape} 0 90 {radius}" if shape == "CIRCLE" else f"{shape} {90 - radius} 90"
    )
    box = box_of(parse_region(text), image_wcs(header, 2100, 2100))
    pixels = radius * 3600 / 0.26
    for first, end, place in (
        (box.x0, box.x1, header["CRPIX1"] - 1),
        (box.y0, box.y1, header["CRPIX2"] - 1),
    ):
        assert first == np.floor(place - pixels + 0.5)
        assert end == np.floor(place + pixels + 0.5) + 1
