"""Cut-outs of a 4096 x 4096 float32 image as FITS and PNG, compared with astropy.

Both produce the bytes of a file. astropy opens the file, cuts with ``Cutout2D`` and
writes with ``writeto``, as a service based on it would; a PNG is drawn by its
``ImageNormalize`` and Pillow. Ours runs the code of a reader process, with a cached
WCS, as usual ("warm"), and without ("cold"); "pool" adds the round trip to a reader
process, and "HTTP" a whole gateway, asked over one connection. astropy is in the
benchmark's process, without HTTP. "CPU" is the processor time of a whole gateway, its
readers included, for one FITS cut-out of many places through HTTP, and that of astropy
in this process for the same places. "rate" is how many such cut-outs a second come
through several connections, each of which asks for the next as soon as it has one; the
clients, processes of Python, share the cores with the gateway. It is compared with
astropy in one process, and in as many processes as there are cores.
GATEWRIGHT_BENCH_SIDE sets another number of pixels.
"""

import asyncio
import io
import json
import os
import tempfile
import time
from collections.abc import Awaitable, Callable
from concurrent.futures import ProcessPoolExecutor
from http.client import HTTPConnection
from multiprocessing import get_context
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlencode

import astropy.units as u
import numpy as np
from astropy.coordinates import SkyCoord
from astropy.io import fits
from astropy.nddata import Cutout2D
from astropy.visualization import AsinhStretch, ImageNormalize, PercentileInterval
from astropy.wcs import WCS
from matplotlib import colormaps
from PIL import Image

from bench.support.processes import cpu_seconds_during, tell, wait_until_idle
from bench.support.whole_gateway import gateway
from gatewright.backends.fits.program import cut
from gatewright.backends.fits.source import load
from gatewright.backends.readers import Output, PoolSettings, ReaderPool, open_pool

