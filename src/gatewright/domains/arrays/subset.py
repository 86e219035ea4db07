"""Subsets of data sets: what a client requests by coordinates and a reader cuts out."""

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from gatewright.core.errors import InvalidRequest
from gatewright.domains.arrays.axes import Axis, data_variables
from gatewright.domains.arrays.grids import Box
from gatewright.domains.arrays.model import (
    Attributes,
    AxisKind,
    Description,
    ElementType,
    Published,
    Variable,
)
from gatewright.domains.arrays.packing import absent, packing
from gatewright.domains.arrays.references import companions
from gatewright.domains.arrays.selection import Selected, everything
from gatewright.domains.arrays.statistics import Statistic


class SubsetFormat(StrEnum):
    """Format of a subset."""

    NETCDF4 = "netcdf4"
    CSV = "csv"
    JSON = "json"
    PNG = "png"

    @property
    def media_type(self) -> str:
        """Media type of the answer."""
        return _MEDIA_TYPES[self]

    @property
    def extension(self) -> str:
        """Extension of the file name, without the dot."""
        return "nc" if self is SubsetFormat.NETCDF4 else self.value


_MEDIA_TYPES = {
    SubsetFormat.NETCDF4: "application/x-netcdf",
    SubsetFormat.CSV: "text/csv; charset=utf-8",
    SubsetFormat.JSON: "application/json",
    SubsetFormat.PNG: "image/png",
}
_BYTES_OF_A_VALUE = {SubsetFormat.CSV: 14, SubsetFormat.JSON: 12}
_OVERHEAD = 16_384
_OVERHEAD_OF_ONE = 2560
"""Bytes that a variable takes in NetCDF-4 besides its values: object header, chunk
index."""
_PICTURE_BYTES = 65_536


@dataclass(frozen=True, slots=True)
class SubsetRequest:
    """A subset as a client requests it."""

    variables: tuple[str, ...] = ()
    """Names of the variables; empty for all data variables."""
    bounds: Mapping[AxisKind, str] = field(default_factory=dict)
    """One value or ``first:last``, as text, for each kind of axis along which it
    selects."""
    statistics: tuple[Statistic, ...] = ()
    """Statistics over the ensemble members, which then replace the members themselves.
    """
    format: SubsetFormat = SubsetFormat.NETCDF4
    """Format of the answer."""
    dimensions: Mapping[str, str] = field(default_factory=dict)
    """The same as ``bounds``, for axes that are given by the name of their dimension.
    """


@dataclass(frozen=True, slots=True)
class SubsetOrder:
    """A subset as a reader makes it."""

    variables: tuple[str, ...]
    """Names of the variables."""
    selected: Mapping[str, Selected]
    """Selected indices by dimension; dimensions that are not named are whole."""
    statistics: tuple[Statistic, ...]
    """Statistics over the ensemble members; empty for the members themselves."""
    format: SubsetFormat
    """Format of the answer."""
    title: str
    """Title of the answer."""
    history: str
    """Line that says how the subset was made, for the ``history`` attribute."""
    boxes: tuple[Box, ...] = ()
    """Boxes on curved grids: selected cells outside of them become missing."""


@dataclass(frozen=True, slots=True)
class Estimate:
    """The cost of a subset, known before its values are read."""

    elements: int
    """Number of values in the answer."""
    read_bytes: int
    """Uncompressed size of the arrays that are read for it, bytes."""
    bytes: int
    """Size of the answer in bytes: an upper limit for NetCDF, approximate otherwise."""


@dataclass(frozen=True, slots=True)
class Prepared:
    """A subset that was checked against its data set, before its values are read."""

    published: Published
    """The data set."""
    order: SubsetOrder
    """What the reader has to make."""
    estimate: Estimate
    """Its cost."""
    nearest: Mapping[str, tuple[str, str]] = field(default_factory=dict)
    """Requested and selected value by axis, where the two differ."""


