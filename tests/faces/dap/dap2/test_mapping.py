"""What a file says becomes what DAP2 can say, and nothing changes on the way."""

import math
from typing import Any

import pytest

from gatewright.domains.arrays import (
    Attribute,
    Description,
    Dimension,
    ElementType,
    Variable,
    Version,
)
from gatewright.faces.dap.dap2 import mapping
from gatewright.faces.dap.dap2.model import Array, Kind


def described(*variables: Variable, unlimited: bool = False) -> Description:
    dimensions = {
        name: Dimension(name, size, unlimited)
        for variable in variables
        for name, size in zip(variable.dimensions, variable.shape, strict=True)
    }
    version = Version("1")
    title = Attribute(ElementType.STRING, ("A title",))
    return Description(
        version, "NetCDF-4", dimensions, {v.name: v for v in variables}, {"t": title}
    )


def variable(name: str, kind: ElementType, *dimensions: str) -> Variable:
    return Variable(name, kind, dimensions, tuple(4 for _ in dimensions))


def container(one: Variable) -> Any:
    return mapping.attributes(described(one))[one.name]


LAT = variable("lat", ElementType.FLOAT32, "lat")


@pytest.mark.parametrize(
    ("kind", "expected"),
    [
        (ElementType.INT8, Kind.INT16),
        (ElementType.UINT8, Kind.BYTE),
        (ElementType.INT64, Kind.FLOAT64),
        (ElementType.FLOAT32, Kind.FLOAT32),
        (ElementType.STRING, Kind.STRING),
    ],
)
def test_every_type_has_a_place(kind: ElementType, expected: Kind) -> None:
    assert mapping.array(variable("x", kind, "a")).kind is expected


def test_characters_lose_their_last_dimension_and_say_so() -> None:
    names = variable("names", ElementType.CHAR, "station", "length")
    found = mapping.dataset("d", described(names)).arrays
    assert found == (Array("names", Kind.STRING, (("station", 4),)),)
    attributes = container(names)
    assert attributes == {
        "DODS.strlen": (Kind.INT32, [4]),
        "DODS.dimName": (Kind.STRING, ["length"]),
    }
    scalar = container(variable("c", ElementType.CHAR))
    assert scalar == {"DODS.strlen": (Kind.INT32, [1])}


def test_a_variable_without_values_is_not_shown() -> None:
    time = Variable("time", ElementType.FLOAT64, ("time",), (0,))
    found = described(time, LAT, unlimited=True)
    assert [array.name for array in mapping.dataset("d", found).arrays] == ["lat"]
    attributes = mapping.attributes(found)
    assert "time" not in attributes
    assert attributes["DODS_EXTRA"] == {"Unlimited_Dimension": (Kind.STRING, ["lat"])}


@pytest.mark.parametrize(
    "kind", [ElementType.UINT8, ElementType.UINT16, ElementType.UINT32]
)
def test_unsigned_numbers_are_said_to_be_so(kind: ElementType) -> None:
    said = {"_Unsigned": (Kind.STRING, ["true"])}
    assert container(variable("x", kind)) == said
    own = Attribute(ElementType.CHAR, ("false",))
    one = Variable("x", kind, (), (), {"_Unsigned": own})
    assert container(one) == {"_Unsigned": (Kind.STRING, ["false"])}


@pytest.mark.parametrize(
    ("kind", "attribute", "expected"),
    [
        (
            ElementType.INT16,
            Attribute(ElementType.INT64, (-999,)),
            (Kind.INT16, [-999]),
        ),
        (
            ElementType.INT8,
            Attribute(ElementType.INT8, (-1,)),
            (Kind.INT16, [-1]),
        ),
        (
            ElementType.FLOAT32,
            Attribute(ElementType.FLOAT64, (1e20,)),
            (Kind.FLOAT32, [1e20]),
        ),
        (
            ElementType.INT16,
            Attribute(ElementType.INT32, (70_000,)),
            (Kind.INT32, [70_000]),
        ),
        (
            ElementType.INT16,
            Attribute(ElementType.FLOAT64, (0.5,)),
            (Kind.FLOAT64, [0.5]),
        ),
        (
            ElementType.INT16,
            Attribute(ElementType.CHAR, ("none",)),
            (Kind.STRING, ["none"]),
        ),
    ],
)
def test_a_missing_value_has_its_variables_type_where_that_holds_it(
    kind: ElementType, attribute: Attribute, expected: object
) -> None:
    one = Variable("x", kind, (), (), {"missing_value": attribute})
    assert container(one)["missing_value"] == expected


def test_a_missing_value_that_is_not_a_number_stays_one() -> None:
    attribute = Attribute(ElementType.FLOAT64, (math.nan,))
    one = Variable("x", ElementType.INT16, (), (), {"missing_value": attribute})
    kind, (value,) = container(one)["missing_value"]
    assert kind is Kind.FLOAT64
    assert math.isnan(value)


def test_wide_integers_are_said_to_be_floats() -> None:
    big = Attribute(ElementType.INT64, (2**40,))
    huge = Attribute(ElementType.UINT64, (2**63 + 1,))
    one = Variable("x", ElementType.INT64, (), (), {"big": big, "huge": huge})
    assert container(one) == {
        "big": (Kind.FLOAT64, [float(2**40)]),
        "huge": (Kind.STRING, ["9223372036854775809"]),
        "dap2_type": (Kind.STRING, ["int64 in the file, Float64 in DAP2"]),
    }


