"""Cut-outs of a 4096 x 4096 float32 image, compared with astropy.

Both produce the bytes of a FITS file. astropy opens the file, cuts with ``Cutout2D``
and writes with ``writeto``, as a service based on it would. Ours runs the code of a
reader process, with a cached WCS, as usual ("warm"), and without ("cold"); "pool" adds
the round trip to a reader process.
"""

import asyncio
import io
import tempfile
import time
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import astropy.units as u
import numpy as np
from astropy.coordinates import SkyCoord
from astropy.io import fits
from astropy.nddata import Cutout2D
from astropy.wcs import WCS

from bench.support.processes import tell
from gatewright.backends.fits.program import cut
from gatewright.backends.fits.source import load
from gatewright.backends.readers import Output, PoolSettings, ReaderPool, open_pool

ROUNDS = 7
SIDE = 4096
SCALE = 0.26 / 3600
CENTRE = SkyCoord(150.1, 2.2, unit="deg")
_FUNCTION = "gatewright.backends.fits.program:cut"

Way = Callable[[], Awaitable[int]]


def write(path: Path) -> None:
    """Write the image: noise with a TAN projection."""
    wcs = WCS(naxis=2)
    wcs.wcs.ctype = ["RA---TAN", "DEC--TAN"]
    wcs.wcs.crval, wcs.wcs.crpix = [150.1, 2.2], [SIDE / 2, SIDE / 2]
    wcs.wcs.cdelt = [-SCALE, SCALE]
    noise = np.random.default_rng(1).normal(100, 5, (SIDE, SIDE)).astype("f4")
    fits.PrimaryHDU(noise, wcs.to_header()).writeto(path)


def arguments(path: Path, size: int, form: str) -> dict[str, Any]:
    """Return the arguments of a reader's cut-out function, for ``size`` pixels."""
    radius = (size / 2 - 0.6) * SCALE
    return {
        "path": str(path), "identity": "", "hdu": 0, "format": form, "size": None,
        "region": f"CIRCLE 150.1 2.2 {radius!r}", "stretch": ["asinh", 0.5, 99.5],
        "orientation": "native", "marks": False, "caption": "", "aligned": False,
        "limits": "percentile",
        "plane": None, "maximum": 1 << 40,
    }  # fmt: skip


def with_astropy(path: Path, size: int) -> int:
    """Cut as a service based on astropy would; return the size of the FITS file."""
    with fits.open(path, memmap=True) as hdus:
        cutout = Cutout2D(
            hdus[0].data, CENTRE, size * SCALE * u.deg, WCS(hdus[0].header)
        )
        header = hdus[0].header.copy()
        header.update(cutout.wcs.to_header())
        out = io.BytesIO()
        fits.PrimaryHDU(cutout.data, header).writeto(out)
    return len(out.getvalue())


def ways(path: Path, size: int, pool: ReaderPool) -> dict[str, Way]:
    """Return the functions to compare, by name."""
    asked = arguments(path, size, "fits")

    async def warm() -> int:
        return len(cut(asked, Output())["data"])

    async def cold() -> int:
        load.cache_clear()
        return len(cut(asked, Output())["data"])

    async def pooled() -> int:
        async with pool.window(_FUNCTION, asked, key=str(path)) as view:
            return len(bytes(view))

    async def astropy() -> int:
        return with_astropy(path, size)

    return {"warm": warm, "cold": cold, "pool": pooled, "astropy": astropy}


async def milliseconds(way: Way) -> float:
    """Return the milliseconds of one call, as the mean of five."""
    count = 5
    began = time.perf_counter()
    for _ in range(count):
        await way()
    return (time.perf_counter() - began) / count * 1000


async def run(folder: Path) -> None:
    """Write the image, and compare all ways in turn in several rounds."""
    path = folder / "image.fits"
    write(path)
    settings = PoolSettings(
        ("gatewright.backends.fits.program",), (folder,), folder, memory_bytes=1 << 30
    )
    async with open_pool(settings) as pool:
        for size in (256, 1024):
            compared = ways(path, size, pool)
            for way in compared.values():
                await way()
            rounds = [
                {who: await milliseconds(way) for who, way in compared.items()}
                for _ in range(ROUNDS)
            ]
            times = {who: [r[who] for r in rounds] for who in compared}
            for who in ("warm", "cold", "pool"):
                tell(f"cut-out {size} ({who})", times[who], times["astropy"], "ms")


def main() -> None:
    """Run the benchmark."""
    with tempfile.TemporaryDirectory() as folder:
        asyncio.run(run(Path(folder)))


if __name__ == "__main__":
    main()
