"""Unpacking, against netCDF4-python, and statistics, against NumPy on plain rows."""

import math
from collections.abc import Callable
from pathlib import Path
from typing import Any

import netCDF4
import numpy as np
import pytest
import xarray
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from gatewright.core.errors import InvalidRequest
from gatewright.domains.arrays import (
    Attribute,
    ElementType,
    Variable,
    absent,
    apply_statistics,
    doubtful_range,
    missing_values,
    packing,
    statistic,
    unpack,
)


def attribute(dtype: str, *values: Any) -> Attribute:
    return Attribute(ElementType(dtype), tuple(values))


def variable(dtype: str, **attributes: Attribute) -> Variable:
    return Variable("v", ElementType(dtype), ("x",), (5,), attributes)


CASES: list[tuple[str, list[float], dict[str, Attribute]]] = [
    ("float32", [1, 2, 9.97e36, -1e34, 5], {}),
    ("float32", [1, 2, 1e20, 4, 5], {"missing_value": attribute("float32", 1e20)}),
    ("float32", [1, 2, 3, 4, math.nan], {"_FillValue": attribute("float32", math.nan)}),
    (
        "int16",
        [1, -32767, 3, 4, 5],
        {
            "scale_factor": attribute("float64", -0.5),
            "add_offset": attribute("float64", 20.0),
            "_FillValue": attribute("int16", -32767),
        },
    ),
    (
        "int16",
        [1, 2, 3, 99, 5],
        {
            "scale_factor": attribute("float32", 0.25),
            "missing_value": attribute("int16", 99, 3),
        },
    ),
    (
        "int8",
        [1, -1, -2, 4, 5],
        {
            "_Unsigned": Attribute(ElementType.CHAR, ("true",)),
            "scale_factor": attribute("float64", 2.0),
            "_FillValue": attribute("int8", -1),
        },
    ),
    (
        "int8",
        [1, 127, -128, -6, -2],
        {
            "_Unsigned": Attribute(ElementType.CHAR, ("true",)),
            "_FillValue": attribute("int8", -1),
            "valid_range": attribute("int8", 0, -6),
        },
    ),
    ("int16", [1, -32767, 3, 4, 5], {"scale_factor": attribute("float32", 0.25)}),
    ("uint16", [1, 65535, 3, 4, 5], {"add_offset": attribute("float32", 1.0)}),
    ("float64", [1, 9.969209968386869e36, 3, 4, 5], {"units": attribute("int8", 1)}),
    ("int8", [1, -127, 3, 4, 5], {"scale_factor": attribute("float32", 0.5)}),
    ("int32", [1, 2, 30, 4, 5], {"valid_range": attribute("int32", 2, 10)}),
    ("int32", [1, 2, 30, 4, 5], {"valid_min": attribute("int32", 2)}),
    ("int32", [1, 2, 30, 4, 5], {"valid_max": attribute("int32", 10)}),
]


@pytest.mark.parametrize(("dtype", "values", "attributes"), CASES)
def test_values_are_those_that_netcdf4_unpacks(
    tmp_path: Path, dtype: str, values: list[float], attributes: dict[str, Attribute]
) -> None:
    stored = np.array(values, dtype)
    with netCDF4.Dataset(tmp_path / "f.nc", "w") as file:
        file.createDimension("x", 5)
        fill = attributes.get("_FillValue")
        # By its own default netCDF4 leaves out what is the default of bytes, too.
        unwritten = False if stored.itemsize == 1 else None
        made = file.createVariable(
            "v", dtype, ("x",), fill_value=fill.values[0] if fill else unwritten
        )
        for name, value in attributes.items():
            if name != "_FillValue":
                array = np.array(
                    value.values, value.type.value if value.type.numeric else str
                )
                made.setncattr(name, array[0] if array.size == 1 else array)
        made.set_auto_maskandscale(False)
        made[:] = stored
        made.set_auto_maskandscale(True)
        masked = np.ma.asarray(made[:])
        expected = np.ma.filled(masked.astype("f8"), np.nan)
    found = unpack(stored, packing(variable(dtype, **attributes)))
    if not attributes:
        np.testing.assert_array_equal(found, stored)
    else:
        np.testing.assert_allclose(found, expected, rtol=1e-6)


