"""The format of NetCDF-3, NetCDF-4 and HDF5 files."""

import os
from collections.abc import Sequence

from gatewright.backends.gridded.formats import (
    GriddedFile,
    file_version,
    first_bytes,
    open_descriptor,
)
from gatewright.backends.netcdf.chunks import ChunkReader
from gatewright.backends.netcdf.classic import MAGIC
from gatewright.backends.netcdf.classic_file import ClassicFile
from gatewright.backends.netcdf.hdf5_file import Hdf5File
from gatewright.core.errors import BackendFailed
from gatewright.domains.arrays import Version

_HDF5 = b"\x89HDF\r\n\x1a\n"
_HDF5_AFTER = (0, 512, 1024, 2048, 4096)
_FIRST_BYTES = 4096 + len(_HDF5)


class NetcdfFormat:
    """Implements ``Format`` for NetCDF and HDF5; a source is a single file."""

    def __init__(self) -> None:
        self._chunks = ChunkReader()

    def recognises(self, places: Sequence[bytes]) -> bool:
        """Return whether the first bytes are those of a NetCDF or HDF5 file."""
        first = first_bytes(places[0], _FIRST_BYTES)
        return len(places) == 1 and (first[:4] in MAGIC or _is_hdf5(first))

    def version(self, places: Sequence[bytes]) -> Version:
        """Return the version of the file at the place."""
        (place,) = places
        return file_version(place)

    def open(self, places: Sequence[bytes]) -> GriddedFile:
        """Open the file."""
        (place,) = places
        first = first_bytes(place, _FIRST_BYTES)
        classic = first[:4] in MAGIC
        if not classic and not _is_hdf5(first):
            raise BackendFailed("This file is neither NetCDF nor HDF5.")
        descriptor = open_descriptor(place)
        try:
            if classic:
                return ClassicFile(descriptor)
            return Hdf5File(descriptor, place, self._chunks)
        except BaseException:
            os.close(descriptor)
            raise


def _is_hdf5(first: bytes) -> bool:
    return any(first.startswith(_HDF5, at) for at in _HDF5_AFTER)


netcdf = NetcdfFormat()
