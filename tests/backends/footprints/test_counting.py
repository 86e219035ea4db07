"""Images counted in the pixels of a map, compared with astropy and shapely."""

import numpy as np
import pytest
import shapely  # type: ignore[import-untyped]
from astropy.coordinates import SkyCoord
from astropy.wcs import WCS
from astropy.wcs.utils import skycoord_to_pixel

from gatewright.backends.footprints.counting import (
    cell_centres,
    count_cells,
    count_outlines,
    outlines_of,
)
from gatewright.backends.footprints.frame import WIDTH, Frame, frame_of
from gatewright.backends.sql.healpix import polygon_cells


def square(ra: float, dec: float, side: float, turn: float = 0.0) -> WCS:
    """Return the coordinates of an image of 100 by 100 pixels, in degrees."""
    wcs = WCS(naxis=2)
    wcs.wcs.ctype = ["RA---TAN", "DEC--TAN"]
    wcs.wcs.crval = [ra, dec]
    wcs.wcs.crpix = [50.5, 50.5]
    wcs.wcs.cdelt = [-side / 100, side / 100]
    c, s = np.cos(turn), np.sin(turn)
    wcs.wcs.pc = [[c, -s], [s, c]]
    wcs.pixel_shape = (100, 100)
    return wcs


def outline(wcs: WCS) -> bytes:
    return np.asarray(wcs.calc_footprint(center=False), "<f8").tobytes()


def frame_round(images: list[WCS]) -> Frame:
    groups = outlines_of([outline(one) for one in images])
    return frame_of(np.concatenate([group.reshape(-1, 3) for group in groups]))


def astropy_frame(frame: Frame) -> WCS:
    """Return the frame's projection as a WCS whose pixel 0 is the first one."""
    wcs = WCS(naxis=2)
    kind = "MOL" if frame.whole else "ZEA"
    wcs.wcs.ctype = [f"RA---{kind}", f"DEC--{kind}"]
    wcs.wcs.crval = [frame.centre[0], 0.0] if frame.whole else list(frame.centre)
    wcs.wcs.cdelt = [-frame.pixel, frame.pixel]
    east, north = np.degrees(frame.middle)
    wcs.wcs.crpix = [
        WIDTH / 2 + 0.5 + east / frame.pixel,
        frame.height / 2 + 0.5 - north / frame.pixel,
    ]
    return wcs


@pytest.mark.parametrize(
    ("ra", "dec", "side"),
    [(0.0, 10.0, 1.0), (318.0, -66.0, 0.1), (40.0, 89.5, 2.0), (200.0, -89.99, 8.0)],
)
def test_each_pixel_counts_the_images_that_cover_its_middle(
    ra: float, dec: float, side: float
) -> None:
    random = np.random.default_rng(3)
    images = []
    for _ in range(25):
        north = min(max(dec + side * random.uniform(-2, 2), -90.0), 90.0)
        east = ra + side * random.uniform(-2, 2) / max(0.1, np.cos(np.radians(north)))
        images.append(square(east % 360, north, side, random.uniform(0, 6)))
    frame = frame_round(images)
    assert not frame.whole
    simple = outlines_of([outline(one) for one in images])
    counted = count_outlines(frame, simple, [])
    plane = astropy_frame(frame)
    some = slice(None, None, 3)  # a ninth of the pixels will do
    column, row = np.meshgrid(np.arange(WIDTH)[some], np.arange(frame.height)[some])
    total = np.zeros(column.shape, int)
    unsure = np.zeros(column.shape, bool)
    edge = np.linspace(-0.5, 99.5, 200)
    for one in images:
        x = np.concatenate([edge, np.full(200, 99.5), edge[::-1], np.full(200, -0.5)])
        y = np.concatenate([np.full(200, -0.5), edge, np.full(200, 99.5), edge[::-1]])
        sky = SkyCoord(*one.all_pix2world(x, y, 0), unit="deg")
        at, up = skycoord_to_pixel(sky, plane)
        ring = shapely.Polygon(np.column_stack([at, frame.height - 1 - up]))
        points = shapely.points(column.ravel(), row.ravel())
        shapely.prepare(ring)
        total += ring.contains(points).reshape(total.shape)
        rim = ring.exterior.buffer(0.02)
        shapely.prepare(rim)
        unsure |= rim.contains(points).reshape(total.shape)
    assert unsure.mean() < 0.05
    np.testing.assert_array_equal(counted.pixels[some, some][~unsure], total[~unsure])
    assert counted.pixels.max() > 1
    by_hand = [
        (number, 9 * (total == number).sum() * frame.pixel**2)
        for number in range(1, total.max() + 1)
        if (total == number).sum() > 2000
    ]
    told = dict(counted.depths)
    for number, area in by_hand:
        assert told[number] == pytest.approx(area, rel=0.05)


