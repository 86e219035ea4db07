"""DAP2's texts and bytes (ESE-RFC-004): DDS, DAS, XDR, ASCII rows, errors.

This module does no I/O. Values come in as bytes that are already in network order, or
as text.
"""

import math
import struct
from collections.abc import Iterator, Mapping, Sequence

import numpy as np

from gatewright.faces.dap.dap2.model import (
    WIDTHS,
    Array,
    Dataset,
    Kind,
    Projection,
)

DATA_MARK = b"Data:\n"
MAXIMUM_ELEMENTS = 2**31 - 1
"""Largest element count; counts have 32 bits, and readers take them as signed."""

_WORD = b"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_"
_LETTERS = frozenset(_WORD + b"-+/\\*")
_FIRST = frozenset(bytes([letter]) for letter in _WORD)
_ATTRIBUTE_LETTERS = _LETTERS | frozenset(b".:#")

Value = str | int | float
Attributes = Mapping[str, "tuple[Kind, Sequence[Value]] | Attributes"]
"""Type and values of each attribute of a variable, or a container of attributes."""


def escaped(name: str) -> str:
    """Return a variable's name with characters outside the grammar as ``%HH``.

    The dot is escaped since it separates members in a constraint, and ``!~'`` since
    netCDF-C's lexer drops them although the specification allows them. A name that does
    not begin with a letter, digit or underscore gets an underscore in front, since
    netCDF-C refuses the whole data set otherwise.
    """
    return _escaped(name, _LETTERS)


def escaped_attribute(name: str) -> str:
    """Return an attribute's name with characters outside the grammar as ``%HH``."""
    return _escaped(name, _ATTRIBUTE_LETTERS)


def _escaped(name: str, letters: frozenset[int]) -> str:
    text = "".join(chr(b) if b in letters else f"%{b:02X}" for b in name.encode())
    return text if text[:1].encode() in _FIRST else f"_{text}"


def dds(dataset: Dataset) -> str:
    """Return the Dataset Descriptor Structure (DDS)."""
    lines = ["Dataset {"]
    for array in dataset.arrays:
        sizes = "".join(f"[{escaped(n)} = {size}]" for n, size in array.dimensions)
        lines.append(f"    {array.kind} {escaped(array.name)}{sizes};")
    return "\n".join([*lines, f"}} {escaped(dataset.name)};", ""])


def das(containers: Attributes) -> str:
    """Return the Dataset Attribute Structure (DAS)."""
    return "\n".join(["Attributes {", *_attributes(containers, "    "), "}", ""])


def _attributes(attributes: Attributes, indent: str) -> Iterator[str]:
    for name, value in attributes.items():
        if isinstance(value, Mapping):
            yield f"{indent}{escaped(name)} {{"
            yield from _attributes(value, indent + "    ")
            yield f"{indent}}}"
        elif value[1]:
            kind, values = value
            listed = ", ".join(attribute_text(kind, one) for one in values)
            yield f"{indent}{kind} {escaped_attribute(name)} {listed};"


def attribute_text(kind: Kind, value: Value) -> str:
    """Return one value of an attribute as text, with all its digits."""
    if kind is Kind.STRING:
        return quoted(str(value))
    if kind in {Kind.FLOAT32, Kind.FLOAT64}:
        return float_text(float(value), 9 if kind is Kind.FLOAT32 else 17)
    return str(int(value))


def quoted(text: str) -> str:
    r"""Return text in double quotes, with ``"`` and ``\`` escaped and NUL removed."""
    inner = text.replace("\\", "\\\\").replace('"', '\\"').replace("\0", "")
    return f'"{inner}"'


def float_text(value: float, digits: int) -> str:
    """Return a number as text that reads back as the same number.

    ``digits`` is 9 for float32 and 17 for float64.
    """
    if math.isnan(value):
        return "NaN"
    if math.isinf(value):
        return "Inf" if value > 0 else "-Inf"
    short = f"{value:.{6 if digits == 9 else 15}g}"
    width = ">f" if digits == 9 else ">d"
    same = struct.pack(width, float(short)) == struct.pack(width, value)
    return short if same else f"{value:.{digits}g}"


def head(projection: Projection) -> bytes:
    """Return the bytes before the values of a data response."""
    return dds(projection.dataset).encode() + DATA_MARK


def values_size(array: Array) -> int | None:
    """Return the size of an array in XDR with its counts; None for strings."""
    if array.kind is Kind.STRING:
        return None
    size = WIDTHS[array.kind] * array.size
    if not array.dimensions:
        return max(size, 4)
    return 8 + size + padding(size)


def padding(size: int) -> int:
    """Return the number of bytes that pad ``size`` to a multiple of four."""
    return -size % 4


def count_prefix(array: Array) -> bytes:
    """Return the element counts before an array's values in XDR.

    Arrays of numbers have the count twice (for the vector and for its XDR array),
    arrays of strings have it once, scalars have none.
    """
    if not array.dimensions:
        return b""
    count = struct.pack(">I", array.size)
    return count if array.kind is Kind.STRING else count * 2


def trailer(array: Array) -> bytes:
    """Return the padding after an array's values; only arrays of Byte need it."""
    if array.kind is not Kind.BYTE or not array.dimensions:
        return b""
    return bytes(padding(array.size))


def string(text: str) -> bytes:
    """Return a string in XDR: its length, its UTF-8 bytes, and padding."""
    data = text.encode("utf-8", "surrogateescape")
    return struct.pack(">I", len(data)) + data + bytes(padding(len(data)))


def error(status: int, message: str) -> bytes:
    """Return an Error object (ESE-RFC-004, section 7.2.4)."""
    return (
        f"Error {{\n    code = {status};\n    message = {quoted(message)};\n}};\n"
    ).encode()


def ascii_head(projection: Projection) -> str:
    """Return the text before the values of an ASCII response."""
    return dds(projection.dataset) + "-" * 45 + "\n"


def ascii_title(array: Array) -> str:
    """Return the line that names an array in an ASCII response."""
    sizes = "".join(f"[{size}]" for _, size in array.dimensions)
    return f"{escaped(array.name)}{sizes}\n"


class AsciiRows:
    """Formats an array's values as rows of text, in any number of steps.

    A row has the elements of the last dimension, after the indices of the other
    dimensions; a one-dimensional array is one row without indices.
    """

    def __init__(self, array: Array) -> None:
        sizes = [size for _, size in array.dimensions]
        self._outer = sizes[:-1]
        self._row = max(sizes[-1], 1) if sizes else 1
        self._position = 0

    def feed(self, values: Sequence[str]) -> str:
        """Return the text for the next values."""
        parts: list[str] = []
        used = 0
        while used < len(values):
            number, column = divmod(self._position, self._row)
            taken = values[used : used + self._row - column]
            if column:
                parts.append(", ")
            elif self._outer:
                indices = np.unravel_index(number, self._outer)
                parts += [*(f"[{index}]" for index in indices), ", "]
            parts.append(", ".join(taken))
            used += len(taken)
            self._position += len(taken)
            parts.append("" if self._position % self._row else "\n")
        return "".join(parts)
