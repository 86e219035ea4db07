"""Converts types and attributes of HDF5 to those of ``domains.arrays``.

Enumerations become their integers, with CF's ``flag_values`` and ``flag_meanings`` (CF
1.11, section 3.5). 16-bit floats become float32, without loss.
"""

from collections.abc import Mapping
from typing import Any

import h5py
import numpy as np

from gatewright.domains.arrays import (
    Attribute,
    Attributes,
    ElementType,
    text_attribute,
)

_HIDDEN = frozenset(
    {
        *("CLASS", "NAME", "DIMENSION_LIST", "REFERENCE_LIST", "DIMENSION_LABELS"),
        *("_Netcdf4Dimid", "_Netcdf4Coordinates", "_NCProperties", "_nc3_strict"),
    }
)
_LARGEST_ATTRIBUTE = 1 << 20
_HALF = 2
_TRUTH = {"false": 0, "true": 1}


def element_type(dtype: Any) -> ElementType | None:
    """Return the type of a variable's values; None if it is not supported."""
    if dtype.subdtype is not None:
        return None
    if dtype.kind == "b":
        return ElementType.INT8
    if dtype.kind == "f" and dtype.itemsize == _HALF:
        return ElementType.FLOAT32
    if dtype.kind in "iuf" and dtype.itemsize in {1, 2, 4, 8}:
        return ElementType(dtype.newbyteorder("=").name)
    if dtype.kind == "S" and dtype.itemsize == 1:
        return ElementType.CHAR
    if dtype.kind == "S" or h5py.check_string_dtype(dtype) is not None:
        return ElementType.STRING
    return None


def refusal(dataset: Any) -> str | None:
    """Return why an h5py data set cannot be read; None if it can."""
    if dataset.shape is None:
        return "it has no values at all"
    dtype = dataset.dtype
    if element_type(dtype) is None:
        called = (
            (dtype.names is not None, "compound values"),
            (h5py.check_vlen_dtype(dtype) is not None, "lists of varying length"),
            (h5py.check_ref_dtype(dtype) is not None, "references"),
            (dtype.subdtype is not None, "values that are arrays"),
            (dtype.kind == "V", "opaque values"),
            (True, f"values of type {dtype}"),
        )
        return f"{next(words for so, words in called if so)} are not read here"
    creation = dataset.id.get_create_plist()
    for place in range(creation.get_nfilters()):
        number, _, _, name = creation.get_filter(place)
        if not h5py.h5z.filter_avail(number):
            text = name.decode("utf-8", "replace")[:40] or "unknown"
            return (
                f"its compression ({text}, HDF5 filter {number}) is not read here; "
                "“nccopy -d 4” writes the file anew with one that is"
            )
    return None


def flags(dtype: Any) -> Attributes:
    """Return the flag attributes of an enumeration; empty for other types."""
    members: Mapping[str, int] | None = h5py.check_enum_dtype(dtype)
    if dtype.kind == "b":
        members = _TRUTH
    if not members:
        return {}
    kind = element_type(dtype)
    assert kind is not None  # noqa: S101  # enumerations are of integers
    words = ("_".join(name.split()) for name in members)
    return {
        "flag_values": Attribute(kind, tuple(map(int, members.values()))),
        "flag_meanings": Attribute(ElementType.CHAR, (" ".join(words),)),
    }


def attributes(item: Any, owner: str, warnings: list[str]) -> dict[str, Attribute]:
    """Return the attributes of an h5py object, with a warning for unreadable ones."""
    found = {}
    for name in item.attrs:
        if name in _HIDDEN:
            continue
        try:
            value = _attribute(item, name)
        except (OSError, TypeError, ValueError, KeyError, RuntimeError):
            value = None
        if value is None:
            of = f" of “{owner}”" if owner else ""
            warnings.append(f"The attribute “{name}”{of} is left out: it is not read.")
        else:
            found[name] = value
    return found


def _attribute(item: Any, name: str) -> Attribute | None:
    """Return an attribute of an h5py object; None for an unsupported type."""
    stored = item.attrs.get_id(name)
    kind = element_type(stored.dtype)
    if not stored.get_space().get_simple_extent_npoints():
        if kind is None or kind.numeric:
            return None if kind is None else Attribute(kind, ())
        return Attribute(ElementType.CHAR, ("",))
    if stored.get_storage_size() > _LARGEST_ATTRIBUTE:
        return None
    array = np.asarray(item.attrs[name])
    elements = array.reshape(-1)
    if array.dtype.kind not in "OSU":
        kind = element_type(array.dtype)
        if array.dtype.kind == "b":
            elements = elements.astype(np.int8)
        return None if kind is None else Attribute(kind, tuple(elements.tolist()))
    if not all(isinstance(element, str | bytes) for element in elements):
        return None
    texts = tuple(
        one.decode("utf-8", "surrogateescape").rstrip("\0")
        if isinstance(one, bytes)
        else str(one)  # h5py gives NumPy's own kind of text, too
        for one in elements
    )
    single_of_fixed_length = array.dtype.kind == "S" and len(texts) == 1
    return text_attribute(
        ElementType.CHAR if single_of_fixed_length else ElementType.STRING, texts
    )
