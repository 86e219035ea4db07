"""Cut-outs against astropy: pixels, WCS to a millionth of a pixel, form."""

import bz2
import gzip
import io
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from astropy.io import fits
from astropy.wcs import WCS
from tests.backends.fits.skies import (
    ask,
    cut_bytes,
    pixels,
    sip_header,
    tan_header,
    tpv_header,
    write,
)
from tests.support.needs import shared_data

from gatewright.backends.fits.program import cut
from gatewright.backends.fits.scan import scan_file
from gatewright.backends.readers import Output
from gatewright.core.errors import (
    Conflict,
    GatewayError,
    InvalidContent,
    NotFound,
    TooLarge,
)

pytestmark = pytest.mark.filterwarnings("ignore::astropy.wcs.FITSFixedWarning")

REGION = "CIRCLE 150.1 2.2 0.002"


def opened(data: bytes) -> Any:
    """Return a cut-out as astropy reads it, after it found nothing to complain of."""
    assert len(data) % 2880 == 0
    hdus = fits.open(io.BytesIO(data), do_not_scale_image_data=True)
    hdus.verify("exception")
    assert len(hdus) == 1
    return hdus[0]


def section(hdu: Any) -> tuple[slice, slice]:
    """Return rows and columns of the original, as the history says them."""
    history = "".join(hdu.header["HISTORY"])
    text = history[history.rindex("[") + 1 : history.rindex("]")]
    columns, rows = text.split(",")[:2]
    x0, x1 = map(int, columns.split(":"))
    y0, y1 = map(int, rows.split(":"))
    return slice(y0 - 1, y1), slice(x0 - 1, x1)


def assert_same_sky(header: fits.Header, cut_header: fits.Header, place: Any) -> None:
    """Assert that a grid of pixels has one place on the sky in both, to 1e-6 pixel."""
    rows, columns = place
    original, ours = WCS(header), WCS(cut_header)
    x, y = np.meshgrid(
        np.linspace(0, columns.stop - columns.start - 1, 7),
        np.linspace(0, rows.stop - rows.start - 1, 7),
    )
    ra, dec = ours.all_pix2world(x, y, 0)
    back_x, back_y = original.all_world2pix(ra, dec, 0, tolerance=1e-10, maxiter=60)
    assert np.abs(back_x - columns.start - x).max() < 1e-6
    assert np.abs(back_y - rows.start - y).max() < 1e-6


HEADERS: list[Callable[[int, int], fits.Header]] = [
    tan_header,
    lambda w, h: tan_header(w, h, turn=1.1, flip=True),
    sip_header,
    tpv_header,
]


@pytest.mark.parametrize("make", HEADERS)
def test_wcs_and_pixels(tmp_path: Path, make: Callable[[int, int], Any]) -> None:
    data = pixels(200, 160, "f4")
    header = make(200, 160)
    path = write(tmp_path / "a.fits", fits.PrimaryHDU(data, header))
    for region in (
        REGION,
        "RANGE 150.0985 150.1010 2.1991 2.2003",
        "POLYGON 150.099 2.1995 150.101 2.1992 150.1 2.2015",
    ):
        hdu = opened(cut_bytes(path, region))
        place = section(hdu)
        assert np.array_equal(hdu.data, data[place])
        assert 2 < hdu.data.shape[0] < 160
        assert_same_sky(fits.getheader(path), hdu.header, place)


@pytest.mark.parametrize("kind", ["u1", "i2", "i4", "i8", "f4", "f8", "u2"])
def test_every_type_of_pixel(tmp_path: Path, kind: str) -> None:
    data = pixels(90, 70, kind)
    path = write(tmp_path / "a.fits", fits.PrimaryHDU(data, tan_header(90, 70)))
    raw = cut_bytes(path, REGION)
    place = section(opened(raw))
    whole = fits.getheader(path)
    with fits.open(io.BytesIO(raw)) as scaled:
        assert np.array_equal(scaled[0].data, data[place])
    for key in ("BITPIX", "BZERO", "BSCALE"):
        assert opened(raw).header.get(key) == whole.get(key)


def test_the_box_is_the_smallest_with_all_pixels_of_the_circle(tmp_path: Path) -> None:
    header = tan_header(200, 200)
    path = write(tmp_path / "a.fits", fits.PrimaryHDU(pixels(200, 200, "f4"), header))
    radius = 30.2 * 0.26 / 3600
    rows, columns = section(opened(cut_bytes(path, f"CIRCLE 150.1 2.2 {radius}")))
    middle = np.array(WCS(header).all_world2pix([[150.1, 2.2]], 0)[0])
    for part, place in ((columns, middle[0]), (rows, middle[1])):
        assert part.start == np.floor(place - 30.2 + 0.5)
        assert part.stop == np.floor(place + 30.2 + 0.5) + 1


