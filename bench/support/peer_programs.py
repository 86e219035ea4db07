"""Functions that benchmarks run with the Python of the peers, which need not be ours.

Each prints one line of JSON, with the seconds without imports and reading of files.
"""

import json
import sys
import time

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


if __name__ == "__main__":
    function = globals()[sys.argv[1]]
    print(json.dumps(function(*sys.argv[2:])))
