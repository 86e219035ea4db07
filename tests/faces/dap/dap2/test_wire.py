"""DAP2's texts and bytes, read back by pydap's parsers and decoder."""

import io
import math
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray
from pydap.handlers.dap import BytesReader, unpack_dap2_data
from pydap.parsers.das import parse_das
from pydap.parsers.dds import dds_to_dataset

from gatewright.faces.dap.dap2 import wire
from gatewright.faces.dap.dap2.constraint import project
from gatewright.faces.dap.dap2.model import Array, Dataset, Kind

DTYPES = {
    Kind.BYTE: ">u1",
    Kind.INT16: ">i2",
    Kind.UINT16: ">u2",
    Kind.INT32: ">i4",
    Kind.UINT32: ">u4",
    Kind.FLOAT32: ">f4",
    Kind.FLOAT64: ">f8",
}
Values = NDArray[Any]
XDR = {Kind.INT16: ">i4", Kind.UINT16: ">u4"}

arrays = st.builds(
    Array,
    st.just("x"),
    st.sampled_from([kind for kind in Kind if kind is not Kind.STRING]),
    st.lists(st.integers(1, 5), max_size=3).map(
        lambda sizes: tuple((f"d{i}", size) for i, size in enumerate(sizes))
    ),
)


# pydap reads a scalar Byte from the first of its four bytes; libdap and netCDF-C, and
# XDR, have it in the last.
arrays = arrays.filter(lambda array: array.kind is not Kind.BYTE or array.dimensions)


def values_of(array: Array) -> Values:
    kind = np.dtype(DTYPES[array.kind])
    numbers = np.arange(array.size) * 37 + 11
    return numbers.astype(kind).reshape([size for _, size in array.dimensions])


def body(array: Array, values: Values) -> bytes:
    data = values.astype(XDR.get(array.kind, DTYPES[array.kind])).tobytes()
    return wire.count_prefix(array) + data + wire.trailer(array)


@given(arrays)
def test_pydap_reads_the_numbers_back(array: Array) -> None:
    dataset = Dataset("d", (array,))
    values = values_of(array)
    data = body(array, values)
    assert wire.values_size(array) == len(data)
    described = dds_to_dataset(wire.dds(dataset))
    (decoded,) = unpack_dap2_data(BytesReader(data), described)
    assert np.array_equal(np.asarray(decoded).reshape(values.shape), values)


def test_a_scalar_byte_takes_four_bytes() -> None:
    scalar = Array("b", Kind.BYTE)
    assert wire.values_size(scalar) == 4
    assert wire.count_prefix(scalar) + wire.trailer(scalar) == b""


def test_arrays_are_declared_as_pydap_reads_them() -> None:
    lat = Array("lat", Kind.FLOAT64, (("lat", 3),))
    text = wire.dds(Dataset("n.c", (Array("a b", Kind.BYTE, (("lat", 3),)), lat)))
    described = dds_to_dataset(text)
    assert described["a%20b"].shape == (3,)
    assert described["a%20b"].dims == ["lat"]
    assert text.endswith("} n%2Ec;\n")


@pytest.mark.parametrize(
    ("name", "escaped"),
    [
        ("t2m", "t2m"),
        ("a.b c", "a%2Eb%20c"),
        ("it's~", "it%27s%7E"),
        ("é", "_%C3%A9"),
        ("-x", "_-x"),
        ("100", "100"),
    ],
)
def test_names_are_such_as_netcdf_c_takes(name: str, escaped: str) -> None:
    assert wire.escaped(name) == escaped


def test_names_of_attributes_keep_their_dots() -> None:
    assert "    Int32 DODS.strlen 8;" in wire.das(
        {"v": {"DODS.strlen": (Kind.INT32, [8])}}
    )
    assert wire.escaped_attribute("°") == "_%C2%B0"


@pytest.mark.parametrize("text", ["", "a", "four", 'with "quotes"'])
def test_strings_are_padded_to_four_bytes(text: str) -> None:
    array = Array("s", Kind.STRING, (("n", 2),))
    answer = project(Dataset("d", (array,)), ())
    assert wire.values_size(array) is None
    data = wire.count_prefix(array) + wire.string(text) * 2
    assert len(data) % 4 == 0
    described = dds_to_dataset(wire.dds(answer.dataset))
    (decoded,) = unpack_dap2_data(BytesReader(data), described)
    assert [item.decode() if isinstance(item, bytes) else item for item in decoded] == [
        text,
        text,
    ]


