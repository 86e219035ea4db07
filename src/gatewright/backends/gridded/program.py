"""The functions for gridded data that run in a reader process.

Arguments and results are msgpack values (see ``values.py``). ``source`` is sent once
and shared by all calls for it; ranges and encodings are lists.
"""

import math
from typing import Any

import numpy as np
import numpy.typing as npt

from gatewright.backends.gridded import pictures, values, write_netcdf, write_text
from gatewright.backends.gridded.cut import Cut
from gatewright.backends.gridded.formats import GriddedFile
from gatewright.backends.gridded.sources import Place, Sources
from gatewright.backends.readers import Output
from gatewright.core.errors import BackendFailed, InvalidRequest
from gatewright.domains.arrays import (
    ElementType,
    Hyperslab,
    Range,
    SubsetFormat,
    Variable,
    check,
    counts,
    missing_values,
)

__all__ = ["describe", "read", "strings", "subset", "version"]

_WIDE = {
    ElementType.INT64: -9_223_372_036_854_775_806,
    ElementType.UINT64: 18_446_744_073_709_551_614,
}
"""Integer types that float64 cannot represent, with netCDF-4's default fill values."""
_Numbers = npt.NDArray[np.generic]
_sources = Sources()  # a cache of this process, which holds nothing of a request


def version(arguments: dict[str, Any], output: Output) -> dict[str, Any]:
    """Return the current version of ``source``."""
    return {"version": _sources.version(Place.of(arguments))}


def describe(arguments: dict[str, Any], output: Output) -> dict[str, Any]:
    """Return the metadata of ``source``."""
    place = Place.of(arguments)
    file = _sources.get(place)
    _sources.require(place, file)
    return values.from_description(file.description)


def read(arguments: dict[str, Any], output: Output) -> dict[str, Any]:
    """Read a window of a variable into the shared memory of the call.

    The arguments are ``source``, ``version``, ``variable``, ``slab`` and ``encoding``.
    """
    place = Place.of(arguments)
    file = _sources.expected(place, arguments["version"])
    variable = file.description.variable(arguments["variable"])
    slab = check(variable, values.to_slab(arguments["slab"]))
    encoding = values.to_encoding(arguments["encoding"])
    char = variable.type is ElementType.CHAR
    dtype = np.dtype("S1") if char else encoding.dtype
    shape = counts(slab)
    output.length = math.prod(shape) * dtype.itemsize
    if output.length > len(output.window):
        raise BackendFailed("A window is larger than a slot of the ring.")
    target = np.frombuffer(output.window, dtype, math.prod(shape)).reshape(shape)
    if encoding.exact and variable.type in _WIDE and dtype.kind == "f":
        _read_exactly(file, variable, slab, target)
    else:
        file.read(variable.name, slab, target)
    _sources.require(place, file)
    return {}


def _read_exactly(
    file: GriddedFile, variable: Variable, slab: Hyperslab, target: _Numbers
) -> None:
    """Read 64-bit integers as float64.

    Raises
    ------
    InvalidRequest
        A value is neither representable as float64 nor a fill value.
    """
    stored = np.empty(counts(slab), variable.type.value)
    file.read(variable.name, slab, stored)
    target[...] = stored
    with np.errstate(invalid="ignore"):
        changed = target.astype(stored.dtype) != stored
    for fill in (_WIDE[variable.type], *missing_values(variable)):
        changed &= stored != fill
    if changed.any():
        raise InvalidRequest(
            f"“{variable.name}” has whole numbers of 64 bits that Float64, the widest "
            "type of DAP2, does not hold. Ask for it without loss as NetCDF: "
            "/api/v1/datasets/{data set}/subset."
        )


def strings(arguments: dict[str, Any], output: Output) -> dict[str, Any]:
    """Return a hyperslab of a STRING or CHAR variable as a list of byte strings.

    The arguments are ``source``, ``version``, ``variable`` and ``slab``. For a CHAR
    variable ``slab`` lacks the last dimension, which is the string length.
    """
    place = Place.of(arguments)
    file = _sources.expected(place, arguments["version"])
    variable = file.description.variable(arguments["variable"])
    slab = values.to_slab(arguments["slab"])
    if variable.type is not ElementType.CHAR:
        found = file.strings(variable.name, check(variable, slab))
    elif not variable.shape:
        one = np.empty((), "S1")
        file.read(variable.name, (), one)
        found = [bytes(one[()])]
    else:
        length = variable.shape[-1]
        whole = check(variable, (*slab, Range(0, length, 1)))
        letters = np.empty(counts(whole), "S1")
        file.read(variable.name, whole, letters)
        rows = letters.reshape(-1, max(1, length))
        found = [row.tobytes().rstrip(b"\0") for row in rows]
    _sources.require(place, file)
    return {"strings": found}


def subset(arguments: dict[str, Any], output: Output) -> dict[str, Any]:
    """Write a subset to the file of the call.

    The arguments are ``source``, ``version`` and ``order``.
    """
    place = Place.of(arguments)
    file = _sources.expected(place, arguments["version"])
    order = values.to_order(arguments["order"])
    cut, made = Cut(file, order), output.required_files()
    match order.format:
        case SubsetFormat.NETCDF4:
            write_netcdf.write(cut, made[0])
        case SubsetFormat.CSV:
            write_text.write_csv(cut, *made)
        case SubsetFormat.JSON:
            write_text.write_json(cut, *made)
        case SubsetFormat.PNG:
            pictures.write(cut, made[0])
    _sources.require(place, file)
    return {}
