"""Gridded data: data sets, their axes, pieces of arrays by index and by coordinates."""

from gatewright.domains.arrays.axes import Axis, axes, data_variables
from gatewright.domains.arrays.calendars import TimeUnits, time_units
from gatewright.domains.arrays.hyperslab import (
    check,
    counts,
    elements,
    encoded_size,
    positions,
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
from gatewright.domains.arrays.packing import (
    Packing,
    missing_values,
    packing,
    unpack,
)
from gatewright.domains.arrays.plan import windows
from gatewright.domains.arrays.ports import ArrayReader
from gatewright.domains.arrays.selection import (
    Selected,
    counted_from,
    everything,
    label,
    select,
)
from gatewright.domains.arrays.service import AxisValues, Datasets
from gatewright.domains.arrays.statistics import Statistic, statistic
from gatewright.domains.arrays.statistics import apply as apply_statistic
from gatewright.domains.arrays.subset import (
    Estimate,
    Prepared,
    SubsetFile,
    SubsetFormat,
    SubsetOrder,
    SubsetRequest,
    member_axis,
    output_sizes,
    output_type,
)

__all__ = [
    "Access",
    "ArrayReader",
    "Attribute",
    "Attributes",
    "Axis",
    "AxisKind",
    "AxisValues",
    "ByteOrder",
    "Dataset",
    "Datasets",
    "Description",
    "Dimension",
    "ElementType",
    "Encoding",
    "Estimate",
    "FileIdentity",
    "Hyperslab",
    "Packing",
    "Prepared",
    "Published",
    "Range",
    "Selected",
    "Statistic",
    "SubsetFile",
    "SubsetFormat",
    "SubsetOrder",
    "SubsetRequest",
    "TimeUnits",
    "Variable",
    "apply_statistic",
    "axes",
    "check",
    "counted_from",
    "counts",
    "data_variables",
    "elements",
    "encoded_size",
    "everything",
    "label",
    "member_axis",
    "missing_values",
    "output_sizes",
    "output_type",
    "packing",
    "positions",
    "select",
    "statistic",
    "time_units",
    "unpack",
    "whole",
    "windows",
    "xdr",
]
