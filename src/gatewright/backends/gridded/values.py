"""Converts values of the arrays domain to msgpack values for the readers, and back."""

from collections.abc import Sequence
from dataclasses import astuple
from typing import Any

from gatewright.domains.arrays import (
    Attribute,
    Attributes,
    Box,
    Description,
    Dimension,
    ElementType,
    Encoding,
    Horizontal,
    Hyperslab,
    Range,
    Selected,
    SubsetFormat,
    SubsetOrder,
    Variable,
    Version,
    statistic,
)


def from_slab(slab: Hyperslab) -> list[list[int]]:
    """Return a hyperslab as a list of [start, count, stride]."""
    return [[part.start, part.count, part.stride] for part in slab]


def to_slab(numbers: Sequence[Sequence[int]]) -> Hyperslab:
    """Return the hyperslab that :func:`from_slab` converted."""
    return tuple(Range(start, count, stride) for start, count, stride in numbers)


def from_encoding(encoding: Encoding) -> list[Any]:
    """Return an encoding as [type, byte order, exact]."""
    return [encoding.type.value, encoding.order, encoding.exact]


def to_encoding(found: Sequence[Any]) -> Encoding:
    """Return the encoding that :func:`from_encoding` converted."""
    kind, order, exact = found
    small = order == "little"
    return Encoding(ElementType(kind), "little" if small else "big", bool(exact))


def from_description(description: Description) -> dict[str, Any]:
    """Return metadata as msgpack values."""
    return {
        "version": description.version,
        "format": description.format,
        "dimensions": [
            [d.name, d.size, d.unlimited] for d in description.dimensions.values()
        ],
        "variables": [
            [
                v.name,
                v.type.value,
                list(v.dimensions),
                list(v.shape),
                _from_attributes(v.attributes),
                None if v.chunks is None else list(v.chunks),
            ]
            for v in description.variables.values()
        ],
        "attributes": _from_attributes(description.attributes),
        "warnings": list(description.warnings),
        "stored_bytes": description.stored_bytes,
        "modified": description.modified,
    }


def to_description(found: dict[str, Any]) -> Description:
    """Return the metadata that :func:`from_description` converted.

    Raises
    ------
    KeyError, TypeError, ValueError
        The values are not those of metadata.
    """
    return Description(
        Version(found["version"]),
        found["format"],
        {name: Dimension(name, *rest) for name, *rest in found["dimensions"]},
        {
            name: Variable(
                name,
                ElementType(kind),
                tuple(dimensions),
                tuple(shape),
                _to_attributes(attributes),
                None if chunks is None else tuple(chunks),
            )
            for name, kind, dimensions, shape, attributes, chunks in found["variables"]
        },
        _to_attributes(found["attributes"]),
        tuple(found["warnings"]),
        int(found["stored_bytes"]),
        float(found["modified"]),
    )


def _from_attributes(attributes: Attributes) -> list[list[Any]]:
    return [
        [name, a.type.value, list(a.values), a.latin1] for name, a in attributes.items()
    ]


def _to_attributes(found: Sequence[Sequence[Any]]) -> Attributes:
    return {
        name: Attribute(ElementType(kind), tuple(values), latin1)
        for name, kind, values, latin1 in found
    }


def from_order(order: SubsetOrder) -> dict[str, Any]:
    """Return the order of a subset as msgpack values."""
    return {
        "variables": list(order.variables),
        "selected": {
            name: [from_slab(selected.ranges), selected.west]
            for name, selected in order.selected.items()
        },
        "statistics": [how.name for how in order.statistics],
        "format": order.format.value,
        "title": order.title,
        "history": order.history,
        "boxes": [
            [list(astuple(box.at)), box.south, box.north, box.west, box.width]
            for box in order.boxes
        ],
    }


def to_order(found: dict[str, Any]) -> SubsetOrder:
    """Return the order from its plain values, as :func:`from_order` returned them."""
    return SubsetOrder(
        tuple(found["variables"]),
        {
            name: Selected(to_slab(ranges), west)
            for name, (ranges, west) in found["selected"].items()
        },
        tuple(statistic(name) for name in found["statistics"]),
        SubsetFormat(found["format"]),
        found["title"],
        found["history"],
        tuple(
            Box(Horizontal(latitude, longitude, tuple(names)), *edges)
            for (latitude, longitude, names), *edges in found["boxes"]
        ),
    )
