"""A subset as NetCDF-4, with its coordinates, attributes and provenance.

Stored values are kept as they are, packed ones too, with the attributes that unpack
them. Statistics are unpacked numbers with ``cell_methods`` (CF 7.3).
"""

from collections.abc import Iterator
from dataclasses import replace
from typing import Any, BinaryIO

import h5netcdf
import numpy as np
import numpy.typing as npt

from gatewright.backends.gridded.cut import Cut, Numbers, Series
from gatewright.domains.arrays import (
    Attribute,
    Attributes,
    ElementType,
    Variable,
    output_type,
)

_PACKED = frozenset({"scale_factor", "add_offset", "_Unsigned"})
_PACKING = frozenset(
    {
        *_PACKED,
        *("_FillValue", "missing_value", "valid_min", "valid_max", "valid_range"),
    }
)
_OF_STATISTICS = frozenset({"cell_methods", "long_name"})
_OF_THE_FORMAT = frozenset(
    {
        *("CLASS", "NAME", "DIMENSION_LIST", "REFERENCE_LIST", "_NCProperties"),
        *("_Netcdf4Dimid", "_Netcdf4Coordinates", "_nc3_strict"),
    }
)
"""Names that NetCDF-4 keeps for itself; NetCDF-3 files may have attributes of them."""
_CHUNK_BYTES = 1 << 20
_SMALL = 4096


def write(cut: Cut, file: BinaryIO) -> None:
    """Write the subset to an empty file."""
    series = cut.series()
    with h5netcdf.File(file, "w") as out:
        _set(out, _global_attributes(cut))
        related = list(_related(cut, series))
        for variable in [*related, *(s.variable for s in series)]:
            for name in variable.dimensions:
                if name not in out.dimensions and _is_kept(name, cut, series):
                    out.dimensions[name] = cut.selected(name).count
        for variable in related:
            if all(name in out.dimensions for name in variable.dimensions):
                _write_related(out, cut, variable)
        for one in series:
            _write_series(out, cut, one)


def _is_kept(name: str, cut: Cut, series: list[Series]) -> bool:
    """Return whether a dimension is in the answer; members are not in statistics."""
    return any(name in one.sizes for one in series) or not any(
        name in one.variable.dimensions for one in series
    )


def _global_attributes(cut: Cut) -> dict[str, Any]:
    found = {n: _value(a) for n, a in cut.description.attributes.items()}
    older = str(found.pop("history", "")).strip()
    found["history"] = "\n".join(filter(None, [cut.order.history, older]))
    found.setdefault("title", cut.order.title)
    found.setdefault("Conventions", "CF-1.8")
    return found


def _related(cut: Cut, series: list[Series]) -> Iterator[Variable]:
    """Yield coordinates, bounds and grid mappings of the variables, each once."""
    chosen = {one.variable.name for one in series}
    names: dict[str, None] = {}
    for one in series:
        names |= dict.fromkeys(one.sizes)
        for attribute in ("coordinates", "grid_mapping", "cell_measures"):
            words = one.variable.text(attribute).replace(":", " ").split()
            names |= dict.fromkeys(words)
    known = cut.description.variables
    for name in list(names):
        if name in known:
            for attribute in ("bounds", "climatology"):
                names |= dict.fromkeys(known[name].text(attribute).split())
    for name in names:
        variable = known.get(name)
        if (
            variable is not None
            and name not in chosen
            and variable.type is not ElementType.STRING
        ):
            yield variable


def _write_related(out: Any, cut: Cut, variable: Variable) -> None:
    values: npt.NDArray[np.generic] = cut.stored(variable)
    moved = _moved(cut, variable)
    if moved is not None:
        values, variable = moved, _unpacked(variable)
    made = _create(out, variable.name, variable.dimensions, values.dtype, variable)
    if values.size:
        made[...] = values
    _set(made, _plain_attributes(variable.attributes))


