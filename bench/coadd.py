"""A coadd of 100 frames of 2048 x 2048 pixels, beside reading them and SWarp.

The frames are FITS files of one field, shifted by up to 15 pixels and parts of pixels,
whose headers err by half a pixel. Ours runs the code of a processing worker in a
process of its own, with a worker's variables and threads, and the method ``mean``: each
frame's sky, noise, PSF, offset and flux scale are measured. SWarp (Lanczos3, two
threads) subtracts its background and adds with the weights of one, and measures no PSF
or scale. "Reading" opens each file and converts its pixels to the machine's float32.
Printed are seconds and the largest memory. GATEWRIGHT_BENCH_SIDE and
GATEWRIGHT_BENCH_FRAMES set other sizes, and GATEWRIGHT_BENCH_METHOD another method of
ours.
"""

import multiprocessing
import os
import resource
import tempfile
from dataclasses import asdict
from pathlib import Path

import numpy as np
from astropy.io import fits
from tests.support.fields import GAIN, field, tangent

from bench.support.peers import Times, command, own, swarp
from gatewright.backends.readers.process import READER_VARIABLES

SIDE = int(os.environ.get("GATEWRIGHT_BENCH_SIDE", "2048"))
FRAMES = int(os.environ.get("GATEWRIGHT_BENCH_FRAMES", "100"))
METHOD = os.environ.get("GATEWRIGHT_BENCH_METHOD", "mean")
_KINDS = 5
_STAR_PIXELS = 4660
_WIDER = 15


def write(folder: Path) -> list[Path]:
    """Write the frames: a few fields, of which each frame is another part."""
    shape = (SIDE + _WIDER, SIDE + _WIDER)
    stars = SIDE * SIDE // _STAR_PIXELS
    random = np.random.default_rng(6)
    shifts = random.uniform(-0.5, 0.5, (_KINDS, 2))
    made = [
        field(seed=seed, shape=shape, stars=stars, fwhm=3.5, shift=(shift[0], shift[1]))
        for seed, shift in enumerate(shifts)
    ]
    paths = []
    for number in range(FRAMES):
        left, top = random.integers(0, _WIDER, 2, endpoint=True)
        # The header errs by half a pixel at most, as that of a telescope.
        x, y = 128.0 + shifts[number % _KINDS] + random.uniform(-0.5, 0.5, 2)
        header = tangent(x - left, y - top).wcs.to_header()
        header["GAIN"] = GAIN
        path = folder / f"frame{number:03}.fits"
        values = made[number % _KINDS].values[top : top + SIDE, left : left + SIDE]
        fits.PrimaryHDU(np.ascontiguousarray(values), header).writeto(path)
        paths.append(path)
    return paths


def read(paths: list[Path]) -> None:
    """Read the pixels of all frames."""
    for path in paths:
        fits.getdata(path).astype(np.float32)


def ours(paths: list[Path]) -> dict[str, float]:
    """Return the seconds and the memory in MiB of our coadd, in this process."""
    from gatewright.backends.processing.program import coadd
    from gatewright.backends.processing.threads import threads_of_each
    from gatewright.backends.readers import Output
    from gatewright.domains.processing import FrameRef

    refs = [
        asdict(FrameRef(path.stem, (), str(path), "", 0, band="g")) for path in paths
    ]
    side = {"frames": refs, "method": METHOD}
    with tempfile.TemporaryFile() as file, tempfile.TemporaryFile() as scratch:
        output = Output(file=file, scratch=scratch)
        given = {"side": side, "memory": 1 << 30, "threads": threads_of_each(1)}
        told = own(lambda: coadd(given, output))
    largest = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    return {"wall": told.wall, "cpu": told.cpu, "memory": largest}


def tell(name: str, times: Times, reading: Times) -> None:
    """Print seconds, and how many times those of reading they are."""
    print(
        f"{name}: wall {times.wall:.2f} s ({times.wall / reading.wall:.0f} times "
        f"reading), CPU {times.cpu:.2f} s ({times.cpu / reading.cpu:.0f} times)",
        flush=True,
    )


def main() -> None:
    """Run the benchmark."""
    program = swarp()
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        paths = write(folder)
        read(paths)
        reading = own(lambda: read(paths))
        print(f"{FRAMES} frames of {SIDE} x {SIDE}: reading CPU {reading.cpu:.2f} s")
        before = dict(os.environ)
        os.environ.update(READER_VARIABLES)
        with multiprocessing.get_context("spawn").Pool(1) as pool:
            told = pool.apply(ours, (paths,))
        os.environ.clear()
        os.environ.update(before)
        memory = told.pop("memory")
        tell("coadd, ours", Times(**told), reading)
        print(f"coadd, ours: largest memory {memory:.0f} MiB")
        if program:
            given = {
                "RESAMPLING_TYPE": "LANCZOS3", "OVERSAMPLING": "1",
                "COMBINE_TYPE": "WEIGHTED", "RESAMPLE_DIR": ".", "WRITE_XML": "N",
                "FSCALASTRO_TYPE": "NONE", "VERBOSE_TYPE": "QUIET",
                "DELETE_TMPFILES": "Y",
            }  # fmt: skip
            options = [f for name, value in given.items() for f in (f"-{name}", value)]
            alone = command([program, *map(str, paths), *options], folder)
            tell("coadd, SWarp", alone, reading)


if __name__ == "__main__":
    main()
