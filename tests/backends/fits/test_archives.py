"""What real archives have, against astropy: places, footprints, cut-outs.

Each image is scanned, and cut at its middle, at a corner and whole; the middle and the
corners of its pixels are where astropy says they are, the cut-out's pixels are those
of the file bit for bit, and its WCS is astropy's to a millionth of a pixel.
"""

import io
from collections.abc import Callable
from pathlib import Path
from typing import Any

import astropy.units as u
import numpy as np
import pytest
from astropy.coordinates import SkyCoord
from astropy.io import fits
from astropy.wcs import WCS
from astropy.wcs.utils import wcs_to_celestial_frame
from tests.backends.fits.skies import (
    cut_bytes,
    pixels,
    sip_header,
    tan_header,
    tpv_header,
    write,
)

from gatewright.backends.fits.program import scan
from gatewright.backends.readers import Output
from gatewright.domains.sky import geometry

pytestmark = [
    pytest.mark.filterwarnings("ignore::astropy.wcs.FITSFixedWarning"),
    pytest.mark.filterwarnings("ignore:Some non-standard WCS keywords"),
]

WIDTH, HEIGHT = 90, 70
SIDE = 0.26 / 3600


def header(projection: str = "TAN", **cards: Any) -> fits.Header:
    """Return the header of a turned image with a projection and further cards."""
    made = tan_header(WIDTH, HEIGHT, turn=0.2)
    made["CTYPE1"], made["CTYPE2"] = f"RA---{projection}", f"DEC--{projection}"
    for keyword in ("LONPOLE", "LATPOLE"):
        made.remove(keyword, ignore_missing=True)
    made.update(cards)
    return made


def swapped() -> fits.Header:
    """Return a header with the declination as first axis."""
    made = header(CTYPE1="DEC--TAN", CTYPE2="RA---TAN")
    made["CRVAL1"], made["CRVAL2"] = 2.2, 150.1
    return made


def stepped(**cards: Any) -> fits.Header:
    """Return a header with the steps of its pixels in CDELT."""
    made = header()
    for keyword in ("CD1_1", "CD1_2", "CD2_1", "CD2_2"):
        made.remove(keyword)
    made.update({"CDELT1": -SIDE, "CDELT2": SIDE, **cards})
    return made


def moved(made: fits.Header, ra: float, dec: float) -> fits.Header:
    """Return a header whose reference is elsewhere."""
    for keyword in ("LONPOLE", "LATPOLE"):
        made.remove(keyword, ignore_missing=True)
    made["CRVAL1"], made["CRVAL2"] = ra, dec
    return made


def tnx() -> fits.Header:
    """Return a header with distortion as IRAF writes it."""
    terms = "3. 3. 3. 2. -0.01 0.01 -0.01 0.01 1e-5 2e-5 3e-6 1e-6 -2e-6 4e-6 1e-6"
    made = header("TNX", WAT0_001="system=image")
    for axis, kind, name in ((1, "ra", "lngcor"), (2, "dec", "latcor")):
        text = f'wtype=tnx axtype={kind} {name} = "{terms} "'
        for place in range(0, len(text), 68):
            made[f"WAT{axis}_{place // 68 + 1:03}"] = text[place : place + 68]
    return made


def tables(keyword: str) -> list[Any]:
    """Return an image with its distortion in tables, and those."""
    record, name = {"CPDIS": ("DP", "WCSDVARR"), "D2IMDIS": ("D2IM", "D2IMARR")}[
        keyword
    ]
    made, beside = header(), []
    rows, columns = np.mgrid[0:5, 0:6]
    for axis, numbers in ((1, np.sin(columns) + rows), (2, np.cos(rows) - columns)):
        made[f"{keyword}{axis}"] = "LOOKUP"
        for text in (f"EXTVER: {axis}.0", "NAXES: 2.0", "AXIS.1: 1.0", "AXIS.2: 2.0"):
            card = fits.Card.fromstring(f"{record + str(axis):<8}= '{text}'")
            made.append(card, end=True)
        table = fits.ImageHDU((numbers * 0.3).astype("f4"), name=name, ver=axis)
        table.header["CRPIX1"], table.header["CRPIX2"] = 1.0, 1.0
        if axis == 1:
            table.header["CRVAL1"], table.header["CRVAL2"] = 1.0, 1.0
        table.header["CDELT1"] = (WIDTH - 1) / 5
        table.header["CDELT2"] = (HEIGHT - 1) / 4
        beside.append(table)
    return [fits.PrimaryHDU(), fits.ImageHDU(FLOATS, made, name="SCI"), *beside]


