"""Writes a subset as NetCDF-4, with coordinates, attributes and ``history``.

Stored values are kept unchanged, packed ones too, with the attributes that unpack them.
Statistics are unpacked, with ``cell_methods`` (CF 7.3). Variables that attributes refer
to are included, subset in the same way. Text attributes are NC_CHAR, as CF requires
(2.2) and as in the classic formats. Unlimited dimensions stay unlimited.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any, BinaryIO

import h5netcdf
import h5py
import numpy as np
import numpy.typing as npt

from gatewright.backends.gridded.cut import Cut, Series
from gatewright.domains.arrays import (
    Attribute,
    Attributes,
    ElementType,
    Variable,
    absent,
    carried,
    is_ragged,
    output_type,
    shortened,
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
"""Attributes that NetCDF-4 uses internally, and that a NetCDF-3 file may have too."""
_CHUNK_BYTES = 1 << 20
_SMALL = 4096


def write(cut: Cut, file: BinaryIO) -> None:
    """Write the subset to an empty file."""
    series = cut.series()
    variables = tuple(dict.fromkeys(one.variable.name for one in series))
    chosen = tuple(map(cut.description.variable, variables))
    related = carried(cut.description, chosen, cut.axes, cut.order)
    with h5netcdf.File(file, "w") as out:
        _set(out, _global_attributes(cut, related))
        _make_dimensions(out, cut, related, series)
        present = {one.name for one in related} | {one.name for one in series}
        present |= set(out.dimensions)
        outside = cut.description.attributes.get("external_variables")
        present |= set(outside.text.split()) if outside else set()
        for variable in related:
            short = replace(variable, attributes=shortened(variable, present))
            _write_related(out, cut, short)
        for group in cut.groups(series):
            known = group[0].variable
            short = replace(known, attributes=shortened(known, present))
            _write_group(out, cut, [replace(one, variable=short) for one in group])


def _make_dimensions(
    out: Any, cut: Cut, related: list[Variable], series: list[Series]
) -> None:
    names = dict.fromkeys(name for one in related for name in one.dimensions)
    names |= dict.fromkeys(name for one in series for name in one.dimensions)
    # Points are gathered from dimensions that no variable of the answer may have.
    gathered = [word for one in related for word in one.text("compress").split()]
    names |= dict.fromkeys(n for n in gathered if n in cut.description.dimensions)
    for name in names:
        grows = cut.description.dimensions[name].unlimited
        count = cut.selected(name).count
        out.dimensions[name] = None if grows else count
        if grows:
            out.resize_dimension(name, count)


def _global_attributes(cut: Cut, related: Sequence[Variable]) -> dict[str, Any]:
    found: dict[str, Any] = {
        name: _value(attribute)
        for name, attribute in cut.description.attributes.items()
        if name != "history"
    }
    older = cut.description.attributes.get("history")
    lines = [cut.order.history, older.text.strip() if older else ""]
    found["history"] = _text("\n".join(filter(None, lines)))
    found.setdefault("title", _text(cut.order.title))
    found.setdefault("Conventions", _text("CF-1.8"))
    ragged = {v.name for v in cut.description.variables.values() if is_ragged(v)}
    if not ragged <= {one.name for one in related}:
        # Without them nobody can tell which element belongs to which feature.
        found.pop("featureType", None)
    return found


def _write_related(out: Any, cut: Cut, variable: Variable) -> None:
    """Write a variable to which requested variables refer, subset like them."""
    if variable.type is ElementType.STRING:
        sizes = [out.dimensions[name].size for name in variable.dimensions]
        grows = any(out.dimensions[name].isunlimited() for name in variable.dimensions)
        made = out.create_variable(
            variable.name,
            variable.dimensions,
            h5py.string_dtype(),
            chunks=_chunks(sizes, 16) if grows else None,
        )
        texts = cut.texts(variable)
        made[...] = texts if variable.dimensions else texts[()]
        _set(made, _plain_attributes(variable.attributes))
        return
    values: npt.NDArray[np.generic] = cut.stored(variable)
    turned = cut.turned(variable)
    if turned is not None:
        values = turned
        if not _PACKED.isdisjoint(variable.attributes):  # it is unpacked now
            kept = {n: a for n, a in variable.attributes.items() if n not in _PACKING}
            variable = replace(variable, attributes=kept)
    fill = _fill(variable, values.dtype)
    made = _create(out, variable.name, variable.dimensions, values.dtype, fill)
    if values.size:
        made[...] = values
    _set(made, _plain_attributes(variable.attributes))


def _write_group(out: Any, cut: Cut, group: list[Series]) -> None:
    """Write the output variables that come from one stored variable."""
    targets, masked = [], cut.is_masked(group[0])
    none: Any = np.nan
    for one in group:
        dtype = np.dtype(output_type(one.variable, cut.order).value)
        fill: Any = np.nan
        if one.statistic is None:
            none, fill = absent(one.variable), _fill(one.variable, dtype)
            if masked and "missing_value" not in one.variable.attributes:
                fill = np.asarray(none, dtype)[()] if fill is None else fill
        targets.append(_create(out, one.name, one.dimensions, dtype, fill))
    for place, blocks in cut.made(group):
        for one, target, values in zip(group, targets, blocks, strict=True):
            if masked:
                values[cut.outside(one, place)] = none
            target[tuple(slice(p.start, p.stop) for p in place)] = values
    for one, target in zip(group, targets, strict=True):
        attributes = one.variable.attributes
        if one.statistic is None:
            _set(target, _plain_attributes(attributes))
            continue
        told = {
            name: _value(attribute)
            for name, attribute in attributes.items()
            if name not in _PACKING | _OF_STATISTICS
        }
        members = cut.members(one.variable)
        told["long_name"] = _text(f"{one.title} over {members} members")
        words = [one.variable.text("cell_methods"), one.statistic.cell_method]
        if any(words):
            told["cell_methods"] = _text(" ".join(filter(None, words)))
        _set(target, told)


def _create(
    out: Any,
    name: str,
    dimensions: tuple[str, ...],
    dtype: np.dtype[np.generic],
    fill: Any,
) -> Any:
    sizes = [out.dimensions[d].size for d in dimensions]
    options: dict[str, Any] = {}
    if int(np.prod(sizes, dtype=object)) * dtype.itemsize > _SMALL:
        options = {"compression": "gzip", "compression_opts": 1, "shuffle": True}
    if options or any(out.dimensions[d].isunlimited() for d in dimensions):
        options["chunks"] = _chunks(sizes, dtype.itemsize)
    return out.create_variable(name, dimensions, dtype, fillvalue=fill, **options)


def _chunks(sizes: list[int], item: int) -> tuple[int, ...]:
    """Return a chunk shape of about 1 MiB, complete in the fastest dimensions."""
    chunks, room = [], max(1, _CHUNK_BYTES // item)
    for size in reversed(sizes):
        chunks.append(max(1, min(size, room)))
        room = max(1, room // max(1, size))
    return tuple(reversed(chunks))


def _fill(variable: Variable, dtype: np.dtype[np.generic]) -> Any:
    """Return a variable's fill value.

    None if it has none or ``dtype`` cannot hold it.
    """
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
    """Return attributes as they are written, without ``_FillValue``.

    In NetCDF a fill value is a single number. If a file has several, the others are
    added to ``missing_value``.
    """
    found = {n: _value(a) for n, a in attributes.items() if n != "_FillValue"}
    fills = attributes.get("_FillValue")
    if fills is not None and fills.type.numeric and len(fills.values) > 1:
        missing = attributes.get("missing_value")
        values = (*fills.values[1:], *(missing.values if missing else ()))
        found["missing_value"] = _value(Attribute(fills.type, tuple(values)))
    return found


def _text(text: str) -> Any:
    """Return text as an attribute of type NC_CHAR, in UTF-8."""
    data = text.replace("\0", "").encode("utf-8", "replace")
    return np.bytes_(data) if data else h5py.Empty("S1")


def _value(attribute: Attribute) -> Any:
    if not attribute.type.numeric:
        texts = [str(value).replace("\0", "") for value in attribute.values]
        return _text(texts[0]) if len(texts) == 1 else texts
    values = np.array(attribute.values, attribute.type.value)
    return values[0] if values.size == 1 else values


def _set(item: Any, attributes: Mapping[str, Any]) -> None:
    for name, value in attributes.items():
        empty = isinstance(value, np.ndarray) and not value.size
        if not empty and name not in _OF_THE_FORMAT:
            item.attrs[name] = value
