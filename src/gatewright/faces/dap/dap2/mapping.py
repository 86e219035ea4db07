"""Maps the description of a file to DAP2 declarations and attributes.

A type that DAP2 lacks becomes the nearest type that can hold it: int8 becomes Int16, or
Byte if the attribute ``_Unsigned`` says so; 64-bit integers become Float64, with an
attribute that says so, and a value that Float64 cannot hold exactly is an error; arrays
of characters become strings without the last dimension. Text that is not UTF-8 keeps
its bytes.
"""

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

import numpy as np

from gatewright.domains.arrays import (
    Attribute,
    Attributes,
    Description,
    Dimension,
    ElementType,
    Variable,
    as_stored,
)
from gatewright.faces.dap.dap2.model import Array, Dataset, Kind
from gatewright.faces.dap.dap2.wire import Attributes as Containers
from gatewright.faces.dap.dap2.wire import Value

KINDS = {
    ElementType.INT8: Kind.INT16,
    ElementType.UINT8: Kind.BYTE,
    ElementType.INT16: Kind.INT16,
    ElementType.UINT16: Kind.UINT16,
    ElementType.INT32: Kind.INT32,
    ElementType.UINT32: Kind.UINT32,
    ElementType.INT64: Kind.FLOAT64,
    ElementType.UINT64: Kind.FLOAT64,
    ElementType.FLOAT32: Kind.FLOAT32,
    ElementType.FLOAT64: Kind.FLOAT64,
    ElementType.CHAR: Kind.STRING,
    ElementType.STRING: Kind.STRING,
}
"""DAP2 type for each element type."""

_WIDE = {ElementType.INT64, ElementType.UINT64}
_UNSIGNED = {ElementType.UINT8, ElementType.UINT16, ElementType.UINT32}
"""Types that netCDF-C reads over DAP2 as signed integers with the same bits."""
_EXACT = 2**53
"""Float64 holds all integers up to this one exactly."""
_OF_VALUES = {
    "_FillValue",
    "missing_value",
    "valid_min",
    "valid_max",
    "valid_range",
    "flag_values",
    "flag_masks",
}
"""Attributes that have the type of their variable (CF 1.11, section 2.5.1)."""

_BYTE = 256
_LARGEST_FLOAT32 = float(np.finfo(np.float32).max)

Tagged = tuple[Kind, Sequence[Value]]


def dataset(name: str, description: Description) -> Dataset:
    """Return the DAP2 declarations of a file."""
    return Dataset(name, tuple(map(array, _shown(description))))


def _shown(description: Description) -> list[Variable]:
    """Return the variables that have values.

    NetCDF-C ignores variables with a dimension of size 0, such as time before the first
    record, and then cannot read the other variables of the data set.
    """
    return [v for v in description.variables.values() if v.elements]


def shown_as(variable: Variable) -> ElementType:
    """Return the element type that DAP2 declares for a variable.

    NetCDF-3 has no unsigned bytes; it uses int8 with ``_Unsigned`` (NetCDF Users'
    Guide, appendix A). Such a variable is declared as UINT8: if it were Int16, clients
    that apply ``_Unsigned`` would take its sign bit as part of the value.
    """
    unsigned = variable.text("_Unsigned").strip().lower() == "true"
    if unsigned and variable.type is ElementType.INT8:
        return ElementType.UINT8
    return variable.type


def array(variable: Variable) -> Array:
    """Return the DAP2 declaration of a variable."""
    dimensions = list(zip(variable.dimensions, variable.shape, strict=True))
    if variable.type is ElementType.CHAR:
        dimensions = dimensions[:-1]
    return Array(variable.name, KINDS[shown_as(variable)], tuple(dimensions))


def attributes(
    description: Description, lengths: Mapping[str, int] | None = None
) -> Containers:
    """Return the DAP2 attribute containers of a file, one of them for each variable.

    ``lengths`` are the lengths in bytes of the longest values of variables of strings,
    as far as they are known.
    """
    shown = _shown(description)
    containers = {v.name: dict(_of_variable(v)) for v in shown}
    for name, length in (lengths or {}).items():
        containers[name]["DODS.strlen"] = Kind.INT32, [max(1, length)]
    whole: dict[str, Containers] = {
        "NC_GLOBAL": {k: plain(a) for k, a in description.attributes.items()}
    }
    unlimited = [
        d.name for d in description.dimensions.values() if _is_record(d, shown)
    ]
    extra: dict[str, Containers] = {}
    if unlimited:
        extra["DODS_EXTRA"] = {"Unlimited_Dimension": (Kind.STRING, unlimited[:1])}
    return containers | whole | extra


