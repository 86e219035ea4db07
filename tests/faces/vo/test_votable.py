"""VOTable, CSV and VOSI as bytes, read back by astropy and pyvo."""

import csv
import io
from xml.etree import ElementTree as ET

import pytest
from astropy.io.votable import parse
from hypothesis import given
from hypothesis import strategies as st

from gatewright.faces.vo.obscore import COLUMNS
from gatewright.faces.vo.vosi import wire as vosi
from gatewright.faces.vo.votable import wire as votable

TEXT = votable.Column("name", "char", "meta.id", arraysize="*", description="A <name>")
NUMBER = votable.Column("x", "double", "pos", unit="deg", description="A number")
COUNT = votable.Column("n", "long", "meta.number", description="A count")
SHAPE = votable.Column(
    "s", "double", "pos.outline", "", "deg", "*", "polygon", "Shape", "icrs"
)


def test_read_back_by_astropy() -> None:
    rows: list[list[votable.Value]] = [
        ["a & <b>", 1.5, 3, [1.0, 2.0, 3.0]],
        ["", None, None, None],
    ]
    text = votable.table_rows(rows)
    data = votable.document([TEXT, NUMBER, COUNT, SHAPE], text, overflow=False)
    table = parse(io.BytesIO(data), verify="exception").get_first_table()
    assert table.array["name"].tolist() == ["a & <b>", ""]
    assert table.array["x"].mask.tolist() == [False, True]
    assert table.array["n"].tolist() == [3, None]
    assert list(table.array["s"][0]) == [1.0, 2.0, 3.0]
    assert table.fields[3].xtype == "polygon"


@given(st.text(max_size=30))
def test_any_text_is_well_formed(text: str) -> None:
    data = votable.document([TEXT], votable.table_rows([[text]]), overflow=True)
    cells = ET.fromstring(data).iter("{http://www.ivoa.net/xml/VOTable/v1.3}TD")
    found = next(cells).text or ""
    kept = text.replace("\r\n", "\n").replace("\r", "\n")
    assert len(found) == len(kept)
    message = ET.fromstring(votable.error_document(text))
    assert message[0][0].attrib["value"] == "ERROR"


@given(st.floats())
def test_numbers_go_round(number: float) -> None:
    text = votable.cell(number)
    assert text == "" or float(text) == number


def test_overflow_comes_after_the_table() -> None:
    data = votable.document([TEXT], "", overflow=True).decode()
    assert data.index("</TABLE>") < data.index('value="OVERFLOW"')
    assert "OVERFLOW" not in votable.document([TEXT], "", overflow=False).decode()


def test_csv_and_tsv() -> None:
    rows: list[list[votable.Value]] = [
        ['a "b", c', 1.5, None, [1.0, 2.0]],
        ["d\te\nf", None, 2, None],
    ]
    columns = [TEXT, NUMBER, COUNT, SHAPE]
    table = list(
        csv.reader(io.StringIO(votable.separated(columns, rows, ",").decode()))
    )
    assert table[0] == ["name", "x", "n", "s"]
    assert table[1] == ['a "b", c', "1.5", "", "1.0 2.0"]
    lines = votable.separated(columns, rows, "\t").decode().split("\r\n")
    assert lines[2].split("\t") == ["d e f", "", "2", ""]


def test_all_mandatory_columns_of_obscore() -> None:
    assert [column.name for column in COLUMNS] == [
        "dataproduct_type", "calib_level", "obs_collection", "obs_id",
        "obs_publisher_did", "access_url", "access_format", "access_estsize",
        "target_name", "s_ra", "s_dec", "s_fov", "s_region", "s_resolution", "s_xel1",
        "s_xel2", "t_min", "t_max", "t_exptime", "t_resolution", "t_xel", "em_min",
        "em_max", "em_res_power", "em_xel", "o_ucd", "pol_states", "pol_xel",
        "facility_name", "instrument_name",
        "dataproduct_subtype",  # optional
    ]  # fmt: skip
    assert all(column.utype.startswith("obscore:") for column in COLUMNS)


def test_availability() -> None:
    name = "{http://www.ivoa.net/xml/VOSIAvailability/v1.0}"
    plain = ET.fromstring(vosi.availability([]))
    assert plain.tag == f"{name}availability"
    assert plain.findtext(f"{name}available") == "true"
    assert [member.tag for member in plain] == [f"{name}available"]
    noted = ET.fromstring(
        vosi.availability(["a < b", "c"], available=False, down_at=0.0, back_at=60.5)
    )
    # In the order of the schema (VOSI 1.1, section 5.2).
    assert [(member.tag.removeprefix(name), member.text) for member in noted] == [
        ("available", "false"),
        ("downAt", "1970-01-01T00:00:00.000Z"),
        ("backAt", "1970-01-01T00:01:00.500Z"),
        ("note", "a < b"),
        ("note", "c"),
    ]


@pytest.mark.parametrize("base", ["http://h/vo/sia", "http://h/a&b"])
def test_capabilities(base: str) -> None:
    root = ET.fromstring(vosi.capabilities(base))
    assert root.tag == "{http://www.ivoa.net/xml/VOSICapabilities/v1.0}capabilities"
    standards = {child.attrib["standardID"] for child in root}
    assert "ivo://ivoa.net/std/SIA#query-2.0" in standards
    urls = [url.text for url in root.iter("accessURL")]
    assert urls[-1] == f"{base}/query"
