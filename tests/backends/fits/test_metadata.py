"""Filters, seeing and text that headers tell, of one wheel or several."""

from pathlib import Path
from typing import Any

import pytest
from astropy.io import fits
from tests.backends.fits.skies import pixels, tan_header, write

from gatewright.backends.fits.scan import scan_file
from gatewright.domains.sky import SurveyRules


def told(path: Path, cards: dict[str, Any], **rules: Any) -> dict[str, Any]:
    header = tan_header(9, 9)
    for keyword, value in cards.items():
        header[keyword] = value
    image = fits.PrimaryHDU(pixels(9, 9, "i2"), header)
    (found,) = scan_file(write(path, image), SurveyRules(**rules))["images"]
    return dict(found)


@pytest.mark.parametrize(
    ("cards", "name", "band"),
    [
        (
            {"FILTER1": "CLEAR1L", "FILTER2": "F814W", "TELESCOP": "HST"},
            "F814W", "F814W",
        ),
        ({"FILTER1": "Open", "FILTER2": "V_Bes"}, "V_Bes", "V"),
        ({"FILTER": "Clear", "FILTER1": "air", "FILTER2": "rp"}, "rp", "r"),
        ({"FILTER": "rp", "FILTER1": "air", "FILTER2": "ip"}, "rp", "r"),
        (
            {"FILTER": "F150W2", "PUPIL": "F164N", "TELESCOP": "JWST"},
            "F150W2+F164N", "F164N",
        ),
        ({"FILTER": "CLEAR", "PUPIL": "F200W", "TELESCOP": "JWST"}, "F200W", "F200W"),
        ({"FILTER1": "RG610", "FILTER2": "r_G0303"}, "RG610+r_G0303", None),
        ({"FILTER1": "Open", "FILTER2": "CLEAR"}, "Open", "clear"),
        ({"HIERARCH ESO INS FILT1 NAME": "R_SPECIAL"}, "R_SPECIAL", "R"),
        ({"FILTER": "c", "TELESCOP": "ATLAS"}, "c", "cyan"),
        ({"FILTER": "c"}, "c", None),
        ({"BAND": "g"}, "g", "g"),
        ({"BAND": (1, "WISE band")}, "W1", "W1"),
        ({"BAND": 1}, None, None),
        ({"BAND": (9, "WISE band")}, None, None),
        ({"FILTER": True}, "True", None),
        ({"FILTER": " "}, None, None),
        ({}, None, None),
    ],
)  # fmt: skip
def test_filters(
    tmp_path: Path, cards: dict[str, Any], name: str | None, band: str | None
) -> None:
    image = told(tmp_path / "a.fits", cards)
    assert (image["filter"], image["band"]) == (name, band)
    assert (image["em_min"] is None) == (band is None)


def test_a_setting_can_say_that_a_filter_is_none(tmp_path: Path) -> None:
    image = told(tmp_path / "a.fits", {"FILTER": "r"}, filters={"r": ""})
    assert (image["filter"], image["band"], image["em_min"]) == ("r", None, None)


def test_levels_and_kinds_of_a_setting(tmp_path: Path) -> None:
    assert told(tmp_path / "a.fits", {}, calib_level=1)["calib_level"] == 1
    weight = told(tmp_path / "a.fits", {}, calib_level=1, kinds={"a.*": "weight"})
    assert (weight["kind"], weight["calib_level"]) == ("weight", 2)
    assert told(tmp_path / "a.fits", {"NCOMBINE": 5})["calib_level"] == 3


@pytest.mark.parametrize(
    ("cards", "seeing"),
    [
        ({"SEEING": "1.1D+00"}, 1.1),
        ({"SEEING": (5.0, "[pix] width")}, 1.3),
        ({"SEEING": "unknown", "FWHM": (0.9, "arcsec")}, 0.9),
        ({"SEEING": -1.0}, None),
        ({"SEEING": "nan"}, None),
    ],
)
def test_seeing(tmp_path: Path, cards: dict[str, Any], seeing: float | None) -> None:
    found = told(tmp_path / "a.fits", cards)["seeing"]
    assert found == (seeing if seeing is None else pytest.approx(seeing, rel=0.01))


def test_seeing_of_coadds_of_wise(tmp_path: Path) -> None:
    """Their headers do not say it; the telescope is in space."""
    name = "e000_unwise-1866p257-w{}-img-m.fits"
    for band, seeing in ((1, 6.1), (4, 12.0)):
        assert told(tmp_path / name.format(band), {})["seeing"] == seeing
    assert told(tmp_path / name.format(2), {"SEEING": 7.0})["seeing"] == 7.0
    assert told(tmp_path / "other-w1-img-m.fits", {})["seeing"] is None
