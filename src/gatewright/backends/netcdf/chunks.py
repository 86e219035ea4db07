"""Chunked HDF5 arrays by ``pread``, libdeflate and NumPy, past the HDF5 library.

The HDF5 library inflates on one thread and holds a lock; this takes two and none. It
is for what is most common: numbers of 1 to 8 bytes, stored plain, deflated, or
shuffled and deflated. Everything else is left to h5py.
"""

import itertools
import math
import threading
from collections import OrderedDict
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

import deflate
import h5py
import numpy as np
import numpy.typing as npt

from gatewright.backends.netcdf.layout import read_exactly
from gatewright.core.errors import BackendFailed
from gatewright.domains.arrays import Hyperslab, Range

_LARGEST_CHUNK = 64 << 20
_MOST_CHUNKS = 4_000_000
_CACHE_BYTES = 96 << 20
_THREADS = 2

Array = npt.NDArray[np.generic]
_Key = tuple[object, ...]
_Piece = tuple[int, slice, slice]


@dataclass(frozen=True, slots=True)
class Chunked:
    """Where the chunks of an array stand and how they are stored."""

    key: _Key
    """What tells the array from any other."""
    dtype: np.dtype[np.generic]
    """Type of the elements, with the byte order."""
    chunk: tuple[int, ...]
    """Shape of a chunk; those at the edges are stored whole."""
    grid: tuple[int, ...]
    """Number of chunks along each dimension."""
    offsets: npt.NDArray[np.uint64]
    """Byte of each chunk, row-major; 0 for one that is not stored."""
    sizes: npt.NDArray[np.uint32]
    """Stored bytes of each."""
    deflated: bool
    """Whether they are deflated."""
    shuffled: bool
    """Whether the bytes of the elements stand in planes."""
    fill: Any
    """Value of chunks that are not stored."""

    @property
    def chunk_bytes(self) -> int:
        """Bytes of a chunk, inflated."""
        return math.prod(self.chunk) * self.dtype.itemsize


