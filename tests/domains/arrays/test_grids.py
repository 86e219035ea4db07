"""Grids whose latitudes and longitudes are arrays: places, boxes, and what is none."""

from collections.abc import Mapping

import numpy as np
import numpy.typing as npt
import pytest

from gatewright.core.errors import InvalidRequest
from gatewright.domains.arrays import (
    Attribute,
    AxisKind,
    Box,
    Description,
    Dimension,
    ElementType,
    Grids,
    Horizontal,
    Range,
    Variable,
    Version,
    axes,
    data_variables,
)
from gatewright.domains.arrays.grids import place

CHAR = ElementType.CHAR
LAT, LON = AxisKind.LATITUDE, AxisKind.LONGITUDE
Numbers = npt.NDArray[np.float64]


def variable(
    name: str, *dimensions: str, kind: ElementType = ElementType.FLOAT64, **about: str
) -> Variable:
    shape = tuple(4 for _ in dimensions)
    attributes = {n: Attribute(CHAR, (v,)) for n, v in about.items()}
    return Variable(name, kind, dimensions, shape, attributes)


def north(name: str, *dimensions: str) -> Variable:
    return variable(name, *dimensions, units="degrees_north")


def east(name: str, *dimensions: str) -> Variable:
    return variable(name, *dimensions, units="degrees_east")


def described(*variables: Variable) -> Description:
    names = dict.fromkeys(name for one in variables for name in one.dimensions)
    return Description(
        Version("1"),
        "NetCDF-4",
        {name: Dimension(name, 4) for name in names},
        {one.name: one for one in variables},
    )


T = variable("t", "y", "x", coordinates="lat lon")


@pytest.mark.parametrize(
    ("others", "data", "expected"),
    [
        ((north("lat", "y", "x"), east("lon", "y", "x")), T, ("y", "x")),
        ((north("a", "y", "x"), east("b", "y", "x")), T, ("y", "x")),
        ((north("lat", "x"), east("lon", "x")), T, ("x",)),
        ((north("lat", "y", "x"), east("lon", "x", "y")), T, None),
        ((north("lat", "y", "x"),), T, None),
        ((north("a", "y", "x"), north("b", "y", "x"), east("c", "y", "x")), T, None),
        ((north("lat", "z", "x"), east("lon", "z", "x")), T, None),
        ((north("lat", "lat"), east("lon", "lon")), T, None),
        ((variable("lat", "y", "x", kind=CHAR), east("lon", "y", "x")), T, None),
    ],
)
def test_where_latitudes_and_longitudes_stand(
    others: tuple[Variable, ...], data: Variable, expected: tuple[str, ...] | None
) -> None:
    found = Grids(described(*others, data)).of(data)
    assert (found and found.dimensions) == expected


def test_of_several_grids_a_variable_names_its_own() -> None:
    u = variable("u", "y", "x", coordinates="lon_u lat_u")
    grid = described(
        *(north("lat", "y", "x"), east("lon", "y", "x"), T, u),
        *(north("lat_u", "y", "x"), east("lon_u", "y", "x")),
    )
    assert Grids(grid).of(u) == Horizontal("lat_u", "lon_u", ("y", "x"))
    assert [one.name for one in data_variables(grid)] == ["t", "u"]


def kinds(*variables: Variable) -> Mapping[str, str]:
    return {n: a.kind.value for n, a in axes(described(*variables)).items()}


def test_a_dimension_that_is_only_called_latitude_is_an_index() -> None:
    curved = (north("glat", "lat", "lon"), east("glon", "lat", "lon"))
    t = variable("t", "lat", "lon", coordinates="glat glon")
    assert kinds(variable("lat", "lat"), variable("lon", "lon"), *curved, t) == {
        "lat": "other",
        "lon": "other",
    }
    assert kinds(north("lat", "lat"), variable("lon", "lon", axis="X"), *curved, t) == {
        "lat": "lat",
        "lon": "other",
    }


def test_letters_and_names_need_degrees() -> None:
    metres = variable("lat", "lat", units="m")
    named = variable("x", "x", axis="X", standard_name="area_fraction")
    degrees = variable("y", "y", axis="Y", units="degrees")
    t = variable("t", "lat", "x", "y")
    assert kinds(metres, named, degrees, t) == {
        "lat": "other",
        "x": "other",
        "y": "lat",
    }


def test_auxiliary_coordinates_make_axes_of_dimensions() -> None:
    """Times, latitudes and levels along dimensions of other names; stations."""
    t = variable("t", "n", "row", "k", "site", coordinates="when lats deep la lo")
    assert kinds(
        *(variable("when", "n", units="days since 2000-01-01"), north("lats", "row")),
        *(variable("deep", "k", positive="down"), north("la", "site")),
        *(east("lo", "site"), t),
    ) == {"n": "time", "row": "lat", "k": "level", "site": "other"}


