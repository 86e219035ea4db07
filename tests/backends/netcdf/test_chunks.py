"""Chunks read past the HDF5 library, against what h5py wrote and reads."""

from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gatewright.backends.netcdf.chunks import ChunkReader, index
from gatewright.backends.netcdf.files import NetcdfFormat
from gatewright.core.errors import BackendFailed
from gatewright.domains.arrays import Range, counts, whole

TYPES = ["i1", "<u2", ">i2", "<i4", ">f4", "<f4", "<f8", ">i8"]
FILTERS: list[dict[str, Any]] = [
    {},
    {"compression": 4},
    {"compression": 1, "shuffle": True},
]


WRITTEN = ["all", "one value", "all, then made smaller"]


@st.composite
def cases(draw: st.DrawFn) -> tuple[Any, ...]:
    shape = tuple(draw(st.lists(st.integers(1, 9), max_size=3)))
    # Rows of some length are copied in another way than short ones.
    shape += (draw(st.one_of(st.integers(1, 9), st.integers(60, 200))),)
    chunks = tuple(draw(st.integers(1, size)) for size in shape)
    slab = []
    for size in shape:
        start, stride = draw(st.integers(0, size - 1)), draw(st.integers(1, 4))
        most = (size - 1 - start) // stride + 1
        slab.append(Range(start, draw(st.integers(1, most)), stride))
    if draw(st.booleans()):
        slab = list(whole(shape))
    dtype = draw(st.sampled_from(TYPES))
    wanted = [">f8", "<f4", ">i4", f">{dtype[-2:]}", f"<{dtype[-2:]}"]
    return (
        *(shape, chunks, tuple(slab), dtype, draw(st.sampled_from(FILTERS))),
        *(draw(st.sampled_from(wanted)), draw(st.sampled_from(WRITTEN))),
    )


@given(cases())
def test_pieces_are_those_of_h5py(
    tmp_path_factory: pytest.TempPathFactory, case: tuple[Any, ...]
) -> None:
    shape, chunks, slab, dtype, options, wanted, written = case
    path = tmp_path_factory.mktemp("chunks") / "f.h5"
    values = np.random.default_rng(1).integers(0, 100, shape).astype(dtype)
    larger = tuple(size + 3 for size in shape)
    with h5py.File(path, "w") as file:
        made = file.create_dataset(
            *("v", larger if "smaller" in written else shape, dtype),
            **{"chunks": chunks, "maxshape": larger, "fillvalue": 7, **options},
        )
        if written == "one value":
            made[(0,) * len(shape)] = 5
        else:
            made[tuple(slice(size) for size in shape)] = values
            made.resize(shape)
        values = made[...]
    opened = NetcdfFormat().open([bytes(path)])
    target = np.empty(counts(slab), wanted)
    for _ in range(2):
        opened.read("v", slab, target)
        key = tuple(slice(p.start, p.stop, p.stride) for p in slab)
        np.testing.assert_array_equal(target, values[key].astype(wanted))
    opened.close()


@pytest.mark.parametrize(
    "options",
    [
        {"chunks": (4,), "fletcher32": True},
        {"chunks": (4,), "compression": "lzf"},
        {"chunks": (4,), "scaleoffset": 2},
        {"chunks": (4,), "shuffle": True},
        {},
    ],
)
def test_other_storage_is_left_to_h5py(tmp_path: Path, options: dict[str, Any]) -> None:
    with h5py.File(tmp_path / "f.h5", "w") as file:
        made = file.create_dataset("v", data=np.arange(10), **options)
        assert index(made, (), 10**6) is None


def test_a_block_before_the_file_is_left_to_h5py(tmp_path: Path) -> None:
    path = tmp_path / "f.h5"
    values = np.arange(10.0)
    with h5py.File(path, "w", userblock_size=512) as file:
        file.create_dataset("v", data=values, chunks=(4,), compression=1)
        file.create_dataset("w", data=values)
    opened = NetcdfFormat().open([bytes(path)])
    target = np.empty(10)
    for name in ("v", "w"):
        opened.read(name, whole((10,)), target)
        np.testing.assert_array_equal(target, values)


