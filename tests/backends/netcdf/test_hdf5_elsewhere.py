"""Values that stand in other files are given, or are an error: never made up."""

import os
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest
from tests.support.gridded import array_reader

from gatewright.backends.gridded import PooledArrayReader
from gatewright.backends.netcdf import hdf5_elsewhere
from gatewright.backends.readers import landlock
from gatewright.core.errors import BackendFailed, Conflict
from gatewright.domains.arrays import Encoding, Hyperslab, Range, whole
from gatewright.testing.readers import open_array_reader

VALUES = np.arange(1, 121, dtype="i2").reshape(4, 5, 6)


@pytest.fixture
def published(tmp_path: Path) -> Path:
    (tmp_path / "published").mkdir()
    return tmp_path / "published"


@pytest.fixture
async def reader(published: Path) -> AsyncIterator[PooledArrayReader]:
    async with open_array_reader(published) as opened:
        yield opened


def write_virtual(path: Path, *sources: str, shape: Any = (4, 5, 6)) -> Path:
    """Write a virtual data set whose rows are spread evenly over the sources."""
    rows = shape[0] // len(sources)
    layout = h5py.VirtualLayout(shape, "i2")
    for number, source in enumerate(sources):
        part = slice(number * rows, (number + 1) * rows)
        layout[part] = h5py.VirtualSource(source, "v", shape)[part]
    with h5py.File(path, "w") as file:
        file.create_virtual_dataset("v", layout)
    return path


def write_plain(path: Path, values: Any = VALUES) -> str:
    path.unlink(missing_ok=True)  # a reader in this process may have it open
    with h5py.File(path, "w") as file:
        file["v"] = values
    return str(path)


async def read(
    reader: PooledArrayReader, path: Path, slab: Hyperslab | None = None
) -> Any:
    source = reader.source(path)
    description = await reader.describe(source)
    variable = description.variable("v")
    slab = whole(variable.shape) if slab is None else slab
    encoding = Encoding(variable.type)
    views = reader.read(source, description.version, variable, slab, encoding)
    data = b"".join([bytes(view) async for view in views])
    return np.frombuffer(data, encoding.dtype).reshape([p.count for p in slab])


async def test_sources_out_of_reach_are_an_error(
    reader: PooledArrayReader, published: Path, tmp_path: Path
) -> None:
    outside = write_plain(tmp_path / "outside.h5")
    path = write_virtual(published / "f.nc", outside)
    if not landlock.version():  # nothing is out of reach on such a kernel
        assert np.array_equal(await read(reader, path), VALUES)
        Path(outside).unlink()
    with pytest.raises(BackendFailed, match=r"outside\.h5.* cannot be read here"):
        await read(reader, path)


async def test_missing_sources_are_an_error(
    reader: PooledArrayReader, published: Path
) -> None:
    inside = write_plain(published / "inside.h5")
    path = write_virtual(published / "f.nc", inside)
    assert np.array_equal(await read(reader, path), VALUES)
    Path(inside).unlink()
    with pytest.raises(BackendFailed, match="inside"):
        await read(reader, path)


async def test_a_piece_needs_only_the_sources_that_it_is_in(published: Path) -> None:
    here = write_plain(published / "here.h5")
    path = write_virtual(published / "f.nc", here, str(published / "gone.h5"))
    first = (Range(0, 2), Range(0, 5), Range(1, 3))
    assert np.array_equal(await read(array_reader(), path, first), VALUES[:2, :, 1:4])
    with pytest.raises(BackendFailed, match="gone"):
        await read(array_reader(), path, (Range(1, 2), *first[1:]))


async def test_sources_are_found_where_the_library_finds_them(
    published: Path, tmp_path: Path
) -> None:
    moved = write_plain(published / "moved.h5")
    for name in ("moved.h5", "./moved.h5", moved, "/was/once/here/moved.h5"):
        path = write_virtual(published / "f.nc", name)
        with h5py.File(path, locking=False) as file:
            assert np.array_equal(file["v"][...], VALUES)
        assert np.array_equal(await read(array_reader(), path), VALUES)
        path.unlink()


async def test_a_source_without_the_values_is_an_error(published: Path) -> None:
    source = published / "s.h5"
    path = write_virtual(published / "f.nc", str(source))
    part = (slice(0, 4), slice(0, 5), slice(0, 6))
    layout = h5py.VirtualLayout((4, 5, 6), "i2")
    layout[part] = h5py.VirtualSource(str(source), "v", (4, 5, 7))[part]
    with h5py.File(published / "p.nc", "w") as file:
        file.create_virtual_dataset("v", layout)
    for values in (VALUES[:3], np.float64(1)):
        write_plain(source, values)
        for one in (path, published / "p.nc"):
            with pytest.raises(BackendFailed, match="the end of the data set “v”"):
                await read(array_reader(), one)
    source.unlink()
    with h5py.File(source, "w") as file:
        file.create_group("v")
    with pytest.raises(BackendFailed, match="“v”"):
        await read(array_reader(), path)
    source.unlink()
    source.write_bytes(b"no such format")
    with pytest.raises(BackendFailed, match=r"s\.h5"):
        await read(array_reader(), path)