def test_strings_are_utf_8() -> None:
    assert wire.string("fünf") == b"\0\0\0\5f\xc3\xbcnf\0\0\0"


floats = st.floats(allow_nan=False, allow_infinity=False, width=32)


@given(st.lists(floats, min_size=1, max_size=5), st.lists(st.floats(allow_nan=False)))
def test_attributes_keep_all_their_digits(few: list[float], many: list[float]) -> None:
    text = wire.das(
        {"x": {"f": (Kind.FLOAT32, few), "d": (Kind.FLOAT64, [*many, 1.5])}}
    )
    lines = dict(
        line.strip().rstrip(";").split(" ", 2)[1:] for line in text.splitlines()[2:4]
    )
    assert [np.float32(v) for v in lines["f"].split(", ")] == few
    assert [float(v) for v in lines["d"].split(", ")] == [*many, 1.5]


def test_pydap_reads_attributes_of_every_type() -> None:
    attributes = parse_das(
        wire.das(
            {
                "NC_GLOBAL": {"title": (Kind.STRING, ['say "x"'])},
                "v": {
                    "scale_factor": (Kind.FLOAT64, [-0.00157270493804553]),
                    "flags": (Kind.BYTE, [1, 2, 255]),
                    "none": (Kind.INT32, []),
                    "DODS.strlen": (Kind.INT32, [8]),
                },
            }
        )
    )
    assert attributes["v"]["scale_factor"] == -0.00157270493804553
    assert list(attributes["v"]["flags"]) == [1, 2, 255]
    assert "none" not in attributes["v"]
    assert attributes["v"]["DODS.strlen"] == 8
    assert "say" in attributes["NC_GLOBAL"]["title"]


@pytest.mark.parametrize(
    ("value", "text"), [(math.nan, "NaN"), (math.inf, "Inf"), (-math.inf, "-Inf")]
)
def test_what_is_not_finite_is_written_as_clients_read_it(
    value: float, text: str
) -> None:
    assert wire.float_text(value, 17) == text


def test_quotes_backslashes_and_nuls_do_not_break_the_text() -> None:
    assert wire.quoted('a"b\\c\0') == '"a\\"b\\\\c"'


def test_an_error_is_an_error_object() -> None:
    assert wire.error(400, 'no "x"').decode() == (
        'Error {\n    code = 400;\n    message = "no \\"x\\"";\n};\n'
    )


def ascii_of(array: Array, step: int) -> str:
    rows = wire.AsciiRows(array)
    values = [str(v) for v in range(array.size)]
    return "".join(rows.feed(values[i : i + step]) for i in range(0, array.size, step))


@pytest.mark.parametrize("step", [1, 2, 3, 5, 8])
def test_ascii_rows_begin_with_their_indices(step: int) -> None:
    array = Array("x", Kind.INT32, (("a", 2), ("b", 2), ("c", 2)))
    assert ascii_of(array, step) == (
        "[0][0], 0, 1\n[0][1], 2, 3\n[1][0], 4, 5\n[1][1], 6, 7\n"
    )
    assert wire.ascii_title(array) == "x[2][2][2]\n"


def test_ascii_of_vectors_and_scalars_is_one_line() -> None:
    assert ascii_of(Array("x", Kind.INT32, (("a", 3),)), 2) == "0, 1, 2\n"
    assert ascii_of(Array("x", Kind.INT32), 1) == "0\n"
    assert ascii_of(Array("x", Kind.INT32, (("a", 0),)), 1) == ""


def test_the_ascii_head_is_the_declaration_and_a_line() -> None:
    answer = project(Dataset("d", (Array("x", Kind.BYTE),)), ())
    assert wire.ascii_head(answer).startswith("Dataset {\n    Byte x;\n} d;\n-----")


def test_bytes_are_padded() -> None:
    array = Array("x", Kind.BYTE, (("n", 5),))
    assert wire.trailer(array) == bytes(3)
    assert wire.values_size(array) == 16
    assert io.BytesIO(wire.count_prefix(array)).read() == bytes([0, 0, 0, 5] * 2)
