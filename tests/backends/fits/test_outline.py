"""Footprints of narrow, wide and all-sky images, against astropy's pixels."""

import io
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from astropy.coordinates import SkyCoord
from astropy.io import fits
from astropy.wcs import WCS
from astropy.wcs.utils import wcs_to_celestial_frame
from tests.backends.fits.skies import (
    cut_bytes,
    sip_header,
    tan_header,
    tpv_header,
    write,
)

from gatewright.backends.fits.header import parse_header
from gatewright.backends.fits.image_wcs import make_image_wcs
from gatewright.backends.fits.scan import scan_file
from gatewright.core.errors import NotFound
from gatewright.domains.sky import Circle, geometry

pytestmark = pytest.mark.filterwarnings("ignore::astropy.wcs.FITSFixedWarning")


def header(projection: str, step: float, **cards: Any) -> fits.Header:
    """Return a header with a reference at ra 0, dec 0, ``step`` degrees a pixel."""
    made = fits.Header()
    made["CTYPE1"], made["CTYPE2"] = f"RA---{projection}", f"DEC--{projection}"
    made["CRVAL1"], made["CRVAL2"] = 0.0, 0.0
    made["CDELT1"], made["CDELT2"] = -step, step
    made.update(cards)
    return made


def only(path: Path, made: fits.Header, width: int, height: int) -> dict[str, Any]:
    write(
        path,
        fits.PrimaryHDU(
            np.arange(width * height, dtype="f4").reshape(height, width), made
        ),
    )
    found = scan_file(str(path))
    assert not found["left_out"]
    (image,) = found["images"]
    return dict(image)


def areas(image: dict[str, Any]) -> geometry.Vectors:
    outlines = image["pieces"] or [image["polygon"]]
    return geometry.stack_polygons([geometry.polygon_vectors(o) for o in outlines])


def signed_area(outline: Any) -> float:
    """Return the shoelace area with east to the left; above 0 counter-clockwise."""
    spots = geometry.unit_vectors(*np.asarray(outline).T)
    middle = spots.mean(axis=0)
    west = np.cross(middle, [0.0, 0.0, 1.0])
    x, y = spots @ west, spots @ np.cross(west, middle)
    return float(np.sum(x * np.roll(y, -1) - np.roll(x, -1) * y))


CAR55 = header("CAR", 1 / 36, CRVAL1=120.0, CRPIX1=1080.5, CRPIX2=-55 * 36 + 0.5)
"""A strip 60 degrees wide and 1.7 high at declination 55."""


@pytest.mark.parametrize(
    ("made", "width", "height"),
    [
        pytest.param(CAR55, 2160, 60, id="a strip of parallels"),
        pytest.param(header("TAN", 0.05, CRPIX1=500, CRPIX2=500), 1000, 1000, id="TAN"),
        pytest.param(header("ZEA", 0.1, CRPIX1=500, CRPIX2=1), 1000, 300, id="ZEA"),
        pytest.param(
            header("CAR", 0.1, CRPIX1=100, CRPIX2=-700.0), 200, 180, id="near the pole"
        ),
        pytest.param(sip_header(800, 300), 800, 300, id="SIP"),
        pytest.param(tpv_header(800, 300), 800, 300, id="TPV"),
    ],
)
def test_edges_are_true_to_a_tenth_of_a_pixel(
    tmp_path: Path, made: fits.Header, width: int, height: int
) -> None:
    image = only(tmp_path / "a.fits", made, width, height)
    outline = areas(image)
    random = np.random.default_rng(2)
    share = random.uniform(0, 1, 400)
    sides = [(share, 0, 0, 1), (share, 1, 0, -1), (0, share, 1, 0), (1, share, -1, 0)]
    wcs = WCS(made)
    for across, up, right, upward in sides:
        x = np.broadcast_to(np.asarray(across) * width, share.shape) - 0.5
        y = np.broadcast_to(np.asarray(up) * height, share.shape) - 0.5
        for off, wanted in ((0.11, True), (-0.11, False)):
            places = wcs.all_pix2world(x + off * right, y + off * upward, 0)
            spots = geometry.unit_vectors(*places)
            many = np.broadcast_to(outline[0], (len(spots), *outline[0].shape))
            assert np.all(geometry.contains(many, spots) == wanted)


