"""Writes a subset as CSV or JSON, with unpacked numbers and times in ISO 8601."""

import json
import math
from typing import Any, BinaryIO

import msgspec
import numpy as np
import numpy.typing as npt

from gatewright.backends.gridded.cut import Cut, Series
from gatewright.backends.gridded.row_major import Pieces, RowMajor
from gatewright.domains.arrays import kind_of, label

_ROWS = 16_384
_NUMBERS = 262_144
Numbers = npt.NDArray[np.number]


def write_csv(cut: Cut, file: BinaryIO, scratch: BinaryIO) -> None:
    """Write a table with a row for each cell: its coordinates, then its values.

    Latitude and longitude of a curved grid have columns after those of the axes.
    """
    series = cut.series()
    names, shape = series[0].dimensions, series[0].shape
    columns = [
        np.array([_csv_cell(text) for text in axis_texts(cut, name)], object)
        for name in names
    ]
    beside = cut.places(series[0])
    titles = [  # a dimension may be named twice
        f"{name}_{names[:n].count(name) + 1}" if name in names[:n] else name
        for n, name in enumerate(names)
    ]
    titles += [variable.name for variable, _ in beside]
    titles += [one.name for one in series]
    file.write((",".join(map(_csv_cell, titles)) + "\r\n").encode())
    streams = []
    for group in cut.groups(series):
        made = RowMajor(cut, group, scratch, beside=len(series))
        streams += [Pieces(made.flat(number)) for number in range(len(group))]
    total = math.prod(shape)
    for first in range(0, total, _ROWS):
        cells = np.arange(first, min(first + _ROWS, total))
        places = np.unravel_index(cells, shape) if shape else ()
        row = [c[i].tolist() for c, i in zip(columns, places, strict=True)]
        row += [texts(where[places].reshape(-1)) for _, where in beside]
        row += [texts(stream.take(len(cells))) for stream in streams]
        lines = (f"{','.join(words)}\r\n" for words in zip(*row, strict=True))
        file.write("".join(lines).encode())


def _csv_cell(text: str) -> str:
    if any(sign in text for sign in ',"\r\n'):
        return '"' + text.replace('"', '""') + '"'
    return text


def texts(values: Numbers) -> list[str]:
    """Return numbers with the fewest digits that identify them; missing ones as ""."""
    known = np.ma.filled(np.isfinite(values), fill_value=False).tolist()
    numbers = shortest(values).tolist()
    return [repr(n) if k else "" for n, k in zip(numbers, known, strict=True)]


def shortest(values: Numbers) -> Numbers:
    """Return for each float32 the float64 with the fewest digits that rounds to it.

    As float64, the float32 0.1 is 0.10000000149; here it becomes 0.1. Other types are
    returned unchanged.
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


def write_json(cut: Cut, file: BinaryIO, scratch: BinaryIO) -> None:
    """Write an object of ``title``, ``history``, ``coordinates`` and ``variables``."""
    series = cut.series()
    head = {
        "title": cut.order.title,
        "history": cut.order.history,
        "coordinates": _coordinates(cut, series),
    }
    file.write(_json(head)[:-1] + b',"variables":{')
    between = b""
    for group in cut.groups(series):
        made = RowMajor(cut, group, scratch)
        for number, one in enumerate(group):
            about = {
                "title": one.title,
                "units": one.variable.text("units"),
                "dimensions": list(one.dimensions),
                "shape": list(one.shape),
            }
            file.write(between + _json(one.name) + b":")
            file.write(_json(about)[:-1] + b',"values":[')
            parts = (
                array[first : first + _NUMBERS]
                for array in made.flat(number)
                for first in range(0, array.size, _NUMBERS)
            )
            for place, part in enumerate(parts):
                # msgspec writes NaN and infinity as null, and masked ones are None.
                words = msgspec.json.encode(shortest(part).tolist())[1:-1]
                file.write(b"," + words if place else words)
            file.write(b"]}")
            between = b","
    file.write(b"}}")


def _coordinates(cut: Cut, series: list[Series]) -> dict[str, Any]:
    """Return the axes and scalar coordinates, and the coordinates of curved grids."""
    names = dict.fromkeys(name for one in series for name in one.dimensions)
    names |= dict.fromkeys(cut.scalars(series))
    found: dict[str, Any] = {}
    for name in names:
        axis = cut.axes.get(name)
        in_words = axis is not None and (axis.text or axis.time is not None)
        found[name] = {
            "kind": axis.kind.value if axis else None,
            "units": axis.units if axis and axis.time is None else "",
            "values": [text or None for text in axis_texts(cut, name)]
            if in_words
            else _numbers(axis_numbers(cut, name)),
        }
    for one in series:
        for variable, where in cut.places(one, repeated=False):
            kind = kind_of(variable)
            found[variable.name] = {
                "kind": kind.value if kind else None,
                "units": variable.text("units"),
                "dimensions": list(variable.dimensions),
                "shape": list(where.shape),
                "values": _numbers(where.reshape(-1)),
            }
    return found


def _numbers(values: Numbers) -> list[float | None]:
    return [v if math.isfinite(v) else None for v in shortest(values).tolist()]


def axis_numbers(cut: Cut, name: str) -> Numbers:
    """Return the selected values of an axis or scalar coordinate.

    If it has none, or they are text, the indices are returned.
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
    """Return the selected values of an axis as text; missing ones as ""."""
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