async def test_virtual_data_sets_of_virtual_ones(published: Path) -> None:
    last = write_plain(published / "0.h5")
    for number in range(1, 8):
        last = str(write_virtual(published / f"{number}.h5", last))
    assert np.array_equal(await read(array_reader(), Path(last)), VALUES)
    (published / "0.h5").unlink()
    with pytest.raises(BackendFailed, match=r"0\.h5"):
        await read(array_reader(), Path(last))
    loop = write_virtual(published / "loop.h5", str(published / "loop.h5"))
    with pytest.raises(BackendFailed):
        await read(array_reader(), loop)


async def test_a_virtual_data_set_of_its_own_file(published: Path) -> None:
    path = published / "f.nc"
    layout = h5py.VirtualLayout((4, 5, 6), "i2")
    layout[:] = h5py.VirtualSource(".", "w", (4, 5, 6))
    with h5py.File(path, "w") as file:
        file["w"] = VALUES
        file.create_virtual_dataset("v", layout)
    assert np.array_equal(await read(array_reader(), path), VALUES)


async def test_numbered_and_endless_sources(published: Path) -> None:
    endless = h5py.VirtualLayout((4, 5, 6), "i2", maxshape=(None, 5, 6))
    inside = write_plain(published / "s.h5")
    part = slice(0, h5py.h5s.UNLIMITED)
    source = h5py.VirtualSource(inside, "v", (4, 5, 6), maxshape=(None, 5, 6))
    endless[part] = source[part]
    path = published / "f.nc"
    with h5py.File(path, "w", libver="latest") as file:
        file.create_virtual_dataset("v", endless)
    with h5py.File(inside, "w") as file:
        file.create_dataset("v", data=VALUES, maxshape=(None, 5, 6), chunks=(1, 5, 6))
    assert np.array_equal(await read(array_reader(), path), VALUES)
    numbered = published / "n.nc"
    each = h5py.VirtualSource(str(published / "part-%b.h5"), "v", (1, 5, 6))
    endless = h5py.VirtualLayout((4, 5, 6), "i2", maxshape=(None, 5, 6))
    endless[part] = each
    with h5py.File(numbered, "w", libver="latest") as file:
        file.create_virtual_dataset("v", endless)
    for number in range(4):
        write_plain(published / f"part-{number}.h5", VALUES[number : number + 1])
    with pytest.raises(BackendFailed, match="not fixed"):
        await read(array_reader(), numbered)


async def test_a_source_that_changes_while_it_is_read(
    published: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    inside = write_plain(published / "s.h5")
    path = write_virtual(published / "f.nc", inside)
    versions = iter(("before", "after"))
    monkeypatch.setattr(hdf5_elsewhere, "file_version", lambda _: next(versions))
    with pytest.raises(Conflict):
        await read(array_reader(), path)


async def test_raw_files_are_whole_or_an_error(
    reader: PooledArrayReader, published: Path, tmp_path: Path
) -> None:
    values = np.arange(10, dtype="i4")
    inside, outside = published / "raw", tmp_path / "raw"
    for place in (inside, outside):
        place.write_bytes(bytes(4) + values.tobytes())
        for external in ([(str(place), 4, 40)], [(str(place), 4, h5py.h5f.UNLIMITED)]):
            path = published / f"{place.parent.name}-{external[0][2]}.nc"
            with h5py.File(path, "w") as file:
                file.create_dataset("v", (10,), "i4", external=external)
            if place == inside:
                assert np.array_equal(await read(reader, path), values)
                # The library reads zeros behind the end.
                os.truncate(place, 24)
                with pytest.raises(BackendFailed, match="the end of the file “raw”"):
                    await read(reader, path)
                place.write_bytes(bytes(4) + values.tobytes())
            elif landlock.version():
                with pytest.raises(BackendFailed):
                    await read(reader, path)
    inside.unlink()
    with pytest.raises(BackendFailed, match="the file “raw”"):
        await read(reader, published / "published-40.nc")


async def test_text_of_other_files(published: Path) -> None:
    layout = h5py.VirtualLayout((2,), "S3")
    layout[:] = h5py.VirtualSource(str(published / "s.h5"), "v", (2,), "S3")
    with h5py.File(published / "f.nc", "w") as file:
        file.create_virtual_dataset("v", layout)
    write_plain(published / "s.h5", np.array([b"abc", b"d"], "S3"))
    reader = array_reader()
    source = reader.source(published / "f.nc")
    description = await reader.describe(source)
    asked = (source, description.version, description.variable("v"), (Range(0, 2),))
    assert await reader.strings(*asked) == ["abc", "d"]
    (published / "s.h5").unlink()
    with pytest.raises(BackendFailed):
        await reader.strings(*asked)


async def test_links_to_other_files_are_left_out_however_they_are_made(
    published: Path,
) -> None:
    write_plain(published / "s.h5")
    with h5py.File(published / "f.nc", "w") as file:
        file["own"] = VALUES
        file["other"] = h5py.ExternalLink("s.h5", "/")
        file["v"] = h5py.SoftLink("/other/v")
        file["nowhere"] = h5py.SoftLink("/own/nothing")
        file["same"] = h5py.SoftLink("/own")
    reader = array_reader()
    description = await reader.describe(reader.source(published / "f.nc"))
    assert set(description.variables) == {"own", "same"}
    assert sorted(description.warnings) == [
        "“other” is left out: it is a link to another file.",
        "“v” is left out: it is a link to another file.",
    ]
