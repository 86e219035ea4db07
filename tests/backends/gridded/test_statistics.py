"""Statistics over members: NumPy's values, and each stored chunk is read once."""

import csv
import io
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import netCDF4
import numpy as np
import pytest
from tests.support.gridded import datasets, subset

from gatewright.backends.gridded import blocks, row_major
from gatewright.backends.netcdf.chunks import Chunked

SHAPE = (12, 5, 7, 9)
WORDS: dict[str, Callable[[Any], Any]] = {
    "p5": lambda v: np.nanpercentile(v, 5, axis=1),
    "median": lambda v: np.nanmedian(v, axis=1),
    "p95": lambda v: np.nanpercentile(v, 95, axis=1),
    "mean": lambda v: np.nanmean(v, axis=1),
    "spread": lambda v: np.nanstd(v, axis=1, ddof=1),
    "min": lambda v: np.nanmin(v, axis=1),
    "max": lambda v: np.nanmax(v, axis=1),
}


def values() -> Any:
    made = np.random.default_rng(5).normal(280, 10, SHAPE).astype("f4")
    made[3, 1:, 2, 2] = np.nan  # one member is left there
    made[4:, 0, 3] = np.nan
    return made


def write(path: Path, chunks: tuple[int, ...]) -> Path:
    with netCDF4.Dataset(path, "w") as file:
        for name, size in zip(("time", "member", "lat", "lon"), SHAPE, strict=True):
            file.createDimension(name, size)
        lat = file.createVariable("lat", "f4", ("lat",))
        lat.units = "degrees_north"
        lat[:] = np.linspace(-30, 30, SHAPE[2])
        lon = file.createVariable("lon", "f4", ("lon",))
        lon.units = "degrees_east"
        lon[:] = 40.0 * np.arange(SHAPE[3])
        made = file.createVariable(
            *("t", "f4", ("time", "member", "lat", "lon")),
            zlib=True,
            chunksizes=chunks,
        )
        made[:] = values()
    return path


@pytest.fixture(params=[(1, 5, 7, 9), (12, 5, 2, 3), (5, 2, 7, 4), (12, 1, 7, 9)])
def path(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    return write(tmp_path / "ens.nc", request.param)


@pytest.fixture
def inflated(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """The numbers of the chunks that were unpacked, in order."""
    found: list[int] = []
    inflate = Chunked.inflated

    def noted(array: Chunked, descriptor: int, number: int) -> Any:
        found.append(number)
        return inflate(array, descriptor, number)

    monkeypatch.setattr(Chunked, "inflated", noted)
    return found


@pytest.fixture(params=[16 << 20, 5 * 7 * 9 * 4 * 3, 5 * 4 * 20])
def _small_blocks(
    request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch
) -> None:
    for module in (blocks, row_major):
        monkeypatch.setattr(module, "BLOCK_BYTES", request.param)


def compare(found: dict[str, Any], stored: Any) -> None:
    assert list(found) == [f"t_{word}" for word in WORDS]
    for word, made in WORDS.items():
        np.testing.assert_allclose(
            np.asarray(found[f"t_{word}"], float).reshape(stored[:, 0].shape),
            made(stored.astype(float)),
            rtol=2e-6,
            atol=2e-5,
        )


@pytest.mark.filterwarnings("ignore:Degrees of freedom")
@pytest.mark.usefixtures("_small_blocks")
@pytest.mark.parametrize("form", ["netcdf4", "json", "csv"])
async def test_all_statistics_of_a_piece_over_the_seam(
    path: Path, inflated: list[int], form: str
) -> None:
    asked = {"var": "t", "stat": ",".join(WORDS), "lon": "-90:70", "format": form}
    data = await subset(datasets(path), **asked)
    stored = values()[..., [7, 8, 0, 1]]
    if form == "netcdf4":
        with netCDF4.Dataset("made", memory=data) as file:
            found = {n: file[n][:].filled(np.nan) for n in file.variables if "t_" in n}
    elif form == "json":
        made = json.loads(data)["variables"]
        found = {
            name: [np.nan if v is None else v for v in one["values"]]
            for name, one in made.items()
        }
    else:
        rows = list(csv.reader(io.StringIO(data.decode(), newline="")))
        columns = dict(zip(rows[0], zip(*rows[1:], strict=True), strict=True))
        places = [columns[n] for n in ("time", "lat", "lon")]
        assert list(zip(*places, strict=True))[:5] == [
            *(("0", "-30.0", x) for x in ("-80.0", "-40.0", "0.0", "40.0")),
            ("0", "-20.0", "-80.0"),
        ]
        found = {
            name: [float(cell or "nan") for cell in column]
            for name, column in columns.items()
            if name.startswith("t_")
        }
    compare(found, stored)
    assert len(inflated) == len(set(inflated)), "a chunk was unpacked twice"


@pytest.mark.usefixtures("_small_blocks")
@pytest.mark.parametrize("form", ["netcdf4", "json", "csv"])
async def test_plain_values_of_any_layout(
    path: Path, inflated: list[int], form: str
) -> None:
    data = await subset(datasets(path), var="t", lon="80:200", format=form)
    stored = values()[..., 2:6]
    if form == "netcdf4":
        with netCDF4.Dataset("made", memory=data) as file:
            found = file["t"][:].filled(np.nan)
    elif form == "json":
        made = json.loads(data)["variables"]["t"]["values"]
        found = np.array([np.nan if v is None else v for v in made])
    else:
        rows = list(csv.reader(io.StringIO(data.decode(), newline="")))
        found = np.array([float(row[-1] or "nan") for row in rows[1:]])
    np.testing.assert_array_equal(np.asarray(found, "f4").reshape(stored.shape), stored)
    assert len(inflated) == len(set(inflated)), "a chunk was unpacked twice"


async def test_a_table_of_variables_of_several_types(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for module in (blocks, row_major):
        monkeypatch.setattr(module, "BLOCK_BYTES", 100)
    types = ("i1", "i2", "f4", "f8", "i8")
    with netCDF4.Dataset(tmp_path / "ens.nc", "w") as file:
        file.createDimension("y", 30)
        file.createDimension("x", 7)
        for number, kind in enumerate(types):
            made = file.createVariable(kind, kind, ("y", "x"))
            made[:] = np.arange(210).reshape(30, 7) % 100 + number
    data = await subset(datasets(tmp_path / "ens.nc"), format="csv")
    rows = list(csv.reader(io.StringIO(data.decode(), newline="")))
    assert rows[0] == ["y", "x", *types]
    assert [[float(cell) for cell in row] for row in rows[1:]] == [
        [n // 7, n % 7, *(n % 100 + number for number in range(5))] for n in range(210)
    ]