def test_clipped_at_the_border(tmp_path: Path) -> None:
    data = pixels(100, 80, "f4")
    path = write(tmp_path / "a.fits", fits.PrimaryHDU(data, tan_header(100, 80)))
    for region in ("CIRCLE 150.1 2.2 1", "CIRCLE 150.1 2.2 179", "RANGE 0 360 -90 90"):
        hdu = opened(cut_bytes(path, region))
        assert np.array_equal(hdu.data, data)
        assert section(hdu) == (slice(0, 80), slice(0, 100))
    corner = WCS(tan_header(100, 80)).all_pix2world([[0, 0]], 0)[0]
    hdu = opened(cut_bytes(path, f"CIRCLE {corner[0]} {corner[1]} 0.0005"))
    rows, columns = section(hdu)
    assert (rows.start, columns.start) == (0, 0)
    assert rows.stop in {7, 8}


def test_a_large_box_over_a_part_of_the_image(tmp_path: Path) -> None:
    data = pixels(300, 300, "f4")
    header = tan_header(300, 300)
    path = write(tmp_path / "a.fits", fits.PrimaryHDU(data, header))
    hdu = opened(cut_bytes(path, "RANGE 0 360 2.2 90"))
    rows, columns = section(hdu)
    assert (columns.start, columns.stop, rows.stop) == (0, 300, 300)
    middle = WCS(header).all_world2pix([[150.1, 2.2]], 0)[0][1]
    assert rows.start == pytest.approx(middle, abs=2)


def test_no_pixel_in_the_region(tmp_path: Path) -> None:
    data = pixels(50, 50, "f4")
    path = write(tmp_path / "a.fits", fits.PrimaryHDU(data, tan_header(50, 50)))
    for region in (
        "CIRCLE 151 2.2 0.1", "CIRCLE 10 -60 1", "RANGE 0 360 -90 -80",
        "CIRCLE 330 -2 20",
    ):  # fmt: skip
        with pytest.raises(NotFound):
            cut_bytes(path, region)


def test_what_the_primary_header_says_comes_along(tmp_path: Path) -> None:
    primary = fits.PrimaryHDU()
    primary.header["TELESCOP"] = "Blanco"
    primary.header["RADESYS"] = "FK5"
    primary.header["EXPTIME"] = 30.0
    primary.header["HIERARCH long keyword"] = 5
    image = fits.ImageHDU(pixels(60, 60, "i2"), tan_header(60, 60), name="S4")
    image.header["EXPTIME"] = 31.0
    image.header["LTV1"], image.header["LTV2"] = -1.0, 2.5
    image.header["DATASEC"] = "[1:60,1:60]"
    image.header["CRPIX1A"], image.header["CTYPE1A"] = 4, "LINEAR"
    image.header["CTYPE2A"] = "LINEAR"
    path = write(tmp_path / "a.fits", primary, image)
    hdu = opened(cut_bytes(path, REGION, hdu=1))
    rows, columns = section(hdu)
    assert hdu.header["EXTNAME"] == "S4"
    assert hdu.header["TELESCOP"] == "Blanco"
    assert hdu.header["EXPTIME"] == 31.0
    assert hdu.header["LONG KEYWORD"] == 5
    assert hdu.header["RADESYS"] == image.header["RADESYS"]
    assert hdu.header["LTV1"] == -1.0 - columns.start
    assert hdu.header["LTV2"] == 2.5 - rows.start
    assert hdu.header["CRPIX1A"] == 4 - columns.start
    assert hdu.header["CRPIX2A"] == -rows.start
    assert "DATASEC" not in hdu.header
    assert "XTENSION" not in hdu.header
    assert "a.fits[1]" in "".join(hdu.header["HISTORY"])


def test_long_cards_of_the_primary_header_come_along_whole(tmp_path: Path) -> None:
    primary = fits.PrimaryHDU()
    primary.header["LONGTEXT"] = "night " * 30 + "end"
    primary.header["EXTNAME"] = "not shared " * 12
    primary.header["HIERARCH ESO TEL NAME"] = "VST"
    primary.header["HIERARCH ESO DET ID"] = "of the file"
    image = fits.ImageHDU(pixels(60, 60, "i2"), tan_header(60, 60), name="S4")
    image.header["HIERARCH ESO DET ID"] = "of the chip"
    path = write(tmp_path / "a.fits", primary, image)
    hdu = opened(cut_bytes(path, REGION, hdu=1))
    assert hdu.header["LONGTEXT"] == primary.header["LONGTEXT"]
    assert hdu.header["EXTNAME"] == "S4"
    assert hdu.header["ESO TEL NAME"] == "VST"
    assert hdu.header["ESO DET ID"] == "of the chip"
    assert list(hdu.header).count("ESO DET ID") == 1


