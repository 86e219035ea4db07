"""Values of cards, against astropy's."""

import re
from pathlib import Path

import numpy as np
import pytest
from astropy.io import fits
from astropy.wcs import WCS
from tests.backends.fits.skies import cut_bytes, pixels, tan_header, write
from tests.support.needs import SHARED

from gatewright.backends.fits.blocks import walk
from gatewright.backends.fits.files import open_image_file
from gatewright.backends.fits.header import Header, parse_header
from gatewright.backends.fits.packed import image_header
from gatewright.backends.fits.scan import scan_file
from gatewright.core.errors import InvalidContent

pytestmark = [
    pytest.mark.filterwarnings("ignore::astropy.wcs.FITSFixedWarning"),
    pytest.mark.filterwarnings("ignore::astropy.io.fits.verify.VerifyWarning"),
]


def header(*cards: str) -> Header:
    return parse_header("".join(card.ljust(80) for card in (*cards, "END")).encode())


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("1.5D+02", 150.0), ("                 1.5D-2 / arcsec", 0.015),
        ("1d3", 1000.0), ("1" * 70, int("1" * 70)),
        ("-.5E1", -5.0), ("+3.", 3.0), ("12 / twelve", 12), ("-7", -7), ("T", True),
        ("F / no", False), ("'it''s'", "it's"), ("'a/b  ' / text", "a/b"), ("''", ""),
        ("'", None), ("'open", None), ("(1.0, 2.0)", None), ("", None),
        ("/ only", None), ("one", None), ("1.2.3", None), ("0x10", None),
    ],
)  # fmt: skip
def test_values(field: str, value: object) -> None:
    found = header(f"KEYWORD = {field}")
    assert found.value("KEYWORD") == value
    assert type(found.value("KEYWORD")) is type(value)
    assert "KEYWORD" in found
    assert "OTHER" not in found


def test_comments_long_texts_and_long_names() -> None:
    found = header(
        "SEEING  =                  1.2 / [pix] width",
        "LONGTEXT= 'one two &'",
        "CONTINUE  'three''s&'",
        "CONTINUE  '' / the comment",
        "BROKEN  = 'ends &'",
        "COMMENT = 'is no value'",
        "HIERARCH ESO INS FILT1 NAME = 'R_SPECIAL' / a filter",
        "HIERARCH no value",
        "SEEING  = 9.0",
    )
    assert found.comment("SEEING") == "[pix] width"
    assert found.number("SEEING") == 1.2
    assert found.text("LONGTEXT") == "one two three's"
    assert found.comment("LONGTEXT") == "the comment"
    assert found.text("BROKEN") == "ends &"
    assert found.text("ESO INS FILT1 NAME") == "R_SPECIAL"
    assert found.comment("MISSING") == ""


def test_numbers_that_must_be_whole() -> None:
    found = header("A       = 5", "B       = 5.0", "C       = T", "D       = 1E999")
    assert found.whole("A") == 5
    assert found.whole("Z", 7) == 7
    for keyword in ("B", "C", "Z"):
        with pytest.raises(InvalidContent, match="whole number"):
            found.whole(keyword)
    assert found.number("C") is None
    assert found.number("D") is None


def real_files() -> list[Path]:
    found = [
        *(SHARED / "data/sky").rglob("*.fits"),
        *(SHARED / "collections/sky").rglob("*.fits"),
    ]
    return sorted(found)[::7]


def test_real_headers_are_read_as_astropy_reads_them() -> None:
    for path in real_files():
        with open_image_file(str(path)) as file, fits.open(path) as hdus:
            for block, hdu in zip(walk(file.stream, file.size), hdus, strict=False):
                for keyword in set(hdu.header) - {"", "COMMENT", "HISTORY"}:
                    if isinstance(hdu, fits.CompImageHDU):
                        continue
                    value = hdu.header[keyword]
                    ours = block.header.value(keyword)
                    if isinstance(value, fits.card.Undefined):
                        value = None
                    if isinstance(value, str):
                        value = value.rstrip()
                    assert ours == value, (path, keyword)


@pytest.mark.parametrize(
    "kind", ["RICE_1", "GZIP_1", "GZIP_2", "HCOMPRESS_1", "PLIO_1"]
)
def test_headers_of_compressed_images_are_as_astropy_has_them(
    tmp_path: Path, kind: str
) -> None:
    data = np.arange(64 * 48, dtype="i4").reshape(48, 64)
    made = tan_header(64, 48)
    made["FILTER"], made["BUNIT"] = "r", "adu"
    hdu = fits.CompImageHDU(data, made, compression_type=kind)
    path = write(tmp_path / "a.fits", fits.PrimaryHDU(), hdu)
    with open_image_file(path) as file:
        _, block = walk(file.stream, file.size)
    ours = image_header(block.header)
    wanted = fits.getheader(path, 1)
    assert set(ours.places) - {"XTENSION"} == set(wanted) - {"XTENSION", ""} - {
        "PCOUNT",
        "GCOUNT",
    }
    for keyword in set(wanted) & set(ours.places):
        assert ours.value(keyword) == wanted[keyword]


def test_a_table_that_holds_no_known_image_is_refused() -> None:
    for cards in (
        ["ZIMAGE  = T"],
        ["ZCMPTYPE= 'ODD'", "ZNAXIS  = 2"],
        ["ZCMPTYPE= 'RICE_1'"],
    ):
        with pytest.raises(InvalidContent, match="damaged"):
            image_header(header(*cards))


def with_d_exponents(path: Path, wanted: str) -> None:
    """Write the numbers of the WCS as E or D, as Fortran does."""
    raw = path.read_bytes()

    def card(match: re.Match[bytes]) -> bytes:
        number = f"{float(match[2]):.13E}".replace("E", wanted)
        return match[1] + number.rjust(20).encode()[:20].ljust(len(match[2]))

    raw = re.sub(rb"((?:CRVAL|CRPIX|CD\d_)\d *= )( *[-+.\dE]+ *)(?=/| )", card, raw)
    path.write_bytes(raw)


def test_exponents_of_fortran_are_exponents(tmp_path: Path) -> None:
    """An image whose WCS is written with D is where the one with E is."""
    for letter in "ED":
        write(
            tmp_path / f"{letter}.fits",
            fits.PrimaryHDU(pixels(60, 50, "f4"), tan_header(60, 50)),
        )
        with_d_exponents(tmp_path / f"{letter}.fits", letter)
    assert b"D+02" in (tmp_path / "D.fits").read_bytes()
    one, other = (scan_file(str(tmp_path / f"{n}.fits"))["images"][0] for n in "ED")
    assert {**one, "observation": ""} == {**other, "observation": ""}
    assert (one["ra"], one["dec"]) == pytest.approx((150.1, 2.2), abs=1e-3)
    cuts = [
        cut_bytes(str(tmp_path / f"{n}.fits"), "CIRCLE 150.1 2.2 0.0008") for n in "ED"
    ]
    ours = [WCS(fits.Header.fromstring(raw[:2880])) for raw in cuts]
    places = [wcs.all_world2pix(150.1, 2.2, 0) for wcs in ours]
    assert np.allclose(places[0], places[1], atol=1e-9)
    width = fits.Header.fromstring(cuts[1][:2880])["NAXIS1"]
    assert 0 < places[1][0] < width
