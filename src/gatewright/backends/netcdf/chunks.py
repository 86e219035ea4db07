"""Reads chunked HDF5 arrays with ``pread``, libdeflate and NumPy instead of HDF5.

The HDF5 library decompresses on one thread and holds a global lock; this module uses
two threads and no lock. It handles the most common storage: numbers of 1 to 8 bytes,
uncompressed, deflated, or shuffled and deflated. All else is left to h5py.
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
"""Length of a chunk's rows from which on a whole chunk is unshuffled straight into the
answer."""

_READ_HERE: tuple[list[int], ...] = (
    [],
    [h5py.h5z.FILTER_DEFLATE],
    [h5py.h5z.FILTER_SHUFFLE, h5py.h5z.FILTER_DEFLATE],
)
"""Filters that are supported, in the order in which they were applied."""

Array = npt.NDArray[np.generic]
_Key = tuple[object, ...]
_Piece = tuple[int, slice, slice]
"""Along one axis: number of the chunk, indices in the chunk, and indices in the answer.
"""


@dataclass(frozen=True, slots=True)
class Chunked:
    """Location and storage of the chunks of an array."""

    key: _Key
    """Key in the cache, unique for this array and version of its file."""
    dtype: np.dtype[np.generic]
    """Type of the values, with byte order."""
    shape: tuple[int, ...]
    """Shape of the array."""
    chunk: tuple[int, ...]
    """Shape of a chunk; chunks at the edges are stored in full."""
    grid: tuple[int, ...]
    """Number of chunks along each dimension."""
    offsets: npt.NDArray[np.uint64]
    """Offset in bytes of each chunk, in row-major order; 0 for a chunk that is not
    stored."""
    sizes: npt.NDArray[np.uint32]
    """Stored size of each chunk in bytes; 0 for a chunk that is not stored."""
    deflated: bool
    """Whether the chunks are deflated."""
    shuffled: bool
    """Whether the bytes are shuffled: first the first byte of every value, then the
    second byte of every value, and so on."""
    fill: Any
    """Fill value, which chunks that are not stored consist of."""

    @property
    def chunk_bytes(self) -> int:
        """Decompressed size of a chunk in bytes."""
        return math.prod(self.chunk) * self.dtype.itemsize

    def inflated(self, descriptor: int, number: int) -> bytes | bytearray:
        """Return the decompressed bytes of a stored chunk.

        Raises
        ------
        BackendFailed
            The chunk is damaged, or the file is truncated.
        """
        stored = bytearray(int(self.sizes[number]))
        read_exactly(descriptor, memoryview(stored), int(self.offsets[number]))
        data: bytes | bytearray = stored
        if self.deflated:
            try:
                data = deflate.zlib_decompress(stored, self.chunk_bytes)
            except deflate.DeflateError as error:
                raise BackendFailed("A chunk of the file is damaged.") from error
        if len(data) != self.chunk_bytes:
            raise BackendFailed("A chunk of the file is damaged.")
        return data


def index(dataset: Any, key: _Key, file_size: int) -> Chunked | None:
    """Return the chunks of an h5py data set; None if only h5py can read it.

    Raises
    ------
    BackendFailed
        A chunk lies outside of the file.
    """
    if dataset.chunks is None or dataset.dtype.kind not in "iuf":
        return None
    if dataset.external or dataset.is_virtual or dataset.file.userblock_size:
        return None
    creation = dataset.id.get_create_plist()
    filters = [creation.get_filter(n)[0] for n in range(creation.get_nfilters())]
    if filters not in _READ_HERE:
        return None
    chunk = tuple(dataset.chunks)
    grid = tuple(-(-s // c) for s, c in zip(dataset.shape, chunk, strict=True))
    size = math.prod(chunk) * dataset.dtype.itemsize
    if not 0 < math.prod(grid) <= _MOST_CHUNKS or not 0 < size <= _LARGEST_CHUNK:
        return None
    places = _stored_chunks(dataset, chunk, grid)
    if places is None:
        return None
    offsets, sizes = places
    if (offsets + sizes > file_size).any():
        raise BackendFailed("The file is shorter than its index of chunks says.")
    return Chunked(
        *(key, dataset.dtype, tuple(dataset.shape), chunk, grid, offsets, sizes),
        deflated=h5py.h5z.FILTER_DEFLATE in filters,
        shuffled=h5py.h5z.FILTER_SHUFFLE in filters,
        fill=dataset.fillvalue,
    )


def _stored_chunks(
    dataset: Any, chunk: tuple[int, ...], grid: tuple[int, ...]
) -> tuple[npt.NDArray[np.uint64], npt.NDArray[np.uint32]] | None:
    """Return the offsets and sizes of all chunks; None if a chunk skips a filter.

    Both have an element for each chunk of the grid, 0 for one that is not stored.
    """
    offsets = np.zeros(math.prod(grid), np.uint64)
    sizes = np.zeros(math.prod(grid), np.uint32)
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
    return (offsets, sizes) if plain else None


class _ChunkCache:
    """A thread-safe cache of the most recently used decompressed chunks."""

    def __init__(self, most_bytes: int) -> None:
        self.most_bytes = most_bytes
        self._held = 0
        self._chunks: OrderedDict[_Key, Array] = OrderedDict()
        self._lock = threading.Lock()

    def get(self, key: _Key) -> Array | None:
        with self._lock:
            if key not in self._chunks:
                return None
            self._chunks.move_to_end(key)
            return self._chunks[key]

    def put(self, key: _Key, chunk: Array) -> None:
        with self._lock:
            if key not in self._chunks:
                self._chunks[key] = chunk
                self._held += chunk.nbytes
            while self._held > self.most_bytes:
                self._held -= self._chunks.popitem(last=False)[1].nbytes


class ChunkReader:
    """Reads chunked arrays, with a cache for all files of this process."""

    def __init__(self, cache_bytes: int = _CACHE_BYTES) -> None:
        self._cache = _ChunkCache(cache_bytes)
        # It starts its threads when it is first used: in a reader process, after the
        # fork.
        self._threads = ThreadPoolExecutor(_THREADS, "inflate")

    def read(
        self, descriptor: int, array: Chunked, slab: Hyperslab, target: Array
    ) -> None:
        """Read a hyperslab into an array of its shape, converted to the array's type.

        Raises
        ------
        BackendFailed
            A chunk is damaged, or the file is truncated.
        """
        axes = [
            _pieces(part, length)
            for part, length in zip(slab, array.chunk, strict=True)
        ]
        chunks = enumerate(itertools.product(*axes))
        # Were more kept, the last would drive out the first, which are read next.
        most = self._cache.most_bytes // array.chunk_bytes

        def work() -> None:
            for place, pieces in chunks:
                self._read_chunk(descriptor, array, pieces, target, keep=place < most)

        if math.prod(map(len, axes)) == 1:
            work()
            return
        # All threads take from one iterator: to hand over a piece of work costs as much
        # as to inflate a small chunk.
        works = [self._threads.submit(work) for _ in range(_THREADS)]
        wait(works)  # an error must leave no thread behind that still fills the target
        for one in works:
            one.result()

    def _read_chunk(
        self,
        descriptor: int,
        array: Chunked,
        pieces: Sequence[_Piece],
        target: Array,
        *,
        keep: bool,
    ) -> None:
        """Copy the needed values of one chunk into the answer."""
        number = 0
        for piece, length in zip(pieces, array.grid, strict=True):
            number = number * length + piece[0]
        inner = tuple(piece[1] for piece in pieces)
        places: tuple[Any, ...] = (..., *(piece[2] for piece in pieces))
        part = target[places]
        # Chunks are made and kept in the byte order of the answer, as long as that has
        # the same kind and size of numbers.
        wanted, dtype = target.dtype, array.dtype
        if (wanted.kind, wanted.itemsize) == (dtype.kind, dtype.itemsize):
            dtype = wanted
        key = (array.key, number, dtype.str)
        chunk = self._cache.get(key)
        if chunk is None:
            whole = all(
                piece[1] == slice(0, min(length, size - piece[0] * length), 1)
                for piece, length, size in zip(
                    pieces, array.chunk, array.shape, strict=True
                )
            )
            planes = array.shuffled and dtype.itemsize > 1
            if not array.sizes[number]:
                chunk = np.full(array.chunk, array.fill, dtype)
            elif not planes:
                data = array.inflated(descriptor, number)
                stored = np.frombuffer(data, array.dtype).reshape(array.chunk)
                chunk = stored.astype(dtype, copy=False)
            elif whole and array.chunk[-1] >= _LONG_ROW and dtype == wanted:
                _unshuffle(array.inflated(descriptor, number), array, inner, part)
                return
            else:
                chunk = np.empty(array.chunk, dtype)
                _unshuffle(array.inflated(descriptor, number), array, ..., chunk)
            if keep and not whole:
                self._cache.put(key, chunk)  # the rest of it may be wanted soon
        part[...] = chunk[inner]


def _pieces(part: Range, length: int) -> list[_Piece]:
    """Return a range of indices, divided at the chunks of the given length."""
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


def _unshuffle(
    data: bytes | bytearray, array: Chunked, inner: Any, target: Array
) -> None:
    """Copy the values of a shuffled chunk, or those at ``inner``, into an array.

    The array has the type of the chunk, in any byte order.
    """
    planes = np.frombuffer(data, np.uint8).reshape(target.dtype.itemsize, *array.chunk)
    if target.dtype != array.dtype:  # the other byte order
        planes = planes[::-1]
    elements = target[..., np.newaxis].view(np.uint8)
    for place, plane in enumerate(planes):
        elements[..., place] = plane[inner]
