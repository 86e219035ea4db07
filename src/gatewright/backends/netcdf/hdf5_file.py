"""A NetCDF-4 or plain HDF5 file, open for reading by h5py."""

import os
from collections import OrderedDict
from contextlib import AbstractContextManager, nullcontext
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
    """Answers what is asked of one open HDF5 file.

    It is opened without a lock (``locking=False``): a reader must not stop the people
    who write the file.
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
        """Return the version of the open file, as it is now."""
        return version_of(os.fstat(self.descriptor))

    def read(
        self, variable: str, slab: Hyperslab, target: npt.NDArray[np.generic]
    ) -> None:
        """Read a piece of a variable into an array of its shape."""
        try:
            dataset = self._dataset(variable)
            with self._all_there(variable, dataset, slab):
                self._read(variable, dataset, slab, target)
        except GatewayError:
            raise
        except (OSError, RuntimeError, ValueError, TypeError) as error:
            raise BackendFailed(
                f"“{variable}” cannot be read: the file is damaged, or stored in a "
                "way that is not read here."
            ) from error

    def _all_there(
        self, variable: str, dataset: Any, slab: Hyperslab
    ) -> AbstractContextManager[None]:
        """Return what refuses values of other files that are not there."""
        if variable not in self._elsewhere:
            self._elsewhere[variable] = hdf5_elsewhere.is_elsewhere(dataset)
        if self._elsewhere[variable]:
            return hdf5_elsewhere.required(dataset, slab)
        return nullcontext()

    def _read(
        self,
        variable: str,
        dataset: Any,
        slab: Hyperslab,
        target: npt.NDArray[np.generic],
    ) -> None:
        stored, inside = _inside(dataset.shape, slab)
        if stored is None:
            target[...] = _fill(dataset)
            return
        if inside != tuple(slice(0, n) for n in counts(slab)):
            target[...] = _fill(dataset)
        plain = _plain(dataset)
        part = target[inside] if inside else target
        if plain is not None and part.flags.c_contiguous:
            read_into(self.descriptor, plain, stored, part)
        elif not slab:
            target[()] = dataset[()]
        elif (array := self._chunked(variable, dataset)) is not None:
            self._chunks.read(self.descriptor, array, stored, part)
        else:
            selection = tuple(slice(p.start, p.stop, p.stride) for p in stored)
            target[inside] = dataset[selection].astype(target.dtype, copy=False)

    def _chunked(self, variable: str, dataset: Any) -> Chunked | None:
        if variable not in self._indexes:
            key = (self.description.version, variable)
            size = self.description.stored_bytes
            self._indexes[variable] = index(dataset, key, size)
        return self._indexes[variable]

    def strings(self, variable: str, slab: Hyperslab) -> list[bytes]:
        """Return a piece of a STRING variable."""
        dataset = self._dataset(variable)
        stored, inside = _inside(dataset.shape, slab)
        values = np.full(counts(slab), b"", object)
        if stored is not None:
            selection = tuple(slice(p.start, p.stop, p.stride) for p in stored)
            with self._all_there(variable, dataset, slab):
                values[inside] = dataset[selection]
        return [_bytes(value) for value in values.reshape(-1)]

    def close(self) -> None:
        """Let go of the file."""
        self._open.clear()
        self._file.close()
        os.close(self.descriptor)

    def _dataset(self, variable: str) -> Any:
        dataset = self._open.get(variable)
        if dataset is None:
            dataset = self._file[self._map.paths[variable]]
            self._open[variable] = dataset
        self._open.move_to_end(variable)
        if len(self._open) > _OPEN_DATASETS:
            self._open.popitem(last=False)
        return dataset


def _bytes(value: object) -> bytes:
    if isinstance(value, str):
        return value.encode("utf-8", "surrogateescape")
    return bytes(value) if isinstance(value, bytes | bytearray | np.bytes_) else b""


def _inside(
    shape: tuple[int, ...], slab: Hyperslab
) -> tuple[Hyperslab | None, tuple[slice, ...]]:
    """Return the stored part of a piece and where it stands in the answer.

    A variable along an unlimited dimension may hold fewer records than the dimension
    has, since another variable has more; those that it lacks are fill values.
    """
    stored, places = [], []
    for size, part in zip(shape, slab, strict=True):
        count = min(part.count, max(0, -(-(size - part.start) // part.stride)))
        stored.append(part.part(0, count))
        places.append(slice(0, count))
    if any(not part.count for part in stored):
        return None, ()
    return tuple(stored), tuple(places)


def _fill(dataset: Any) -> Any:
    fill = dataset.fillvalue
    return 0 if fill is None else fill


def _plain(dataset: Any) -> Plain | None:
    """Return where a contiguous array of numbers stands, or None for any other."""
    offset = dataset.id.get_offset()
    if offset is None or dataset.chunks is not None or dataset.dtype.kind not in "iuf":
        return None
    if dataset.external or dataset.is_virtual or dataset.file.userblock_size:
        return None
    item = dataset.dtype.itemsize
    row = int(np.prod(dataset.shape[1:], dtype=object)) * item
    return Plain(offset, dataset.dtype, dataset.shape, row)
