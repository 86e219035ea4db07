"""Reading arrays through the reader pool, compared with h5py and netCDF4 in process.

The peers read into their own memory and convert to big-endian float32, which DAP2
sends. The pool does the same in another process, in windows that a gateway could send
at once. The file has one float32 variable of 120 x 361 x 720 values, once contiguous
and once with zlib and shuffle in chunks of one map.
"""

import asyncio
import tempfile
import time
from collections.abc import Awaitable, Callable
from pathlib import Path

import h5py
import netCDF4
import numpy as np

from bench.support.processes import tell
from gatewright.backends.gridded import PooledArrayReader
from gatewright.backends.plugin import array_formats, reader_programs
from gatewright.backends.readers import PoolSettings, ReaderPool, open_pool
from gatewright.domains.arrays import ElementType, Encoding, Hyperslab, Range, whole

ROUNDS = 5
SHAPE = (120, 361, 720)
PIECES: dict[str, Hyperslab] = {
    "whole": whole(SHAPE),
    "map": (Range(60, 1), Range(0, 361), Range(0, 720)),
    "box": (Range(0, 40), Range(100, 60), Range(200, 80)),
    "point series": (Range(0, 120), Range(180, 1), Range(360, 1)),
    "one value": (Range(7, 1), Range(8, 1), Range(9, 1)),
}
ENCODING = Encoding(ElementType.FLOAT32)

Way = Callable[[], Awaitable[int]]


def write(path: Path, *, packed: bool) -> None:
    """Write the file: smooth fields with some noise, similar to weather data."""
    random = np.random.default_rng(1871)
    y, x = np.ogrid[: SHAPE[1], : SHAPE[2]]
    wave = 1e5 + 3e3 * np.sin(y / 40) * np.cos(x / 60)
    options = {"compression": 4, "shuffle": True, "chunks": (1, *SHAPE[1:])}
    with h5py.File(path, "w") as file:
        made = file.create_dataset("v", SHAPE, "f4", **(options if packed else {}))
        for time_ in range(SHAPE[0]):
            noise = random.integers(0, 40, SHAPE[1:])
            made[time_] = np.roll(wave, 3 * time_, 1).round() + noise


def ways(path: Path, piece: Hyperslab, reader: PooledArrayReader) -> dict[str, Way]:
    """Return the functions to compare; each opens the file as a request would."""
    key = tuple(slice(p.start, p.stop, p.stride) for p in piece)

    async def ours() -> int:
        source = reader.source(path)
        described = await reader.describe(source)
        variable = described.variable("v")
        views = reader.read(source, described.version, variable, piece, ENCODING)
        return sum([len(view) async for view in views])

    async def with_h5py() -> int:
        with h5py.File(path, "r") as file:
            return int(file["v"][key].astype(">f4").nbytes)

    async def with_netcdf4() -> int:
        with netCDF4.Dataset(path) as file:
            file.set_auto_maskandscale(False)
            return int(file["v"][key].astype(">f4").nbytes)

    return {"ours": ours, "h5py": with_h5py, "netCDF4": with_netcdf4}


async def seconds(way: Way, least: float = 0.05) -> float:
    """Return the seconds of one call, as the mean of all calls in ``least`` seconds."""
    began = time.perf_counter()
    count = 0
    while count == 0 or time.perf_counter() - began < least:
        await way()
        count += 1
    return (time.perf_counter() - began) / count


async def compare(kind: str, path: Path, pool: ReaderPool) -> None:
    """Measure all ways in turn in several rounds, and print the medians."""
    reader = PooledArrayReader(pool, array_formats())
    for name, piece in PIECES.items():
        compared = ways(path, piece, reader)
        sizes = {await way() for way in compared.values()}
        assert len(sizes) == 1, sizes
        rounds = [
            {who: await seconds(way) for who, way in compared.items()}
            for _ in range(ROUNDS)
        ]
        times = {who: [1000 * r[who] for r in rounds] for who in compared}
        for peer in ("h5py", "netCDF4"):
            tell(f"{kind} {name} against {peer}", times["ours"], times[peer], "ms")


async def calls(pool: ReaderPool) -> None:
    """Print the cost of a call to a reader that does nothing."""
    function = "gatewright.backends.readers.checks:ping"

    async def some(count: int) -> None:
        for _ in range(count):
            await pool.call(function, {})

    began = time.perf_counter()
    await some(2000)
    one = (time.perf_counter() - began) / 2000 * 1e6
    began = time.perf_counter()
    await asyncio.gather(*(some(200) for _ in range(32)))
    rate = 6400 / (time.perf_counter() - began)
    print(f"an empty call: {one:.0f} us, {rate:.0f} a second with 32 at a time")


async def run(folder: Path) -> None:
    """Write the files, and compare all ways."""
    settings = PoolSettings(reader_programs(), (folder,), folder)
    async with open_pool(settings) as pool:
        await calls(pool)
        for kind in ("contiguous", "zlib"):
            path = folder / f"{kind}.h5"
            write(path, packed=kind == "zlib")
            await compare(kind, path, pool)


def main() -> None:
    """Run the benchmark in a temporary folder."""
    with tempfile.TemporaryDirectory() as folder:
        asyncio.run(run(Path(folder)))


if __name__ == "__main__":
    main()
