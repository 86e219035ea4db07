"""What is found in files, and that damaged ones end as a reason."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from astropy.coordinates import SkyCoord
from astropy.io import fits
from astropy.wcs import WCS
from tests.backends.fits.skies import (
    ask,
    pixels,
    sip_header,
    tan_header,
    tpv_header,
    write,
)
from tests.support.needs import shared_data

from gatewright.backends.fits.program import cut, scan
from gatewright.backends.readers import Output
from gatewright.core.errors import GatewayError
from gatewright.domains.sky.geometry import (
    edge_distances,
    polygon_vectors,
    unit_vectors,
)

pytestmark = pytest.mark.filterwarnings("ignore::astropy.wcs.FITSFixedWarning")


def scanned(path: str | Path) -> dict[str, Any]:
    return scan({"path": str(path)}, Output())


def only(path: str | Path) -> dict[str, Any]:
    found = scanned(path)
    assert not found["left_out"]
    (image,) = found["images"]
    return dict(image)


def test_the_outline_of_an_image(tmp_path: Path) -> None:
    header = tpv_header(400, 300)
    path = write(tmp_path / "a.fits", fits.PrimaryHDU(pixels(400, 300, "i2"), header))
    image = only(path)
    corners = WCS(fits.getheader(path)).calc_footprint(center=False)
    ours = np.array(image["polygon"])
    assert len(ours) == 8
    near = np.abs(ours[:, None] - corners[None]).max(axis=2).min(axis=0)
    assert near.max() < 1e-9
    assert image["scale"] == pytest.approx(0.26, rel=0.01)
    diagonal = np.hypot(400, 300) * 0.26 / 3600
    assert image["fov"] == pytest.approx(diagonal, rel=0.01)
    assert (image["width"], image["height"]) == (400, 300)


@pytest.mark.parametrize("sky", ["CAR", "SIP"])
def test_a_bent_outline_is_true_to_a_part_of_a_pixel(tmp_path: Path, sky: str) -> None:
    """Parallels, and sides that a distortion bends, are no great circles."""
    header = tan_header(800, 300)
    if sky == "CAR":
        header["CTYPE1"], header["CTYPE2"] = "RA---CAR", "DEC--CAR"
        header["CD1_1"], header["CD2_2"] = -20 / 3600, 20 / 3600
        header["CRVAL2"], header["CRPIX2"] = 0.0, -60 * 180.0
    else:
        header = sip_header(800, 300)
        header["A_0_2"], header["B_2_0"] = 2e-4, 1e-4
    data = np.zeros((300, 800), "u1")
    image = only(write(tmp_path / "a.fits", fits.PrimaryHDU(data, header)))
    outline = polygon_vectors(image["polygon"])
    assert 8 < len(outline) <= 64
    step = np.arange(0.0, 801.0, 7.0)
    side = np.clip(step * 300 / 800, 0, 300)
    x = np.concatenate([step, step, 0 * step, 0 * step + 800]) - 0.5
    y = np.concatenate([0 * step, 0 * step + 300, side, side]) - 0.5
    rim = unit_vectors(*WCS(header).all_pix2world(x, y, 0))
    many = np.broadcast_to(outline, (len(rim), *outline.shape))
    distances, _ = edge_distances(rim, many)
    off = np.degrees(distances.min(axis=1)) * 3600 / image["scale"]
    assert off.max() < 0.15


@pytest.mark.parametrize(
    ("system", "frame"), [("FK4", "fk4"), ("FK5", "fk5"), (None, "galactic")]
)
def test_other_frames_become_icrs(
    tmp_path: Path, system: str | None, frame: str
) -> None:
    header = tan_header(50, 50)
    if system is None:
        header["CTYPE1"], header["CTYPE2"] = "GLON-TAN", "GLAT-TAN"
        header.remove("RADESYS", ignore_missing=True)
    else:
        header["RADESYS"] = system
        header["EQUINOX"] = 1950.0 if system == "FK4" else 2000.0
    path = write(tmp_path / "a.fits", fits.PrimaryHDU(pixels(50, 50, "i2"), header))
    image = only(path)
    lon, lat = WCS(header).all_pix2world(24.5, 24.5, 0)
    more = {"equinox": "B1950"} if frame == "fk4" else {}
    wanted = SkyCoord(lon, lat, unit="deg", frame=frame, **more).icrs
    place = SkyCoord(image["ra"], image["dec"], unit="deg")
    assert place.separation(wanted).arcsec < 1e-3
    region = f"CIRCLE {image['ra']} {image['dec']} 0.0005"
    data = cut(ask(path, region), Output())["data"]
    shape = fits.HDUList.fromstring(data)[0].shape
    assert abs(shape[0] - 14.8) < 2


def test_a_mosaic_has_many_images(tmp_path: Path) -> None:
    primary = fits.PrimaryHDU()
    primary.header["MJD-OBS"], primary.header["EXPTIME"] = 58000.0, 43.2
    primary.header["FILTER"], primary.header["INSTRUME"] = "r", "MOSAIC"
    chips = [
        fits.ImageHDU(pixels(40, 30, "f4"), tan_header(40, 30), name=f"CCD{n}")
        for n in range(4)
    ]
    chips[2].header["CRVAL1"] = 20.0
    table = fits.BinTableHDU.from_columns(
        [fits.Column("x", "J", array=np.arange(4))], name="CAT"
    )
    packed = fits.CompImageHDU(
        pixels(64, 64, "i2"), tan_header(64, 64), compression_type="RICE_1"
    )
    cube = fits.ImageHDU(np.zeros((3, 8, 8), "f4"), tan_header(8, 8))
    path = write(tmp_path / "m.fits", primary, *chips, table, packed, cube)
    found = scanned(path)
    assert [image["hdu"] for image in found["images"]] == [1, 2, 3, 4, 6, 7]
    assert found["images"][2]["ra"] == pytest.approx(20.0, abs=0.01)
    for image in found["images"]:
        assert (image["t_min"], image["t_max"]) == (58000.0, 58000.0005)
        assert (image["band"], image["instrument"]) == ("r", "MOSAIC")
    assert found["images"][4]["width"] == 64


@pytest.mark.parametrize(
    ("name", "cards", "kind"),
    [
        ("c4d_1_oow_r.fits", {}, "weight"),
        ("c4d_1_ood_r.fits", {}, "mask"),
        ("c4d_1_ooi_r.fits", {"OBSTYPE": "object"}, "science"),
        ("x.weight.fits", {}, "weight"),
        ("overwhelming.fits", {}, "science"),
        ("a.fits", {"EXTNAME": "DQ"}, "mask"),
        ("a.fits", {"PRODTYPE": "wtmap"}, "weight"),
        ("a.fits", {"OBSTYPE": "dome flat"}, "calibration"),
        ("a.fits", {"IMAGETYP": "Bias Frame"}, "calibration"),
    ],
)
def test_kinds(tmp_path: Path, name: str, cards: dict[str, str], kind: str) -> None:
    header = tan_header(9, 9)
    header.update(cards)
    path = write(tmp_path / name, fits.PrimaryHDU(pixels(9, 9, "i2"), header))
    assert only(path)["kind"] == kind


@pytest.mark.parametrize(
    ("cards", "wanted"),
    [
        ({}, (None, None, None)),
        (
            {"DATE-OBS": "2018-01-01T12:00:00", "EXPTIME": 8640.0},
            (58119.5, 58119.6, 8640.0),
        ),
        ({"DATE-OBS": "2018-01-01", "EXPTIME": "30.0"}, (58119.0, 58120.0, 30.0)),
        ({"DATE-OBS": "2018-01-01", "UT": "12:00:00"}, (58119.5, 58119.5, None)),
        ({"DATE-OBS": "01/01/98"}, (50814.0, 50815.0, None)),
        ({"MJD-OBS": 58119.5, "MJD-END": 58119.75}, (58119.5, 58119.75, None)),
        ({"MJD-OBS": 58119.5, "DATE-END": "2018-01-02"}, (58119.5, 58120.0, None)),
        ({"MJD-OBS": 58119.5, "MJD-END": 5.0}, (58119.5, 58119.5, None)),
        ({"MJD-OBS": 1e9}, (None, None, None)),
        ({"DATE-OBS": "unknown", "EXPTIME": -1.0}, (None, None, None)),
        ({"EXPTIME": True}, (None, None, None)),
    ],
)  # fmt: skip
def test_times(tmp_path: Path, cards: dict[str, Any], wanted: tuple[Any, ...]) -> None:
    header = tan_header(9, 9)
    for key, value in cards.items():
        header[key] = value
    path = write(tmp_path / "a.fits", fits.PrimaryHDU(pixels(9, 9, "i2"), header))
    image = only(path)
    times = (image["t_min"], image["t_max"], image["exposure"])
    for time_found, time_wanted in zip(times, wanted, strict=True):
        assert time_found == (
            None if time_wanted is None else pytest.approx(time_wanted, abs=1e-9)
        )


def test_seeing_and_depth(tmp_path: Path) -> None:
    header = tan_header(9, 9)
    header["SEEING"], header["MAGLIM"] = 1.3, 22.5
    path = write(tmp_path / "a.fits", fits.PrimaryHDU(pixels(9, 9, "i2"), header))
    assert (only(path)["seeing"], only(path)["depth"]) == (1.3, 22.5)
    del header["SEEING"]
    header["FWHM"] = (4.0, "Median FWHM in pixels")
    path = write(tmp_path / "b.fits", fits.PrimaryHDU(pixels(9, 9, "i2"), header))
    assert only(path)["seeing"] == pytest.approx(1.04, rel=0.01)
    header["FWHM"] = (4.0, "who knows")
    path = write(tmp_path / "c.fits", fits.PrimaryHDU(pixels(9, 9, "i2"), header))
    assert only(path)["seeing"] is None


def test_images_left_out(tmp_path: Path) -> None:
    plain = write(tmp_path / "a.fits", fits.PrimaryHDU(pixels(9, 9, "i2")))
    assert scanned(plain)["left_out"] == ["HDU 0: no celestial WCS"]
    empty = write(tmp_path / "b.fits", fits.PrimaryHDU())
    assert scanned(empty)["left_out"] == ["no image in it"]
    (tmp_path / "c.fits").write_bytes(b"hello")
    assert scanned(tmp_path / "c.fits")["left_out"] == ["not a FITS file"]
    (tmp_path / "d.fits.bz2").write_bytes(b"BZh91AY&SYxxxxxxxxxxxxxxx")
    assert scanned(tmp_path / "d.fits.bz2")["left_out"] == ["it cannot be unpacked"]
    header = tan_header(9, 9)
    header["CD1_1"] = header["CD1_2"] = 0.0
    bad = write(tmp_path / "e.fits", fits.PrimaryHDU(pixels(9, 9, "i2"), header))
    assert scanned(bad)["left_out"]


def test_damaged_files_end_as_a_reason_or_an_error(tmp_path: Path) -> None:
    """Bytes changed at random: every answer is of the tree of errors."""
    random = np.random.default_rng(3)
    good = tmp_path / "good.fits"
    primary = fits.PrimaryHDU(pixels(40, 30, "f4"), tpv_header(40, 30))
    packed = fits.CompImageHDU(
        pixels(32, 32, "i2"), tan_header(32, 32), compression_type="RICE_1"
    )
    write(good, primary, packed)
    original = good.read_bytes()
    for number in range(120):
        data = bytearray(original)
        for place in random.integers(0, len(data), random.integers(1, 30)):
            data[place] = random.integers(0, 256)
        for place in random.integers(0, 2880, random.integers(0, 6)):
            data[place] = random.choice(list(b"0123456789-+.ETF' ="))
        if number % 5 == 0:
            del data[random.integers(1, len(data)) :]
        path = tmp_path / "mutant.fits"
        path.write_bytes(bytes(data))
        found = scanned(path)
        for image in found["images"]:
            region = f"CIRCLE {image['ra']} {image['dec']} 0.001"
            for form in ("fits", "png"):
                asked = ask(str(path), region, hdu=image["hdu"], format=form)
                asked["identity"] = found["identity"]
                try:
                    cut(asked, Output())
                except GatewayError as error:
                    assert error.status < 500  # noqa: PT017  # any of several errors


def card(text: str) -> bytes:
    return text.ljust(80).encode()


@pytest.mark.parametrize(
    "lines",
    [
        [
            "BITPIX  = 16",
            "NAXIS   = 2",
            "NAXIS1  = 99999999999",
            "NAXIS2  = 9999999999",
        ],
        ["BITPIX  = 16", "NAXIS   = 999"],
        ["BITPIX  = 16", "NAXIS   = -1"],
        ["BITPIX  = 17", "NAXIS   = 0"],
        ["BITPIX  = x", "NAXIS   = 0"],
        ["BITPIX  = 16", "NAXIS   = 1", "NAXIS1  = -5"],
        ["BITPIX  = 16", "NAXIS   = 1", "NAXIS1  = 99999999999999999999999999"],
        ["BITPIX  = 16", "NAXIS   = 1", "NAXIS1  = 1", "PCOUNT  = -99999"],
        ["NAXIS   = 0"],
        [],
    ],
)
def test_impossible_sizes(tmp_path: Path, lines: list[str]) -> None:
    cards = [card("SIMPLE  =                    T"), *map(card, lines), card("END")]
    data = b"".join(cards).ljust(2880)
    path = tmp_path / "a.fits"
    path.write_bytes(data)
    found = scanned(path)
    assert not found["images"]
    assert len(found["left_out"]) == 1


def test_a_header_without_an_end(tmp_path: Path) -> None:
    path = tmp_path / "a.fits"
    path.write_bytes(card("SIMPLE  =                    T") * 400)
    assert scanned(path)["left_out"] == ["a header without an end"]
    path.write_bytes(card("SIMPLE  =                    T") * 36 * 1100)
    assert scanned(path)["left_out"] == ["a header without an end"]


def test_bytes_after_the_last_hdu_are_not_an_hdu(tmp_path: Path) -> None:
    path = tmp_path / "a.fits"
    write(path, fits.PrimaryHDU(pixels(9, 9, "i2"), tan_header(9, 9)))
    path.write_bytes(path.read_bytes() + b"\0" * 5000)
    assert only(path)["hdu"] == 0


def test_random_groups_are_passed_over(tmp_path: Path) -> None:
    lines = [
        "SIMPLE  = T", "BITPIX  = -32", "NAXIS   = 2", "NAXIS1  = 0", "NAXIS2  = 3",
        "GROUPS  = T", "PCOUNT  = 2", "GCOUNT  = 4", "END",
    ]  # fmt: skip
    path = tmp_path / "a.fits"
    header = b"".join(map(card, lines)).replace(b"SIMPLE  = T", b"SIMPLE  = T")
    path.write_bytes(header.ljust(2880) + bytes(2880))
    assert scanned(path)["left_out"] == ["no image in it"]


def test_a_compressed_cube_and_a_damaged_header(tmp_path: Path) -> None:
    cube = fits.CompImageHDU(
        np.zeros((3, 32, 32), "i2"), tan_header(32, 32), compression_type="GZIP_1"
    )
    line = fits.CompImageHDU(np.zeros(64, "i2"), compression_type="GZIP_1")
    path = tmp_path / "a.fits"
    write(path, fits.PrimaryHDU(), cube, line)
    found = scanned(path)
    assert [image["planes"] for image in found["images"]] == [3]
    assert found["left_out"] == ["HDU 2: no plane of pixels"]
    write(path, fits.PrimaryHDU(pixels(9, 9, "i2"), tan_header(9, 9)))
    data = path.read_bytes()
    place = data.index(b"CRVAL1")
    path.write_bytes(data[: place + 10] + b"'x" + data[place + 12 :])
    assert scanned(path)["left_out"] == ["HDU 0: CRVAL1 is not a number"]
    path.write_bytes(data[: place + 10] + b"(1;2" + data[place + 14 :])
    assert scanned(path)["left_out"] == ["HDU 0: CRVAL1 is not a number"]


def test_an_image_that_is_not_there(tmp_path: Path) -> None:
    path = write(
        tmp_path / "a.fits", fits.PrimaryHDU(pixels(9, 9, "i2"), tan_header(9, 9))
    )
    with pytest.raises(GatewayError, match="no such image"):
        cut(ask(path, "CIRCLE 150.1 2.2 1", hdu=7), Output())


class TestRealFiles:
    """Known answers of the shared archives."""

    def test_decam(self) -> None:
        for path in shared_data("sky", "decam_mini").glob("*.fits"):
            image = only(path)
            assert image["band"] == "i"
            assert image["t_min"] == pytest.approx(58334.39133794)
            assert image["exposure"] == 330.0
            assert 0.9 < image["seeing"] < 1.6

    def test_legacypipe(self) -> None:
        folder = shared_data("sky", "legacypipe_decam", "testcase6")
        found = {path.name[4:17]: only(path) for path in folder.glob("*ooi*.fits")}
        assert {name: image["band"] for name, image in found.items()} == {
            "150110_053718": "z", "171113_061941": "r", "181104_072440": "g",
            "181214_050844": "g", "181215_045000": "z", "181215_051332": "r",
        }  # fmt: skip
        times = [int(image["t_min"]) for _, image in sorted(found.items())]
        assert times == [57032, 58070, 58426, 58466, 58467, 58467]
        kinds = [only(path)["kind"] for path in sorted(folder.glob("*.fits"))]
        assert kinds == ["mask", "science", "weight"] * 6

    def test_a_plate_of_1951(self) -> None:
        image = only(shared_data("sky", "single", "M6707HH.fits"))
        assert image["t_min"] == pytest.approx(33979.50486, abs=1e-4)
        assert image["exposure"] == 3000.0
        assert image["target"] == "M67"
        assert (image["ra"], image["dec"]) == pytest.approx((132.834, 11.812), abs=0.01)

    def test_no_celestial_wcs(self) -> None:
        found = scanned(shared_data("sky", "single", "sep_image.fits"))
        assert found["left_out"] == ["HDU 0: no celestial WCS"]
