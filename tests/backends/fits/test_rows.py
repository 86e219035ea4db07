"""Rows of a box are read together where they lie close, and one by one elsewhere."""

import io
from pathlib import Path

import numpy as np
import pytest
from astropy.io import fits
from astropy.wcs import WCS
from tests.backends.fits.skies import cut_bytes, pixels, tan_header, write

from gatewright.backends.fits.files import stat_identity
from gatewright.backends.fits.image_wcs import ImageWcs
from gatewright.core.errors import InvalidContent

CLOSE, FAR = (1500, 700), (8000, 60)
"""Widths and heights; rows of the first lie close, and fill more than one piece."""


def region(width: int, height: int) -> str:
    """Return a box of 300 columns, and of all rows but one at each side."""
    wcs = WCS(tan_header(width, height))
    ra, dec = wcs.all_pix2world([width // 2, width // 2 + 299], [1, height - 2], 0)
    ends = (ra.min(), ra.max(), dec.min(), dec.max())
    return f"RANGE {' '.join(repr(float(end)) for end in ends)}"


@pytest.mark.parametrize(("width", "height"), [CLOSE, FAR])
def test_rows_of_a_box(tmp_path: Path, width: int, height: int) -> None:
    data = pixels(width, height, "f4")
    header = tan_header(width, height)
    path = write(tmp_path / "a.fits", fits.PrimaryHDU(data, header))
    with fits.open(io.BytesIO(cut_bytes(path, region(width, height)))) as hdus:
        cut, moved = hdus[0].data, hdus[0].header
        x = round(header["CRPIX1"] - moved["CRPIX1"])
        y = round(header["CRPIX2"] - moved["CRPIX2"])
        assert cut.shape[0] >= height - 4
        assert 298 <= cut.shape[1] <= 304
        assert np.array_equal(
            cut, data[y : y + cut.shape[0], x : x + cut.shape[1]].astype(">f4")
        )


@pytest.mark.parametrize(("width", "height"), [CLOSE, FAR])
def test_rows_that_the_file_has_lost(tmp_path: Path, width: int, height: int) -> None:
    path = tmp_path / "a.fits"
    data = pixels(width, height, "f4")
    write(path, fits.PrimaryHDU(data, tan_header(width, height)))
    path.write_bytes(path.read_bytes()[: -20 * width])
    with pytest.raises(InvalidContent):
        cut_bytes(str(path), region(width, height))


def test_cards_follow_the_box_and_the_file(tmp_path: Path) -> None:
    """What is kept of a header serves other boxes, but not another header."""
    path, told = tmp_path / "a.fits", []
    for name in ("before", "after"):
        header = tan_header(90, 90)
        header["OBJECT"] = name
        write(path, fits.PrimaryHDU(pixels(90, 90, "f4"), header))
        known = stat_identity(path.stat())
        for dec in (2.2, 2.2007):
            data = cut_bytes(str(path), f"CIRCLE 150.1 {dec} 0.0005", identity=known)
            made = fits.Header.fromstring(data)
            told.append((made["OBJECT"], round(header["CRPIX2"] - made["CRPIX2"])))
    first, second = told[0][1], told[1][1]
    assert second - first in {9, 10}
    assert told == [(name, y) for name in ("before", "after") for y in (first, second)]


@pytest.mark.parametrize("count", [1, 7, 5000])
def test_few_places_are_those_of_astropy(count: int) -> None:
    """Also those that the projection does not have."""
    header = tan_header(200, 100, turn=0.3)
    peer = WCS(header)
    ours = ImageWcs(WCS(header), None, None, 200, 100)
    random = np.random.default_rng(count)
    x, y = random.uniform(-50, 250, count), random.uniform(-50, 150, count)
    assert np.array_equal(ours.to_sky(x, y), peer.all_pix2world(x, y, 0))
    ra, dec = random.uniform(0, 360, count), random.uniform(-90, 90, count)
    told = np.array(peer.all_world2pix(ra, dec, 0, quiet=True))
    assert np.array_equal(ours.to_pixels(ra, dec), told, equal_nan=True)
    assert count == 1 or np.isnan(told).any()
