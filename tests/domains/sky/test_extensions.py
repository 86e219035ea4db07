"""The parts of a multi-extension FITS file, read by astropy."""

import io
from typing import Any

import pytest
from astropy.io import fits
from astropy.table import Table

from gatewright.domains.sky import binary_table, primary_hdu


@pytest.mark.parametrize("rows", [0, 1, 200])
def test_a_table_of_numbers_and_texts(rows: int) -> None:
    columns: dict[str, list[Any]] = {
        "number": [(-1) ** number * (number << 20) for number in range(rows)],
        "image": [f"survey~file-{number}" * (number % 3 + 1) for number in range(rows)],
        "reason": ["", *["The région is “away”."] * (rows - 1)][:rows],
    }
    data = primary_hdu() + binary_table("INDEX", columns)
    assert len(data) % 2880 == 0
    with fits.open(io.BytesIO(data)) as hdus:
        hdus.verify("exception")
        assert [hdu.name for hdu in hdus] == ["PRIMARY", "INDEX"]
        table = Table.read(hdus["INDEX"])
        assert table.colnames == ["number", "image", "reason"]
        assert list(table["number"]) == columns["number"]
        assert table["number"].dtype.kind == ("i" if rows else "U")
        assert list(table["image"]) == columns["image"]
        ascii_only = [
            one.encode("ascii", "replace").decode() for one in columns["reason"]
        ]
        assert list(table["reason"]) == ascii_only