def test_rows_of_a_wide_strip_are_found_and_cut_to_the_last(tmp_path: Path) -> None:
    image = only(tmp_path / "a.fits", CAR55, 2160, 60)
    wcs = WCS(CAR55)
    for row, inside in ((0, True), (59, True), (-0.7, False), (59.7, False)):
        for column in (3, 1000, 2100):
            ra, dec = map(float, wcs.all_pix2world(column, row, 0))
            place = Circle(ra % 360, dec, 0.0)
            assert place.meets(areas(image)).any() == inside
            region = f"CIRCLE {ra % 360!r} {dec!r} 0"
            if not inside:
                with pytest.raises(NotFound):
                    cut_bytes(str(tmp_path / "a.fits"), region)
                continue
            (cut,) = fits.open(io.BytesIO(cut_bytes(str(tmp_path / "a.fits"), region)))
            assert cut.data == row * 2160 + column


@pytest.mark.parametrize("cards", [{}, {"CDELT1": 0.01}, {"CDELT2": -0.01}])
@pytest.mark.parametrize("dec", [0.0, 70.0, -89.0])
def test_outlines_are_counter_clockwise_seen_from_the_earth(
    tmp_path: Path, cards: dict[str, float], dec: float
) -> None:
    made = header("TAN", 0.01, CRVAL1=0.2, CRVAL2=dec, CRPIX1=20, CRPIX2=25, **cards)
    assert signed_area(only(tmp_path / "a.fits", made, 40, 50)["polygon"]) > 0


GALACTIC = {"CTYPE1": "GLON-CAR", "CTYPE2": "GLAT-CAR"}
WHOLE = {
    "AIT": (header("AIT", 2.0, CRPIX1=90.5, CRPIX2=45.5), 180, 90),
    # Its ellipse is 180.04 pixels wide: the rim is left out by 0.02 of a pixel.
    "AIT, to its edges": (header("AIT", 1.8, CRPIX1=90.5, CRPIX2=45.5), 180, 90),
    "CAR": (header("CAR", 2.0, CRVAL1=180.0, CRPIX1=90.5, CRPIX2=45.5), 180, 90),
    "CAR, galactic": (
        header("CAR", 2.0, CRPIX1=90.5, CRPIX2=45.5, **GALACTIC),
        180, 90,
    ),
    "HPX": (header("HPX", 2.0, CRPIX1=90.5, CRPIX2=45.5), 180, 90),
    "MOL": (header("MOL", 2.0, CRPIX1=90.5, CRPIX2=45.5), 180, 90),
    "ZEA": (header("ZEA", 2.0, CRVAL2=90.0, CRPIX1=60.5, CRPIX2=60.5), 120, 120),
}  # fmt: skip
PARTS = {
    "ZEA hemisphere": (
        header("ZEA", 0.8, CRVAL2=90.0, CRPIX1=75.5, CRPIX2=75.5), 150, 150
    ),
    "CAR band": (header("CAR", 1.0, CRPIX1=180.5, CRPIX2=10.5), 360, 20),
    "CAR south of the equator": (header("CAR", 1.0, CRPIX1=180, CRPIX2=90), 350, 90),
    "galactic band": (
        header("CAR", 1.0, CRPIX1=180.5, CRPIX2=10.5, **GALACTIC),
        360, 20,
    ),
}  # fmt: skip


def pixel_of(made: fits.Header, ra: Any, dec: Any) -> tuple[Any, Any]:
    """Return where astropy has a place, by its frame."""
    wcs = WCS(made)
    frame = wcs_to_celestial_frame(wcs)
    moved = SkyCoord(ra, dec, unit="deg").transform_to(frame).spherical
    x, y = wcs.all_world2pix(moved.lon.deg, moved.lat.deg, 0)
    return x, y


