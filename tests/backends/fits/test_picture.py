"""Pictures: read back by another library, and lying the right way."""

import struct
import zlib
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from astropy.io import fits
from astropy.wcs import WCS
from tests.backends.fits.skies import cut_bytes, pixels, tan_header, write

from gatewright.backends.png import encode_png
from gatewright.core.errors import TooLarge


def decode(data: bytes) -> tuple[Any, dict[str, str]]:
    """Return the grey levels and texts of a PNG, by the words of its standard."""
    assert data.startswith(b"\x89PNG\r\n\x1a\n")
    place, texts, packed, size = 8, {}, b"", (0, 0)
    while place < len(data):
        (length,), kind = (
            struct.unpack(">I", data[place : place + 4]),
            data[place + 4 : place + 8],
        )
        body = data[place + 8 : place + 8 + length]
        (checksum,) = struct.unpack(
            ">I", data[place + 8 + length : place + 12 + length]
        )
        assert checksum == zlib.crc32(kind + body)
        if kind == b"IHDR":
            width, height, depth, colour = struct.unpack(">IIBB", body[:10])
            assert (depth, colour) == (8, 0)
            size = (height, width)
        elif kind == b"IDAT":
            packed += body
        elif kind == b"tEXt":
            keyword, _, text = body.decode("latin-1").partition("\0")
            texts[keyword] = text
        place += 12 + length
    lines = np.frombuffer(zlib.decompress(packed), np.uint8).reshape(
        size[0], size[1] + 1
    )
    assert not lines[:, 0].any()
    return lines[:, 1:], texts


def test_encoded_and_read_back() -> None:
    levels = np.random.default_rng(2).integers(0, 256, (37, 53)).astype(np.uint8)
    back, texts = decode(encode_png(levels, Orientation="so"))
    assert np.array_equal(back, levels)
    assert texts == {"Orientation": "so"}


@pytest.mark.parametrize("flip", [False, True])
@pytest.mark.parametrize("turn", [0.1, 1.5, 3.0, 4.6])
def test_north_is_up_and_east_is_left(tmp_path: Path, turn: float, flip: bool) -> None:
    header = tan_header(101, 101, turn=turn, flip=flip)
    data = np.zeros((101, 101), "f4")
    for ra, dec, value in ((0, 0.002, 1.0), (0.002, 0, 0.5)):
        place = WCS(header).all_world2pix([[150.1 + ra, 2.2 + dec]], 0)[0]
        x, y = np.round(place).astype(int)
        data[y - 1 : y + 2, x - 1 : x + 2] = value
    path = write(tmp_path / "a.fits", fits.PrimaryHDU(data, header))
    picture, texts = decode(
        cut_bytes(
            path, "CIRCLE 150.1 2.2 1", format="png", orientation="north",
            stretch=["linear", 0, 100],
        )
    )  # fmt: skip
    north = np.argwhere(picture == 255).mean(axis=0)
    east = np.argwhere(picture == 128).mean(axis=0)
    assert north[0] < 50 - 15
    assert abs(north[1] - 50) < 15
    assert east[1] < 50 - 15
    assert abs(east[0] - 50) < 15
    assert texts["Source"] == "a.fits"


def test_native_has_the_first_row_at_the_bottom(tmp_path: Path) -> None:
    data = np.zeros((40, 60), "f4")
    data[0, 0] = 1.0
    path = write(tmp_path / "a.fits", fits.PrimaryHDU(data, tan_header(60, 40)))
    picture, texts = decode(
        cut_bytes(path, "CIRCLE 150.1 2.2 1", format="png", stretch=["linear", 0, 100])
    )
    assert np.argwhere(picture == 255).tolist() == [[39, 0]]
    assert texts["Orientation"] == "as the camera saw it"


@pytest.mark.parametrize("size", [1, 7, 33, 64, 200, 1000])
def test_sizes(tmp_path: Path, size: int) -> None:
    path = write(
        tmp_path / "a.fits", fits.PrimaryHDU(pixels(64, 32, "i2"), tan_header(64, 32))
    )
    picture, _ = decode(cut_bytes(path, "CIRCLE 150.1 2.2 1", format="png", size=size))
    assert picture.shape == (max(1, round(size / 2)), size)


def test_made_smaller_by_means(tmp_path: Path) -> None:
    data = np.zeros((64, 64), "f4")
    data[::2, ::2] = 4.0
    data[0:32] += 1.0
    data[40, 40] = np.nan
    path = write(tmp_path / "a.fits", fits.PrimaryHDU(data, tan_header(64, 64)))
    picture, _ = decode(
        cut_bytes(
            path, "CIRCLE 150.1 2.2 1", format="png", size=8,
            stretch=["linear", 0, 100],
        )
    )  # fmt: skip
    assert (picture[4:] == 255).all()
    assert (picture[:4] < 20).all()