@pytest.mark.parametrize("ending", [".gz", ".bz2"])
def test_a_packed_file_that_is_damaged(tmp_path: Path, ending: str) -> None:
    """Cut off, or with other bytes in the middle."""
    plain = tmp_path / "a.fits"
    write(plain, fits.PrimaryHDU(pixels(800, 600, "f4"), tan_header(800, 600)))
    pack = gzip.compress if ending == ".gz" else bz2.compress
    whole = pack(plain.read_bytes())
    half = len(whole) // 2
    other = whole[:half] + bytes(64) + whole[half + 64 :]
    for number, data in enumerate((whole[:half], other)):
        packed = tmp_path / f"{number}.fits{ending}"
        packed.write_bytes(data)
        scan_file(str(packed))
        with pytest.raises(InvalidContent, match="unpacked"):
            cut_bytes(str(packed), "CIRCLE 150.1 2.2 1")


@pytest.mark.parametrize("ending", [".gz", ".bz2"])
def test_packed_files(tmp_path: Path, ending: str) -> None:
    data = pixels(80, 60, "f4")
    plain = tmp_path / "a.fits"
    write(plain, fits.PrimaryHDU(data, tan_header(80, 60)))
    pack = gzip.compress if ending == ".gz" else bz2.compress
    packed = tmp_path / f"a.fits{ending}"
    packed.write_bytes(pack(plain.read_bytes()))
    for region in (REGION, "CIRCLE 150.1 2.2 1"):
        ours, same = cut_bytes(str(packed), region), cut_bytes(str(plain), region)
        assert np.array_equal(opened(ours).data, opened(same).data)


@pytest.mark.parametrize(
    ("kind", "method"), [("i2", "RICE_1"), ("f4", "GZIP_2"), ("u2", "RICE_1")]
)
def test_tile_compressed(tmp_path: Path, kind: str, method: str) -> None:
    data = pixels(120, 100, kind)
    compressed = fits.CompImageHDU(
        data, tan_header(120, 100), compression_type=method, tile_shape=(32, 32),
        quantize_level=0,
    )  # fmt: skip
    path = write(tmp_path / "a.fits.fz", fits.PrimaryHDU(), compressed)
    raw = cut_bytes(path, REGION, hdu=1)
    place = section(opened(raw))
    with fits.open(io.BytesIO(raw)) as scaled:
        assert np.array_equal(scaled[0].data, data[place])
    assert_same_sky(tan_header(120, 100), opened(raw).header, place)


def test_a_large_answer_goes_to_a_file(tmp_path: Path) -> None:
    data = pixels(300, 300, "f8")
    path = write(tmp_path / "a.fits", fits.PrimaryHDU(data, tan_header(300, 300)))
    asked = ask(path, "CIRCLE 150.1 2.2 1")
    small = Output(window=memoryview(bytearray(10_000)))
    told = cut(asked, small)
    assert told["size"] > 10_000
    assert small.length == 0
    large = Output(window=memoryview(bytearray(1 << 20)))
    cut(asked, large)
    assert bytes(large.window[: large.length]) == cut_bytes(path, "CIRCLE 150.1 2.2 1")
    with (tmp_path / "out").open("w+b") as file:
        assert cut(asked, Output(file=file)) == told
    written = (tmp_path / "out").read_bytes()
    assert len(written) == told["size"]
    assert np.array_equal(opened(written).data, data)


def test_too_large(tmp_path: Path) -> None:
    data = pixels(300, 300, "f8")
    path = write(tmp_path / "a.fits", fits.PrimaryHDU(data, tan_header(300, 300)))
    with pytest.raises(TooLarge, match="72") as caught:
        cut_bytes(path, "CIRCLE 150.1 2.2 1", maximum=100_000)
    assert caught.value.details["estimate_bytes"] == len(
        cut_bytes(path, "CIRCLE 150.1 2.2 1")
    )


def test_a_changed_or_missing_file(tmp_path: Path) -> None:
    path = write(
        tmp_path / "a.fits", fits.PrimaryHDU(pixels(9, 9, "i2"), tan_header(9, 9))
    )
    with pytest.raises(Conflict):
        cut_bytes(path, REGION, identity="1-2-3-4")
    with pytest.raises(NotFound):
        cut_bytes(path + "x", REGION)
    with pytest.raises(NotFound):
        cut_bytes(path + "\0", REGION)