@dataclass(frozen=True, slots=True)
class SubsetFile:
    """A subset that is ready to be sent."""

    descriptor: int
    """Descriptor of an open anonymous file, which the sender closes."""
    size: int
    """Size in bytes."""
    media_type: str
    """Media type."""
    filename: str
    """File name under which to save it."""


def chosen_variables(
    description: Description, request: SubsetRequest
) -> tuple[Variable, ...]:
    """Return the variables that a request names, or else all data variables.

    Raises
    ------
    InvalidRequest
        A variable does not exist, is text or is named twice, or there is none of
        numbers.
    """
    if not request.variables:
        found = data_variables(description)
        if not found:
            raise InvalidRequest("This data set has no variables of numbers.")
        return tuple(found)
    chosen = tuple(description.variable(name) for name in request.variables)
    if len({variable.name for variable in chosen}) < len(chosen):
        raise InvalidRequest("A variable is named twice.")
    for variable in chosen:
        if not variable.type.numeric:
            raise InvalidRequest(f"“{variable.name}” is text and has no subsets.")
    return chosen


def member_axis(variable: Variable, axes: Mapping[str, Axis]) -> int | None:
    """Return the position of the dimension of ensemble members.

    None if there is none.
    """
    for number, name in enumerate(variable.dimensions):
        if name in axes and axes[name].kind is AxisKind.MEMBER:
            return number
    return None


def check_statistics(
    variables: tuple[Variable, ...], axes: Mapping[str, Axis], request: SubsetRequest
) -> None:
    """Refuse statistics of variables without members, and one that is named twice.

    Raises
    ------
    InvalidRequest
        A variable has no axis of members or an empty one, or a statistic is named
        twice.
    """
    names = [how.name for how in request.statistics]
    if len(set(names)) < len(names):
        raise InvalidRequest("A statistic is named twice.")
    for variable in variables if names else ():
        axis = member_axis(variable, axes)
        if axis is None or not variable.shape[axis]:
            raise InvalidRequest(
                f"“{variable.name}” has no axis of ensemble members to make "
                "statistics over."
            )


def check_form(
    variables: tuple[Variable, ...], axes: Mapping[str, Axis], order: SubsetOrder
) -> None:
    """Refuse a subset that its format cannot hold.

    Raises
    ------
    InvalidRequest
        A picture would need more than one map or variable, a table would have variables
        with different axes, or a box would need a fill value that the variable lacks.
    """
    if order.format is SubsetFormat.PNG:
        _check_picture(variables, axes, order)
    for variable in variables if order.boxes and not order.statistics else ():
        if order.format is SubsetFormat.NETCDF4 and absent(variable) is None:
            raise InvalidRequest(
                f"“{variable.name}” has bytes of which none stands for a missing "
                "value, so cells outside of the box cannot be left out. Ask for CSV or "
                "JSON, or by the axes of the grid."
            )
    shapes = {output_sizes(v, axes, order) for v in variables}
    if order.format is SubsetFormat.CSV and len(shapes) > 1:
        raise InvalidRequest(
            "The variables have different axes, which do not fit into one table. Name "
            "those with the same axes with “var”, or ask for another format."
        )


def _check_picture(
    variables: tuple[Variable, ...], axes: Mapping[str, Axis], order: SubsetOrder
) -> None:
    if len(variables) > 1:
        raise InvalidRequest("A picture shows one variable: name it with “var”.")
    sizes = output_sizes(variables[0], axes, order)
    empty = [name for name, size in sizes if not size]
    if empty:
        raise InvalidRequest(
            f"The axis {empty[0]} of this data set is empty: there is nothing to draw."
        )
    long = [name for name, size in sizes if size > 1]
    if not 1 <= len(long) <= 2:
        raise InvalidRequest(
            "A picture shows a map of two axes or a line along one, and this has "
            f"{', '.join(long) or 'a single value'}. Choose one value of the others, "
            "such as one time, one level and one member."
        )
    names = [how.name for how in order.statistics]
    if len(names) > 1 and len(long) > 1:
        raise InvalidRequest(
            "A map shows one statistic: name it with “stat”. Several are drawn as "
            "lines and bands along one axis, such as the times of one place."
        )
    if len(names) > 1 and "spread" in names and "mean" not in names:
        raise InvalidRequest(
            "A spread beside other statistics is drawn as a band about the mean: ask "
            "for stat=mean,spread too."
        )