def long_header() -> fits.Header:
    """Return a header of many blocks with long texts and long names."""
    made = header(LONGSTRN="x" * 300)
    made["HIERARCH ESO TEL AIRM START"] = 1.2
    made["LONGNOTE"] = ("a'b/" * 60, "a comment")
    for number in range(400):
        made.add_history(f"line {number} {'y' * 50}")
    return made


def scaled() -> Any:
    """Return an image with scaling and a value for none."""
    hdu = fits.PrimaryHDU(pixels(WIDTH, HEIGHT, "i2"), header())
    hdu.header.update(BSCALE=0.5, BZERO=7.0, BLANK=3)
    return hdu


FLOATS = pixels(WIDTH, HEIGHT, "f4")
HOLED = FLOATS.copy()
HOLED[5:9], HOLED[40:50, 30:40], HOLED[0, 0] = np.nan, np.nan, np.inf
RADIO: dict[str, Any] = {
    "CTYPE3": "FREQ", "CRVAL3": 1.4e9, "CDELT3": 1e6, "CRPIX3": 1.0, "CUNIT3": "Hz",
    "CTYPE4": "STOKES", "CRVAL4": 1.0, "CDELT4": 1.0, "CRPIX4": 1.0,
}  # fmt: skip


def packed(data: Any, **options: Any) -> list[Any]:
    """Return a tile-compressed image and what stands before it."""
    return [fits.PrimaryHDU(), fits.CompImageHDU(data, header(), **options)]


PLAIN: dict[str, fits.Header] = {
    **{name: header(name) for name in ("SIN", "ZEA", "STG", "ARC")},
    **{name: header(name, CRVAL2=0.0) for name in ("CAR", "AIT", "CEA", "MOL")},
    "ZPN": header("ZPN", PV2_1=1.0, PV2_3=42.0),
    "SCAMP": header(PV1_1=1.001, PV2_1=0.999),
    "SIP": sip_header(WIDTH, HEIGHT),
    "TPV": tpv_header(WIDTH, HEIGHT),
    "TNX": tnx(),
    "galactic": header(CTYPE1="GLON-TAN", CTYPE2="GLAT-TAN"),
    "ecliptic": header(CTYPE1="ELON-TAN", CTYPE2="ELAT-TAN"),
    "FK4": header(RADESYS="FK4", EQUINOX=1950.0),
    "FK5": header(RADESYS="FK5", EQUINOX=1975.0),
    "pole": header(CRVAL1=10.0, CRVAL2=90.0),
    "near the south pole": header(CRVAL1=10.0, CRVAL2=-89.999),
    "0 hours": header(CRVAL1=0.0, CRVAL2=20.0),
    "below 0": header(CRVAL1=-10.0),
    "above 360": header(CRVAL1=370.0),
    "swapped": swapped(),
    "galactic, swapped": header(
        CTYPE1="GLAT-TAN", CTYPE2="GLON-TAN", CRVAL1=-30.0, CRVAL2=200.0
    ),
    "long header": long_header(),
    "CROTA2": stepped(CROTA2=25.0),
    "south is up": stepped(CDELT1=SIDE, CDELT2=-SIDE),
    "pixels that are not square": stepped(CDELT2=4 * SIDE),
    "PC": stepped(PC1_1=0.8, PC1_2=-0.6, PC2_1=0.6, PC2_2=0.8),
    "PC of old": stepped(PC001001=0.8, PC001002=-0.6, PC002001=0.6, PC002002=0.8),
    "CD beside CDELT and CROTA2": header(CDELT1=-1.0, CDELT2=1.0, CROTA2=40.0),
    "arcseconds": stepped(
        CUNIT1="arcsec", CUNIT2="arcsec", CRVAL1=540_360.0, CRVAL2=7920.0,
        CDELT1=-0.26, CDELT2=0.26,
    ),
    "a reference far to the left": header(CRPIX1=-50_000.0),
    "a reference far to the right": header(CRPIX1=150_000.0),
    **{
        f"{name} at {ra} {dec}": moved(made(WIDTH, HEIGHT), ra, dec)
        for name, made in (("SIP", sip_header), ("TPV", tpv_header))
        for ra, dec in ((0.0, 89.9999), (359.9999, -89.99995), (359.9999, 40.0))
    },
}  # fmt: skip
FILES: dict[str, Callable[[], list[Any]]] = {
    **{
        name: lambda made=made: [fits.PrimaryHDU(FLOATS, made)]  # type: ignore[misc]
        for name, made in PLAIN.items()
    },
    "CPDIS": lambda: tables("CPDIS"),
    "D2IMDIS": lambda: tables("D2IMDIS"),
    "scaled": lambda: [scaled()],
    **{
        f"whole numbers, {kind}": lambda kind=kind: [  # type: ignore[misc]
            fits.PrimaryHDU(FLOATS.astype(kind), header())
        ]
        for kind in ("u2", "u4", "u8", "i8")
    },
    **{
        f"Rice, {kind}, tiles of {tile}": lambda kind=kind, tile=tile: packed(  # type: ignore[misc]
            FLOATS.astype(kind), compression_type="RICE_1", tile_shape=tile
        )
        for kind in ("u1", "i2", "i4", "u4")
        for tile in ((HEIGHT, WIDTH), (7, 11), (1, WIDTH))
    },
    "signed bytes": lambda: [fits.PrimaryHDU(FLOATS.astype("i1"), header())],
    "holes": lambda: [fits.PrimaryHDU(HOLED, header())],
    **{
        name: lambda name=name, kind=kind: packed(  # type: ignore[misc]
            FLOATS.astype(kind), compression_type=name
        )
        for name, kind in (("HCOMPRESS_1", "i2"), ("PLIO_1", "i4"), ("GZIP_1", "u2"))
    },
    **{
        f"dithered {method}": lambda method=method: packed(  # type: ignore[misc]
            HOLED, compression_type="RICE_1", quantize_level=16,
            quantize_method=method, dither_seed=42,
        )
        for method in (-1, 1, 2)
    },
    "cube": lambda: [fits.PrimaryHDU(np.stack([FLOATS, HOLED]), header())],
    "radio": lambda: [
        fits.PrimaryHDU(np.stack([FLOATS] * 6).reshape(2, 3, HEIGHT, WIDTH),
                        header(**RADIO))
    ],
    "packed cube": lambda: packed(
        np.stack([FLOATS, FLOATS * 2]), compression_type="GZIP_2", quantize_level=0
    ),
}  # fmt: skip


