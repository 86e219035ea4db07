"""Reading image headers, compared with astropy, and indexing a night with a kill.

Both open a file of 150 header cards, compute the positions of its centre and corners
(ICRS), and read its time and filter; measured are milliseconds of CPU time. Then a
process reads 10,000 such files into an index, is killed in the middle, and is started
again.
"""

import asyncio
import os
import signal
import subprocess
import sys
import tempfile
import time
import warnings
from contextlib import AsyncExitStack
from pathlib import Path

import numpy as np
from astropy.coordinates import ICRS, SkyCoord
from astropy.io import fits
from astropy.time import Time
from astropy.wcs import WCS
from astropy.wcs.utils import wcs_to_celestial_frame

from bench.support.processes import tell
from gatewright.backends.fits.scan import scan_file
from gatewright.composition.sky import open_sky_tools
from gatewright.core.config import Config, Gateway
from gatewright.domains.sky import ImageQuery, Survey

FILES = int(os.environ.get("GATEWRIGHT_BENCH_FILES", "10000"))
ROUNDS, EACH = 7, 40


def image_header(number: int, projection: str = "TPV") -> fits.Header:
    """Return the header of an exposure."""
    header = fits.Header()
    header["CTYPE1"], header["CTYPE2"] = f"RA---{projection}", f"DEC--{projection}"
    header["CRVAL1"], header["CRVAL2"] = number * 0.0361 % 360, number * 0.01 % 90
    header["CRPIX1"], header["CRPIX2"] = 8.5, 8.5
    header["CD1_1"], header["CD2_2"] = -7e-5, 7e-5
    header["CD1_2"], header["CD2_1"] = 1e-7, 1e-7
    for axis in (1, 2):
        for term in range(11):
            header[f"PV{axis}_{term}"] = 1.0 if term == 1 else 1e-6 * term
    header["RADESYS"], header["EQUINOX"] = "FK5", 2000.0
    header["DATE-OBS"], header["EXPTIME"] = "2018-08-04T09:23:31.598174", 330.0
    header["MJD-OBS"] = 58334.0 + number / 20000
    header["FILTER"] = "i DECam SDSS c0003 7835.0 1470.0"
    for place in range(100):
        header[f"KEY{place}"] = (place * 1.5, "what a camera writes besides")
    return header


def write(path: Path, number: int, projection: str = "TPV") -> None:
    """Write the FITS file of an exposure."""
    pixels = np.zeros((16, 16), "f4")
    fits.PrimaryHDU(pixels, image_header(number, projection)).writeto(path)


def with_astropy(path: Path) -> None:
    """Read a header as a service based on astropy would."""
    with fits.open(path) as hdus:
        header = hdus[0].header
        wcs = WCS(header)
        x = np.array([7.5, -0.5, 15.5, 15.5, -0.5])
        y = np.array([7.5, -0.5, -0.5, 15.5, 15.5])
        places = wcs.all_pix2world(x, y, 0)
        frame = wcs_to_celestial_frame(wcs)
        SkyCoord(*places, unit="deg", frame=frame).transform_to(ICRS())
        Time(header["DATE-OBS"]).mjd  # noqa: B018  # what is measured
        str(header["FILTER"])


def compare(folder: Path) -> None:
    """Read the same file with both in turn, and print the CPU times."""
    for projection in ("TPV", "TAN"):
        path = folder / f"{projection}.fits"
        write(path, 1, projection)
        ours, peers = [], []
        for _ in range(ROUNDS):
            began = time.process_time()
            for _ in range(EACH):
                scan_file(str(path))
            between = time.process_time()
            for _ in range(EACH):
                with_astropy(path)
            ours.append((between - began) / EACH * 1000)
            peers.append((time.process_time() - between) / EACH * 1000)
        tell(f"one header, {projection}", ours, peers, "ms of CPU")


async def read_night(folder: Path) -> int:
    """Index the files of the night; return how many were read."""
    async with AsyncExitStack() as stack:
        config = Config(gateway=Gateway(state=folder / "state"))
        tools = await open_sky_tools(config, stack)
        survey = Survey("night", "Night", str(folder / "night"))
        await tools.index.save_survey(survey)
        report = await tools.ingest.run(survey)
        while report is None:  # until the lease of the killed process has expired
            await asyncio.sleep(0.2)
            report = await tools.ingest.run(survey)
        page = await tools.index.search(ImageQuery(), limit=1)
        assert page.items
        return report.read


async def images_of(folder: Path) -> int:
    """Return the number of files in the index while another process may write to it."""
    async with AsyncExitStack() as stack:
        config = Config(gateway=Gateway(state=folder / "state"))
        tools = await open_sky_tools(config, stack)
        return len(await tools.index.files("night"))


def night(folder: Path) -> None:
    """Index a night, kill the process when a third is done, and finish it."""
    (folder / "night").mkdir()
    for number in range(FILES):
        write(folder / "night" / f"{number:05}.fits", number)
    began = time.perf_counter()
    command = [sys.executable, "-m", "bench.headers", str(folder)]
    reader = subprocess.Popen(command, start_new_session=True)
    while asyncio.run(images_of(folder)) < FILES / 3:
        time.sleep(1.0)
    os.killpg(reader.pid, signal.SIGKILL)
    reader.wait()
    killed = time.perf_counter() - began
    kept = asyncio.run(images_of(folder))
    read = asyncio.run(read_night(folder))
    whole = time.perf_counter() - began
    assert read == FILES - kept
    print(
        f"{FILES} files: killed after {killed:.1f} s with {kept} in, the other {read} "
        f"by {whole:.1f} s"
    )


def main() -> None:
    """Run the benchmark, or the process that it kills."""
    warnings.simplefilter("ignore")
    if len(sys.argv) > 1 and Path(sys.argv[1]).is_dir():
        asyncio.run(read_night(Path(sys.argv[1])))
        return
    with tempfile.TemporaryDirectory() as folder:
        compare(Path(folder))
        night(Path(folder))


if __name__ == "__main__":
    main()
