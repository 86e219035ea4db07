"""Statistics over members, compared with NumPy; small subsets beside large ones.

The data are a year of daily fields of 20 ensemble members on 91 x 180 cells, one
compressed chunk per day. The peer reads the box and computes NumPy's percentiles in its
own process; ours also writes NetCDF. Then one-point subsets are requested while two
other users get the percentiles of the whole data set.
"""

import asyncio
import os
import tempfile
import time
from pathlib import Path

import netCDF4
import numpy as np

from bench.support.processes import tell
from gatewright.backends.gridded import PooledArrayReader
from gatewright.backends.plugin import array_formats, reader_programs
from gatewright.backends.readers import PoolSettings, open_pool
from gatewright.core.access import PUBLIC
from gatewright.core.caller import visitor
from gatewright.domains.arrays import (
    AxisKind,
    Dataset,
    Datasets,
    SubsetFormat,
    SubsetRequest,
    statistic,
)

ROUNDS = 3
SMALL = 200
SHAPE = (365, 20, 91, 180)
PERCENTILES = ("p5", "median", "p95")
BOX = {AxisKind.LATITUDE: "30:70", AxisKind.LONGITUDE: "-30:40"}
POINT = {AxisKind.TIME: "1987-03-01", AxisKind.LATITUDE: "50", AxisKind.LONGITUDE: "10"}


def write(path: Path) -> None:
    """Write the data set."""
    random = np.random.default_rng(0)
    with netCDF4.Dataset(path, "w") as file:
        for name, size in zip(("time", "member", "lat", "lon"), SHAPE, strict=True):
            file.createDimension(name, size)
        axes = {
            "time": ("days since 1987-01-01", np.arange(SHAPE[0])),
            "lat": ("degrees_north", np.linspace(-90, 90, SHAPE[2])),
            "lon": ("degrees_east", 2.0 * np.arange(SHAPE[3])),
        }
        for name, (units, values) in axes.items():
            axis = file.createVariable(name, "f8", (name,))
            axis.units = units
            axis[:] = values
        made = file.createVariable(
            *("v", "f4", ("time", "member", "lat", "lon")),
            zlib=True,
            complevel=1,
            chunksizes=(1, *SHAPE[1:]),
        )
        for day in range(SHAPE[0]):
            made[day] = (1e5 + 1e3 * random.standard_normal(SHAPE[1:])).round()


def with_numpy(path: Path) -> int:
    """Read the box with netCDF4 and compute three percentiles; return their number."""
    with netCDF4.Dataset(path) as file:
        file.set_auto_maskandscale(False)
        box = np.concatenate(
            [file["v"][:, :, 60:81, 165:180], file["v"][:, :, 60:81, 0:21]], axis=-1
        )
    return int(np.percentile(box, [5, 50, 95], axis=1).size)


async def subset(data: Datasets, request: SubsetRequest, person: str = "a") -> int:
    """Have a subset made, and return its size in bytes."""
    published = await data.open(visitor(), "year")
    made = await data.make(await data.prepare(published, request), person)
    os.close(made.descriptor)
    return made.size


async def compare(data: Datasets, path: Path) -> None:
    """Print the times of three percentiles of the box, ours and NumPy's."""
    request = SubsetRequest(("v",), BOX, tuple(map(statistic, PERCENTILES)))
    ours: list[float] = []
    peer: list[float] = []
    for _ in range(ROUNDS):
        began = time.perf_counter()
        await subset(data, request)
        ours.append(time.perf_counter() - began)
        began = time.perf_counter()
        with_numpy(path)
        peer.append(time.perf_counter() - began)
    tell("three percentiles of 365 x 20 x 21 x 36 against NumPy", ours, peer, "s")


async def beside(data: Datasets) -> None:
    """Print the times of one-point subsets, alone and beside two large ones."""
    point = SubsetRequest(("v",), POINT, (statistic("mean"),), SubsetFormat.CSV)
    whole = SubsetRequest(("v",), {}, tuple(map(statistic, PERCENTILES)))

    async def small() -> float:
        began = time.perf_counter()
        await subset(data, point)
        return 1000 * (time.perf_counter() - began)

    async def large(person: str) -> None:
        while True:
            await subset(data, whole, person)

    for name, count in (("alone", 0), ("beside two large ones", 2)):
        tasks = [asyncio.create_task(large(str(number))) for number in range(count)]
        await asyncio.sleep(2.0 * bool(count))
        times = sorted([await small() for _ in range(SMALL)])
        ended = [task for task in tasks if task.done()]
        assert not ended, ended
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        p50, p99 = times[SMALL // 2], times[-SMALL // 100]
        print(f"one-point subset {name}: p50 {p50:.1f} ms, p99 {p99:.1f} ms")


async def run(folder: Path) -> None:
    """Write the file, and run both comparisons."""
    path = folder / "year.nc"
    write(path)
    settings = PoolSettings(reader_programs(), (folder,), folder)
    async with open_pool(settings) as pool:
        reader = PooledArrayReader(pool, array_formats())
        dataset = Dataset("year", reader.source(path), "", PUBLIC)
        data = Datasets([dataset], reader, 4 << 30)
        await compare(data, path)
        await beside(data)


def main() -> None:
    """Run the benchmark in a temporary folder."""
    with tempfile.TemporaryDirectory() as folder:
        asyncio.run(run(Path(folder)))


if __name__ == "__main__":
    main()
