"""A subset as CSV or JSON: unpacked numbers, times in ISO 8601."""

import json
import math
from collections.abc import Iterable, Iterator, Sequence
from typing import Any, BinaryIO

import msgspec
import numpy as np
import numpy.typing as npt

from gatewright.backends.gridded.cut import Cut, Series
from gatewright.domains.arrays import Variable, kind_of, label

_ROWS = 16_384
Numbers = npt.NDArray[np.number]


def write_csv(cut: Cut, file: BinaryIO) -> None:
    """Write a table with a row for each cell: its coordinates, then its values.

    Latitudes and longitudes that are arrays have columns behind those of the axes.
    """
    series = cut.series()
    names = series[0].dimensions
    columns = [[_csv_cell(t) for t in axis_texts(cut, name)] for name in names]
    places = cut.places(series[0])
    titles = [_unlike(name, names[:n]) for n, name in enumerate(names)]
    titles += [variable.name for variable, _ in places]
    file.write(_csv_row([*titles, *(one.name for one in series)]))
    streams = [cut.digits(one) for one in series]
    for blocks in zip(*streams, strict=True):
        positions = blocks[0][0]
        beside = [texts(where[_part(positions)].reshape(-1)) for _, where in places]
        values = [texts(block.reshape(-1)) for _, block in blocks]
        for first, keys in _keys(columns, positions):
            cells = [v[first : first + len(keys)] for v in (*beside, *values)]
            rows = zip(*[keys] * bool(names), *cells, strict=True)
            file.write("".join(f"{','.join(row)}\r\n" for row in rows).encode())


def _unlike(name: str, earlier: Sequence[str]) -> str:
    """Return a column's title: a dimension may stand there twice."""
    return f"{name}_{earlier.count(name) + 1}" if name in earlier else name


def _part(positions: Sequence[range]) -> tuple[slice, ...]:
    return tuple(slice(p.start, p.stop) for p in positions)


def _keys(
    columns: list[list[str]], positions: tuple[range, ...]
) -> Iterator[tuple[int, list[str]]]:
    """Yield the coordinates of a block's cells as text, some rows at a time."""
    shape = tuple(len(p) for p in positions)
    total = int(np.prod(shape, dtype=np.int64))
    parts = [
        np.array([column[i] for i in p], object)
        for column, p in zip(columns, positions, strict=True)
    ]
    for first in range(0, total, _ROWS):
        cells = np.arange(first, min(first + _ROWS, total))
        indices = np.unravel_index(cells, shape) if shape else ()
        words = [part[i].tolist() for part, i in zip(parts, indices, strict=True)]
        keys = [",".join(row) for row in zip(*words, strict=True)]
        yield first, keys if words else [""] * len(cells)


def _csv_row(cells: Iterable[str]) -> bytes:
    return (",".join(map(_csv_cell, cells)) + "\r\n").encode()


def _csv_cell(text: str) -> str:
    if any(sign in text for sign in ',"\r\n'):
        return '"' + text.replace('"', '""') + '"'
    return text


def texts(values: Numbers) -> list[str]:
    """Return numbers with as few digits as give them back; missing ones as no text."""
    known = np.ma.filled(np.isfinite(values), fill_value=False).tolist()
    numbers = shortest(values).tolist()
    return [repr(n) if k else "" for n, k in zip(numbers, known, strict=True)]


def shortest(values: Numbers) -> Numbers:
    """Return float32 values as the float64 values of fewest digits that round to them.

    0.1 in float32 is 0.10000000149 in float64, and 0.1 here. Other types are returned
    as they are.
    """
    if values.dtype.itemsize != 4 or values.dtype.kind != "f":
        return values
    exact = values.astype(np.float64)
    found = exact.copy()
    with np.errstate(all="ignore"):
        exponent = np.floor(np.log10(np.abs(exact)))
        for digits in (8, 7, 6):
            scale = 10.0 ** (digits - exponent)
            rounded = np.round(exact * scale) / scale
            same = rounded.astype(np.float32) == values
            found[same] = rounded[same]
    return found


