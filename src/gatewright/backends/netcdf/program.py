"""The reader program for NetCDF and HDF5: what runs in a reader process.

Arguments and results are msgpack values (see ``values.py``). A source is a path as
bytes; an identity, a range and an encoding are lists.
"""

import math
from typing import Any

import numpy as np
import numpy.typing as npt

from gatewright.backends.gridded import values, write_netcdf, write_png, write_text
from gatewright.backends.gridded.cut import Cut
from gatewright.backends.netcdf.files import Files, GriddedFile, identify, require
from gatewright.backends.readers import Output
from gatewright.core.errors import BackendFailed, Conflict, InvalidRequest
from gatewright.domains.arrays import (
    ElementType,
    FileIdentity,
    Hyperslab,
    SubsetFormat,
    Variable,
    check,
    counts,
    missing_values,
)

__all__ = ["describe", "identity", "read", "strings", "subset"]

writers = {
    SubsetFormat.NETCDF4: write_netcdf.write,
    SubsetFormat.CSV: write_text.write_csv,
    SubsetFormat.JSON: write_text.write_json,
    SubsetFormat.PNG: write_png.write,
}
_WIDE = {
    ElementType.INT64: -9_223_372_036_854_775_806,
    ElementType.UINT64: 18_446_744_073_709_551_614,
}
"""Integers that float64 may not hold, and what netCDF-4 has where none was written."""
_Numbers = npt.NDArray[np.generic]
_files = Files()  # a cache of this process, which holds nothing of a request


def identity(arguments: dict[str, Any], output: Output) -> dict[str, Any]:
    """Return which file stands at ``source``."""
    return {"identity": values.from_identity(identify(arguments["source"]))}


def describe(arguments: dict[str, Any], output: Output) -> dict[str, Any]:
    """Return the description of the file at ``source``."""
    file = _files.get(arguments["source"])
    require(file, arguments["source"], file.identity)
    return values.from_description(file.description)


def read(arguments: dict[str, Any], output: Output) -> dict[str, Any]:
    """Put a window of a variable into the ring.

    ``source``, ``identity``, ``variable``, ``slab`` and ``encoding`` say what.
    """
    file, wanted = _expected(arguments)
    variable = file.description.variable(arguments["variable"])
    slab = check(variable, values.to_slab(arguments["slab"]))
    encoding = values.to_encoding(arguments["encoding"])
    char = variable.type is ElementType.CHAR
    dtype = np.dtype("S1") if char else encoding.dtype
    target = _window(output, counts(slab), dtype)
    if encoding.exact and variable.type in _WIDE and dtype.kind == "f":
        _read_exactly(file, variable, slab, target)
    else:
        file.read(variable.name, slab, target)
    require(file, arguments["source"], wanted)
    return {}


def _read_exactly(
    file: GriddedFile, variable: Variable, slab: Hyperslab, target: _Numbers
) -> None:
    """Read integers of 64 bits as float64.

    Raises
    ------
    InvalidRequest
        One is not a float64 number, and no fill value either.
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
    """Return a piece of a STRING or CHAR variable as a list of byte strings."""
    file, wanted = _expected(arguments)
    variable = file.description.variable(arguments["variable"])
    slab = values.to_slab(arguments["slab"])
    if variable.type is ElementType.CHAR:
        found = _char_strings(file, variable.name, slab)
    else:
        found = file.strings(variable.name, check(variable, slab))
    require(file, arguments["source"], wanted)
    return {"strings": found}


def subset(arguments: dict[str, Any], output: Output) -> dict[str, Any]:
    """Write a subset to the file; ``source``, ``identity`` and ``order`` say what."""
    file, wanted = _expected(arguments)
    order = values.to_order(arguments["order"])
    writers[order.format](Cut(file, order), output.required_file())
    require(file, arguments["source"], wanted)
    return {}


def _expected(arguments: dict[str, Any]) -> tuple[GriddedFile, FileIdentity]:
    wanted = values.to_identity(arguments["identity"])
    file = _files.get(arguments["source"])
    if file.identity != wanted:
        raise Conflict("The file of this data set changed while it was read.")
    return file, wanted


def _window(
    output: Output, shape: tuple[int, ...], dtype: np.dtype[np.generic]
) -> npt.NDArray[np.generic]:
    """Return an array whose memory is the beginning of the window."""
    size = math.prod(shape) * dtype.itemsize
    if size > len(output.window):
        raise BackendFailed("A window is larger than a slot of the ring.")
    output.length = size
    return np.frombuffer(output.window, dtype, math.prod(shape)).reshape(shape)


def _char_strings(file: GriddedFile, name: str, slab: Hyperslab) -> list[bytes]:
    variable = file.description.variable(name)
    if not variable.shape:
        one = np.empty((), "S1")
        file.read(name, (), one)
        return [bytes(one[()])]
    length = variable.shape[-1]
    whole = check(variable, (*slab, values.to_slab([[0, length, 1]])[0]))
    letters = np.empty(counts(whole), "S1")
    file.read(name, whole, letters)
    rows = letters.reshape(-1, length) if length else letters.reshape(-1, 1)
    return [row.tobytes().rstrip(b"\0") for row in rows]
