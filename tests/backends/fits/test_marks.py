"""Compass, bar of scale and caption on pictures; and pictures as JPEG and WebP."""

import io
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from astropy.io import fits
from astropy.wcs import WCS
from PIL import Image
from tests.backends.fits.skies import cut_bytes, pixels, tan_header, write

from gatewright.backends.fits.marks import Sight, arc_words, mark, round_arc

SCALE = 0.26 / 3600


def shown(data: bytes) -> Any:
    with Image.open(io.BytesIO(data)) as picture:
        return np.asarray(picture)


def bar_of(levels: Any) -> tuple[int, int]:
    """Return first column and length of the bar in the lower left corner."""
    rows = levels[levels.shape[0] * 9 // 10 :, : levels.shape[1] // 2]
    white = (rows == 255).sum(axis=1)
    row = rows[int(np.argmax(white))]
    columns = np.flatnonzero(row == 255)
    return int(columns[0]), len(columns)


@pytest.mark.parametrize("size", [None, 800])
@pytest.mark.parametrize("turn", [0.0, 0.4, 3.5])
def test_the_bar_is_as_long_as_it_says(
    tmp_path: Path, turn: float, size: int | None
) -> None:
    blank = fits.PrimaryHDU(np.zeros((400, 400), "f4"), tan_header(400, 400, turn=turn))
    path = write(tmp_path / "a.fits", blank)
    more = {"format": "png", "orientation": "north", "size": size, "marks": True}
    levels = shown(cut_bytes(path, "CIRCLE 150.1 2.2 1", **more))
    zoom = levels.shape[1] / 400
    # A fifth of the picture is 20.8 arcseconds: the bar is 20.
    _, length = bar_of(levels)
    assert length == pytest.approx(20 / 0.26 * zoom, abs=1.5)


@pytest.mark.parametrize(("wide", "high"), [(2, 1), (1, 2)])
def test_the_bar_is_as_long_as_it_says_on_pixels_that_are_not_square(
    tmp_path: Path, wide: int, high: int
) -> None:
    header = tan_header(400, 400)
    header["CD1_1"] *= wide
    header["CD2_2"] *= high
    path = write(tmp_path / "a.fits", fits.PrimaryHDU(np.zeros((400, 400)), header))
    levels = shown(cut_bytes(path, "CIRCLE 150.1 2.2 1", format="png", marks=True))
    # A fifth of the picture is 41.6 or 20.8 arcseconds: the bar is 20.
    assert bar_of(levels)[1] == pytest.approx(20 / 0.26 / wide, abs=1.5)


@pytest.mark.parametrize("flip", [False, True])
@pytest.mark.parametrize("dec", [90.0, 89.95, -90.0])
def test_at_a_pole_east_is_beside_north(
    tmp_path: Path, dec: float, *, flip: bool
) -> None:
    header = tan_header(301, 301, flip=flip)
    header["CRVAL2"], header["CRPIX1"], header["CRPIX2"] = dec, 151, 151
    path = write(tmp_path / "a.fits", fits.PrimaryHDU(np.zeros((301, 301)), header))
    levels = shown(
        cut_bytes(
            path, f"CIRCLE 0 {dec} 1", format="png", orientation="north", marks=True
        )
    )
    arm, corner = 0.09 * 301, (7 + 0.09 * 301 + 13, 301 - 7 - 0.09 * 301 - 13)
    # Arms of some length lead upwards and to the left, none downwards.
    for down, right, drawn in ((-1, 0, True), (0, -1, True), (1, 0, False)):
        row, column = np.rint(np.add(corner, 0.7 * arm * np.array((down, right))))
        near = levels[int(row) - 1 : int(row) + 2, int(column) - 1 : int(column) + 2]
        assert bool((near == 255).any()) is drawn


@pytest.mark.parametrize("orientation", ["north", "native"])
@pytest.mark.parametrize(("turn", "flip"), [(0.0, False), (0.5, True), (2.0, False)])
def test_the_arms_point_to_north_and_east(
    tmp_path: Path, turn: float, flip: bool, orientation: str
) -> None:
    header = tan_header(300, 300, turn=turn, flip=flip)
    path = write(
        tmp_path / "a.fits", fits.PrimaryHDU(np.zeros((300, 300), "f4"), header)
    )
    more: dict[str, Any] = {"format": "png", "orientation": orientation}
    plain = shown(cut_bytes(path, "CIRCLE 150.1 2.2 1", **more))
    levels = shown(cut_bytes(path, "CIRCLE 150.1 2.2 1", **more, marks=True))
    assert not plain.any()
    # Where a step to the north and one to the east lead in the picture, by astropy and
    # by marked pixels of another image of the same header.
    spots = []
    for ra, dec in ((0.0, 0.004), (0.004, 0.0)):
        data = np.zeros((300, 300), "f4")
        x, y = WCS(header).all_world2pix([[150.1 + ra, 2.2 + dec]], 0)[0].round()
        data[int(y) - 1 : int(y) + 2, int(x) - 1 : int(x) + 2] = 1
        other = write(tmp_path / f"{ra}.fits", fits.PrimaryHDU(data, header))
        more["stretch"] = ["linear", 0, 100]
        seen = shown(cut_bytes(other, "CIRCLE 150.1 2.2 1", **more))
        spots.append(np.argwhere(seen == 255).mean(axis=0) - 149.5)
    least, gap, size = 300, 7, 13
    arm = 0.09 * least
    corner = np.array([gap + arm + size, 300 - gap - arm - size])
    for spot in spots:
        step = spot / np.hypot(*spot)
        for share in (0.3, 0.6, 0.9):
            row, column = np.rint(corner + share * arm * step).astype(int)
            near = levels[row - 1 : row + 2, column - 1 : column + 2]
            assert (near == 255).any()


def test_a_caption_is_drawn_and_nothing_else() -> None:
    empty = np.full((100, 120), 90, np.uint8)
    levels = mark(empty, None, "2018-08-01")
    changed = np.argwhere(levels != 90)
    assert len(changed) > 50
    assert changed[:, 0].max() < 25
    assert changed[:, 1].max() < 80


def test_small_pictures_have_no_compass() -> None:
    small = np.zeros((40, 200), np.uint8)
    sight = Sight((0.0, 1 / SCALE), (-1 / SCALE, 0.0))
    assert not mark(small, sight, "").any()
    assert mark(np.zeros((48, 200), np.uint8), sight, "").any()


def test_in_colour_the_marks_are_white() -> None:
    sight = Sight((0.0, 1 / SCALE), (-1 / SCALE, 0.0))
    levels = mark(np.full((200, 200, 3), 50, np.uint8), sight, "i r g")
    assert levels.shape == (200, 200, 3)
    assert np.ptp(levels.astype(int), axis=2).max() == 0
    assert (levels == 255).any()


@pytest.mark.parametrize(
    ("degrees", "words"),
    [
        (0.3 / 3600, '0.2"'), (1 / 3600, '1"'), (7.9 / 3600, '5"'), (59 / 3600, '50"'),
        (1 / 60, "1'"), (59.9 / 60, "50'"), (1.0, "1°"), (4.0, "2°"), (90.0, "50°"),
    ],
)  # fmt: skip
def test_round_arcs(degrees: float, words: str) -> None:
    arc = round_arc(degrees)
    assert degrees / 2.6 < arc <= degrees * (1 + 1e-6)
    assert arc_words(arc) == words


def test_other_formats_hold_the_same_picture(tmp_path: Path) -> None:
    hdu = fits.PrimaryHDU(pixels(90, 80, "f4"), tan_header(90, 80))
    path = write(tmp_path / "a.fits", hdu)
    place = "CIRCLE 150.1 2.2 1"
    png, jpeg, webp = (
        cut_bytes(path, place, format=form) for form in ("png", "jpeg", "webp")
    )
    assert jpeg.startswith(b"\xff\xd8\xff")
    assert webp[:4] + webp[8:12] == b"RIFFWEBP"
    levels = shown(png)
    assert np.array_equal(shown(webp)[..., 0], levels)
    assert np.array_equal(shown(webp)[..., 2], levels)
    assert abs(shown(jpeg).astype(int) - levels).mean() < 4
    assert shown(jpeg).shape == levels.shape
    with Image.open(io.BytesIO(jpeg)) as picture:
        assert b"a.fits" in picture.info["comment"]