def write_json(cut: Cut, file: BinaryIO) -> None:
    """Write ``title``, ``history``, ``coordinates`` and ``variables``."""
    series = cut.series()
    head = {
        "title": cut.order.title,
        "history": cut.order.history,
        "coordinates": _coordinates(cut, series),
    }
    file.write(_json(head)[:-1] + b',"variables":{')
    for number, one in enumerate(series):
        file.write((b"," if number else b"") + _json(one.name) + b":")
        file.write(_json(_about(one))[:-1] + b',"values":[')
        between = b""
        for _, block in cut.digits(one):
            # msgspec writes NaN and infinity as null, and masked ones are None.
            numbers = msgspec.json.encode(shortest(block.reshape(-1)).tolist())
            file.write(between + numbers[1:-1])
            between = b","
        file.write(b"]}")
    file.write(b"}}")


def _about(series: Series) -> dict[str, Any]:
    return {
        "title": series.title,
        "units": series.variable.text("units"),
        "dimensions": list(series.dimensions),
        "shape": list(series.shape),
    }


def _coordinates(cut: Cut, series: list[Series]) -> dict[str, Any]:
    names = dict.fromkeys(name for one in series for name in one.dimensions)
    names |= dict.fromkeys(cut.scalars(series))
    found = {name: _coordinate(cut, name) for name in names}
    for one in series:
        for variable, where in cut.places(one, repeated=False):
            found[variable.name] = _array(variable, where)
    return found


def _array(variable: Variable, where: Numbers) -> dict[str, Any]:
    """Return latitudes or longitudes that are an array, row-major."""
    kind = kind_of(variable)
    return {
        "kind": kind.value if kind else None,
        "units": variable.text("units"),
        "dimensions": list(variable.dimensions),
        "shape": list(where.shape),
        "values": _numbers(where.reshape(-1)),
    }


def _coordinate(cut: Cut, name: str) -> dict[str, Any]:
    axis = cut.axes.get(name)
    about: dict[str, Any] = {
        "kind": axis.kind.value if axis else None,
        "units": axis.units if axis and axis.time is None else "",
    }
    if axis is not None and (axis.text or axis.time is not None):
        about["values"] = [text or None for text in axis_texts(cut, name)]
    else:
        about["values"] = _numbers(axis_numbers(cut, name))
    return about


def _numbers(values: Numbers) -> list[float | None]:
    return [v if math.isfinite(v) else None for v in shortest(values).tolist()]


def axis_numbers(cut: Cut, name: str) -> Numbers:
    """Return the selected values of an axis or scalar coordinate.

    Where it has none, or they are text, they are the indices.
    """
    axis = cut.axes.get(name)
    own = axis.coordinate if axis else name
    variable = cut.description.variables.get(own or "")
    if variable is not None and variable.type.numeric:
        if variable.dimensions == (name,):
            return cut.coordinate(variable, name)
        if not variable.dimensions:
            return cut.unpacked(variable).reshape(1)
    if axis is not None and axis.dimension is None:
        return np.zeros(1, int)
    parts = cut.selected(name).ranges
    return np.concatenate([np.arange(p.start, p.stop, p.stride) for p in parts])


def axis_texts(cut: Cut, name: str) -> list[str]:
    """Return the selected values of an axis as text; missing ones as no text."""
    axis = cut.axes.get(name)
    if axis is not None and axis.text and axis.coordinate is not None:
        variable = cut.description.variable(axis.coordinate)
        found: list[str] = cut.texts(variable).reshape(-1).tolist()
        return found
    numbers = axis_numbers(cut, name)
    if axis is not None and axis.time is not None:
        return [label(axis, float(value)) for value in numbers]
    return texts(numbers)


def _json(value: Any) -> bytes:
    return json.dumps(value, ensure_ascii=True, separators=(",", ":")).encode()