@pytest.mark.parametrize("name", WHOLE)
def test_maps_of_the_whole_sky_are_everywhere(tmp_path: Path, name: str) -> None:
    made, width, height = WHOLE[name]
    path = tmp_path / "a.fits"
    image = only(path, made, width, height)
    assert image["polygon"] == ()
    assert image["fov"] == 360.0
    outlines = areas(image)
    random = np.random.default_rng(4)
    for ra, dec in random.uniform([0, -90], [360, 90], (60, 2)).tolist():
        assert Circle(ra, dec, 0.0).meets(outlines).any()
        x, y = pixel_of(made, ra, dec)
        raw = cut_bytes(str(path), f"CIRCLE {ra} {dec} 0.01")
        with fits.open(io.BytesIO(raw)) as hdus:
            values = np.asarray(hdus[0].data)
        assert float(np.floor(y + 0.5) * width + np.floor(x + 0.5)) in values


@pytest.mark.parametrize("name", PARTS)
def test_wide_maps_are_where_they_have_pixels(tmp_path: Path, name: str) -> None:
    made, width, height = PARTS[name]
    image = only(tmp_path / "a.fits", made, width, height)
    assert image["polygon"] == ()
    assert all(signed_area(piece) > 0 for piece in image["pieces"])
    outlines = areas(image)
    random = np.random.default_rng(5)
    ra = random.uniform(0, 360, 3000)
    dec = np.degrees(np.arcsin(random.uniform(-1, 1, 3000)))
    x, y = pixel_of(made, ra, dec)

    def inside(margin: float) -> Any:
        return (
            (x > -0.5 - margin) & (x < width - 0.5 + margin)
            & (y > -0.5 - margin) & (y < height - 0.5 + margin)
        )  # fmt: skip

    found = np.array(
        [
            Circle(*place, 0.0).meets(outlines).any()
            for place in zip(ra, dec, strict=True)
        ]
    )
    assert np.all(found[inside(-0.1)])
    assert not np.any(found[~inside(0.1)])


@pytest.mark.parametrize("name", [*WHOLE, *PARTS])
@pytest.mark.parametrize(
    ("ra", "dec", "radius"),
    [(0, 0, 5), (180, 1, 9), (10, 89, 4), (200, -88, 7), (90, 40, 30), (271, -50, 15)],
)
def test_cut_outs_of_wide_maps_have_every_pixel_of_the_region(
    tmp_path: Path, name: str, ra: float, dec: float, radius: float
) -> None:
    made, width, height = (WHOLE | PARTS)[name]
    path = tmp_path / "a.fits"
    only(path, made, width, height)
    wcs = WCS(made)
    columns, rows = np.meshgrid(np.arange(width), np.arange(height))
    longitude, latitude = wcs.all_pix2world(columns.ravel(), rows.ravel(), 0)
    known = np.isfinite(longitude + latitude)
    frame = wcs_to_celestial_frame(wcs)
    sky = SkyCoord(longitude[known], latitude[known], unit="deg", frame=frame).icrs
    near = sky.separation(SkyCoord(ra, dec, unit="deg")).deg < radius
    wanted = np.flatnonzero(known)[near]
    try:
        raw = cut_bytes(str(path), f"CIRCLE {ra} {dec} {radius}")
    except NotFound:
        assert not len(wanted)
        return
    with fits.open(io.BytesIO(raw)) as hdus:
        values = set(np.asarray(hdus[0].data).ravel().astype(int).tolist())
    assert set(wanted.tolist()) <= values


