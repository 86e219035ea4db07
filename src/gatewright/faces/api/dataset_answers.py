"""JSON descriptions of gridded data sets."""

import math
from collections.abc import Mapping, Sequence
from typing import Any, Literal
from urllib.parse import quote

import numpy as np
from pydantic import BaseModel, Field

from gatewright.core.clock import timestamp
from gatewright.core.config import Config
from gatewright.domains.arrays import (
    Attributes,
    AxisKind,
    AxisValues,
    Dataset,
    Horizontal,
    Prepared,
    Published,
    Values,
    Variable,
    data_variables,
    doubtful_range,
    label,
)

BASE = "/api/v1"
_LISTED_VALUES = 5000


class DatasetItem(BaseModel):
    """A data set in the catalogue."""

    id: str = Field(description="Name in URLs.")
    title: str = Field(description="Title.")
    url: str = Field(description="URL of its description.")
    state: Literal["ready", "missing", "unread"] = Field(
        description="“missing”: its file does not exist; “unread”: its file was not "
        "read yet, or cannot be read."
    )
    format: str | None = Field(description="Kind of file; null if it is not known.")
    size: int | None = Field(description="Bytes of the file; null if not known.")
    variables: list[str] = Field(description="Names of the data variables.")


class DatasetList(BaseModel):
    """A page of the catalogue."""

    datasets: list[DatasetItem] = Field(description="Data sets, by id.")
    next: str | None = Field(description="Cursor of the next page; null on the last.")


class DimensionAnswer(BaseModel):
    """A dimension."""

    name: str
    size: int
    unlimited: bool = Field(description="Whether the file may grow along it.")


class VariableAnswer(BaseModel):
    """A variable of a data set."""

    name: str
    title: str = Field(description="Its long name, standard name, or name.")
    units: str
    type: str = Field(description="Type as stored: float32, int16, string, ...")
    dimensions: list[str] = Field(description="Dimensions, slowest first.")
    shape: list[int]
    size_bytes: int = Field(description="Bytes of the whole array; 0 for strings.")
    data: bool = Field(description="Whether it holds data rather than coordinates.")
    attributes: dict[str, Any]


class AxisAnswer(BaseModel):
    """A dimension or a scalar coordinate, with its values."""

    kind: str = Field(
        description="time, level, lat, lon or member; other for any other."
    )
    name: str = Field(description="Dimension, or the name of a scalar coordinate.")
    parameter: str = Field(
        description="Query parameter of a subset that selects on it."
    )
    size: int
    units: str
    first: float | str | None = Field(description="First value; times in ISO 8601.")
    last: float | str | None = Field(description="Last value.")
    values: list[float | str | None] | None = Field(
        description=f"All values, of axes with at most {_LISTED_VALUES}: numbers, "
        "times, labels, or positions from 0 if the axis has no coordinate values."
    )
    by_position: bool = Field(
        description="Whether the axis has no coordinate values, so that a subset "
        "selects on it by position, such as “index:3” or “index:0:9”."
    )


class GridAnswer(BaseModel):
    """A grid whose latitudes and longitudes are two-dimensional arrays."""

    latitude: str = Field(description="Variable of the latitudes.")
    longitude: str = Field(description="Variable of the longitudes.")
    dimensions: list[str] = Field(description="Their dimensions, slowest first.")


class DatasetDetail(BaseModel):
    """The full description of a data set."""

    id: str
    title: str
    format: str = Field(description="Kind of file.")
    size_bytes: int = Field(description="Bytes of the file.")
    data_bytes: int = Field(description="Bytes of its arrays, without compression.")
    modified_at: str = Field(description="Last change of the file, RFC 3339.")
    dimensions: list[DimensionAnswer]
    variables: list[VariableAnswer]
    axes: list[AxisAnswer]
    grids: list[GridAnswer] = Field(
        description="Rotated, projected and other grids whose coordinates are arrays. "
        "“lat” and “lon” of a subset select cells; cells outside the box are missing."
    )
    bounds: dict[str, tuple[float | str | None, float | str | None]] = Field(
        description="Smallest and largest value of each kind of axis."
    )
    attributes: dict[str, Any]
    warnings: list[str] = Field(
        description="Parts of the file that are left out or may be ambiguous."
    )
    access: dict[str, str] = Field(description="URL for each protocol.")
    code: dict[str, str] = Field(description="Example code for common tools.")