def test_a_missing_value_of_a_wider_type_is_found() -> None:
    wide = variable("float32", missing_value=attribute("float64", 1e20, 1e300))
    assert np.isnan(unpack(np.array([1e20], "f4"), packing(wide))[0])
    negative = variable("uint8", _FillValue=attribute("int8", -1))
    assert np.isnan(unpack(np.array([255], "u1"), packing(negative))[0])


def test_the_type_of_unpacked_values() -> None:
    assert packing(variable("float32")).type is ElementType.FLOAT32
    assert packing(variable("int16")).type is ElementType.FLOAT32
    assert packing(variable("int32")).type is ElementType.FLOAT64
    double = variable("int16", add_offset=attribute("float64", 1.0))
    assert packing(double).type is ElementType.FLOAT64


def test_unsigned_both_ways_and_any_byte_order() -> None:
    false = variable("uint8", _Unsigned=Attribute(ElementType.CHAR, ("false",)))
    assert unpack(np.array([255], "u1"), packing(false))[0] == -1
    other = variable("float32", _Unsigned=Attribute(ElementType.CHAR, ("true",)))
    assert packing(other).stored is None
    missing = variable(
        "uint8",
        _Unsigned=Attribute(ElementType.CHAR, ("false",)),
        _FillValue=attribute("uint8", 255),
        valid_max=attribute("uint8", 5),
    )
    numbers = unpack(np.array([255, 254, 5, 6], "u1"), packing(missing))
    np.testing.assert_array_equal(numbers, [np.nan, -2, 5, np.nan])
    unsigned = variable("int16", _Unsigned=Attribute(ElementType.CHAR, ("true",)))
    assert unpack(np.array([-1], ">i2"), packing(unsigned))[0] == 65535


def test_attributes_of_a_wrong_kind_are_ignored() -> None:
    odd = variable(
        "float32",
        scale_factor=Attribute(ElementType.STRING, ("2",)),
        add_offset=attribute("float32", 1.0, 2.0),
        missing_value=Attribute(ElementType.CHAR, ("none",)),
    )
    np.testing.assert_array_equal(
        unpack(np.arange(3, dtype="f4"), packing(odd)), [0, 1, 2]
    )


members = arrays.arrays(
    np.float32,
    st.tuples(st.integers(2, 9), st.integers(1, 4)),
    elements=st.floats(-1000, 1000, width=32),
)


@given(members, st.sampled_from(["mean", "spread", "median", "min", "max", "p90"]))
def test_statistics_are_those_of_each_column(
    values: np.ndarray[Any, np.dtype[np.float32]], word: str
) -> None:
    functions: dict[str, Callable[[Any], Any]] = {
        "mean": np.mean,
        "spread": lambda column: np.std(column, ddof=1),
        "median": np.median,
        "min": np.min,
        "max": np.max,
        "p90": lambda column: np.percentile(column, 90),
    }
    expected = functions[word]
    (found,) = apply_statistics(values, [statistic(word)], 0)
    columns = values.astype(np.float64).T
    np.testing.assert_allclose(
        found.astype(float),
        [expected(column) for column in columns],
        rtol=1e-5,
        atol=1e-3,
    )
    assert found.dtype == np.float32


def test_missing_members_are_left_out() -> None:
    values = np.array([[1.0, math.nan], [3.0, math.nan], [math.nan, math.nan]])
    for word, expected in (("mean", 2.0), ("spread", math.sqrt(2)), ("p50", 2.0)):
        (found,) = apply_statistics(values, [statistic(word)], 0)
        assert found[0] == pytest.approx(expected)
        assert math.isnan(found[1])


@pytest.mark.parametrize(
    ("word", "method"),
    [
        ("mean", "realization: mean"),
        (" Spread ", "realization: standard_deviation"),
        ("median", "realization: median"),
        ("min", "realization: minimum"),
        ("max", "realization: maximum"),
        ("p95", ""),
        ("p50", "realization: median"),
        ("p100", "realization: maximum"),
    ],
)
def test_the_words_of_statistics(word: str, method: str) -> None:
    assert statistic(word).cell_method == method


