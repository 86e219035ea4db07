"""Times of telescopes' headers, against astropy's conversions."""

from pathlib import Path
from typing import Any

import pytest
from astropy.io import fits
from astropy.time import Time
from tests.backends.fits.skies import pixels, tan_header, write
from tests.support.needs import shared_data

from gatewright.backends.fits.scan import scan_file
from gatewright.domains.sky import SurveyRules


def mjd(text: str, scale: str = "utc") -> float:
    return float(Time(text, scale=scale).utc.mjd)


def told(folder: Path, cards: dict[str, Any], **rules: Any) -> dict[str, Any]:
    header = tan_header(9, 9)
    for keyword, value in cards.items():
        header[keyword] = value
    path = write(folder / "a.fits", fits.PrimaryHDU(pixels(9, 9, "i2"), header))
    (image,) = scan_file(path, SurveyRules(**rules))["images"]
    return dict(image)


START, END = "2018-07-05T04:29:36.004", "2018-07-05T04:30:06.004"


@pytest.mark.parametrize(
    ("cards", "start", "end"),
    [
        pytest.param(
            {"OBSMJD": 58304.1872, "OBSJD": 2458304.6872, "SHUTOPEN": START,
             "SHUTCLSD": END, "EXPTIME": 30.0},
            mjd(START), mjd(END), id="ZTF",
        ),
        pytest.param(
            {"OBSMJD": 55000.25, "UTC-OBS": "2009-06-18T06:00:00.0", "EXPTIME": 60.0},
            55000.25, 55000.25 + 60 / 86400, id="PTF",
        ),
        pytest.param(
            {"TAI": 4476739845.01, "DATE-OBS": "2000-09-27", "TIMESYS": "TAI",
             "EXPTIME": "53.907456"},
            mjd("2000-09-27T02:50:45.01", "tai"),
            mjd("2000-09-27T02:50:45.01", "tai") + 53.907456 / 86400, id="SDSS",
        ),
        pytest.param(
            {"EXPSTART": 53000.5, "EXPEND": 53000.51, "DATE-OBS": "2003-12-27",
             "TIME-OBS": "12:00:00", "EXPTIME": 800.0},
            53000.5, 53000.51, id="HST",
        ),
        pytest.param(
            {"DATE-OBS": START, "UTSTART": "04:29:36.004", "UTSTOP": "04:30:06.004"},
            mjd(START), mjd(END), id="LCO",
        ),
        pytest.param(
            {"DATE-OBS": "2018-07-05T23:59:50", "UTSTOP": "00:00:20"},
            mjd("2018-07-05T23:59:50"), mjd("2018-07-06T00:00:20"), id="midnight",
        ),
        pytest.param(
            {"MJD-OBS": 55000.5, "TIMESYS": "TAI", "EXPTIME": 0.0},
            Time(55000.5, format="mjd", scale="tai").utc.mjd,
            Time(55000.5, format="mjd", scale="tai").utc.mjd, id="Pan-STARRS",
        ),
        pytest.param(
            {"DATE-BEG": "2025-07-01T00:00:37", "DATE-END": "2025-07-01T00:01:07",
             "TIMESYS": "tai"},
            mjd("2025-07-01T00:00:37", "tai"), mjd("2025-07-01T00:01:07", "tai"),
            id="Rubin",
        ),
        pytest.param(
            {"DATE-OBS": "2022-07-01", "TIME-OBS": "10:11:12.5", "EFFEXPTM": 600.0,
             "DATE-END": "2022-07-01", "TIME-END": "10:21:12.5", "TIMESYS": "UTC"},
            mjd("2022-07-01T10:11:12.5"), mjd("2022-07-01T10:21:12.5"), id="JWST",
        ),
        pytest.param(
            {"MJDMIN": 55356.1540111, "MJDMAX": 58265.61141994,
             "UNW_DATE": "2019-08-10T23:53:04.9"},
            55356.1540111, 58265.61141994, id="unWISE",
        ),
        pytest.param(
            {"MJD-OBS": 51000.25, "TIMESYS": "TT"},
            Time(51000.25, format="mjd", scale="tt").utc.mjd,
            Time(51000.25, format="mjd", scale="tt").utc.mjd, id="terrestrial time",
        ),
        pytest.param(
            {"MJD-OBS": 55000.25, "TIMESYS": "GPS"},
            Time(55000.25 + 19 / 86400, format="mjd", scale="tai").utc.mjd,
            Time(55000.25 + 19 / 86400, format="mjd", scale="tai").utc.mjd, id="GPS",
        ),
        pytest.param(
            {"MJD-OBS": 57458.43945602, "TIMESYS": "UTC approximate"},
            57458.43945602, 57458.43945602, id="MzLS",
        ),
        pytest.param(
            {"EXPSTART": 2457256.42945602, "EXPTIME": 300.0},
            2457256.42945602 - 2400000.5,
            2457256.42945602 - 2400000.5 + 300 / 86400, id="Julian date",
        ),
        pytest.param(
            {"DATE-OBS": "2009- 8-21", "UT": " 4: 5: 6.7"},
            mjd("2009-08-21T04:05:06.7"), mjd("2009-08-21T04:05:06.7"), id="blanks",
        ),
        pytest.param(
            {"DATE-OBS": "2009-08-21 04:05:06.7"},
            mjd("2009-08-21T04:05:06.7"), mjd("2009-08-21T04:05:06.7"), id="no T",
        ),
        pytest.param({"DATE-OBS": "2009/08/21"}, 55064.0, 55065.0, id="slashes"),
        pytest.param(
            {"MJD-OBS": 0.0, "DATE-OBS": START}, mjd(START), mjd(START), id="zero MJD"
        ),
        pytest.param(
            {"MJD-OBS": "5.500025D+04"}, 55000.25, 55000.25, id="D exponent in a text"
        ),
        pytest.param(
            {"DATE-OBS": "0000-00-00T00:00:00", "OBSMJD": 55000.25},
            55000.25, 55000.25, id="zero date",
        ),
        pytest.param(
            {"DATE-OBS": START, "DATE-END": "0000-00-00", "MJD-END": 0.0,
             "EXPTIME": 30.0},
            mjd(START), mjd(END), id="zero end",
        ),
        pytest.param(
            {"DATE-OBS": START, "DATE-END": "2018-07-06", "EXPTIME": 30.0},
            mjd(START), mjd(END), id="a bare end is no better than the exposure",
        ),
    ],
)  # fmt: skip
def test_times(tmp_path: Path, cards: dict[str, Any], start: float, end: float) -> None:
    image = told(tmp_path, cards)
    found = [image["t_min"], image["t_max"]]
    assert found == pytest.approx([start, end], abs=2e-8)