def _is_record(dimension: Dimension, variables: Sequence[Variable]) -> bool:
    """Return whether a dimension may be named as DAP2's unlimited one.

    NetCDF-C refuses a data set in which that is not the first dimension of each
    variable that has it, as NetCDF-4 allows.
    """
    after_the_first = {name for v in variables for name in v.dimensions[1:]}
    return (
        dimension.unlimited
        and dimension.size > 0
        and dimension.name not in after_the_first
    )


def _of_variable(variable: Variable) -> Iterator[tuple[str, Tagged]]:
    shown = shown_as(variable)
    for name, attribute in _one_fill_value(variable).items():
        values = _unsigned(attribute, variable)
        if name in _OF_VALUES and _fits(values, shown):
            yield name, _as_kind(values, KINDS[shown])
        else:
            yield name, plain(attribute)
    if variable.type in _WIDE:
        text = f"{variable.type} in the file, Float64 in DAP2"
        yield "dap2_type", (Kind.STRING, [text])
    if variable.type in _UNSIGNED and "_Unsigned" not in variable.attributes:
        yield "_Unsigned", (Kind.STRING, ["true"])
    if variable.type is ElementType.CHAR:
        # With these attributes netCDF-C turns strings into the right number of
        # characters, instead of 64. It accepts names with dots; attributes in a
        # container DODS would become attributes of the whole file.
        yield "DODS.strlen", (Kind.INT32, list(variable.shape[-1:] or (1,)))
        if variable.dimensions:
            yield "DODS.dimName", (Kind.STRING, [variable.dimensions[-1]])


def _one_fill_value(variable: Variable) -> Attributes:
    """Return attributes with at most one ``_FillValue``, of the type of the variable.

    NetCDF-C refuses a variable with several, so further ones become ``missing_value``.
    In place of one that the type cannot hold, such as NaN for integers, netCDF-C takes
    any value that is in its memory, and clients would mask good values. No stored value
    is equal to it, so it is only told as text, as ``dap2_fill_value``.
    """
    attributes, shown = variable.attributes, shown_as(variable)
    fill = attributes.get("_FillValue")
    if fill is None or not shown.numeric:
        return attributes
    usable = [
        value
        for value in fill.values
        if _fits(_unsigned(replace(fill, values=(value,)), variable), shown)
    ]
    missing = attributes.get("missing_value", Attribute(fill.type, ()))
    kept = {name: a for name, a in attributes.items() if name != "_FillValue"}
    if usable:
        kept["_FillValue"] = replace(fill, values=tuple(usable[:1]))
    if len(usable) < len(fill.values):
        text = f"{fill.text} in the file, not all of which {shown} can be"
        kept["dap2_fill_value"] = Attribute(ElementType.STRING, (text,))
    if usable[1:] and missing.type.numeric:
        same = missing.type is fill.type
        kind = fill.type if same else ElementType.FLOAT64
        kept["missing_value"] = Attribute(kind, (*usable[1:], *missing.values))
    return kept


def _unsigned(attribute: Attribute, variable: Variable) -> Attribute:
    """Return an attribute of signed bytes that mean unsigned ones as unsigned bytes.

    The signed byte -1 has the bits of the unsigned byte 255.
    """
    if shown_as(variable) is variable.type or attribute.type is not variable.type:
        return attribute
    unsigned = tuple(int(value) % _BYTE for value in attribute.values)
    return Attribute(ElementType.UINT8, unsigned)


def _fits(attribute: Attribute, kind: ElementType) -> bool:
    """Return whether a type can hold all values of an attribute unchanged."""
    if not (kind.numeric and attribute.type.numeric):
        return False
    if kind is ElementType.FLOAT64:
        return True
    if kind is ElementType.FLOAT32:
        # A number beyond float32 stays Float64.
        sizes = [abs(float(value)) for value in attribute.values]
        return not any(_LARGEST_FLOAT32 < size < math.inf for size in sizes)
    bounds = np.iinfo(kind.value)
    return all(
        math.isfinite(value)
        and int(value) == value
        and bounds.min <= value <= bounds.max
        # Integers are not converted, since float64 cannot hold all of them.
        for value in (v if isinstance(v, int) else float(v) for v in attribute.values)
    )


def plain(attribute: Attribute) -> Tagged:
    """Return an attribute with the DAP2 type that can hold all of its values."""
    kind = KINDS[attribute.type]
    whole = [value for value in attribute.values if isinstance(value, int)]
    if attribute.type in _WIDE and all(-(2**31) <= value < 2**31 for value in whole):
        kind = Kind.INT32
    elif attribute.type in _WIDE and any(abs(value) > _EXACT for value in whole):
        kind = Kind.STRING
    return _as_kind(attribute, kind)


def _as_kind(attribute: Attribute, kind: Kind) -> Tagged:
    if kind is Kind.STRING:
        return kind, as_stored(attribute)
    if kind in {Kind.FLOAT32, Kind.FLOAT64}:
        return kind, [float(value) for value in attribute.values]
    return kind, [int(value) for value in attribute.values]
