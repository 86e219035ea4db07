"""Chunked HDF5 arrays by ``pread``, libdeflate and NumPy, past the HDF5 library.

The HDF5 library inflates on one thread and holds a lock; this takes two and none. It
is for what is most common: numbers of 1 to 8 bytes, stored plain, deflated, or
shuffled and deflated. Everything else is left to h5py.
"""

import itertools
import math
import threading
from collections import OrderedDict
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor, wait
from dataclasses import dataclass
from typing import Any

import deflate
import h5py
import numpy as np
import numpy.typing as npt

from gatewright.backends.gridded.layout import read_exactly
from gatewright.core.errors import BackendFailed
from gatewright.domains.arrays import Hyperslab, Range

_LARGEST_CHUNK = 64 << 20
_MOST_CHUNKS = 4_000_000
_CACHE_BYTES = 96 << 20
_THREADS = 2
_LONG_ROW = 64
"""Elements in a row of a chunk from which on it is dearer to copy it twice."""

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
    shape: tuple[int, ...]
    """Shape of the array."""
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
        *(key, dataset.dtype, tuple(dataset.shape), chunk, grid, offsets, sizes),
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
        chunks = enumerate(itertools.product(*axes))
        # Were more kept, the last would drive out the first, which are read next.
        most = self._most // array.chunk_bytes

        def work() -> None:
            for place, pieces in chunks:
                self._read_one(descriptor, array, pieces, target, keep=place < most)

        if math.prod(map(len, axes)) == 1:
            work()
            return
        # All threads take from one iterator: a thing handed over costs as much as the
        # inflating of a small chunk.
        works = [self._pool().submit(work) for _ in range(_THREADS)]
        wait(works)  # an error must leave nobody behind who still fills the target
        for one in works:
            one.result()

    def _pool(self) -> ThreadPoolExecutor:
        if self._threads is None:
            self._threads = ThreadPoolExecutor(_THREADS, "inflate")
        return self._threads

    def _read_one(
        self,
        descriptor: int,
        array: Chunked,
        pieces: Sequence[_Piece],
        target: Array,
        *,
        keep: bool,
    ) -> None:
        number = 0
        for piece, length in zip(pieces, array.grid, strict=True):
            number = number * length + piece[0]
        inner = tuple(piece[1] for piece in pieces)
        places: tuple[Any, ...] = (..., *(piece[2] for piece in pieces))
        part = target[places]
        dtype = _kept_as(array, target.dtype)
        key = (array.key, number, dtype.str)
        found = self._kept(key)
        if found is None and _is_all(array, pieces):
            _inflate_into(descriptor, array, number, inner, part)
            return
        if found is None:
            found = _inflated(descriptor, array, number, dtype)
            if keep:
                self._keep(key, found)
        part[...] = found[inner]

    def _kept(self, key: _Key) -> Array | None:
        with self._lock:
            if key not in self._cache:
                return None
            self._cache.move_to_end(key)
            return self._cache[key]

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


def _is_all(array: Chunked, pieces: Sequence[_Piece]) -> bool:
    """Return whether all that a chunk has of the array is wanted."""
    return all(
        inner == slice(0, min(length, size - number * length), 1)
        for (number, inner, _), length, size in zip(
            pieces, array.chunk, array.shape, strict=True
        )
    )


def _kept_as(array: Chunked, wanted: np.dtype[np.generic]) -> np.dtype[np.generic]:
    """Return the type that a chunk is made of: that of the answer, but for its order.

    Where the answer has another kind or size of numbers, it is the stored one.
    """
    same = (wanted.kind, wanted.itemsize) == (array.dtype.kind, array.dtype.itemsize)
    return wanted if same else array.dtype


def _inflate_into(
    descriptor: int,
    array: Chunked,
    number: int,
    inner: tuple[slice, ...],
    part: Array,
) -> None:
    """Put a chunk where it belongs in the answer, without a copy between."""
    dtype = _kept_as(array, part.dtype)
    long_rows = array.chunk[-1] >= _LONG_ROW and dtype == part.dtype
    scattered = array.shuffled and dtype.itemsize > 1 and long_rows
    if not scattered or not array.sizes[number]:
        part[...] = _inflated(descriptor, array, number, dtype)[inner]
        return
    planes = _planes(_stored(descriptor, array, number), array.dtype, dtype)
    mixed = part[..., np.newaxis].view(np.uint8)
    for place, plane in enumerate(planes):
        mixed[..., place] = plane.reshape(array.chunk)[inner]


def _stored(descriptor: int, array: Chunked, number: int) -> bytes | bytearray:
    """Return the bytes of a chunk as they were before they were deflated."""
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
    return data


def _inflated(
    descriptor: int, array: Chunked, number: int, dtype: np.dtype[np.generic]
) -> Array:
    if not array.sizes[number]:
        return np.full(array.chunk, array.fill, dtype)
    data = _stored(descriptor, array, number)
    if array.shuffled and dtype.itemsize > 1:
        return _unshuffled(data, array.dtype, dtype).reshape(array.chunk)
    plain = np.frombuffer(data, array.dtype).reshape(array.chunk)
    return plain.astype(dtype, copy=False)


def _planes(
    data: bytes | bytearray, stored: np.dtype[np.generic], dtype: np.dtype[np.generic]
) -> npt.NDArray[np.uint8]:
    """Return the planes of the elements' bytes, in the byte order of ``dtype``."""
    planes = np.frombuffer(data, np.uint8).reshape(dtype.itemsize, -1)
    if stored.newbyteorder("=") == dtype.newbyteorder("=") and stored != dtype:
        return planes[::-1]
    return planes


def _unshuffled(
    data: bytes | bytearray, stored: np.dtype[np.generic], dtype: np.dtype[np.generic]
) -> Array:
    """Return elements from planes of their bytes, in the byte order of ``dtype``."""
    planes = _planes(data, stored, dtype)
    mixed = np.empty((planes.shape[1], dtype.itemsize), np.uint8)
    for place, plane in enumerate(planes):
        mixed[:, place] = plane
    return mixed.reshape(-1).view(dtype)