def test_scaled_and_blank_pixels(tmp_path: Path) -> None:
    data = np.arange(400, dtype="i2").reshape(20, 20)
    header = tan_header(20, 20)
    header["BSCALE"], header["BZERO"], header["BLANK"] = -2.0, 5.0, 0
    path = tmp_path / "a.fits"
    write(path, fits.PrimaryHDU(data, tan_header(20, 20)))
    with fits.open(path, "update", do_not_scale_image_data=True) as hdus:
        hdus[0].header.update({"BSCALE": -2.0, "BZERO": 5.0, "BLANK": 0})
    picture, _ = decode(
        cut_bytes(
            str(path), "CIRCLE 150.1 2.2 1", format="png", stretch=["linear", 0, 100]
        )
    )
    assert picture[-1, 0] == 0
    assert picture[-1, 1] == 255
    assert picture[0, -1] == 0


def test_pictures_that_are_too_large(tmp_path: Path) -> None:
    header = tan_header(5000, 4)
    path = write(
        tmp_path / "a.fits", fits.PrimaryHDU(np.zeros((4, 5000), "i2"), header)
    )
    with pytest.raises(TooLarge, match="5000 by 4"):
        cut_bytes(path, "CIRCLE 150.1 2.2 1", format="png")
    picture, _ = decode(cut_bytes(path, "CIRCLE 150.1 2.2 1", format="png", size=100))
    assert picture.shape == (1, 100)


@pytest.mark.parametrize(
    ("kind", "scaling"), [("i4", (1.0, 0.0)), ("f8", (1.0, 0.0)), ("i2", (1.0, 1e8))]
)
@pytest.mark.parametrize("padded", [False, True])
def test_a_high_pedestal_keeps_its_grey_levels(
    tmp_path: Path, kind: str, scaling: tuple[float, float], padded: bool
) -> None:
    steps = np.arange(16, dtype="i4").repeat(16).reshape(16, 16)
    high = steps if scaling[1] else steps + 100_000_000
    header = tan_header(16, 16)
    hdu = fits.PrimaryHDU(high.astype(kind), header)
    path = write(tmp_path / "a.fits", hdu)
    if scaling[1]:  # written afterwards: astropy would scale the pixels back
        with fits.open(path, mode="update", do_not_scale_image_data=True) as hdus:
            hdus[0].header["BSCALE"], hdus[0].header["BZERO"] = scaling
    more: dict[str, Any] = {"padded": True, "pixels": 16} if padded else {}
    place = f"CIRCLE 150.1 2.2 {1e-9 if padded else 1}"
    picture, _ = decode(
        cut_bytes(path, place, format="png", stretch=["linear", 0, 100], **more)
    )
    shown = picture[::-1].astype(int)
    if padded:
        assert len(np.unique(shown)) >= 15
    else:
        assert shown.tolist() == np.rint(steps * 17).tolist()


def test_a_picture_across_the_seam_of_a_map_has_the_pixels_of_both_ends(
    tmp_path: Path,
) -> None:
    header = fits.Header()
    header["CTYPE1"], header["CTYPE2"] = "RA---CAR", "DEC--CAR"
    header["CRPIX1"], header["CRPIX2"] = 180.5, 90.5
    header["CDELT1"], header["CDELT2"] = -1.0, 1.0
    header["CRVAL1"], header["CRVAL2"] = 0.0, 0.0
    # The first and the last columns meet at a right ascension of 180 degrees.
    column = np.abs(np.arange(360) - 179.5)
    data = np.broadcast_to(column, (180, 360)).astype("f4")
    path = write(tmp_path / "map.fits", fits.PrimaryHDU(data, header))
    shown = cut_bytes(
        *(path, "CIRCLE 180 0 20"),
        format="png",
        aligned=True,
        pixels=41,
        limits="value",
        stretch=["linear", 0.0, 180.0],
    )
    levels = decode(shown)[0].astype(float)[5:-5] / 255 * 180
    across = np.degrees(np.arctan(np.radians(np.abs(np.arange(41) - 20) * 40 / 41)))
    # Pixels at the ends of the map themselves are black.
    beside = across > 3
    wanted = np.broadcast_to(180 - across, levels.shape)
    assert np.abs(levels - wanted)[:, beside].max() < 6
    assert ((levels > 120) | (levels == 0)).all()
