"""NetCDF files of the conventions that answers must keep."""

from collections.abc import Callable
from typing import Any

import netCDF4
import numpy as np

Write = Callable[[netCDF4.Dataset], None]
LETTERS = "abcdefghi"


def made(
    file: netCDF4.Dataset,
    name: str,
    kind: Any,
    axes: tuple[str, ...],
    values: Any,
    **attributes: Any,
) -> Any:
    fill = attributes.pop("fill", None)
    variable = file.createVariable(name, kind, axes, fill_value=fill)
    variable.setncatts({"long_name": f"the {name}", **attributes})
    variable[...] = values
    return variable


def axes(file: netCDF4.Dataset, **times: Any) -> None:
    file.Conventions = "CF-1.8"
    file.setncatts({"title": "Größe", "institution": "here", "source": "made"})
    file.setncatts({"references": "none", "comment": "", "history": "made"})
    file.createDimension("time", None)
    file.createDimension("lat", 9)
    file.createDimension("lon", 12)
    file.createDimension("bnds", 2)
    units = "days since 1900-01-01"
    options = {"units": units, "calendar": "standard", "standard_name": "time"}
    made(file, "time", "f8", ("time",), np.arange(10.0), axis="T", **options)
    for name, meaning, units, letter, values in (
        ("lat", "latitude", "degrees_north", "Y", np.arange(-80, 81, 20.0)),
        ("lon", "longitude", "degrees_east", "X", np.arange(0, 360, 30.0)),
    ):
        options = {"units": units, "standard_name": meaning, "axis": letter}
        made(file, name, "f4", (name,), values, **options)


def records(file: netCDF4.Dataset) -> None:
    axes(file)
    shape = ("time", "lat", "lon")
    values = np.arange(1080.0).reshape(10, 9, 12)
    options = {"units": "K", "standard_name": "air_temperature"}
    made(file, "t", "f4", shape, values, **options)


def hybrid(file: netCDF4.Dataset) -> None:
    """Levels by a formula (CF 4.3.3), the terms of the bounds among them (7.1)."""
    axes(file)
    file.createDimension("lev", 4)
    name = "atmosphere_hybrid_sigma_pressure_coordinate"
    terms = "ap: ap b: b ps: ps"
    lev = made(file, "lev", "f8", ("lev",), [0.9, 0.6, 0.3, 0.1], units="1")
    lev.setncatts({"standard_name": name, "formula_terms": terms, "axis": "Z"})
    lev.setncatts({"positive": "down", "bounds": "lev_bnds"})
    bounds = file.createVariable("lev_bnds", "f8", ("lev", "bnds"))
    bounds[:] = [[1, 0.8], [0.8, 0.5], [0.5, 0.2], [0.2, 0]]
    bounds.formula_terms = "ap: ap_bnds b: b_bnds ps: ps"
    for one, units in (("ap", "Pa"), ("b", "1")):
        made(file, one, "f8", ("lev",), np.arange(4.0), units=units)
        ends = np.arange(8.0).reshape(4, 2)
        made(file, f"{one}_bnds", "f8", ("lev", "bnds"), ends, units=units)
    values = 1e5 + np.arange(1080.0).reshape(10, 9, 12)
    pressure = {"units": "Pa", "standard_name": "surface_air_pressure"}
    made(file, "ps", "f4", ("time", "lat", "lon"), values, **pressure)
    warm = {"units": "K", "standard_name": "air_temperature"}
    column = np.arange(4320.0).reshape(10, 4, 9, 12)
    made(file, "ta", "f4", ("time", "lev", "lat", "lon"), column, **warm)


def ancillary(file: netCDF4.Dataset) -> None:
    """Flags, areas of cells, and names of regions, beside what they are about."""
    axes(file)
    shape = ("lat", "lon")
    values = np.arange(108.0).reshape(9, 12)
    warm = {"units": "K", "standard_name": "air_temperature"}
    t = made(file, "t", "f4", shape, values, **warm)
    t.setncatts({"ancillary_variables": "t_flag", "coordinates": "region"})
    t.cell_measures = "area: cell_area volume: elsewhere"
    file.external_variables = "elsewhere"
    flag = made(file, "t_flag", "i1", shape, values % 2, units="1")
    flag.setncatts({"flag_values": np.array([0, 1], "i1"), "flag_meanings": "good bad"})
    flag.standard_name = "status_flag"
    area = {"units": "m2", "standard_name": "cell_area"}
    made(file, "cell_area", "f4", shape, values + 1, **area)
    names = np.array(list(LETTERS), object)
    made(file, "region", str, ("lat",), names, standard_name="region")


