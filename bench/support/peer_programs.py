"""Functions that benchmarks run with the Python of the peers, which need not be ours.

Each prints one line of JSON, with the seconds without imports and reading of files.
"""

import json
import os
import shutil
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
from astropy.io import fits


def interpolate(image: str, grid: str, out: str) -> dict[str, float]:
    """Resample with reproject_interp (bicubic), and write the pixels."""
    from reproject import reproject_interp

    with fits.open(image) as hdus:
        given = hdus[0].data.astype("f4"), hdus[0].header
    header = fits.Header.fromtextfile(grid)
    began, used = time.perf_counter(), time.process_time()
    found, _ = reproject_interp(given, header, order="bicubic")
    told = {
        "wall": time.perf_counter() - began,
        "cpu": time.process_time() - used,
    }
    np.save(out, found.astype("f4"))
    return told


def fit(science: str, reference: str, out: str, half: str) -> dict[str, float]:
    """Subtract with sfft on the processor, with kernels of a half-width; write it.

    The kernel and the sky vary quadratically over the field, as sfft has it.
    """
    from sfft.CustomizedPacket import Customized_Packet

    began, used = time.perf_counter(), time.process_time()
    Customized_Packet.CP(
        FITS_REF=reference, FITS_SCI=science, FITS_mREF=reference, FITS_mSCI=science,
        ForceConv="SCI", GKerHW=int(half), FITS_DIFF=out, BACKEND_4SUBTRACT="Numpy",
        NUM_CPU_THREADS_4SUBTRACT=2, VERBOSE_LEVEL=0,
    )  # fmt: skip
    return {
        "wall": time.perf_counter() - began,
        "cpu": time.process_time() - used,
    }


def sparse(science: str, reference: str, out: str) -> dict[str, float]:
    """Subtract with sfft for sparse fields, which selects the stars it fits; write it.

    Everything is as sfft has it: kernels of a half-width of twice the FWHM that vary
    quadratically over the field, and a constant sky and flux scale. The sharper frame
    is convolved. ``convolved`` of the answer is 1 if it is the science frame.
    """
    from sfft.EasySparsePacket import Easy_SparsePacket

    with _sextractor():
        began, used = time.perf_counter(), _processor_seconds()
        Easy_SparsePacket.ESP(
            FITS_REF=reference, FITS_SCI=science, FITS_DIFF=out,
            BACKEND_4SUBTRACT="Numpy", NUM_CPU_THREADS_4SUBTRACT=1, VERBOSE_LEVEL=0,
        )  # fmt: skip
        wall, cpu = time.perf_counter() - began, _processor_seconds() - used
    side = fits.getheader(out)["CONVD"]
    return {"wall": wall, "cpu": cpu, "convolved": float(side == "SCI")}


def zogy(science: str, reference: str, out: str) -> dict[str, float]:
    """Subtract with zogyp, as its command does it, and write its score."""
    with _sextractor() as folder:
        from zogyp.zip import run_ZOGY  # which calls SExtractor at once

        os.chdir(folder)
        shutil.copy(science, "science.fits")
        shutil.copy(reference, "reference.fits")
        began, used = time.perf_counter(), _processor_seconds()
        run_ZOGY(
            "science.fits", "reference.fits", outname="out",
            clean_sci=0.25, clean_ref=0.25,
        )  # fmt: skip
        wall, cpu = time.perf_counter() - began, _processor_seconds() - used
        shutil.copy("Zoutput/out_S1.fits", out)
    return {"wall": wall, "cpu": cpu}


@contextmanager
def _sextractor() -> Iterator[str]:
    """Give SExtractor the name that peers call it by, in a folder that is yielded.

    Debian's is ``source-extractor``.
    """
    with tempfile.TemporaryDirectory() as folder:
        program = shutil.which("source-extractor")
        if program is not None:
            Path(folder, "sex").symlink_to(program)
        os.environ["PATH"] += os.pathsep + folder
        yield folder


def _processor_seconds() -> float:
    """Return the CPU seconds of this process and of its children that have ended."""
    return sum(os.times()[:4])


if __name__ == "__main__":
    function = globals()[sys.argv[1]]
    print(json.dumps(function(*sys.argv[2:])))
