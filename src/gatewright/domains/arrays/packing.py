"""Packed and missing values (CF conventions 1.11, sections 8.1 and 2.5.1)."""

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
"""Default fill values: what the NetCDF library stores in cells that were never written.

Source: ``NC_FILL_INT`` and the like in netcdf.h. Byte types are left out, since their
default fill values may be valid data."""


_ROUNDING = 1e-2
"""Tolerance, in units of the stored values, within which a bound that was converted to
stored values is rounded to a whole number."""
_FEW = 2**16 // 100
"""Number of stored values below which the valid range of a type of 16 bits or more is
suspiciously narrow."""


@dataclass(frozen=True, slots=True)
class Packing:
    """How stored values become numbers, with NaN for missing values."""

    type: ElementType
    """Type of the numbers: FLOAT32 or FLOAT64."""
    stored: str | None = None
    """NumPy type as which the stored bytes are interpreted (``_Unsigned``); None to
    keep the variable's own."""
    scale: float = 1.0
    """Factor by which stored values are multiplied (``scale_factor``)."""
    offset: float = 0.0
    """Value that is added after that (``add_offset``)."""
    missing: tuple[float, ...] = ()
    """Stored values that mean missing. Integers are kept as ``int``, with all digits.
    """
    lowest: float | None = None
    """Stored values below this are missing (``valid_min``); None for no limit."""
    highest: float | None = None
    """Stored values above this are missing (``valid_max``); None for no limit."""


def packing(variable: Variable) -> Packing:
    """Return how the values of a numeric variable are unpacked.

    The numbers are float32 for stored values of float32, and for those of up to 16 bits
    unless ``scale_factor`` (or, without it, ``add_offset``) is float64. All others
    become float64.
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
    """Return a warning if a valid range was probably meant in unpacked units.

    Libraries such as netCDF4 write ``valid_range`` in the type of the variable, so that
    180 to 330 K becomes the stored values 180 to 330. Such a range spans few stored
    values, and ``add_offset`` lies in it. None if the range looks right.
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
    """Return the integers that mean a missing value of a variable.

    They are those of ``_FillValue`` and ``missing_value``, without default fill values.
    """
    return tuple(
        value
        for name in ("_FillValue", "missing_value")
        if name in variable.attributes
        for value in variable.attributes[name].values
        if isinstance(value, int)
    )


def absent(variable: Variable) -> float | None:
    """Return a stored value that means missing.

    None for bytes, which have no default.
    """
    there = np.dtype(variable.type.value)
    for name in ("_FillValue", "missing_value"):
        for value in _numbers(variable.attributes, name):
            if there.kind == "f":
                return value
            bounds = np.iinfo(there.name)
            # A range would compare a float, such as -9999.0, with each of its numbers.
            if bounds.min <= value <= bounds.max and int(value) == value:
                return value
    return float("nan") if there.kind == "f" else _UNWRITTEN.get(variable.type)


def unpack(values: npt.NDArray[np.number], how: Packing) -> Floats:
    """Return stored values of any shape as numbers, with NaN for missing ones."""
    values = _with_sign(values, how)
    numbers: Floats = values.astype(how.type.value)
    if how.scale != 1.0:
        numbers *= how.scale
    if how.offset != 0.0:
        numbers += how.offset
    numbers[_missing(values, how)] = np.nan
    return numbers


def is_long(variable: Variable, how: Packing) -> bool:
    """Return whether unpacked numbers are 64-bit integers, which float64 may round."""
    long = variable.type in {ElementType.INT64, ElementType.UINT64}
    return long and (how.scale, how.offset) == (1.0, 0.0)


def whole_numbers(
    values: npt.NDArray[np.number], how: Packing
) -> "np.ma.MaskedArray[tuple[int, ...], np.dtype[np.number]]":
    """Return stored integers with all digits, masked where they are missing."""
    values = _with_sign(values, how)
    return np.ma.MaskedArray(values, _missing(values, how))


def _with_sign(values: npt.NDArray[np.number], how: Packing) -> npt.NDArray[np.number]:
    """Return stored values reinterpreted as ``_Unsigned`` says."""
    if how.stored is None:
        return values
    return values.view(np.dtype(how.stored).newbyteorder(values.dtype.byteorder))


def _missing(values: npt.NDArray[np.number], how: Packing) -> npt.NDArray[np.bool_]:
    """Return for each stored value whether it means missing or is out of range."""
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
    """Return an attribute's number converted as ``_Unsigned`` converts the values.

    Attributes have the variable's type in the file: for an unsigned byte, -2 means 254.
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
    """Return the lowest and the highest valid stored value.

    None where there is no limit. If a packed variable of integers has floating-point
    limits, these are in unpacked units and are converted to stored values. Source:
    NetCDF Users' Guide, appendix A, ``valid_range``: limits of the type of
    ``scale_factor`` or ``add_offset``, if that is wider than the stored type, are
    unpacked.
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
