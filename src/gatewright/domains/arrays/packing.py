"""Packed values and missing ones (CF conventions 1.11, section 8.1 and 2.5.1)."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from gatewright.domains.arrays.model import Attributes, ElementType, Variable

Floats = npt.NDArray[np.floating]
_UNWRITTEN = {
    ElementType.INT16: -(2**15) + 1,
    ElementType.UINT16: 2**16 - 1,
    ElementType.INT32: -(2**31) + 1,
    ElementType.UINT32: 2**32 - 1,
    ElementType.INT64: -(2**63) + 2,
    ElementType.UINT64: 2**64 - 2,
    ElementType.FLOAT32: float.fromhex("0x1.ep+122"),
    ElementType.FLOAT64: float.fromhex("0x1.ep+122"),
}
"""Default fill values, which cells have that were never written.

Source: ``NC_FILL_INT`` and its like in netcdf.h. Bytes have none that means missing.
"""


_ROUNDING = 1e-2
"""Part of a stored unit by which a bound, packed, may differ from a whole number."""
_FEW = 2**16 // 100
"""Stored values that a valid range of 16 bits or more seldom has so few of."""


@dataclass(frozen=True, slots=True)
class Packing:
    """How stored values are turned into numbers, with NaN for missing ones."""

    type: ElementType
    """Type that the numbers have: FLOAT32 or FLOAT64."""
    stored: str | None = None
    """NumPy type as which stored bytes are read first (``_Unsigned``)."""
    scale: float = 1.0
    """Factor of the stored values."""
    offset: float = 0.0
    """What is added after that."""
    missing: tuple[float, ...] = ()
    """Stored values that mean missing; whole ones are ``int``, with all digits."""
    lowest: float | None = None
    """Stored values below are missing (``valid_min``)."""
    highest: float | None = None
    """Stored values above are missing (``valid_max``)."""


def packing(variable: Variable) -> Packing:
    """Return how the values of a numeric variable are unpacked.

    The numbers are float32 where the stored values are float32, or of up to 16 bits
    with a ``scale_factor`` of type float32; else float64.
    """
    attributes = variable.attributes
    scale, offset = (
        _number(attributes, "scale_factor"),
        _number(attributes, "add_offset"),
    )
    scale, offset = 1.0 if scale is None else scale, 0.0 if offset is None else offset
    low, high = _valid(variable, scale, offset)
    factor = attributes.get("scale_factor") or attributes.get("add_offset")
    small = variable.type.size <= 2 and (
        factor is None or factor.type is not ElementType.FLOAT64
    )
    single = small or variable.type is ElementType.FLOAT32
    fills = _numbers(attributes, "_FillValue")
    if "_FillValue" not in attributes and variable.type in _UNWRITTEN:
        fills = [_UNWRITTEN[variable.type]]
    return Packing(
        ElementType.FLOAT32 if single else ElementType.FLOAT64,
        _unsigned(variable),
        scale,
        offset,
        (*fills, *_numbers(attributes, "missing_value")),
        low,
        high,
    )


def doubtful_range(variable: Variable) -> str | None:
    """Return a warning where a valid range was probably meant in unpacked units.

    Libraries such as netCDF4 write ``valid_range`` in the type of the variable, and
    180 to 330 K becomes the stored values 180 to 330. Such a range has few values,
    and ``add_offset`` among them.
    """
    both = _numbers(variable.attributes, "valid_range") or [
        *_numbers(variable.attributes, "valid_min"),
        *_numbers(variable.attributes, "valid_max"),
    ]
    if len(both) != 2 or not variable.type.value.startswith(("int", "uint")):
        return None
    how, (low, high) = packing(variable), both
    few = variable.type.size > 1 and high - low < _FEW and low < how.offset < high
    as_stored = [how.lowest, how.highest] == both
    if not few or not as_stored or (how.scale, how.offset) == (1.0, 0.0):
        return None
    ends = sorted(end * how.scale + how.offset for end in both)
    units = variable.text("units") or "unpacked units"
    return (
        f"The valid range of “{variable.name}”, {low:g} to {high:g}, is of stored "
        f"values, as its type says: values outside of {ends[0]:g} to {ends[1]:g} "
        f"{units} are missing. If {low:g} to {high:g} {units} is meant, take the "
        "values as NetCDF, which has all of them."
    )


def missing_values(variable: Variable) -> tuple[int, ...]:
    """Return the whole numbers that mean a missing value in a variable of integers."""
    return tuple(
        value
        for name in ("_FillValue", "missing_value")
        if name in variable.attributes
        for value in variable.attributes[name].values
        if isinstance(value, int)
    )


def absent(variable: Variable) -> float | None:
    """Return a stored value that means missing; None for bytes, which have no such."""
    there = np.dtype(variable.type.value)
    for name in ("_FillValue", "missing_value"):
        for value in _numbers(variable.attributes, name):
            if there.kind == "f":
                return value
            bounds = np.iinfo(there.name)
            if value in range(int(bounds.min), int(bounds.max) + 1):
                return value
    return float("nan") if there.kind == "f" else _UNWRITTEN.get(variable.type)


def unpack(values: npt.NDArray[np.number], how: Packing) -> Floats:
    """Return stored values of any shape as numbers, NaN where one is missing."""
    values = _with_sign(values, how)
    numbers: Floats = values.astype(how.type.value)
    if how.scale != 1.0:
        numbers *= how.scale
    if how.offset != 0.0:
        numbers += how.offset
    numbers[_missing(values, how)] = np.nan
    return numbers


def is_long(variable: Variable, how: Packing) -> bool:
    """Return whether the numbers are 64-bit integers, which float64 may round."""
    long = variable.type in {ElementType.INT64, ElementType.UINT64}
    return long and (how.scale, how.offset) == (1.0, 0.0)


def whole_numbers(
    values: npt.NDArray[np.number], how: Packing
) -> "np.ma.MaskedArray[tuple[int, ...], np.dtype[np.number]]":
    """Return the stored values of integers with all digits, masked where missing."""
    values = _with_sign(values, how)
    return np.ma.MaskedArray(values, _missing(values, how))


def _with_sign(values: npt.NDArray[np.number], how: Packing) -> npt.NDArray[np.number]:
    """Return stored values with the sign that ``_Unsigned`` gives them."""
    if how.stored is None:
        return values
    return values.view(np.dtype(how.stored).newbyteorder(values.dtype.byteorder))


def _missing(values: npt.NDArray[np.number], how: Packing) -> npt.NDArray[np.bool_]:
    """Return where stored values mean missing, or lie outside of the valid range."""
    missing = np.zeros(values.shape, bool)
    for value in how.missing:
        stored: Any = _signed(how, values.dtype, value)
        if values.dtype.kind == "f":
            with np.errstate(over="ignore"):
                stored = values.dtype.type(stored)  # 1e20 is another one as float32
        elif values.dtype.kind == "u" and stored < 0:
            stored += 2 ** (8 * values.dtype.itemsize)
        missing |= values == stored
    if how.lowest is not None:
        missing |= values < _signed(how, values.dtype, how.lowest)
    if how.highest is not None:
        missing |= values > _signed(how, values.dtype, how.highest)
    return missing


def _signed(how: Packing, dtype: np.dtype[np.generic], value: float) -> float:
    """Return an attribute's number with the sign that ``_Unsigned`` gives the values.

    The attribute has the variable's type in the file: -2 is 254 of an unsigned byte.
    """
    if how.stored is None:
        return value
    turn: int = 2 ** (8 * dtype.itemsize)
    if dtype.kind == "u":
        return value + turn if value < 0 else value
    return value - turn if value >= turn / 2 else value


def _unsigned(variable: Variable) -> str | None:
    said = variable.text("_Unsigned").strip().lower()
    if said == "true" and variable.type.value.startswith("int"):
        return f"u{variable.type.value}"
    if said == "false" and variable.type.value.startswith("uint"):
        return variable.type.value[1:]
    return None


def _valid(
    variable: Variable, scale: float, offset: float
) -> tuple[float | None, float | None]:
    """Return the bounds of valid stored values.

    Bounds that are fractions, of integers that are packed, are in unpacked units.
    Source: NetCDF Users' Guide, appendix A, ``valid_range``: those of the type of
    ``scale_factor`` or ``add_offset`` that is wider than the stored type.
    """
    both = _numbers(variable.attributes, "valid_range")
    low, high = both if len(both) == 2 else (None, None)
    if low is None and high is None:
        low = _number(variable.attributes, "valid_min")
        high = _number(variable.attributes, "valid_max")
    names = ("valid_range", "valid_min", "valid_max")
    types = [variable.attributes[n].type for n in names if n in variable.attributes]
    packed = variable.attributes.keys() & {"scale_factor", "add_offset"}
    fractions = {ElementType.FLOAT32, ElementType.FLOAT64}
    if not packed or variable.type in fractions or not fractions.issuperset(types):
        return low, high
    there = np.iinfo(_unsigned(variable) or variable.type.value)
    ends: list[float | None] = []
    for value in (low, high):
        if value is None:
            ends.append(None)
            continue
        # 180 K is not exactly (180 - 280) / 0.01 where the factor is a float32.
        stored = (value - offset) / scale if scale else value
        almost = abs(stored - round(stored)) < _ROUNDING
        stored = float(round(stored)) if almost else stored
        ends.append(min(max(stored, there.min), there.max))
    return (ends[1], ends[0]) if scale < 0 else (ends[0], ends[1])


def _number(attributes: Attributes, name: str) -> float | None:
    found = _numbers(attributes, name)
    return found[0] if len(found) == 1 else None


def _numbers(attributes: Attributes, name: str) -> list[float]:
    attribute = attributes.get(name)
    if attribute is None or not attribute.type.numeric:
        return []
    return [v for v in attribute.values if not isinstance(v, str) and v == v]  # noqa: PLR0124  # NaN needs no entry