@pytest.mark.parametrize("word", ["", "p101", "p-1", "p", "sum", "p1e2", "p٣"])
def test_words_that_are_no_statistics(word: str) -> None:
    with pytest.raises(InvalidRequest):
        statistic(word)


@pytest.mark.parametrize(
    ("dtype", "attributes", "valid"),
    [
        ("int16", {"valid_range": attribute("float32", 180.0, 330.0)}, (180, 330)),
        ("int16", {"valid_range": attribute("float64", 270.0, 290.5)}, (270, 290.5)),
        ("int16", {"valid_min": attribute("float32", 275.0)}, (275, math.inf)),
        ("int16", {"valid_max": attribute("float32", 275.0)}, (-math.inf, 275)),
        ("int16", {"valid_range": attribute("int16", -500, 500)}, (275, 285)),
        ("int16", {"valid_range": attribute("float32", -1e9, 1e9)}, (-1e9, 1e9)),
    ],
)
@pytest.mark.parametrize("scale", [0.01, -0.01])
def test_valid_ranges_of_the_unpacked_type_are_in_unpacked_units(
    dtype: str,
    attributes: dict[str, Attribute],
    valid: tuple[float, float],
    scale: float,
) -> None:
    """NUG, ``valid_range``; xarray, which knows no valid ranges, unpacks."""
    stored = np.linspace(-2000, 2000, 401).astype(dtype)
    packed = {
        "scale_factor": attribute("float32", float(np.float32(scale))),
        "add_offset": attribute("float32", 280.0),
    }
    coded = {name: np.float32(value.values[0]) for name, value in packed.items()}
    made = xarray.Dataset({"v": ("x", stored, coded)})
    expected = xarray.decode_cf(made).v.to_numpy().astype(float)
    inside = (expected >= valid[0] - 1e-4) & (expected <= valid[1] + 1e-4)
    found = unpack(stored, packing(variable(dtype, **packed, **attributes)))
    np.testing.assert_array_equal(np.isnan(found), ~inside)
    np.testing.assert_allclose(found[inside], expected[inside], rtol=1e-6)


def test_unpacked_bounds_of_bytes_without_a_sign() -> None:
    attributes = {
        "_Unsigned": Attribute(ElementType.CHAR, ("true",)),
        "scale_factor": attribute("float32", 0.5),
        "valid_range": attribute("float32", -10.0, 100.0),
    }
    stored = np.array([0, 199, 200, 201, 255], "u1").view("i1")
    found = unpack(stored, packing(variable("int8", **attributes)))
    np.testing.assert_array_equal(found, [0, 99.5, 100, np.nan, np.nan])
    del attributes["_Unsigned"]
    attributes["scale_factor"] = attribute("float32", 0.0)
    found = unpack(np.array([-11, 100], "i1"), packing(variable("int8", **attributes)))
    np.testing.assert_array_equal(found, [np.nan, 0])


KELVIN = {
    "scale_factor": attribute("float32", 0.01),
    "add_offset": attribute("float32", 280.0),
    "units": Attribute(ElementType.CHAR, ("K",)),
}
WITHOUT_UNITS = {
    "scale_factor": attribute("float32", -0.001),
    "add_offset": attribute("float32", 20.0),
}


@pytest.mark.parametrize(
    ("attributes", "words"),
    [
        (
            KELVIN | {"valid_range": attribute("int16", 180, 330)},
            "values outside of 281.8 to 283.3 K are missing. If 180 to 330 K is meant",
        ),
        (
            WITHOUT_UNITS
            | {
                "valid_min": attribute("int16", 0),
                "valid_max": attribute("int16", 40),
            },
            "values outside of 19.96 to 20 unpacked units are missing. If 0 to 40 ",
        ),
    ],
)
def test_a_valid_range_that_was_probably_meant_unpacked_gives_a_warning(
    attributes: dict[str, Attribute], words: str
) -> None:
    """netCDF4 writes a range in the type of the variable, whatever it is given."""
    assert words in str(doubtful_range(variable("int16", **attributes)))