def directions(wcs: Any, x: Any, y: Any) -> Any:
    """Return where astropy sees pixels, as ICRS directions."""
    place = wcs.all_pix2world(x, y, 0)
    longitude, latitude = place[:: -1 if wcs.wcs.lng else 1]
    frame = wcs_to_celestial_frame(wcs)
    sky = SkyCoord(longitude * u.deg, latitude * u.deg, frame=frame).icrs
    return geometry.unit_vectors(sky.ra.deg, sky.dec.deg)


@pytest.mark.parametrize("name", FILES)
def test_images_of_archives(tmp_path: Path, name: str) -> None:
    path = write(tmp_path / "a.fits", *FILES[name]())
    found = scan({"path": path}, Output())
    assert not found["left_out"]
    (image,) = found["images"]
    with fits.open(path) as hdus:
        hdu = hdus[image["hdu"]]
        data, wcs = np.asarray(hdu.data), WCS(hdu.header, hdus).celestial
    middle = directions(wcs, np.array([(WIDTH - 1) / 2]), np.array([(HEIGHT - 1) / 2]))
    told = geometry.point(image["ra"], image["dec"])
    pixel = np.radians(image["scale"] / 3600)
    assert geometry.angle(middle, told)[0] < 1e-6 * pixel
    outline = geometry.oriented(
        geometry.unit_vectors(*np.array(image["polygon"]).T)[None]
    )
    x, y = np.array([0, WIDTH - 1, WIDTH - 1, 0.0]), np.array([0, 0, 69, 69.0])
    for corner in directions(wcs, x, y):
        assert geometry.contains(outline, corner)[0]
    for column, row, reach in ((44.5, 34.5, 9), (3, 3, 20), (44.5, 34.5, 900)):
        (place,) = directions(wcs, np.array([column]), np.array([row]))
        ra = np.degrees(np.arctan2(place[1], place[0])) % 360
        dec = np.degrees(np.arctan2(place[2], np.hypot(place[0], place[1])))
        region = f"CIRCLE {ra} {dec} {np.degrees(reach * pixel)}"
        raw = cut_bytes(path, region, hdu=image["hdu"])
        assert_same(raw, data, wcs, pixel)