def output_sizes(
    variable: Variable, axes: Mapping[str, Axis], order: SubsetOrder
) -> tuple[tuple[str, int], ...]:
    """Return the dimensions of a variable in the answer, with their lengths.

    A dimension may occur twice, as in a covariance matrix.
    """
    member = member_axis(variable, axes) if order.statistics else None
    return tuple(
        (name, order.selected.get(name, everything(size)).count)
        for number, (name, size) in enumerate(
            zip(variable.dimensions, variable.shape, strict=True)
        )
        if number != member
    )


def carried(
    description: Description,
    variables: tuple[Variable, ...],
    axes: Mapping[str, Axis],
    order: SubsetOrder,
) -> list[Variable]:
    """Return the variables that a NetCDF answer includes besides those requested."""
    kept = {name for v in variables for name, _ in output_sizes(v, axes, order)}
    gone = {name for v in variables for name in v.dimensions} - kept
    part = {
        name
        for name, selected in order.selected.items()
        if selected.count < description.dimensions[name].size
    }
    return companions(description, variables, gone, part)


def output_type(variable: Variable, order: SubsetOrder) -> ElementType:
    """Return the type of a variable's values in the answer.

    NetCDF without statistics keeps the stored values bit by bit, packed, with the
    attributes that unpack them. Everything else is unpacked.
    """
    if order.format is SubsetFormat.NETCDF4 and not order.statistics:
        return variable.type
    return packing(variable).type


def estimate(
    description: Description,
    variables: tuple[Variable, ...],
    axes: Mapping[str, Axis],
    order: SubsetOrder,
) -> Estimate:
    """Return the cost of a subset."""
    elements = read = made = 0
    for variable in variables:
        one = math.prod(size for _, size in output_sizes(variable, axes, order))
        read += _bytes_of(variable, order)
        values = one * max(1, len(order.statistics))
        elements += values
        if order.format is SubsetFormat.NETCDF4:
            each = output_type(variable, order).size
        else:
            coordinates = len(variable.dimensions) * (order.format is SubsetFormat.CSV)
            each = _BYTES_OF_A_VALUE.get(order.format, 0) * (1 + coordinates)
        made += values * each
    if order.format is SubsetFormat.PNG:
        return Estimate(elements, read, _PICTURE_BYTES)
    if order.format is not SubsetFormat.NETCDF4:
        return Estimate(elements, read, made + _OVERHEAD)
    along = carried(description, variables, axes, order)
    read += sum(_bytes_of(one, order) for one in along)
    made += sum(_bytes_of(one, order) + _bytes_about(one.attributes) for one in along)
    made += _OVERHEAD_OF_ONE * len(along) + _bytes_about(description.attributes)
    for variable in variables:
        one = _OVERHEAD_OF_ONE + _bytes_about(variable.attributes)
        made += one * max(1, len(order.statistics))
    return Estimate(elements, read, made + _OVERHEAD)


def _bytes_about(attributes: Attributes) -> int:
    """Return the size of attribute values in bytes; their names are in the overhead."""
    return sum(
        len(value.encode()) if isinstance(value, str) else attribute.type.size
        for attribute in attributes.values()
        for value in attribute.values
    )


def _bytes_of(variable: Variable, order: SubsetOrder) -> int:
    """Return the uncompressed size in bytes of the selected part of a variable."""
    return variable.type.size * math.prod(
        order.selected.get(name, everything(size)).count
        for name, size in zip(variable.dimensions, variable.shape, strict=True)
    )
