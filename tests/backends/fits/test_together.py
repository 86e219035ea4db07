"""An image and its partners in one file: cubes, distortion in tables, other pixels."""

import io
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from astropy.io import fits
from astropy.wcs import WCS
from tests.backends.fits.skies import pixels, tan_header, write
from tests.backends.fits.test_archives import SIDE, tables

from gatewright.backends.fits.program import cut_together
from gatewright.backends.readers import Output
from gatewright.core.errors import InvalidContent, InvalidRequest, TooLarge

pytestmark = pytest.mark.filterwarnings("ignore::astropy.wcs.FITSFixedWarning")

REGION = "CIRCLE 150.1 2.2 0.001"


def asked(*images: tuple[str, int, str], **more: Any) -> dict[str, Any]:
    return {
        "images": [[path, "", hdu, kind] for path, hdu, kind in images],
        "region": REGION, "plane": None, "padded": False, "pixels": None,
        "arcsec": None, "version": None, "maximum": 1 << 40, **more,
    }  # fmt: skip


def together(*images: tuple[str, int, str], **more: Any) -> Any:
    """Return the cut-outs as astropy reads them."""
    answer = cut_together(asked(*images, **more), Output())
    assert answer["size"] == len(answer["data"])
    hdus = fits.open(io.BytesIO(answer["data"]), lazy_load_hdus=False)
    hdus.verify("exception")
    return hdus


def cubes(folder: Path) -> tuple[np.ndarray[Any, Any], str, str]:
    """Return the planes of a cube, and the files of it and of a flat mask."""
    planes = np.stack([pixels(60, 50, "f4") + number for number in range(3)])
    cube = write(folder / "cube.fits", fits.PrimaryHDU(planes, tan_header(60, 50)))
    flags = fits.PrimaryHDU(np.full((50, 60), 7, np.uint8), tan_header(60, 50))
    return planes, cube, write(folder / "mask.fits", flags)


def test_a_cube_has_the_plane_that_is_said_and_the_mask_of_all(tmp_path: Path) -> None:
    planes, cube, mask = cubes(tmp_path)
    whole = together((cube, 0, "science"), (mask, 0, "mask"))
    assert whole["SCI"].data.shape[0] == 3
    assert whole["MSK"].data.ndim == 2
    second = together((cube, 0, "science"), (mask, 0, "mask"), plane=2)
    np.testing.assert_array_equal(second["SCI"].data[0], whole["SCI"].data[1])
    np.testing.assert_array_equal(second["MSK"].data, whole["MSK"].data)
    stamp = together(
        (cube, 0, "science"), (mask, 0, "mask"), plane=3, padded=True, pixels=81
    )
    science, flags = stamp["SCI"].data.squeeze(), stamp["MSK"].data
    assert science.shape == flags.shape == (81, 81)
    inside = np.isfinite(science)
    np.testing.assert_array_equal(science[inside], planes[2].ravel())
    assert set(np.unique(flags[inside])) == {7}
    assert set(np.unique(flags[~inside])) == {255}
    with pytest.raises(InvalidRequest, match="3 planes"):
        together((cube, 0, "science"), plane=4)


def test_distortion_in_tables_goes_along_once(tmp_path: Path) -> None:
    hdus = tables("CPDIS")
    mask = fits.ImageHDU(
        np.ones(hdus[1].shape, np.int16), hdus[1].header, name="DQ", ver=1
    )
    path = write(tmp_path / "a.fits", *hdus[:2], mask, *hdus[2:])
    with fits.open(path) as opened:
        wcs = WCS(opened[1].header, opened)
        ra, dec = wcs.all_pix2world(20, 15, 0)
        region = f"CIRCLE {float(ra)!r} {float(dec)!r} {3 * SIDE!r}"
        images = ((path, 1, "science"), (path, 2, "mask"))
        cut = together(*images, region=region)
        names = [(hdu.name, hdu.ver) for hdu in cut[1:]]
        versions = [("WCSDVARR", 1), ("WCSDVARR", 2)]
        assert names == [("SCI", 1), ("MSK", 1), *versions]
        for name in ("SCI", "MSK"):
            own = WCS(cut[name].header, cut)
            x, y = np.array([0.0, 2.5, 5.0]), np.array([1.0, 0.0, 4.0])
            back = wcs.all_world2pix(*own.all_pix2world(x, y, 0), 0, tolerance=1e-9)
            moved = np.array([back[0] - x, back[1] - y])
            np.testing.assert_allclose(moved, np.round(moved[:, :1]) + 0 * x, atol=1e-6)
    with pytest.raises(InvalidContent, match="format=fits"):
        together(*images, region=region, version=2)


def test_versions_have_no_primary_hdu(tmp_path: Path) -> None:
    _, _, mask = cubes(tmp_path)
    data = cut_together(asked((mask, 0, "mask"), version=12), Output())["data"]
    assert data.startswith(b"XTENSION= 'IMAGE   '")
    assert b"EXTVER  =                   12" in data


def test_a_weight_of_other_pixels_is_refused(tmp_path: Path) -> None:
    _, cube, _ = cubes(tmp_path)
    small = fits.PrimaryHDU(pixels(50, 50, "f4"), tan_header(50, 50))
    path = write(tmp_path / "small.fits", small)
    with pytest.raises(InvalidContent, match=r"small.fits has other pixels"):
        together((cube, 0, "science"), (path, 0, "weight"))


def test_all_of_them_count_for_the_limit(tmp_path: Path) -> None:
    _, cube, mask = cubes(tmp_path)
    images = ((cube, 0, "science"), (mask, 0, "mask"))
    size = cut_together(asked(*images), Output())["size"]
    assert cut_together(asked(*images, maximum=size), Output())["size"] == size
    with pytest.raises(TooLarge):
        together(*images, maximum=size - 1)


def test_flags_that_are_no_plain_integers_are_floats(tmp_path: Path) -> None:
    scaled = fits.PrimaryHDU(np.full((50, 60), 7, np.int16), tan_header(60, 50))
    scaled.header["BSCALE"], scaled.header["BZERO"] = 2.0, 1.0
    path = write(tmp_path / "scaled.fits", scaled)
    with fits.open(path, "update", do_not_scale_image_data=True) as hdus:
        hdus[0].header["BSCALE"], hdus[0].header["BZERO"] = 2.0, 1.0
    stamp = together((path, 0, "mask"), padded=True, pixels=81)["MSK"].data
    inside = np.isfinite(stamp)
    assert 0 < inside.sum() < inside.size
    assert len(np.unique(stamp[inside])) == 1