@pytest.mark.parametrize(
    ("dtype", "attributes"),
    [
        ("int16", KELVIN),
        ("int16", KELVIN | {"valid_min": attribute("int16", 180)}),
        ("int16", KELVIN | {"valid_range": attribute("int16", -10000, 5000)}),
        ("int16", KELVIN | {"valid_range": attribute("int16", 0, 100)}),
        ("int16", KELVIN | {"valid_range": attribute("float32", 180.0, 330.0)}),
        ("int16", {"valid_range": attribute("int16", -5, 5)}),
        ("int8", KELVIN | {"valid_range": attribute("int8", -100, 127)}),
        ("float32", KELVIN | {"valid_range": attribute("float32", 180.0, 330.0)}),
    ],
)
def test_other_valid_ranges_are_in_no_doubt(
    dtype: str, attributes: dict[str, Attribute]
) -> None:
    assert doubtful_range(variable(dtype, **attributes)) is None


@pytest.mark.parametrize(
    ("dtype", "attributes", "expected"),
    [
        ("float32", {}, math.nan),
        ("float32", {"_FillValue": attribute("float32", -1.0)}, -1.0),
        ("int16", {"_FillValue": attribute("int16", -9)}, -9),
        ("int16", {"missing_value": attribute("int32", 99_999, -7)}, -7),
        ("int16", {"missing_value": attribute("float32", 1e20)}, -32767),
        ("int64", {"missing_value": attribute("float64", 0.5, -9.0)}, -9.0),
        ("int8", {}, None),
    ],
)
def test_a_value_that_stands_for_none(
    dtype: str, attributes: dict[str, Attribute], expected: float | None
) -> None:
    found = absent(variable(dtype, **attributes))
    assert found == expected or (found != found and expected != expected)  # noqa: PLR0124  # both NaN


holed = arrays.arrays(
    st.sampled_from([np.float32, np.float64]),
    st.tuples(st.integers(0, 3), st.integers(1, 9), st.integers(0, 4)),
    elements=st.one_of(st.just(math.nan), st.floats(-1000, 1000, width=32)),
)
WORDS = ("p0", "p5", "median", "p99.9", "p100", "min", "max", "mean", "spread")


@given(holed)
@pytest.mark.filterwarnings("ignore::RuntimeWarning")
def test_statistics_together_are_numpy_s_with_and_without_missing_members(
    values: np.ndarray[Any, np.dtype[np.floating[Any]]],
) -> None:
    hows = [statistic(word) for word in WORDS]
    found = apply_statistics(values, hows, 1)
    exact = values.astype(np.float64)
    for how, one in zip(hows, found, strict=True):
        if how.percentile is not None:
            expected = np.nanpercentile(exact, how.percentile, axis=1)
        elif how.name == "spread":
            expected = np.nanstd(exact, axis=1, ddof=1)
        else:
            expected = getattr(np, f"nan{how.name}")(exact, axis=1)
        assert one.dtype == values.dtype
        np.testing.assert_allclose(one.astype(float), expected, rtol=1e-6, atol=1e-4)


def test_percentiles_beside_infinite_members() -> None:
    endless = np.array([[-math.inf, 1.0], [2.0, math.inf], [math.inf, math.inf]])
    hows = [statistic(word) for word in ("p0", "p50", "p75", "p100")]
    found = apply_statistics(endless, hows, 0)
    assert [one.tolist() for one in found] == [
        [-math.inf, 1.0],
        [2.0, math.inf],
        [math.inf, math.inf],
        [math.inf, math.inf],
    ]


def test_no_members_have_no_statistics() -> None:
    (found,) = apply_statistics(np.empty((2, 0, 3), "f4"), [statistic("min")], 1)
    assert found.shape == (2, 3)
    assert np.isnan(found).all()


def test_the_integers_that_mean_missing_are_those_that_are_named() -> None:
    fills = {
        "_FillValue": attribute("int64", -9),
        "missing_value": attribute("int64", 7),
    }
    assert missing_values(variable("int64", **fills)) == (-9, 7)
    assert (
        missing_values(variable("float64", _FillValue=attribute("float64", 1e20))) == ()
    )
    assert missing_values(variable("int64")) == ()