def members(file: netCDF4.Dataset) -> None:
    """Members with an auxiliary coordinate (CF 4.5), and what has them as well."""
    axes(file)
    file.createDimension("ens", 5)
    number = made(file, "realization", "i4", ("ens",), np.arange(1, 6), units="1")
    number.standard_name = "realization"
    shape = ("ens", "lat", "lon")
    values = np.arange(540.0).reshape(5, 9, 12)
    warm = {"units": "K", "standard_name": "air_temperature"}
    t = made(file, "t", "f4", shape, values, **warm)
    t.setncatts({"coordinates": "realization height", "cell_methods": "area: mean"})
    t.ancillary_variables = "t_flag"
    height = made(file, "height", "f8", (), 2.0, units="m", standard_name="height")
    height.setncatts({"positive": "up", "axis": "Z"})
    made(file, "t_flag", "i1", shape, 0, units="1", standard_name="status_flag")
    file["t_flag"].setncatts({"flag_values": np.int8(0), "flag_meanings": "good"})


def mesh(file: netCDF4.Dataset) -> None:
    """Two triangles (UGRID 1.0)."""
    file.Conventions = "CF-1.8"
    for name, size in (("node", 4), ("face", 2), ("three", 3)):
        file.createDimension(name, size)
    topology = made(file, "mesh", "i4", (), 0, cf_role="mesh_topology")
    topology.setncatts(
        {"node_coordinates": "nlon nlat", "topology_dimension": np.int32(2)}
    )
    topology.face_node_connectivity = "corners"
    for name, meaning, units, values in (
        ("nlon", "longitude", "degrees_east", [0, 10, 10, 0]),
        ("nlat", "latitude", "degrees_north", [0, 0, 10, 10]),
    ):
        options = {"units": units, "standard_name": meaning}
        made(file, name, "f8", ("node",), values, **options)
    faces = [[0, 1, 2], [0, 2, 3]]
    made(file, "corners", "i4", ("face", "three"), faces, fill=-1)
    options = {"coordinates": "nlat nlon", "mesh": "mesh", "location": "node"}
    warm = {"units": "K", "standard_name": "air_temperature"}
    made(file, "t", "f4", ("node",), [1, 2, 3, 4], **warm, **options)


def gathered(file: netCDF4.Dataset) -> None:
    """Points of land alone (CF 8.2)."""
    axes(file)
    file.createDimension("land", 5)
    points = made(file, "land", "i4", ("land",), [3, 14, 15, 65, 92])
    points.compress = "lat lon"
    warm = {"units": "K", "standard_name": "air_temperature"}
    values = np.arange(50.0).reshape(10, 5)
    made(file, "t", "f4", ("time", "land"), values, **warm)


def profiles(file: netCDF4.Dataset) -> None:
    """Profiles of unlike lengths, one behind the other (CF 9.3.3)."""
    file.setncatts({"Conventions": "CF-1.8", "featureType": "profile"})
    file.createDimension("profile", 2)
    file.createDimension("obs", 5)
    name = made(file, "profile", "i4", ("profile",), [1, 2], cf_role="profile_id")
    name.units = "1"
    for one, meaning, units, values in (
        ("lat", "latitude", "degrees_north", [10, 20]),
        ("lon", "longitude", "degrees_east", [30, 40]),
        ("time", "time", "days since 2000-01-01", [0, 1]),
    ):
        options = {"units": units, "standard_name": meaning}
        made(file, one, "f8", ("profile",), values, **options)
    counts = made(file, "row_size", "i4", ("profile",), [2, 3], units="1")
    counts.setncatts({"sample_dimension": "obs"})
    deep = {"units": "m", "standard_name": "depth", "positive": "down", "axis": "Z"}
    made(file, "z", "f4", ("obs",), np.arange(5.0), **deep)
    warm = {"units": "K", "standard_name": "sea_water_temperature"}
    t = made(file, "t", "f4", ("obs",), np.arange(5.0) + 280, **warm)
    t.coordinates = "time lat lon z"


def floats(file: netCDF4.Dataset) -> None:
    """The same with the number of its profile beside each value (CF 9.3.4)."""
    profiles(file)
    file["row_size"].delncattr("sample_dimension")
    which = made(file, "which", "i4", ("obs",), [0, 0, 1, 1, 1], units="1")
    which.instance_dimension = "profile"


SOURCES: dict[str, Write] = {
    "profiles": profiles,
    "floats": floats,
    "records": records,
    "hybrid": hybrid,
    "ancillary": ancillary,
    "members": members,
    "mesh": mesh,
    "gathered": gathered,
}