ROUNDS = 7
SIDE = int(os.environ.get("GATEWRIGHT_BENCH_SIDE", "4096"))
SIZES = (256, 1024) if SIDE > 2048 else (32,)
PICTURE = min(1024, SIDE // 2)
HOST = "127.0.0.1"
SCALE = 0.26 / 3600
MIDDLE = 150.1, 2.2
CENTRE = SkyCoord(*MIDDLE, unit="deg")
PLACES = 100
CONNECTIONS = 4
CORES = os.cpu_count() or 1
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


def region(size: int, ra: float = MIDDLE[0], dec: float = MIDDLE[1]) -> str:
    """Return the circle round a place that has ``size`` pixels across."""
    return f"CIRCLE {ra!r} {dec!r} {(size / 2 - 0.6) * SCALE!r}"


def places(size: int) -> list[tuple[float, float]]:
    """Return places whose circles lie in the image, in degrees."""
    most = (SIDE - size) / 2 * SCALE
    moved = np.random.default_rng(2).uniform(-most, most, (PLACES, 2))
    return [(MIDDLE[0] + ra, MIDDLE[1] + dec) for ra, dec in moved.tolist()]


def arguments(
    path: Path, size: int, form: str, colours: str = "gray"
) -> dict[str, Any]:
    """Return the arguments of a reader's cut-out function, for ``size`` pixels."""
    return {
        "path": str(path), "identity": "", "hdu": 0, "format": form, "size": None,
        "region": region(size), "stretch": ["asinh", 0.5, 99.5],
        "orientation": "native", "marks": False, "caption": "", "aligned": False,
        "limits": "percentile", "colours": colours, "padded": False, "pixels": None,
        "arcsec": None, "kind": "science", "plane": None, "maximum": 1 << 40,
    }  # fmt: skip


def with_astropy(path: Path, size: int, place: SkyCoord = CENTRE) -> int:
    """Cut as a service based on astropy would; return the size of the FITS file."""
    with fits.open(path, memmap=True) as hdus:
        cutout = Cutout2D(
            hdus[0].data, place, size * SCALE * u.deg, WCS(hdus[0].header)
        )
        header = hdus[0].header.copy()
        header.update(cutout.wcs.to_header())
        out = io.BytesIO()
        fits.PrimaryHDU(cutout.data, header).writeto(out)
    return len(out.getvalue())


def picture_with_astropy(path: Path, size: int, colours: str) -> int:
    """Draw a PNG as a service based on astropy would; return its size.

    In colour, Matplotlib's map makes red, green and blue of each level.
    """
    with fits.open(path, memmap=True) as hdus:
        header = WCS(hdus[0].header)
        cutout = Cutout2D(hdus[0].data, CENTRE, size * SCALE * u.deg, header)
        interval = PercentileInterval(99)
        norm = ImageNormalize(cutout.data, interval=interval, stretch=AsinhStretch())
        shown = norm(cutout.data).filled(0)[::-1]
    if colours == "gray":
        pixels = (255 * shown).astype(np.uint8)
    else:
        pixels = colormaps[colours](shown, bytes=True)[..., :3]
    out = io.BytesIO()
    Image.fromarray(pixels).save(out, "png")
    return len(out.getvalue())


class Client:
    """Asks a gateway for cut-outs of its only image."""

    def __init__(self, port: int, token: str) -> None:
        self._connection = HTTPConnection(HOST, port, timeout=600)
        self._fields = {"authorization": f"Bearer {token}"}
        self._image = self._found()

    def cut(
        self,
        size: int,
        form: str,
        place: tuple[float, float] = MIDDLE,
        colours: str = "gray",
    ) -> int:
        """Return the size of a cut-out."""
        told = {"pos": region(size, *place), "format": form}
        asked = urlencode(told | ({"cmap": colours} if form != "fits" else {}))
        return len(self._get(f"/api/v1/images/{quote(self._image)}/cutout?{asked}"))

    def _found(self) -> str:
        """Return the id of the image, when the survey has been read."""
        for _ in range(600):
            found = json.loads(self._get("/api/v1/images?survey=bench"))["images"]
            if found:
                return str(found[0]["id"])
            time.sleep(0.1)
        raise TimeoutError("the gateway does not find the image")

    def _get(self, target: str) -> bytes:
        self._connection.request("GET", target, headers=self._fields)
        answer = self._connection.getresponse()
        body = answer.read()
        assert answer.status == 200, (target, body)
        return body


def ways(
    path: Path, size: int, form: str, colours: str, pool: ReaderPool, client: Client
) -> dict[str, Way]:
    """Return the functions to compare, by name."""
    asked = arguments(path, size, form, colours)

    async def warm() -> int:
        return len(cut(asked, Output())["data"])

    async def cold() -> int:
        load.cache_clear()
        return len(cut(asked, Output())["data"])

    async def pooled() -> int:
        async with pool.window(_FUNCTION, asked, key=str(path)) as view:
            return len(bytes(view))

    async def http() -> int:
        return await asyncio.to_thread(client.cut, size, form, MIDDLE, colours)

    async def astropy() -> int:
        if form == "fits":
            return with_astropy(path, size)
        return picture_with_astropy(path, size, colours)

    found = {"warm": warm, "cold": cold, "pool": pooled, "HTTP": http}
    return found | {"astropy": astropy}


async def milliseconds(way: Way) -> float:
    """Return the milliseconds of one call, as the mean of five."""
    count = 5
    began = time.perf_counter()
    for _ in range(count):
        await way()
    return (time.perf_counter() - began) / count * 1000


async def compare(path: Path, pool: ReaderPool, client: Client) -> None:
    """Compare all ways in turn in several rounds."""
    cases = [("fits", size, "gray") for size in SIZES]
    for form, size, colours in [
        *cases,
        *(("png", PICTURE, colours) for colours in ("gray", "viridis")),
    ]:
        compared = ways(path, size, form, colours, pool, client)
        for way in compared.values():
            await way()
        rounds = [
            {who: await milliseconds(way) for who, way in compared.items()}
            for _ in range(ROUNDS)
        ]
        times = {who: [r[who] for r in rounds] for who in compared}
        for who in ("warm", "cold", "pool", "HTTP"):
            told = form if form == "fits" else f"{form} {colours}"
            tell(f"{told} {size} ({who})", times[who], times["astropy"], "ms")
            least = min(times[who]), min(times["astropy"])
            print(f"  least {least[0]:.2f} and {least[1]:.2f} ms")


def compare_processor_time(path: Path, client: Client, pid: int) -> None:
    """Compare the processor time of a cut-out through HTTP with that of astropy."""
    size = SIZES[0]
    where = places(size)
    directions = [SkyCoord(*place, unit="deg") for place in where]
    ours, peer = [], []
    wait_until_idle(pid)
    for _ in range(ROUNDS):
        _, seconds = cpu_seconds_during(
            pid, lambda: [client.cut(size, "fits", place) for place in where]
        )
        ours.append(seconds / PLACES * 1000)
        began = time.process_time()
        for direction in directions:
            with_astropy(path, size, direction)
        peer.append((time.process_time() - began) / PLACES * 1000)
    tell(f"fits {size} (CPU)", ours, peer, "ms")
    print(f"  least {min(ours):.2f} and {min(peer):.2f} ms")


def ask_for_each(port: int, token: str, size: int) -> int:
    """Ask for the cut-outs of all places, one after another; return their bytes."""
    client = Client(port, token)
    return sum(client.cut(size, "fits", place) for place in places(size))


def cut_each(path: Path, size: int) -> int:
    """Cut the same with astropy."""
    where = [SkyCoord(*place, unit="deg") for place in places(size)]
    return sum(with_astropy(path, size, place) for place in where)


def rate(workers: int, work: Callable[..., int], *given: object) -> float:
    """Return the cut-outs a second of so many processes that do the same work."""
    with ProcessPoolExecutor(workers, get_context("spawn")) as pool:
        for _ in range(2):  # the first time, they import what they need
            began = time.perf_counter()
            made = [pool.submit(work, *given) for _ in range(workers)]
            assert all(each.result() > 0 for each in made)
            seconds = time.perf_counter() - began
    return workers * PLACES / seconds


def compare_rates(path: Path, port: int, token: str) -> None:
    """Compare the rate of a whole gateway with that of processes with astropy."""
    size = SIZES[0]
    ours = rate(CONNECTIONS, ask_for_each, port, token, size)
    name = f"fits {size} (rate, {CONNECTIONS} connections, against processes:"
    for count in dict.fromkeys((1, CORES)):
        tell(f"{name} {count})", [ours], [rate(count, cut_each, path, size)], "/s")


async def run(folder: Path) -> None:
    """Write the image, and compare all ways."""
    images = folder / "images"
    images.mkdir()
    path = images / "image.fits"
    write(path)
    settings = PoolSettings(
        ("gatewright.backends.fits.program",), (images,), folder, memory_bytes=1 << 30
    )
    survey = f'\n[[surveys]]\nid = "bench"\nimages = "{images}/*.fits"\n'
    async with open_pool(settings) as pool:
        with gateway(folder, folder, HOST, survey) as (port, pid, token):
            client = await asyncio.to_thread(Client, port, token)
            await compare(path, pool, client)
            await asyncio.to_thread(compare_processor_time, path, client, pid)
            await asyncio.to_thread(compare_rates, path, port, token)


def main() -> None:
    """Run the benchmark."""
    with tempfile.TemporaryDirectory() as folder:
        asyncio.run(run(Path(folder)))


if __name__ == "__main__":
    main()
