"""Which dimensions mean what, and the indices behind coordinates."""

import pytest
from tests.support.axes import LATITUDE, TIME

from gatewright.domains.arrays import (
    Attribute,
    AxisKind,
    Description,
    Dimension,
    ElementType,
    Range,
    Selected,
    Variable,
    Version,
    axes,
    data_variables,
    everything,
    label,
)
from gatewright.domains.arrays.axes import kind_of

CHAR = ElementType.CHAR


def coordinate(name: str, **attributes: str) -> Variable:
    found = {n: Attribute(CHAR, (v,)) for n, v in attributes.items()}
    return Variable(name, ElementType.FLOAT64, (name,), (4,), found)


@pytest.mark.parametrize(
    ("variable", "kind"),
    [
        (coordinate("y", units="degrees_north"), AxisKind.LATITUDE),
        (coordinate("y", units="degreeN"), AxisKind.LATITUDE),
        (coordinate("y", standard_name="latitude"), AxisKind.LATITUDE),
        (coordinate("y", axis="Y"), AxisKind.LATITUDE),
        (coordinate("COADSX", units="degrees_east"), AxisKind.LONGITUDE),
        (coordinate("x", axis="x"), AxisKind.LONGITUDE),
        (coordinate("lon"), AxisKind.LONGITUDE),
        (coordinate("p", units="millibars"), AxisKind.LEVEL),
        (coordinate("p", standard_name="air_pressure"), AxisKind.LEVEL),
        (
            coordinate("s", standard_name="ocean_sigma_coordinate"),
            AxisKind.LEVEL,
        ),
        (coordinate("h", units="m", positive="up"), AxisKind.LEVEL),
        (coordinate("z", axis="Z"), AxisKind.LEVEL),
        (coordinate("lev"), AxisKind.LEVEL),
        (coordinate("t", units="hours since 1-1-1"), AxisKind.TIME),
        (coordinate("t", axis="T"), AxisKind.TIME),
        (coordinate("time"), AxisKind.TIME),
        (coordinate("n", standard_name="realization"), AxisKind.MEMBER),
        (coordinate("n", axis="E"), AxisKind.MEMBER),
        (coordinate("number"), AxisKind.MEMBER),
        (coordinate("ensemble"), AxisKind.MEMBER),
        (coordinate("x", standard_name="grid_longitude", units="degrees"), None),
        (coordinate("month"), None),
    ],
)
def test_what_a_coordinate_variable_means(
    variable: Variable, kind: AxisKind | None
) -> None:
    assert kind_of(variable) is kind


def description(*variables: Variable, **dimensions: int) -> Description:
    return Description(
        Version("1"),
        "NetCDF-4",
        {name: Dimension(name, size) for name, size in dimensions.items()},
        {variable.name: variable for variable in variables},
    )


def test_the_axes_of_a_file() -> None:
    found = description(
        coordinate("lat", units="degrees_north", bounds="lat_bnds"),
        coordinate("time", units="days since 2000-01-01"),
        Variable("lat_bnds", ElementType.FLOAT64, ("lat", "two"), (4, 2)),
        Variable(
            "height", ElementType.FLOAT64, (), (), {"axis": Attribute(CHAR, ("Z",))}
        ),
        Variable("label", ElementType.FLOAT64, (), ()),
        Variable("crs", ElementType.INT32, (), ()),
        Variable("station", ElementType.STRING, ("station",), (4,)),
        Variable("curved", ElementType.FLOAT64, ("lat", "time"), (4, 4)),
        Variable("text", ElementType.STRING, ("lat",), (4,)),
        Variable(
            "t",
            ElementType.FLOAT32,
            ("member", "lat"),
            (2, 4),
            {"coordinates": Attribute(CHAR, ("height label curved absent",))},
        ),
        lat=4,
        time=4,
        two=2,
        member=2,
        ens_x=2,
        station=4,
    )
    known = axes(found)
    assert {name: axis.kind.value for name, axis in known.items()} == {
        "lat": "lat",
        "time": "time",
        "member": "member",
        "height": "level",
    }
    assert known["time"].time is not None
    assert known["member"].coordinate is None
    assert known["height"].dimension is None
    assert [v.name for v in data_variables(found)] == ["curved", "t"]


def test_a_variable_along_another_dimension_is_not_its_namesake_s() -> None:
    found = description(
        Variable(
            "y",
            ElementType.FLOAT64,
            ("x",),
            (3,),
            {"units": Attribute(CHAR, ("degrees_north",))},
        ),
        Variable("t", ElementType.FLOAT32, ("y", "x"), (2, 3)),
        y=2,
        x=3,
    )
    known = axes(found)
    assert known["y"].kind is AxisKind.OTHER
    assert known["y"].coordinate is None


def test_labels() -> None:
    assert label(TIME, 6.0) == "2000-01-01T06:00:00"
    assert label(TIME, float("nan")) == ""
    assert label(LATITUDE, 0.1) == "0.1"
    assert everything(3) == Selected((Range(0, 3),))