def _moved(cut: Cut, variable: Variable) -> Numbers | None:
    """Return longitudes that were turned, and bounds of such; None for all others."""
    name = variable.dimensions[0] if variable.dimensions else ""
    axis = cut.description.variables.get(name)
    if axis is None or cut.selected(name).west is None:
        return None
    turned = cut.coordinate(axis, name)
    if variable.name == name:
        return turned
    if axis.text("bounds") != variable.name:
        return None
    by = turned.astype(float) - cut.unpacked(axis).astype(float)
    bounds = cut.unpacked(variable)
    moved: Numbers = (
        bounds.astype(float) + by.reshape(-1, *[1] * (bounds.ndim - 1))
    ).astype(bounds.dtype)
    return moved


def _unpacked(variable: Variable) -> Variable:
    """Return the variable without the attributes of packing, if it is packed."""
    if _PACKED.isdisjoint(variable.attributes):
        return variable
    kept = {n: a for n, a in variable.attributes.items() if n not in _PACKING}
    return replace(variable, attributes=kept)


def _write_series(out: Any, cut: Cut, series: Series) -> None:
    kind = output_type(series.variable, cut.order)
    dimensions = tuple(series.sizes)
    variable = series.variable if series.statistic is None else None
    made = _create(out, series.name, dimensions, np.dtype(kind.value), variable)
    for positions, values in cut.blocks(series):
        made[tuple(slice(p.start, p.stop) for p in positions)] = values
    _set(made, _series_attributes(cut, series))


def _create(
    out: Any,
    name: str,
    dimensions: tuple[str, ...],
    dtype: np.dtype[np.generic],
    source: Variable | None,
) -> Any:
    sizes = [out.dimensions[d].size for d in dimensions]
    options: dict[str, Any] = {}
    if int(np.prod(sizes, dtype=object)) * dtype.itemsize > _SMALL:
        options = {
            "compression": "gzip",
            "compression_opts": 1,
            "shuffle": True,
            "chunks": _chunks(sizes, dtype.itemsize),
        }
    fill = np.nan if source is None else _fill(source, dtype)
    return out.create_variable(name, dimensions, dtype, fillvalue=fill, **options)


def _chunks(sizes: list[int], item: int) -> tuple[int, ...]:
    """Return chunks of about 1 MiB that are whole in the fastest dimensions."""
    chunks, room = [], max(1, _CHUNK_BYTES // item)
    for size in reversed(sizes):
        chunks.append(max(1, min(size, room)))
        room = max(1, room // max(1, size))
    return tuple(reversed(chunks))


def _fill(variable: Variable, dtype: np.dtype[np.generic]) -> Any:
    """Return the fill value of a variable if its type can hold it."""
    attribute = variable.attributes.get("_FillValue")
    if attribute is None or not attribute.type.numeric or dtype.kind not in "iuf":
        return None
    if not attribute.values:
        return None
    value = np.asarray(attribute.values[0])
    with np.errstate(all="ignore"):
        cast = value.astype(dtype)
    same = cast == value or (dtype.kind == "f")
    return cast[()] if same else None


def _plain_attributes(attributes: Attributes) -> dict[str, Any]:
    return {n: _value(a) for n, a in attributes.items() if n != "_FillValue"}


def _series_attributes(cut: Cut, series: Series) -> dict[str, Any]:
    attributes = series.variable.attributes
    if series.statistic is None:
        return _plain_attributes(attributes)
    found = {
        n: _value(a)
        for n, a in attributes.items()
        if n not in _PACKING | _OF_STATISTICS
    }
    member = next(n for n in series.variable.dimensions if n not in series.sizes)
    method = f"{member}: {series.statistic.cell_method}"
    older = series.variable.text("cell_methods")
    count = cut.selected(member).count
    found["long_name"] = f"{series.title} over {count} members"
    found["cell_methods"] = f"{older} {method}".strip()
    return found


def _value(attribute: Attribute) -> Any:
    if not attribute.type.numeric:
        texts = [str(value).replace("\0", "") for value in attribute.values]
        return texts[0] if len(texts) == 1 else texts
    values = np.array(attribute.values, attribute.type.value)
    return values[0] if values.size == 1 else values


def _set(item: Any, attributes: dict[str, Any]) -> None:
    for name, value in attributes.items():
        empty = isinstance(value, np.ndarray) and not value.size
        if not empty and name not in _OF_THE_FORMAT:
            item.attrs[name] = value
