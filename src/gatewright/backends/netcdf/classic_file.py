"""A NetCDF-3 file that is open for reading."""

import os

import numpy as np
import numpy.typing as npt

from gatewright.backends.gridded.formats import version_of
from gatewright.backends.gridded.layout import Plain, read_into
from gatewright.backends.netcdf.classic import (
    ClassicHeader,
    Truncated,
    Value,
    parse,
)
from gatewright.core.errors import BackendFailed
from gatewright.domains.arrays import (
    Attribute,
    Attributes,
    Description,
    Dimension,
    ElementType,
    Hyperslab,
    Variable,
    Version,
    text_attribute,
)

_FIRST_BYTES = 65_536
_MOST_BYTES = 64 << 20
_FORMATS = {1: "NetCDF-3", 2: "NetCDF-3 64-bit offset", 5: "NetCDF-3 64-bit data"}


def read_header(descriptor: int) -> ClassicHeader:
    """Return the header of an open file; no more is read than needed.

    Raises
    ------
    BackendFailed
        The header is damaged, or longer than 64 MiB.
    """
    size = os.fstat(descriptor).st_size
    length = _FIRST_BYTES
    while True:
        data = os.pread(descriptor, length, 0)
        try:
            return parse(data, size)
        except Truncated as error:
            if len(data) < length or length >= _MOST_BYTES:
                raise BackendFailed(
                    "This NetCDF-3 file ends within its header."
                ) from error
        length *= 8


class ClassicFile:
    """Implements ``GriddedFile`` for a NetCDF-3 file."""

    def __init__(self, descriptor: int) -> None:
        self.descriptor = descriptor
        header = read_header(descriptor)
        status = os.fstat(descriptor)
        dimensions = [Dimension(*dimension) for dimension in header.dimensions]
        self._variables = {v.name: v for v in header.variables}
        self.description = Description(
            version_of(status),
            _FORMATS[header.version],
            {dimension.name: dimension for dimension in dimensions},
            {
                v.name: Variable(
                    v.name,
                    _type(v.dtype),
                    tuple(dimensions[number].name for number in v.dimensions),
                    v.shape,
                    _attributes(v.attributes),
                )
                for v in header.variables
            },
            _attributes(header.attributes),
            stored_bytes=status.st_size,
            modified=status.st_mtime,
        )

    def version(self) -> Version:
        """Return the current version of the open file."""
        return version_of(os.fstat(self.descriptor))

    def read(
        self, variable: str, slab: Hyperslab, target: npt.NDArray[np.generic]
    ) -> None:
        """Read a hyperslab of a variable into an array of the hyperslab's shape."""
        v = self._variables[variable]
        plain = Plain(v.offset, np.dtype(v.dtype), v.shape, v.row_bytes)
        read_into(self.descriptor, plain, slab, target)

    def strings(self, variable: str, slab: Hyperslab) -> list[bytes]:
        """Raise BackendFailed, since NetCDF-3 has no STRING variables."""
        raise BackendFailed("NetCDF-3 has no variables of strings.")

    def close(self) -> None:
        """Close the file."""
        os.close(self.descriptor)


def _type(dtype: str) -> ElementType:
    if dtype == "S1":
        return ElementType.CHAR
    return ElementType(np.dtype(dtype).name)


def _attributes(values: dict[str, Value]) -> Attributes:
    return {
        name: text_attribute(ElementType.CHAR, tuple(map(str, value)))
        if dtype == "S1"
        else Attribute(_type(dtype), value)
        for name, (dtype, value) in values.items()
    }