def test_a_file_that_was_cut_off(tmp_path: Path) -> None:
    path = tmp_path / "a.fits"
    write(path, fits.PrimaryHDU(pixels(90, 90, "f4"), tan_header(90, 90)))
    path.write_bytes(path.read_bytes()[:-20_000])
    with pytest.raises(InvalidContent):
        cut_bytes(str(path), "CIRCLE 150.1 2.2 1")


@pytest.mark.parametrize(
    ("keyword", "value"),
    [
        ("CRPIX1", "middle"),
        ("CPDIS1", "LOOKUP"),
        ("BSCALE", "one"),
        ("CRPIX1A", "middle"),
        ("LTV1", "NaN"),
        ("LTV2", "1e99"),
    ],
)
def test_headers_that_cannot_be_cut(tmp_path: Path, keyword: str, value: str) -> None:
    header = tan_header(50, 50)
    path = tmp_path / "a.fits"
    write(path, fits.PrimaryHDU(pixels(50, 50, "i2"), header))
    with fits.open(path, "update") as hdus:
        hdus[0].header[keyword] = value
    with pytest.raises(GatewayError):
        cut_bytes(str(path), REGION)


def test_a_comment_that_is_not_ascii(tmp_path: Path) -> None:
    path = tmp_path / "a.fits"
    header = tan_header(90, 90)
    header.comments["CRPIX1"] = "in pixels xx"
    write(path, fits.PrimaryHDU(pixels(90, 90, "f4"), header))
    path.write_bytes(path.read_bytes().replace(b"pixels xx", b"pixels \xb1\xb5"))
    data = cut_bytes(str(path), REGION)
    hdu = opened(data)
    moved = header["CRPIX1"] - section(hdu)[1].start
    assert hdu.header["CRPIX1"] == pytest.approx(moved, abs=1e-9)
    assert hdu.header.comments["CRPIX1"] == "in pixels ??"
    assert np.array_equal(hdu.data, pixels(90, 90, "f4")[section(hdu)])


def test_degenerate_axes_stay(tmp_path: Path) -> None:
    data = pixels(64, 64, "f4")[None, None]
    header = tan_header(64, 64)
    path = write(tmp_path / "a.fits", fits.PrimaryHDU(data, header))
    hdu = opened(cut_bytes(path, REGION))
    assert hdu.data.shape[:2] == (1, 1)
    assert np.array_equal(hdu.data[0, 0], data[0, 0][section(hdu)])


class TestRealFiles:
    """The archives of DECam, a plate of 1951, and SDSS."""

    TRANSIENT = "CIRCLE 318.1083333 -66.0155556 0.002"

    def test_decam(self) -> None:
        for path in sorted(shared_data("sky", "decam_mini").glob("*.fits")):
            hdu = opened(cut_bytes(str(path), self.TRANSIENT))
            place = section(hdu)
            with fits.open(path) as whole:
                assert np.array_equal(hdu.data, whole[0].data[place])
                assert_same_sky(whole[0].header, hdu.header, place)

    def test_legacypipe(self) -> None:
        folder = shared_data("sky", "legacypipe_decam", "testcase6")
        for path in sorted(folder.glob("*.fits")):
            hdu = opened(cut_bytes(str(path), "CIRCLE 110.312 23.92 0.002", hdu=1))
            place = section(hdu)
            with fits.open(path) as whole:
                assert np.array_equal(hdu.data, whole[1].data[place])
                assert_same_sky(whole[1].header, hdu.header, place)
                assert hdu.header["DATE-OBS"] == whole[0].header["DATE-OBS"]

    def test_a_plate(self) -> None:
        path = shared_data("sky", "single", "M6707HH.fits")
        hdu = opened(cut_bytes(str(path), "CIRCLE 132.84 11.81 0.05"))
        place = section(hdu)
        with fits.open(path) as whole:
            assert np.array_equal(hdu.data, whole[0].data[place])
            assert_same_sky(whole[0].header, hdu.header, place)

    def test_packed_sdss(self) -> None:
        path = shared_data("sky", "sdss_gri", "reprojected_sdss_r.fits.bz2")
        hdu = opened(cut_bytes(str(path), "CIRCLE 313.17 -5.69 0.02"))
        place = section(hdu)
        with fits.open(path) as whole:
            assert np.array_equal(hdu.data, whole[0].data[place], equal_nan=True)
            assert_same_sky(whole[0].header, hdu.header, place)
