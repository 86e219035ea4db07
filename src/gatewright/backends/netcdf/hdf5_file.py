"""A NetCDF-4 or plain HDF5 file that h5py has open for reading."""

import math
import os
from collections import OrderedDict
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import h5py
import numpy as np
import numpy.typing as npt

from gatewright.backends.gridded.formats import version_of
from gatewright.backends.gridded.layout import Plain, read_into
from gatewright.backends.netcdf import hdf5_describe, hdf5_elsewhere
from gatewright.backends.netcdf.chunks import Chunked, ChunkReader, index
from gatewright.core.errors import BackendFailed, GatewayError
from gatewright.domains.arrays import Hyperslab, Version, counts

_CHUNK_CACHE_BYTES = 32 << 20
_OPEN_DATASETS = 4


class Hdf5File:
    """Implements ``GriddedFile`` for an HDF5 file.

    It is opened without a lock (``locking=False``), so that reading does not prevent
    others from writing the file.
    """

    def __init__(
        self,
        descriptor: int,
        source: bytes,
        chunks: ChunkReader,
    ) -> None:
        self._chunks = chunks
        self._indexes: dict[str, Chunked | None] = {}
        self._elsewhere: dict[str, bool] = {}
        status = os.fstat(descriptor)
        self.descriptor = descriptor
        try:
            self._file = h5py.File(
                *(os.fsdecode(source), "r"),
                locking=False,
                rdcc_nbytes=_CHUNK_CACHE_BYTES,
                rdcc_nslots=10_007,
            )
            self._map = hdf5_describe.read(self._file)
        except (OSError, RuntimeError, KeyError, ValueError, TypeError) as error:
            raise BackendFailed(
                "This HDF5 file is damaged or of a kind that is not read here."
            ) from error
        self.description = self._map.description(status)
        self._open: OrderedDict[str, Any] = OrderedDict()

    def version(self) -> Version:
        """Return the current version of the open file."""
        return version_of(os.fstat(self.descriptor))

    def read(
        self, variable: str, slab: Hyperslab, target: npt.NDArray[np.generic]
    ) -> None:
        """Read a hyperslab of a variable into an array of the hyperslab's shape."""
        with self._dataset(variable, slab) as dataset:
            stored, inside = _inside(dataset.shape, slab)
            if stored is None or inside != tuple(slice(0, n) for n in counts(slab)):
                fill = dataset.fillvalue
                target[...] = 0 if fill is None else fill
            if stored is None:
                return
            part = target[inside] if inside else target
            offset = dataset.id.get_offset()  # None where it is stored in chunks
            stands_here = (
                not self._elsewhere[variable] and not self._file.userblock_size
            )
            is_run = offset is not None and dataset.dtype.kind in "iuf" and stands_here
            if is_run and part.flags.c_contiguous:
                row = math.prod(dataset.shape[1:]) * dataset.dtype.itemsize
                plain = Plain(offset, dataset.dtype, dataset.shape, row)
                read_into(self.descriptor, plain, stored, part)
                return
            if not slab:
                target[()] = dataset[()]
                return
            if variable not in self._indexes:
                key = (self.description.version, variable)
                size = self.description.stored_bytes
                self._indexes[variable] = index(dataset, key, size)
            chunked = self._indexes[variable]
            if chunked is not None:
                self._chunks.read(self.descriptor, chunked, stored, part)
            else:
                selection = tuple(slice(p.start, p.stop, p.stride) for p in stored)
                target[inside] = dataset[selection].astype(target.dtype, copy=False)

    def strings(self, variable: str, slab: Hyperslab) -> list[bytes]:
        """Return a hyperslab of a STRING variable, in row-major order."""
        with self._dataset(variable, slab) as dataset:
            stored, inside = _inside(dataset.shape, slab)
            values = np.full(counts(slab), b"", object)
            if stored is not None:
                selection = tuple(slice(p.start, p.stop, p.stride) for p in stored)
                values[inside] = dataset[selection]
        return [
            value.encode("utf-8", "surrogateescape")
            if isinstance(value, str)
            else bytes(value)
            if isinstance(value, bytes | bytearray)
            else b""  # a string of varying length that was never written
            for value in values.reshape(-1)
        ]

    def close(self) -> None:
        """Close the file."""
        self._open.clear()
        self._file.close()
        os.close(self.descriptor)

    @contextmanager
    def _dataset(self, variable: str, slab: Hyperslab) -> Iterator[Any]:
        """Provide the h5py data set of a variable, to read a hyperslab of it.

        Raises
        ------
        BackendFailed
            The file, or an external file with the variable's values, is damaged.
        Conflict
            An external file with the values changed during the read.
        """
        try:
            dataset = self._open.get(variable)
            if dataset is None:
                dataset = self._file[self._map.paths[variable]]
                self._open[variable] = dataset
            self._open.move_to_end(variable)
            if len(self._open) > _OPEN_DATASETS:
                self._open.popitem(last=False)
            if variable not in self._elsewhere:
                self._elsewhere[variable] = hdf5_elsewhere.is_elsewhere(dataset)
            if self._elsewhere[variable]:
                with hdf5_elsewhere.required(dataset, slab):
                    yield dataset
            else:
                yield dataset
        except GatewayError:
            raise
        except (OSError, RuntimeError, ValueError, TypeError) as error:
            raise BackendFailed(
                f"“{variable}” cannot be read: the file is damaged, or stored in a "
                "way that is not read here."
            ) from error


def _inside(
    shape: tuple[int, ...], slab: Hyperslab
) -> tuple[Hyperslab | None, tuple[slice, ...]]:
    """Return the stored part of a hyperslab, and its place in the answer.

    A variable along an unlimited dimension may have fewer records than another
    variable, and so than the dimension; the missing records are fill values.
    """
    stored, places = [], []
    for size, part in zip(shape, slab, strict=True):
        count = min(part.count, max(0, -(-(size - part.start) // part.stride)))
        stored.append(part.part(0, count))
        places.append(slice(0, count))
    if any(not part.count for part in stored):
        return None, ()
    return tuple(stored), tuple(places)