def index(dataset: Any, key: _Key, file_size: int) -> Chunked | None:
    """Return where the chunks of an h5py data set stand; None if h5py must read it.

    Raises
    ------
    BackendFailed
        A chunk lies outside the file.
    """
    filters = _filters(dataset)
    if filters is None or dataset.file.userblock_size:
        return None
    chunk = tuple(dataset.chunks)
    grid = tuple(-(-s // c) for s, c in zip(dataset.shape, chunk, strict=True))
    count = math.prod(grid)
    size = math.prod(chunk) * dataset.dtype.itemsize
    if not 0 < count <= _MOST_CHUNKS or not 0 < size <= _LARGEST_CHUNK:
        return None
    offsets = np.zeros(count, np.uint64)
    sizes = np.zeros(count, np.uint32)
    if not _find(dataset, chunk, grid, offsets, sizes):
        return None
    if (offsets + sizes > file_size).any():
        raise BackendFailed("The file is shorter than its index of chunks says.")
    return Chunked(
        *(key, dataset.dtype, chunk, grid, offsets, sizes),
        *("deflate" in filters, "shuffle" in filters, dataset.fillvalue),
    )


def _filters(dataset: Any) -> set[str] | None:
    """Return the names of the filters; None where they are others than these two."""
    if dataset.chunks is None or dataset.dtype.kind not in "iuf":
        return None
    if dataset.external or dataset.is_virtual:
        return None
    creation = dataset.id.get_create_plist()
    numbers = [creation.get_filter(n)[0] for n in range(creation.get_nfilters())]
    known = {h5py.h5z.FILTER_SHUFFLE: "shuffle", h5py.h5z.FILTER_DEFLATE: "deflate"}
    order = [known.get(number, "") for number in numbers]
    if order not in ([], ["deflate"], ["shuffle", "deflate"]):
        return None
    return set(order)


def _find(
    dataset: Any,
    chunk: tuple[int, ...],
    grid: tuple[int, ...],
    offsets: npt.NDArray[np.uint64],
    sizes: npt.NDArray[np.uint32],
) -> bool:
    """Fill in the chunks that are stored; return False if one skipped a filter."""
    plain = True

    def note(stored: Any) -> None:
        nonlocal plain
        place = [o // c for o, c in zip(stored.chunk_offset, chunk, strict=True)]
        if any(p >= g for p, g in zip(place, grid, strict=True)):
            return  # left over from a time when the array was larger
        number = int(np.ravel_multi_index(place, grid))
        plain = plain and stored.filter_mask == 0 and stored.size < 1 << 32
        offsets[number] = stored.byte_offset
        sizes[number] = stored.size & 0xFFFFFFFF

    dataset.id.chunk_iter(note)
    return plain


class ChunkReader:
    """Reads and keeps inflated chunks, for all files of this process."""

    def __init__(self, cache_bytes: int = _CACHE_BYTES) -> None:
        self._most = cache_bytes
        self._held = 0
        self._cache: OrderedDict[_Key, Array] = OrderedDict()
        self._lock = threading.Lock()
        self._threads: ThreadPoolExecutor | None = None

    def read(
        self, descriptor: int, array: Chunked, slab: Hyperslab, target: Array
    ) -> None:
        """Read a piece into an array of its shape, converted to the array's type."""
        axes = [
            _pieces(part, length)
            for part, length in zip(slab, array.chunk, strict=True)
        ]
        combinations = list(itertools.product(*axes))

        def one(pieces: Sequence[_Piece]) -> None:
            number = int(np.ravel_multi_index([p[0] for p in pieces], array.grid))
            inner = tuple(p[1] for p in pieces)
            found = self._chunk(descriptor, array, number, target.dtype, inner)
            target[tuple(p[2] for p in pieces)] = found[inner]

        if len(combinations) == 1:
            one(combinations[0])
            return
        for _ in self._map(one, combinations):
            pass

    def _map(
        self, work: Callable[[Sequence[_Piece]], None], items: list[tuple[_Piece, ...]]
    ) -> Any:
        if self._threads is None:
            self._threads = ThreadPoolExecutor(_THREADS, "inflate")
        return self._threads.map(work, items)

    def _chunk(
        self,
        descriptor: int,
        array: Chunked,
        number: int,
        wanted: np.dtype[np.generic],
        inner: tuple[slice, ...],
    ) -> Array:
        same = (wanted.kind, wanted.itemsize) == (
            array.dtype.kind,
            array.dtype.itemsize,
        )
        dtype = wanted if same else array.dtype
        key = (array.key, number, dtype.str)
        with self._lock:
            if key in self._cache:
                self._cache.move_to_end(key)
                return self._cache[key]
        found = _inflated(descriptor, array, number, dtype)
        if found[inner].size < found.size:
            self._keep(key, found)
        return found

    def _keep(self, key: _Key, chunk: Array) -> None:
        """Keep a chunk of which only a part was wanted: the rest may be, soon."""
        with self._lock:
            if key not in self._cache:
                self._cache[key] = chunk
                self._held += chunk.nbytes
            while self._held > self._most:
                self._held -= self._cache.popitem(last=False)[1].nbytes


def _pieces(part: Range, length: int) -> list[_Piece]:
    """Return chunk number, indices in the chunk, and places in the answer."""
    found = []
    done = 0
    while done < part.count:
        first = part.start + done * part.stride
        number = first // length
        behind = (number + 1) * length
        count = min(part.count - done, -(-(behind - first) // part.stride))
        inner = first - number * length
        stop = inner + (count - 1) * part.stride + 1
        found.append(
            (number, slice(inner, stop, part.stride), slice(done, done + count))
        )
        done += count
    return found


def _inflated(
    descriptor: int, array: Chunked, number: int, dtype: np.dtype[np.generic]
) -> Array:
    if not array.sizes[number]:
        return np.full(array.chunk, array.fill, dtype)
    stored = bytearray(int(array.sizes[number]))
    read_exactly(descriptor, memoryview(stored), int(array.offsets[number]))
    data: bytes | bytearray = stored
    if array.deflated:
        try:
            data = deflate.zlib_decompress(stored, array.chunk_bytes)
        except deflate.DeflateError as error:
            raise BackendFailed("A chunk of the file is damaged.") from error
    if len(data) != array.chunk_bytes:
        raise BackendFailed("A chunk of the file is damaged.")
    if array.shuffled and dtype.itemsize > 1:
        return _unshuffled(data, array.dtype, dtype).reshape(array.chunk)
    plain = np.frombuffer(data, array.dtype).reshape(array.chunk)
    return plain.astype(dtype, copy=False)


def _unshuffled(
    data: bytes | bytearray, stored: np.dtype[np.generic], dtype: np.dtype[np.generic]
) -> Array:
    """Return elements from planes of their bytes, in the byte order of ``dtype``."""
    item = dtype.itemsize
    planes = np.frombuffer(data, np.uint8).reshape(item, -1)
    if stored.newbyteorder("=") == dtype.newbyteorder("=") and stored != dtype:
        planes = planes[::-1]
    mixed = np.empty((planes.shape[1], item), np.uint8)
    for place in range(item):
        mixed[:, place] = planes[place]
    return mixed.reshape(-1).view(dtype)