@pytest.mark.parametrize(
    ("made", "width", "height", "reason"),
    [
        (
            header("SIN", 1.0, CRPIX1=90, CRPIX2=90),
            180,
            180,
            "not a map of the whole sky",
        ),
        (header("AIT", 2.0, CRPIX1=90.5, CRPIX2=20.5), 180, 40, "not a map of the"),
        (header("AIT", 2.0, CRPIX1=400, CRPIX2=400), 20, 20, "its middle has no place"),
        # Pixels of more than 180 degrees from the reference have no place (wcslib).
        (header("CAR", 2.0, CRPIX1=0.5, CRPIX2=45.5), 180, 90, "its middle has no"),
    ],
)
def test_maps_that_are_left_out_say_why(
    tmp_path: Path, made: fits.Header, width: int, height: int, reason: str
) -> None:
    data = np.zeros((height, width), "i2")
    found = scan_file(write(tmp_path / "a.fits", fits.PrimaryHDU(data, made)))
    assert not found["images"]
    assert reason in found["left_out"][0]


@pytest.mark.parametrize(
    "made",
    [
        tan_header(90, 70, turn=0.3),
        sip_header(90, 70),
        tpv_header(90, 70),
        header("CAR", 0.1),
        header("TAN", 0.1, PV1_1=1.001, PV2_1=0.999, PV1_5=1e-4),
        header("TAN", 0.1, PV1_0=0.0, PV1_1=1.001, PV2_12=1e-3),
        header("TAN", 0.1, PV1_1=1.001, PV2_1=0.999),
        header("TAN", 0.1, PV1_1=1.001, PV2_7=1e-3, A_ORDER=2, B_ORDER=2, A_2_0=1e-4),
        header("SIN", 0.1, CTYPE3="FREQ", CRVAL3=1.4e9, CRPIX3=1.0, CDELT3=1e6),
        header("TAN", 0.1, PC1_1=0.8, PC1_2=-0.6, PC2_1=0.6, PC2_2=0.8, LONPOLE=150.0),
        header("ZPN", 0.1, PV2_1=1.0, PV2_3=42.0),
        header("TAN", 0.1, CUNIT1="arcmin", CUNIT2="arcmin"),
        header("TAN", 0.1, CROTA2=33.0, EQUINOX=1950.0, RADESYS="FK4"),
    ],
)
def test_the_quick_way_to_a_wcs_has_astropys_numbers(made: fits.Header) -> None:
    """Bit for bit, as astropy reads the whole header."""
    made["COMMENT"] = "x" * 300
    whole = fits.PrimaryHDU(np.zeros((70, 90), "u1"), made).header
    ours = make_image_wcs(parse_header(whole.tostring().encode()), 90, 70)
    x, y = np.meshgrid(np.linspace(-5, 95, 21), np.linspace(-5, 75, 21))
    theirs = WCS(whole, naxis=2)
    for one, other in zip(
        ours.astropy_wcs.all_pix2world(x, y, 0),
        theirs.all_pix2world(x, y, 0),
        strict=True,
    ):
        assert np.array_equal(one, other, equal_nan=True)


@pytest.mark.parametrize("pair", [("GLON", "GLAT"), ("RA--", "DEC-")])
def test_rotated_frames_are_where_astropy_has_them(pair: tuple[str, str]) -> None:
    made = header("TAN", 0.01, CRVAL1=33.0, CRVAL2=12.0, EQUINOX=1975.0, RADESYS="FK5")
    if pair[0] != "RA--":
        del made["EQUINOX"], made["RADESYS"]
    made["CTYPE1"], made["CTYPE2"] = f"{pair[0]}-TAN", f"{pair[1]}-TAN"
    whole = fits.PrimaryHDU(np.zeros((70, 90), "u1"), made).header
    ours = make_image_wcs(parse_header(whole.tostring().encode()), 90, 70)
    x, y = np.array([0.0, 40.0, 89.0]), np.array([0.0, 60.0, 3.0])
    ra, dec = ours.to_sky(x, y)
    wcs = WCS(whole)
    places = wcs.all_pix2world(x, y, 0)
    frame = wcs_to_celestial_frame(wcs)
    wanted = SkyCoord(*places, unit="deg", frame=frame).icrs
    assert wanted.separation(SkyCoord(ra, dec, unit="deg")).arcsec.max() < 1e-8
    back = ours.to_pixels(ra, dec)
    assert np.allclose(back, (x, y), atol=1e-7)