def assert_same(raw: bytes, data: Any, wcs: Any, pixel: float) -> None:
    """Assert that a cut-out has the pixels and places of the image."""
    with fits.open(io.BytesIO(raw)) as hdus:
        hdus.verify("exception")
        part, ours = np.asarray(hdus[0].data), WCS(hdus[0].header, hdus).celestial
        history = "".join(hdus[0].header["HISTORY"])
    axes = history[history.rindex("[") + 1 : history.rindex("]")].split(",")
    (x0, x1), (y0, y1) = (map(int, axis.split(":")) for axis in axes[:2])
    assert part.dtype.newbyteorder("=") == data.dtype.newbyteorder("=")
    wanted = data[..., y0 - 1 : y1, x0 - 1 : x1]
    assert np.array_equal(part, wanted, equal_nan=part.dtype.kind == "f")
    x, y = np.meshgrid(np.linspace(0, x1 - x0, 5), np.linspace(0, y1 - y0, 5))
    one = directions(ours, x.ravel(), y.ravel())
    other = directions(wcs, x.ravel() + x0 - 1, y.ravel() + y0 - 1)
    assert geometry.angle(one, other).max() < 1e-6 * pixel


def test_two_images_of_one_name(tmp_path: Path) -> None:
    """They are told apart by their number, however often a name is given."""
    two = [fits.ImageHDU(FLOATS + n, header(), name="SCI") for n in range(2)]
    path = write(tmp_path / "a.fits", fits.PrimaryHDU(), *two)
    images = scan({"path": path}, Output())["images"]
    assert [image["hdu"] for image in images] == [1, 2]
    for number, image in enumerate(images):
        region = f"CIRCLE {image['ra']} {image['dec']} 0.01"
        with fits.open(io.BytesIO(cut_bytes(path, region, hdu=image["hdu"]))) as hdus:
            assert np.array_equal(hdus[0].data, FLOATS + number)


def test_no_pixels(tmp_path: Path) -> None:
    """A header alone and an axis of no length are no image; a cut file says so."""
    path = tmp_path / "a.fits"
    for shape in ((0, 5), (5, 0)):
        raw = fits.PrimaryHDU(np.zeros((5, 5), "f4"), header()).header
        raw["NAXIS1"], raw["NAXIS2"] = shape
        path.write_bytes(raw.tostring().encode())
        assert scan({"path": str(path)}, Output())["left_out"] == ["no image in it"]
    write(path, fits.PrimaryHDU(FLOATS, header()))
    whole = path.read_bytes()
    for length in (2880, 5000, len(whole) - 4000):
        path.write_bytes(whole[:length])
        found = scan({"path": str(path)}, Output())
        assert not found["images"]
        assert len(found["left_out"]) == 1


class TestReasons:
    """Images that have no place here say precisely why."""

    @staticmethod
    def reason(tmp_path: Path, *hdus: Any) -> str:
        found = scan({"path": write(tmp_path / "a.fits", *hdus)}, Output())
        assert not found["images"]
        return str(found["left_out"][0])

    def test_the_sky_on_further_axes(self, tmp_path: Path) -> None:
        cards = {"CTYPE1": "VELO", "CTYPE2": "RA---TAN", "CTYPE3": "DEC--TAN"}
        for changed in (cards, cards | {"CTYPE2": "FREQ"}):
            hdu = fits.PrimaryHDU(np.zeros((5, 6, 7), "f4"), fits.Header(changed))
            assert "first two axes" in self.reason(tmp_path, hdu)

    def test_an_unknown_frame(self, tmp_path: Path) -> None:
        hdu = fits.PrimaryHDU(FLOATS, header(RADESYS="GAPPT"))
        assert "frame is not known" in self.reason(tmp_path, hdu)

    @pytest.mark.parametrize(
        ("change", "text"),
        [
            ({"CPDIS1": "POLYNOMIAL"}, "not in a table"),
            ({"CQDIS1": "LOOKUP"}, "CQDIS"),
            ({"CPDIS1": "LOOKUP"}, "is missing"),
            ({"DP1.AXIS.1": 2.0}, "axes swapped"),
        ],
    )
    def test_distortions(
        self, tmp_path: Path, change: dict[str, Any], text: str
    ) -> None:
        hdus = tables("CPDIS") if "DP1.AXIS.1" in change else [fits.ImageHDU(FLOATS)]
        image = hdus[1] if len(hdus) > 1 else fits.PrimaryHDU(FLOATS, header())
        image.header.update(change)
        hdus = hdus if len(hdus) > 1 else [image]
        assert text in self.reason(tmp_path, *hdus)

    def test_a_table_that_is_not_there_or_too_large(self, tmp_path: Path) -> None:
        assert "is missing" in self.reason(tmp_path, *tables("CPDIS")[:3])
        hdus = tables("CPDIS")
        hdus[2].data = np.zeros((2100, 1000), "f4")
        assert "too large" in self.reason(tmp_path, *hdus)