@pytest.mark.parametrize(
    "cards",
    [
        {"DATE-OBS": "0000-00-00"}, {"DATE-OBS": "1858-11-17"}, {"MJD-OBS": 0.0},
        {"DATE-OBS": "00/00/00"}, {"JD": 0.0}, {"DATE-OBS": "1858-11-17T00:00:00"},
        {"DATE": "2018-01-01T00:00:00"}, {"MJD-OBS": True}, {"TAI": 0.0},
        {"DATE-OBS": "yesterday"}, {"MJD-OBS": 9e9},
    ],
)  # fmt: skip
def test_zeros_are_no_time(tmp_path: Path, cards: dict[str, Any]) -> None:
    image = told(tmp_path, cards)
    assert (image["t_min"], image["t_max"]) == (None, None)


def test_keywords_of_a_setting(tmp_path: Path) -> None:
    cards = {
        "DATE-OBS": "2000-01-01T00:00:00", "BEGUN": START, "ENDED": mjd(END),
        "LASTED": 29.5, "EXPTIME": 1.0, "FILTER": "r", "GLASS": "odd",
    }  # fmt: skip
    named = {"start": "BEGUN", "end": "ENDED", "exposure": "LASTED", "filter": "GLASS"}
    image = told(tmp_path, cards, keywords=named, filters={"odd": "500-760"})
    assert image["t_min"] == pytest.approx(mjd(START), abs=1e-9)
    assert image["t_max"] == pytest.approx(mjd(END), abs=1e-9)
    assert (image["exposure"], image["filter"], image["band"]) == (29.5, "odd", "odd")
    assert [image["em_min"], image["em_max"]] == pytest.approx([5e-7, 7.6e-7])
    image = told(tmp_path, cards, keywords=named | {"start": "NONE", "end": "NEVER"})
    assert (image["t_min"], image["band"]) == (None, None)
    image = told(tmp_path, cards, keywords={"start": "BEGUN", "end": "NEVER"})
    assert image["t_max"] == pytest.approx(mjd(START) + 1 / 86400, abs=1e-9)


def test_real_times_of_unwise() -> None:
    """The dates of the epochs, not of their processing."""
    folder = shared_data("sky").parents[1] / "collections" / "sky" / "unwise_12epochs"
    for path in sorted(folder.rglob("*img-m.fits"))[:8]:
        (image,) = scan_file(str(path))["images"]
        header = fits.getheader(path)
        assert image["t_min"] == pytest.approx(header["MJDMIN"], abs=1e-9)
        assert image["t_max"] == pytest.approx(header["MJDMAX"], abs=1e-9)
        assert image["band"] == f"W{path.name.partition('-w')[2][0]}"
        assert (image["kind"], image["calib_level"]) == ("science", 3)