def test_a_chunk_that_skipped_its_filter_is_left_to_h5py(tmp_path: Path) -> None:
    with h5py.File(tmp_path / "f.h5", "w") as file:
        made = file.create_dataset("v", (4,), "f8", chunks=(4,), compression=1)
        made.id.write_direct_chunk((0,), np.arange(4.0).tobytes(), filter_mask=1)
        assert index(made, (), 10**6) is None


@pytest.mark.parametrize("damage", [b"\xff" * 60, b"\x78\x9c\x03\x00\x00\x00\x00\x01"])
def test_damaged_chunks_are_errors(tmp_path: Path, damage: bytes) -> None:
    path = tmp_path / "f.h5"
    with h5py.File(path, "w") as file:
        made = file.create_dataset(
            "v", data=np.arange(1000.0), chunks=(1000,), compression=1
        )
        with pytest.raises(BackendFailed):
            index(made, (), 100)
        place = made.id.get_chunk_info(0).byte_offset
    with path.open("r+b") as raw:
        raw.seek(place)
        raw.write(damage)
    with pytest.raises(BackendFailed):
        NetcdfFormat().open([bytes(path)]).read("v", whole((1000,)), np.empty(1000))


def test_the_cache_is_bounded(tmp_path: Path) -> None:
    path = tmp_path / "f.h5"
    with h5py.File(path, "w") as file:
        made = file.create_dataset(
            "v", data=np.arange(100_000.0), chunks=(1000,), compression=1
        )
        array = index(made, ("v",), path.stat().st_size + 10**9)
    assert array is not None
    reader = ChunkReader(cache_bytes=20_000)
    target = np.empty(100)
    with path.open("rb") as raw:
        for _ in range(2):
            reader.read(raw.fileno(), array, (Range(0, 100, 1000),), target)
            np.testing.assert_array_equal(target, np.arange(0.0, 100_000, 1000))
    assert reader._cache._held <= 20_000
    assert len(reader._cache._chunks) == 2


def test_what_fits_is_kept_of_a_piece_that_is_too_large_to_keep(tmp_path: Path) -> None:
    """Read window after window, its first chunks are not inflated each time."""
    path = tmp_path / "f.h5"
    values = np.arange(4000.0)
    with h5py.File(path, "w") as file:
        made = file.create_dataset("v", data=values, chunks=(1000,), compression=1)
        array = index(made, ("v",), path.stat().st_size + 10**9)
        places = [made.id.get_chunk_info(n).byte_offset for n in range(4)]
    assert array is not None
    reader, target = ChunkReader(cache_bytes=20_000), np.empty(8)
    piece = (Range(1, 8, 500),)
    with path.open("r+b") as raw:
        for _ in range(3):
            reader.read(raw.fileno(), array, piece, target)
            np.testing.assert_array_equal(target, values[1::500])
            for place in places[:2]:
                raw.seek(place)
                raw.write(b"never read again")
                raw.flush()


def test_an_error_leaves_no_thread_behind(tmp_path: Path) -> None:
    """When a read has failed, no thread fills the memory any more."""
    path = tmp_path / "f.h5"
    with h5py.File(path, "w") as file:
        made = file.create_dataset(
            "v", data=np.ones(1_000_000), chunks=(1000,), compression=1, shuffle=True
        )
        array = index(made, ("v",), path.stat().st_size + 10**9)
        place = made.id.get_chunk_info(0).byte_offset
    assert array is not None
    target = np.zeros(1_000_000)
    with path.open("r+b") as raw:
        raw.seek(place)
        raw.write(b"damaged")
        raw.flush()
        with pytest.raises(BackendFailed):
            ChunkReader().read(raw.fileno(), array, whole((1_000_000,)), target)
        target[...] = 5
        assert (target == 5).all()