def test_two_coordinates_of_one_kind_make_no_axis() -> None:
    units = "days since 2000-01-01"
    t = variable("t", "n", coordinates="begun valid")
    times = (variable("begun", "n", units=units), variable("valid", "n", units=units))
    assert kinds(*times, t) == {"n": "other"}


def test_members_beside_an_index() -> None:
    index = variable("record", "record")
    label = variable("run", "record", kind=ElementType.STRING)
    named = Variable(
        *("run", ElementType.STRING, ("record",), (4,)),
        {"standard_name": Attribute(CHAR, ("realization",))},
    )
    t = variable("t", "record", coordinates="run")
    assert kinds(index, named, t) == {"record": "member"}
    assert kinds(index, label, t) == {"record": "other"}
    axis = axes(described(label, t))["record"]
    assert (axis.coordinate, axis.text) == ("run", True)


ROWS = np.repeat(50.0 + np.arange(5.0)[:, None], 6, axis=1)
COLUMNS = np.repeat(350.0 + 4 * np.arange(6.0)[None], 5, axis=0)
GRID = Horizontal("lat", "lon", ("y", "x"))


def ranges(wanted: dict[AxisKind, str]) -> dict[str, tuple[int, int]]:
    chosen, _ = place(GRID, ROWS, COLUMNS, wanted)
    return {n: (c.ranges[0].start, c.ranges[0].stop) for n, c in chosen.items()}


@pytest.mark.parametrize(
    ("wanted", "expected"),
    [
        ({LON: "-10:2"}, {"y": (0, 5), "x": (0, 4)}),
        ({LON: "350:2"}, {"y": (0, 5), "x": (0, 4)}),
        ({LON: "-2:-1.9", LAT: "51:50"}, {"y": (0, 2), "x": (2, 3)}),
        ({LON: "0:360"}, {"y": (0, 5), "x": (0, 6)}),
        ({LAT: "52.0001:54"}, {"y": (2, 5), "x": (0, 6)}),
        ({LAT: "53", LON: "2"}, {"y": (3, 4), "x": (3, 4)}),
    ],
)
def test_boxes_run_eastward_over_any_seam(
    wanted: dict[AxisKind, str], expected: dict[str, tuple[int, int]]
) -> None:
    assert ranges(wanted) == expected


def test_cells_without_coordinates_are_in_no_box() -> None:
    rows, columns = ROWS.copy(), COLUMNS.copy()
    rows[0], columns[0] = np.nan, np.nan
    chosen, box = place(GRID, rows, columns, {LAT: "-90:90"})
    assert box is None
    assert chosen["y"].ranges == (Range(1, 4),)
    columns[4] = np.nan
    held = Box(GRID).holds(rows, columns)
    assert held.any(1).tolist() == [False, True, True, True, False]
    nothing = np.full_like(rows, np.nan)
    for wanted in ({LAT: "50:60"}, {LAT: "50", LON: "0"}):
        with pytest.raises(InvalidRequest, match="all missing"):
            place(GRID, nothing, columns, wanted)


def test_grids_that_move_have_boxes_and_no_places() -> None:
    moving = Horizontal("lat", "lon", ("time", "y", "x"))
    rows, columns = np.stack([ROWS, ROWS + 9]), np.stack([COLUMNS, COLUMNS])
    chosen, _ = place(moving, rows, columns, {LAT: "59:70"})
    assert chosen["time"].ranges == (Range(1, 1),)
    with pytest.raises(InvalidRequest, match="change along time"):
        place(moving, rows, columns, {LAT: "50", LON: "350"})


def test_a_place_among_stations_is_one_of_them() -> None:
    """Half the way to the next station is nearer to none of the others."""
    at = Horizontal("lat", "lon", ("station",))
    lat, lon = np.array([50.0, 52.0, 52.0]), np.array([4.0, 4.0, 4.0])
    chosen, _ = place(at, lat, lon, {LAT: "50.5", LON: "4"})
    assert chosen["station"].ranges == (Range(0, 1),)
    assert chosen["station"].nearest == "50 4"
    with pytest.raises(InvalidRequest, match="nearest is at lat=50, lon=4"):
        place(at, lat, lon, {LAT: "48.9", LON: "4"})
    chosen, _ = place(at, lat[:1], lon[:1], {LAT: "50", LON: "4"})
    assert chosen["station"].nearest == ""
    with pytest.raises(InvalidRequest, match="nearest is at"):
        place(at, lat[:1], lon[:1], {LAT: "50.1", LON: "4"})
