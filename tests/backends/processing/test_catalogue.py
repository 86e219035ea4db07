"""Catalogues of stars that are as operators' files are."""

import os
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from astropy.io import fits
from astropy.table import MaskedColumn, Table

from gatewright.backends.processing import catalogue
from gatewright.backends.processing.catalogue import read_catalogue
from gatewright.core.errors import InvalidContent


def told(path: Path, **more: Any) -> dict[str, Any]:
    bands = {"g": ["gmag", "gerr"], "r": ["rmag", "rerr"]}
    columns = {"ra": "ra", "dec": "dec", "bands": bands}
    return {"path": str(path), "name": "stars", "system": "AB", **columns, **more}


def table() -> Table:
    numbers = np.arange(4.0)
    made = Table({"name": ["a", "b", "c", "d"], "ra": numbers, "dec": -numbers})
    made["gmag"] = MaskedColumn(numbers + 18, mask=[False, True, False, False])
    made["gerr"] = made["rerr"] = np.full(4, 0.01, np.float32)
    made["RMAG"] = np.array([17, 18, 19, 20], np.int16)
    return made


@pytest.mark.parametrize(
    ("name", "form"),
    [
        ("s.csv", {"format": "ascii.csv"}),
        ("s.FITS", {"format": "fits"}),
        ("s.vot", {"format": "votable", "tabledata_format": "tabledata"}),
        ("s.xml", {"format": "votable", "tabledata_format": "binary"}),
        ("s.votable", {"format": "votable", "tabledata_format": "binary2"}),
    ],
)
def test_tables_of_all_forms_are_read_alike(
    tmp_path: Path, name: str, form: dict[str, str]
) -> None:
    path = tmp_path / name
    table().write(path, **form)
    found = read_catalogue(told(path))
    assert sorted(found.columns) == ["dec", "gerr", "gmag", "ra", "rerr", "rmag"]
    np.testing.assert_array_equal(found.columns["rmag"], [17, 18, 19, 20])
    np.testing.assert_array_equal(found.columns["gmag"], [18, np.nan, 20, 21])
    np.testing.assert_allclose(found.columns["gerr"], 0.01, rtol=1e-6)
    assert found.damaged == 0


def test_a_damaged_row_costs_that_row(tmp_path: Path) -> None:
    path = tmp_path / "s.vot"
    table().write(path, format="votable", tabledata_format="tabledata")
    path.write_text(path.read_text().replace("<TD>-2", "<TD>-two"))
    found = read_catalogue(told(path))
    assert list(found.columns["ra"]) == [0, 1, 3]
    assert found.damaged == 1
    made = table()
    made["dec"][1], made["ra"][3] = -91, np.inf
    made.write(tmp_path / "s.fits")
    found = read_catalogue(told(tmp_path / "s.fits"))
    assert list(found.columns["ra"]) == [0, 2]
    assert found.damaged == 2


def test_a_file_that_changed_is_read_again(tmp_path: Path) -> None:
    path = tmp_path / "s.csv"
    table().write(path, format="ascii.csv")
    before = read_catalogue(told(path))
    assert read_catalogue(told(path)) is before
    path.write_text(path.read_text().replace("17", "16.5"))
    os.utime(path, (1, 1))
    after = read_catalogue(told(path))
    assert after.columns["rmag"][0] == 16.5
    assert after.digest != before.digest


def test_catalogues_that_cannot_be_used_say_why(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def reason(path: Path, **more: Any) -> str:
        with pytest.raises(InvalidContent) as caught:
            read_catalogue(told(path, **more))
        return caught.value.text

    path = tmp_path / "s.fits"
    assert "cannot be read: No such file" in reason(path)
    made = table()
    made["ra"].unit = "arcsec"
    made.write(path)
    assert "“ra” in arcsec, not in degrees" in reason(path)
    assert "no column “RA_J2000”. It has name, ra, dec" in reason(path, ra="RA_J2000")
    picture = tmp_path / "picture.fits"
    fits.writeto(picture, np.zeros((3, 3)))
    assert "no binary table" in reason(picture)
    cut = tmp_path / "cut.fits"
    cut.write_bytes(path.read_bytes()[:-2800])
    assert "damaged" in reason(cut)
    empty = tmp_path / "empty.csv"
    empty.write_text("")
    assert "no column “ra”" in reason(empty)
    for name, form in (
        ("s.csv", "ascii.csv"),
        ("t.fits", "fits"),
        ("s.vot", "votable"),
    ):
        table().write(tmp_path / name, format=form)
        monkeypatch.setattr(catalogue, "MOST_ROWS", 3)
        assert "more than 3 rows" in reason(tmp_path / name)
    monkeypatch.setattr(catalogue, "MOST_BYTES", 1 << 10)
    assert "larger than 0 MiB" in reason(tmp_path / "t.fits", name="other")
