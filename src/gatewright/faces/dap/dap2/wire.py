"""DAP2's texts and bytes (ESE-RFC-004): DDS, DAS, XDR headers, ASCII, errors.

Nothing here reads a file or a socket; values come in as bytes that are in the wire's
order already, or as text.
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
"""Counts are 32-bit numbers, and readers take them as signed."""

_WORD = b"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_"
_LETTERS = frozenset(_WORD + b"-+/\\*")
_FIRST = frozenset(bytes([letter]) for letter in _WORD)
_ATTRIBUTE_LETTERS = _LETTERS | frozenset(b".:#")

Value = str | int | float
Attributes = Mapping[str, "tuple[Kind, Sequence[Value]] | Attributes"]
"""Type and values of each attribute of a variable, or a container of attributes."""


def escaped(name: str) -> str:
    """Return a name with what the grammar does not take written as ``%HH``.

    A dot is the separator of members in a constraint, so it is escaped too, and so are
    ``!~'``, which the specification allows and netCDF-C's lexer drops. netCDF-C refuses
    a whole data set with a name that begins with another sign than a letter, a digit or
    an underscore; such a name gets an underscore before it.
    """
    return _escaped(name, _LETTERS)


def escaped_attribute(name: str) -> str:
    """Return the name of an attribute with what the grammar does not take escaped."""
    return _escaped(name, _ATTRIBUTE_LETTERS)


def _escaped(name: str, letters: frozenset[int]) -> str:
    text = "".join(chr(b) if b in letters else f"%{b:02X}" for b in name.encode())
    return text if text[:1].encode() in _FIRST else f"_{text}"


def dds(dataset: Dataset) -> str:
    """Return the Dataset Descriptor Structure."""
    lines = ["Dataset {"]
    for array in dataset.arrays:
        sizes = "".join(f"[{escaped(n)} = {size}]" for n, size in array.dimensions)
        lines.append(f"    {array.kind} {escaped(array.name)}{sizes};")
    return "\n".join([*lines, f"}} {escaped(dataset.name)};", ""])


def das(containers: Attributes) -> str:
    """Return the Dataset Attribute Structure, one container after another."""
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
    """Return one value of an attribute, with all its digits."""
    if kind is Kind.STRING:
        return quoted(str(value))
    if kind in {Kind.FLOAT32, Kind.FLOAT64}:
        return float_text(float(value), 9 if kind is Kind.FLOAT32 else 17)
    return str(int(value))


def quoted(text: str) -> str:
    r"""Return text in double quotes, with ``"`` and ``\`` escaped and NUL left out."""
    inner = text.replace("\\", "\\\\").replace('"', '\\"').replace("\0", "")
    return f'"{inner}"'


def float_text(value: float, digits: int) -> str:
    """Return a number with enough digits to read back the same one."""
    if math.isnan(value):
        return "NaN"
    if math.isinf(value):
        return "Inf" if value > 0 else "-Inf"
    short = f"{value:.{6 if digits == 9 else 15}g}"
    width = ">f" if digits == 9 else ">d"
    same = struct.pack(width, float(short)) == struct.pack(width, value)
    return short if same else f"{value:.{digits}g}"


def head(projection: Projection) -> bytes:
    """Return what stands before the values of a data response."""
    return dds(projection.dataset).encode() + DATA_MARK


def values_size(array: Array) -> int | None:
    """Return the bytes of an array on the wire; None for strings."""
    if array.kind is Kind.STRING:
        return None
    size = WIDTHS[array.kind] * array.size
    if not array.dimensions:
        return max(size, 4)
    return 8 + size + padding(size)


def padding(size: int) -> int:
    """Return the bytes that make a length a multiple of four."""
    return -size % 4


def count_prefix(array: Array) -> bytes:
    """Return the element count that stands before an array's values.

    Numbers have it twice (the length of the vector and that of its XDR array), strings
    once, scalars not at all.
    """
    if not array.dimensions:
        return b""
    count = struct.pack(">I", array.size)
    return count if array.kind is Kind.STRING else count * 2


def trailer(array: Array) -> bytes:
    """Return the padding behind an array's values (bytes only need it)."""
    if array.kind is not Kind.BYTE or not array.dimensions:
        return b""
    return bytes(padding(array.size))


def scalar_byte(value: int) -> bytes:
    """Return a scalar of type Byte, which takes four bytes."""
    return struct.pack(">I", value & 0xFF)


def string(text: str) -> bytes:
    """Return a string: its length, its UTF-8 bytes, and padding."""
    data = text.encode("utf-8", "surrogateescape")
    return struct.pack(">I", len(data)) + data + bytes(padding(len(data)))


def response_size(projection: Projection) -> int | None:
    """Return the exact bytes of a data response; None where it has strings."""
    total = len(head(projection))
    for leaf in projection.leaves:
        size = values_size(leaf.array)
        if size is None:
            return None
        total += size
    return total


def error(status: int, message: str) -> bytes:
    """Return an Error object (ESE-RFC-004, section 7.2.4)."""
    return (
        f"Error {{\n    code = {status};\n    message = {quoted(message)};\n}};\n"
    ).encode()


def ascii_head(projection: Projection) -> str:
    """Return the text before the values of an ASCII response."""
    return dds(projection.dataset) + "-" * 45 + "\n"


def ascii_title(array: Array) -> str:
    """Return the line that names an array of an ASCII response."""
    sizes = "".join(f"[{size}]" for _, size in array.dimensions)
    return f"{escaped(array.name)}{sizes}\n"


class AsciiRows:
    """Writes an array's values as rows of text, as they come.

    A row holds the elements of the last dimension and begins with the indices of the
    others; a vector is one row without indices.
    """

    def __init__(self, array: Array) -> None:
        sizes = [size for _, size in array.dimensions]
        self._outer = sizes[:-1]
        self._row = max(sizes[-1], 1) if sizes else 1
        self._position = 0

    def feed(self, values: Sequence[str]) -> str:
        """Return the text of the next values."""
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