def test_the_middles_of_pixels_are_those_of_astropy() -> None:
    for images in (
        [square(359.9, -35.0, 3.0), square(1.0, -33.0, 2.0)],
        [square(180.0, 0.0, 2.0), square(10.0, 20.0, 1.0)],
    ):
        frame = frame_round(images)
        directions = frame.sky()
        known = np.isfinite(directions).all(axis=-1)
        row, column = np.nonzero(known)
        some = slice(None, None, 997)
        sky = SkyCoord(*directions[row[some], column[some]].T, frame="icrs",
                       representation_type="cartesian")  # fmt: skip
        sky.representation_type = "unitspherical"
        x, y = skycoord_to_pixel(SkyCoord(sky.ra, sky.dec), astropy_frame(frame))
        np.testing.assert_allclose(x, column[some], atol=1e-4)
        np.testing.assert_allclose(frame.height - 1 - y, row[some], atol=1e-4)
        at, down = frame.place(directions[row[some], column[some]])
        np.testing.assert_allclose(at, column[some] + 0.5, atol=1e-4)
        np.testing.assert_allclose(down, row[some] + 0.5, atol=1e-4)


def test_a_map_of_the_whole_sky_has_no_seam_and_both_poles() -> None:
    places = [(0.0, 0.0), (359.5, 1.0), (123.0, 90.0), (77.0, -89.0), (180.0, 45.0)]
    images = [square(ra, dec, 12.0) for ra, dec in places]
    images += [square(90.0, 10.0, 0.01), square(90.0, 10.0, 0.01)]  # below a pixel
    frame = frame_round(images)
    assert frame.whole
    counted = count_outlines(frame, outlines_of([outline(i) for i in images]), [])
    # As many points in equal areas, by the golden angle.
    many = 400_000
    z = 1 - (2 * np.arange(many) + 1) / many
    ra = np.degrees(np.pi * (3 - np.sqrt(5)) * np.arange(many)) % 360
    sky = SkyCoord(ra, np.degrees(np.arcsin(z)), unit="deg")
    total = np.zeros(many, int)
    for one in images:
        near = sky.separation(SkyCoord(*one.wcs.crval, unit="deg")).deg < 20
        x, y = one.all_world2pix(sky.ra.deg[near], sky.dec.deg[near], 0)
        total[near] += (x > -0.5) & (x < 99.5) & (y > -0.5) & (y < 99.5)
    told = dict(counted.depths)
    for number in (1, 2):
        area = (total == number).sum() / many * 41252.96
        assert told[number] == pytest.approx(area, rel=0.02)
    plane = astropy_frame(frame)
    for (place_ra, dec), least in [*zip(places, [2, 2, 1, 1, 1], strict=True)]:
        x, y = skycoord_to_pixel(SkyCoord(place_ra, min(dec, 89.0), unit="deg"), plane)
        row = frame.height - 1 - round(float(y))
        column = min(max(round(float(x)), 1), WIDTH - 2)
        assert counted.pixels[row, column - 1 : column + 2].max() >= least
    x, y = skycoord_to_pixel(SkyCoord(90.0, 10.0, unit="deg"), plane)
    row, column = frame.height - 1 - round(float(y)), round(float(x))
    assert counted.pixels[row - 1 : row + 2, column - 1 : column + 2].max() == 2
    # Beyond the edge of the sky, and where no image is.
    assert counted.pixels[0, 0] == 0
    x, y = skycoord_to_pixel(SkyCoord(270.0, -30.0, unit="deg"), plane)
    assert counted.pixels[frame.height - 1 - round(float(y)), round(float(x))] == 0


def test_outlines_of_one_image_that_overlap_count_once() -> None:
    pieces = [square(10.0, 0.0, 4.0), square(12.0, 0.0, 4.0)]
    frame = frame_round(pieces)
    one = outlines_of([outline(piece) for piece in pieces])
    counted = count_outlines(frame, [], [one])
    assert counted.pixels.max() == 1
    assert sum(area for _, area in counted.depths) == pytest.approx(24.0, rel=0.02)


def test_cells_are_shown_where_they_are() -> None:
    corners = [(359.0, -1.0), (1.0, -1.0), (1.0, 1.0), (359.0, 1.0)]
    cells = np.array(polygon_cells(corners))
    frame = frame_of(cell_centres(cells))
    counted = count_cells(frame, cells, np.full(len(cells), 7))
    ((number, area),) = counted.depths
    assert number == 7
    assert area == pytest.approx(len(cells) * 41252.96 / 49152)
    x, y = frame.place(cell_centres(cells))
    inside = counted.pixels[np.floor(y).astype(int), np.floor(x).astype(int)]
    assert (inside == 7).all()
    assert set(np.unique(counted.pixels)) <= {0, 7}


def test_without_images_the_whole_sky_is_empty() -> None:
    frame = frame_of(np.empty((0, 3)))
    counted = count_outlines(frame, [], [])
    assert frame.whole
    assert counted.pixels.max() == 0
    assert counted.depths == []
