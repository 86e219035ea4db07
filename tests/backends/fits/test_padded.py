"""Padded cut-outs: squares of one size that align, checked by astropy's Cutout2D."""

import io
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from astropy.io import fits
from astropy.nddata import Cutout2D
from astropy.wcs import WCS
from astropy.wcs.utils import proj_plane_pixel_scales
from tests.backends.fits.skies import (
    cut_bytes,
    pixels,
    sip_header,
    tan_header,
    write,
)
from tests.backends.fits.test_picture import decode

from gatewright.core.errors import InvalidContent, NotFound, TooLarge

pytestmark = pytest.mark.filterwarnings("ignore::astropy.wcs.FITSFixedWarning")


def padded(path: str, ra: float, dec: float, radius: float, **more: Any) -> Any:
    """Return a padded cut-out as astropy reads it."""
    region = f"CIRCLE {ra!r} {dec!r} {radius!r}"
    data = cut_bytes(path, region, padded=True, **more)
    assert len(data) % 2880 == 0
    hdus = fits.open(io.BytesIO(data))
    hdus.verify("exception")
    return hdus[0]


@pytest.mark.parametrize("place", [(50, 40), (3, 2), (99, 79), (-4, 41), (50, 83)])
@pytest.mark.parametrize("side", [21, 30])
def test_a_stamp_is_what_cutout2d_cuts(
    tmp_path: Path, place: tuple[int, int], side: int
) -> None:
    header = tan_header(100, 80, turn=0.4)
    data = pixels(100, 80, "f4")
    path = write(tmp_path / "a.fits", fits.PrimaryHDU(data, header))
    ra, dec = WCS(header).all_pix2world(*place, 0)
    ours = padded(path, float(ra), float(dec), 0.0, pixels=side)
    theirs = Cutout2D(data, place, side, mode="partial", fill_value=np.nan)
    np.testing.assert_array_equal(ours.data, theirs.data)
    assert ours.data.dtype.itemsize == 4
    back = WCS(ours.header).all_world2pix(ra, dec, 0)
    np.testing.assert_allclose(back, [side // 2, side // 2], atol=1e-6)


@pytest.mark.parametrize("side", [21, 30])
@pytest.mark.parametrize("part", [-0.4, -0.1, 0.1, 0.4])
def test_the_pixel_of_the_place_has_the_number_of_half_the_side(
    tmp_path: Path, part: float, side: int
) -> None:
    """An even side of Cutout2D begins later where the place is in a pixel's upper half.

    It takes the edge between pixels that is nearest to the place.
    """
    header = tan_header(100, 80, turn=0.4)
    data = pixels(100, 80, "f4")
    path = write(tmp_path / "a.fits", fits.PrimaryHDU(data, header))
    place = (50 + part, 40 + part)
    ra, dec = WCS(header).all_pix2world(*place, 0)
    ours = padded(path, float(ra), float(dec), 0.0, pixels=side)
    assert ours.data[side // 2, side // 2] == data[40, 50]
    later = side % 2 == 0 and part > 0
    theirs = Cutout2D(data, (place[0] - later, place[1] - later), side)
    np.testing.assert_array_equal(ours.data, theirs.data)


@pytest.mark.parametrize("dec", [2.2, -40.0, 89.0])
def test_the_width_of_a_circle_in_pixels(tmp_path: Path, dec: float) -> None:
    header = tan_header(200, 200)
    header["CRVAL2"] = dec
    path = write(tmp_path / "a.fits", fits.PrimaryHDU(pixels(200, 200, "f4"), header))
    ra, at = WCS(header).all_pix2world(190, 100, 0)
    radius = 20.2 * 0.26 / 3600
    assert padded(path, float(ra), float(at), radius).data.shape == (41, 41)


@pytest.mark.parametrize("shape", [(1, 1), (1, 2), (2, 1), (3, 1)])
@pytest.mark.parametrize("size", [{"radius": 5.0 / 3600}, {"arcsec": 10.0}])
def test_no_side_is_less_than_asked_where_pixels_are_not_square(
    tmp_path: Path, shape: tuple[int, int], size: dict[str, float]
) -> None:
    header = tan_header(200, 200, turn=0.3)
    for number, factor in enumerate(shape, 1):
        for card in (f"CD1_{number}", f"CD2_{number}"):
            header[card] = header.get(card, 0.0) * factor
    path = write(tmp_path / "a.fits", fits.PrimaryHDU(pixels(200, 200, "f4"), header))
    ra, dec = WCS(header).all_pix2world(100, 100, 0)
    cut = padded(path, float(ra), float(dec), **{"radius": 0.0, **size})
    sides = proj_plane_pixel_scales(WCS(cut.header)) * 3600 * cut.data.shape[0]
    assert sides.min() == pytest.approx(10.14, abs=0.01)


@pytest.mark.parametrize("kind", ["u1", "i2", "i4", "f4", "f8"])
def test_numbers_of_all_kinds_become_32_bit_ones(tmp_path: Path, kind: str) -> None:
    header = sip_header(60, 60)
    data = pixels(60, 60, kind)
    hdu = fits.PrimaryHDU(data, header)
    if kind == "i2":
        hdu.header["BLANK"] = int(data[30, 30])
        hdu.header["BSCALE"], hdu.header["BZERO"] = 0.5, 100.0
    path = write(tmp_path / "a.fits", hdu)
    with fits.open(path) as file:
        whole = file[0].data.astype("f4")
    ra, dec = WCS(fits.getheader(path)).all_pix2world(30, 2, 0)
    found = padded(path, float(ra), float(dec), 0.0, pixels=9).data
    assert np.isnan(found[:2]).all()
    np.testing.assert_array_equal(found[2:], whole[0:7, 26:35])


def test_pictures_of_a_place_near_an_edge_align(tmp_path: Path) -> None:
    """One star, in three images that are shifted: at the same place of all stamps."""
    header = tan_header(120, 120)
    ra, dec = map(float, WCS(header).all_pix2world(60, 60, 0))
    spots = []
    for number, shift in enumerate((0, 56, -55)):
        data = np.zeros((120, 120), "f4")
        data[60 + shift, 60 - shift] = 100.0
        own = header.copy()
        own["CRPIX1"] -= shift
        own["CRPIX2"] += shift
        path = write(tmp_path / f"{number}.fits", fits.PrimaryHDU(data, own))
        region = f"CIRCLE {ra!r} {dec!r} 0.001"
        more = {"format": "png", "orientation": "north"}
        levels, _ = decode(cut_bytes(path, region, padded=True, **more))
        spots.append((levels.shape, np.unravel_index(levels.argmax(), levels.shape)))
    assert spots[0] == spots[1] == spots[2]
    assert spots[0][0] == (27, 27)
    assert spots[0][1] == (13, 13)


def test_what_cannot_be_padded(tmp_path: Path) -> None:
    header = tan_header(100, 100)
    path = write(tmp_path / "a.fits", fits.PrimaryHDU(pixels(100, 100, "f4"), header))
    ra, dec = map(float, WCS(header).all_pix2world(50, 50, 0))
    with pytest.raises(TooLarge, match="2048"):
        padded(path, ra, dec, 0.2)
    with pytest.raises(NotFound):
        padded(path, ra + 0.02, dec, 0.0, pixels=21)
    with pytest.raises(NotFound):
        padded(path, ra + 180, -dec, 0.001)
    with pytest.raises(InvalidContent, match="CIRCLE"):
        cut_bytes(path, "RANGE 150 150.2 2.1 2.3", padded=True)


def test_a_plane_of_a_cube_is_padded(tmp_path: Path) -> None:
    header = tan_header(40, 40)
    header["CTYPE3"], header["CRVAL3"], header["CRPIX3"] = "FREQ", 1.4e9, 1.0
    header["CDELT3"] = 1e6
    data = np.stack([pixels(40, 40, "f4") + n for n in range(3)])
    path = write(tmp_path / "a.fits", fits.PrimaryHDU(data, header))
    ra, dec = map(float, WCS(header).celestial.all_pix2world(0, 0, 0))
    found = padded(path, ra, dec, 0.0, pixels=5, plane=2).data
    assert np.squeeze(found).shape == (5, 5)
    np.testing.assert_array_equal(np.squeeze(found)[2:, 2:], data[1, :3, :3])