def test_the_whole_file_and_its_unlimited_dimension_are_shown() -> None:
    found = mapping.attributes(described(LAT, unlimited=True))
    assert found["NC_GLOBAL"] == {"t": (Kind.STRING, ["A title"])}
    assert found["DODS_EXTRA"] == {"Unlimited_Dimension": (Kind.STRING, ["lat"])}
    assert "DODS_EXTRA" not in mapping.attributes(described(LAT))


def test_bytes_without_a_sign_are_bytes() -> None:
    said = {"_Unsigned": Attribute(ElementType.CHAR, ("true",))}
    values = {
        "_FillValue": Attribute(ElementType.INT8, (-1,)),
        "valid_range": Attribute(ElementType.INT8, (0, -6)),
        "valid_max": Attribute(ElementType.FLOAT32, (100.5,)),
        "scale_factor": Attribute(ElementType.FLOAT32, (0.5,)),
    }
    one = Variable("v", ElementType.INT8, ("a",), (4,), {**said, **values})
    assert mapping.array(one).kind is Kind.BYTE
    assert mapping.shown_as(one) is ElementType.UINT8
    found = container(one)
    assert found["_FillValue"] == (Kind.BYTE, [255])
    assert found["valid_range"] == (Kind.BYTE, [0, 250])
    assert found["valid_max"] == (Kind.FLOAT32, [100.5])
    assert found["_Unsigned"] == (Kind.STRING, ["true"])
    short = Variable("v", ElementType.INT16, ("a",), (4,), said)
    assert mapping.array(short).kind is Kind.INT16


def test_one_fill_value_is_named_and_the_others_are_missing() -> None:
    fills = Attribute(ElementType.INT32, (5, 6))
    one = Variable("v", ElementType.INT32, ("a",), (4,), {"_FillValue": fills})
    found = container(one)
    assert found["_FillValue"] == (Kind.INT32, [5])
    assert found["missing_value"] == (Kind.INT32, [6])
    missing = {"_FillValue": fills, "missing_value": Attribute(ElementType.INT32, (1,))}
    both = Variable("v", ElementType.INT32, ("a",), (4,), missing)
    assert container(both)["missing_value"] == (Kind.INT32, [6, 1])
    text = {"_FillValue": Attribute(ElementType.STRING, ("a", "b"))}
    words = Variable("v", ElementType.STRING, ("a",), (4,), text)
    assert container(words)["_FillValue"] == (Kind.STRING, ["a", "b"])


@pytest.mark.parametrize(
    ("kind", "fill", "missing", "expected"),
    [
        ("int16", (math.inf,), None, {}),
        ("int16", (1e20,), (3,), {"missing_value": (Kind.INT16, [3])}),
        ("float32", (1e300,), None, {}),
        ("int16", (math.inf, 4.0), None, {"_FillValue": (Kind.INT16, [4])}),
        (
            *("int32", (5.0, 0.5, 6.0), (1,)),
            {"_FillValue": (Kind.INT32, [5]), "missing_value": (Kind.INT32, [6, 1])},
        ),
    ],
)
def test_a_fill_value_is_one_that_the_type_of_the_variable_has(
    kind: str,
    fill: tuple[float, ...],
    missing: tuple[int, ...] | None,
    expected: dict[str, Any],
) -> None:
    attributes = {"_FillValue": Attribute(ElementType.FLOAT64, fill)}
    if missing:
        attributes["missing_value"] = Attribute(ElementType.INT16, missing)
    one = Variable("v", ElementType(kind), ("a",), (4,), attributes)
    told = ", ".join(map(str, fill)) + f" in the file, not all of which {kind} can be"
    assert container(one) == {**expected, "dap2_fill_value": (Kind.STRING, [told])}


def test_several_fill_values_leave_a_text_alone() -> None:
    fills = Attribute(ElementType.INT32, (5, 6))
    text = Attribute(ElementType.CHAR, ("N/A",))
    said = {"_FillValue": fills, "missing_value": text}
    found = container(Variable("v", ElementType.INT32, ("a",), (4,), said))
    assert found["_FillValue"] == (Kind.INT32, [5])
    assert found["missing_value"] == (Kind.STRING, ["N/A"])


def test_numbers_beyond_float32_stay_float64() -> None:
    wide = Attribute(ElementType.FLOAT64, (-1e300, 1e300))
    narrow = Attribute(ElementType.FLOAT64, (math.inf, 3e38))
    said = {"valid_range": wide, "missing_value": narrow}
    found = container(Variable("v", ElementType.FLOAT32, ("a",), (4,), said))
    assert found["valid_range"] == (Kind.FLOAT64, [-1e300, 1e300])
    assert found["missing_value"] == (Kind.FLOAT32, [math.inf, 3e38])


def test_only_a_first_dimension_is_named_as_unlimited() -> None:
    field = variable("t", ElementType.FLOAT32, "level", "time")
    found = mapping.attributes(described(LAT, field, unlimited=True))
    assert found["DODS_EXTRA"] == {"Unlimited_Dimension": (Kind.STRING, ["lat"])}
    turned = variable("u", ElementType.FLOAT32, "time", "level")
    both = mapping.attributes(described(field, turned, unlimited=True))
    assert "DODS_EXTRA" not in both


def test_text_keeps_the_bytes_of_the_file() -> None:
    units = {"units": Attribute(ElementType.CHAR, ("°C",), latin1=True)}
    one = Variable("v", ElementType.INT32, ("a",), (4,), units)
    assert container(one)["units"] == (Kind.STRING, ["\udcb0C"])
