"""Gridded data: data sets, their axes, pieces of arrays by index and by coordinates."""

from gatewright.domains.arrays.hyperslab import (
    check,
    counts,
    elements,
    encoded_size,
    whole,
)
from gatewright.domains.arrays.model import (
    Access,
    Attribute,
    Attributes,
    AxisKind,
    ByteOrder,
    Dataset,
    Description,
    Dimension,
    ElementType,
    Encoding,
    FileIdentity,
    Hyperslab,
    Published,
    Range,
    Variable,
    xdr,
)
from gatewright.domains.arrays.plan import windows
from gatewright.domains.arrays.ports import ArrayReader
from gatewright.domains.arrays.service import Datasets

__all__ = [
    "Access",
    "ArrayReader",
    "Attribute",
    "Attributes",
    "AxisKind",
    "ByteOrder",
    "Dataset",
    "Datasets",
    "Description",
    "Dimension",
    "ElementType",
    "Encoding",
    "FileIdentity",
    "Hyperslab",
    "Published",
    "Range",
    "Variable",
    "check",
    "counts",
    "elements",
    "encoded_size",
    "whole",
    "windows",
    "xdr",
]