class NearestAnswer(BaseModel):
    """A coordinate value that replaces the requested one, at most half a step away."""

    asked: str
    given: str


class EstimateAnswer(BaseModel):
    """The size of a subset before it is made."""

    bytes: int = Field(description="Approximate or largest size of the response.")
    elements: int = Field(description="Number of values in the response.")
    read_bytes: int = Field(description="Bytes of the arrays that must be read.")
    limit_bytes: int = Field(description="Largest response that the gateway sends.")
    fits: bool = Field(description="Whether the subset is within the limit.")
    nearest: dict[str, NearestAnswer] = Field(
        description="Axes for which the nearest value replaces the requested one."
    )


def dataset_item(
    dataset: Dataset, known: Published | None, *, there: bool
) -> dict[str, object]:
    """Return a data set as an item of the catalogue; ``known`` is None if not read."""
    item: dict[str, object] = {
        "id": dataset.id,
        "title": dataset.title or dataset.id,
        "url": f"{BASE}/datasets/{quote(dataset.id, safe='')}",
        "state": "unread" if there else "missing",
        "format": None,
        "size": None,
        "variables": [],
    }
    if known is not None:
        description = known.description
        item["state"] = "ready"
        item["title"] = known.title
        item["format"] = description.format
        item["size"] = description.stored_bytes
        item["variables"] = [v.name for v in data_variables(description)]
    return item


def dataset_detail(
    published: Published,
    axes: Mapping[str, AxisValues],
    grids: Sequence[tuple[Horizontal, Values, Values]],
    config: Config,
) -> dict[str, object]:
    """Return the full description of a data set as JSON values.

    Parameters
    ----------
    published
        The data set and what its file describes.
    axes
        Coordinate values by dimension or scalar coordinate.
    grids
        Two-dimensional grids with their latitudes and longitudes in degrees.
    config
        Configuration, for the URLs.
    """
    description = published.description
    data = {variable.name for variable in data_variables(description)}
    return {
        "id": published.dataset.id,
        "title": published.title,
        "format": description.format,
        "size_bytes": description.stored_bytes,
        "data_bytes": description.size,
        "modified_at": timestamp(description.modified),
        "dimensions": [
            {"name": d.name, "size": d.size, "unlimited": d.unlimited}
            for d in description.dimensions.values()
        ],
        "variables": [
            _variable(variable, variable.name in data)
            for variable in description.variables.values()
        ],
        "axes": [_axis(name, axis) for name, axis in axes.items()],
        "grids": [
            {
                "latitude": at.latitude,
                "longitude": at.longitude,
                "dimensions": list(at.dimensions),
            }
            for at, _, _ in grids
        ],
        "bounds": {
            **{
                kind: (float(np.nanmin(values)), float(np.nanmax(values)))
                for _, *arrays in reversed(grids)
                for kind, values in zip(("lat", "lon"), arrays, strict=True)
                if np.isfinite(values).any()
            },
            # The first axis of a kind wins; dimensions come before scalar coordinates.
            **{
                a.axis.kind.value: _bounds(a)
                for a in reversed(list(axes.values()))
                if a.axis.kind is not AxisKind.OTHER
            },
        },
        "attributes": _attributes(description.attributes),
        "warnings": [
            *description.warnings,
            *filter(None, map(doubtful_range, description.variables.values())),
        ],
        "access": _access(published.dataset.id, config),
        "code": _code(published, axes, config),
    }


def estimate_answer(prepared: Prepared, limit: int) -> dict[str, object]:
    """Return the size of a prepared subset, compared with ``limit`` bytes."""
    cost = prepared.estimate
    return {
        "bytes": cost.bytes,
        "elements": cost.elements,
        "read_bytes": cost.read_bytes,
        "limit_bytes": limit,
        "fits": max(cost.bytes, cost.read_bytes) <= limit,
        "nearest": {
            name: {"asked": asked, "given": given}
            for name, (asked, given) in prepared.nearest.items()
        },
    }


def _variable(variable: Variable, data: bool) -> dict[str, object]:
    long_name = variable.text("long_name")
    standard_name = variable.text("standard_name").replace("_", " ")
    return {
        "name": variable.name,
        "title": long_name or standard_name or variable.name,
        "units": variable.text("units"),
        "type": variable.type.value,
        "dimensions": list(variable.dimensions),
        "shape": list(variable.shape),
        "size_bytes": variable.size,
        "data": data,
        "attributes": _attributes(variable.attributes),
    }


def _attributes(attributes: Attributes) -> dict[str, object]:
    found: dict[str, object] = {}
    for name, attribute in attributes.items():
        values = [  # JSON has neither NaN nor infinity
            str(value)
            if isinstance(value, float) and not math.isfinite(value)
            else value
            for value in attribute.values
        ]
        found[name] = values[0] if len(values) == 1 else values
    return found


def _axis(name: str, axis: AxisValues) -> dict[str, object]:
    values = [_shown(axis, float(value)) for value in axis.values[:_LISTED_VALUES]]
    own = axis.axis.name if axis.axis.kind is not AxisKind.OTHER else name
    size = int(axis.values.size)
    last = _shown(axis, float(axis.values[-1])) if size else None
    return {
        "kind": axis.axis.kind.value,
        "name": name,
        "parameter": own,
        "size": size,
        "units": axis.axis.units,
        "first": values[0] if values else None,
        "last": last,
        "values": values if size <= _LISTED_VALUES else None,
        "by_position": axis.axis.coordinate is None,
    }


def _shown(axis: AxisValues, value: float) -> float | str | None:
    if axis.labels:
        return axis.labels[int(value)]
    if not math.isfinite(value):
        return None
    return value if axis.axis.time is None else label(axis.axis, value) or None


def _bounds(axis: AxisValues) -> tuple[float | str | None, float | str | None]:
    known = axis.values[np.isfinite(axis.values)]
    if not known.size:
        return None, None
    return _shown(axis, float(known.min())), _shown(axis, float(known.max()))


def _access(dataset_id: str, config: Config) -> dict[str, str]:
    name = quote(dataset_id, safe="")
    return {
        "api": f"{config.url}{BASE}/datasets/{name}",
        "subset": f"{config.url}{BASE}/datasets/{name}/subset",
        "dap2": f"{config.url}/dap/{name}",
    }


def _code(
    published: Published, axes: Mapping[str, AxisValues], config: Config
) -> dict[str, str]:
    """Return example code that opens this data set with each of the usual tools."""
    addresses = _access(published.dataset.id, config)
    data = data_variables(published.description)
    name = data[0].name if data else "VARIABLE"
    dimensions = data[0].dimensions if data else ()
    middles = [_middle(axes[one]) for one in dimensions if one in axes]
    query = "&".join([f"var={quote(name, safe='')}", *filter(None, middles)])
    return {
        "xarray": "import xarray\n\n"
        f'data = xarray.open_dataset("{addresses["dap2"]}")\n'
        f'print(data["{name}"])\n',
        "netCDF4": "import netCDF4\n\n"
        f'data = netCDF4.Dataset("{addresses["dap2"]}")\n'
        f'print(data["{name}"])\n',
        "curl": f"curl -o subset.nc '{addresses['subset']}?{query}'\n",
        "ncdump": f"ncdump -h '{addresses['dap2']}'\n",
    }


def _middle(axis: AxisValues) -> str:
    """Return a query parameter for the middle half of a latitude or longitude axis.

    It is empty for other axes.
    """
    if axis.axis.kind not in {AxisKind.LATITUDE, AxisKind.LONGITUDE}:
        return ""
    known = sorted(float(value) for value in axis.values if math.isfinite(value))
    if not known:
        return ""
    quarter = len(known) // 4
    return f"{axis.axis.kind.value}={known[quarter]}:{known[-1 - quarter]}"
