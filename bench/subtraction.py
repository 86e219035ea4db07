"""Proper subtraction of images of 2048 x 2048 pixels, with injected stars.

Two frames of 900 stars differ in seeing, flux scale and position; the first has 200
additional stars. Each frame is prepared (sky, point-spread function, noise), the second
is aligned, resampled and scaled, and the difference is computed and searched, in two
threads where they have a core each, as a processing worker does. The benchmark prints
the wall and CPU seconds of each step, how many of the new stars are found, other
detections, and the pulls of the fluxes.

The peer is sfft on the processor, with GATEWRIGHT_BENCH_SFFT=1 (it takes minutes), for
the subtraction alone: it is given frames whose pixels are aligned already, and makes no
detections. Of the others, zogyp needs SExtractor, PSFEx and SWarp with a configuration,
and properimage does not install. Times measured before for such frames, on two cores:
hotpants 12 s, PyZOGY 31 s, sfft 205 s. GATEWRIGHT_BENCH_SIDE sets another number of
pixels.
"""

import os
import tempfile
import time
from pathlib import Path

import numpy as np
from astropy.io import fits
from tests.support.fields import field, random_stars

from bench.support.peers import Times, compare, package
from gatewright.backends.processing.threads import Threads, threads_of_each
from gatewright.backends.processing.transforms import ScipyFourier
from gatewright.domains.processing.detecting import detect
from gatewright.domains.processing.differencing import Difference, subtract_frames
from gatewright.domains.processing.prepared import prepare

SIDE = int(os.environ.get("GATEWRIGHT_BENCH_SIDE", "2048"))
SHAPE = (SIDE, SIDE)
STARS = 900 * SIDE**2 // 2048**2
NEW = max(5, 200 * SIDE**2 // 2048**2)
_KERNEL = 6


def new_stars() -> list[tuple[float, float, float]]:
    """Return column, row and flux of the new stars, which are apart from the others."""
    x, y, _ = random_stars(STARS, SHAPE, 77)
    random = np.random.default_rng(5)
    found: list[tuple[float, float, float]] = []
    while len(found) < NEW:
        column, row = random.uniform(30, SHAPE[0] - 30, 2)
        if np.hypot(x - column, y - row).min() > 14:
            flux = 10 ** random.uniform(3.0, 3.8)
            found.append((float(column), float(row), float(flux)))
    return found


def main() -> None:
    """Subtract the frames, and print the times and the detections."""
    added = new_stars()
    usual = {"shape": SHAPE, "stars": STARS}
    frames = [
        field(seed=1, fwhm=3.5, more=tuple(added), **usual),
        field(seed=2, fwhm=4.0, shift=(0.35, -0.2), scale=0.9, **usual),
    ]
    marks = [(time.perf_counter(), time.process_time())]

    def mark(what: str) -> None:
        now = (time.perf_counter(), time.process_time())
        clock, work = (b - a for a, b in zip(marks[-1], now, strict=True))
        print(f"{what:12} {clock:6.2f} s, of the processors {work:6.2f} s", flush=True)
        marks.append(now)

    threads = Threads(threads_of_each(1))
    science, reference = threads.map(prepare, frames)
    mark("made ready")
    difference = subtract_frames(science, reference, ScipyFourier(), threads)
    mark("subtracted")
    found = detect(difference)
    mark("searched")
    marks.append(marks[0])
    mark("together")
    whole = Times(*(b - a for a, b in zip(marks[0], marks[-1], strict=True)))
    pulls, own = [], set()
    for x, y, flux in added:
        for one in found:
            if np.hypot(one.x - x, one.y - y) < 2:
                pulls.append((one.flux - flux) / one.flux_error)
                own.add(one.number)
    others = [one for one in found if one.number not in own]
    candidates = sum(one.aside is None for one in others)
    print(f"new stars found: {len(own)} of {NEW}")
    print(f"other detections: {len(others)}, of which {candidates} not kept aside")
    print(f"pull of the fluxes: {np.mean(pulls):.3f}, width {np.std(pulls):.3f}")
    if os.environ.get("GATEWRIGHT_BENCH_SFFT"):
        by_sfft(difference, whole)


def by_sfft(difference: Difference, ours: Times) -> None:
    """Subtract the aligned frames with sfft, and compare its time with our chain's."""
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        names = []
        for name in ("science", "reference"):
            names.append(str(folder / f"{name}.fits"))
            fits.PrimaryHDU(getattr(difference, name).values).writeto(names[-1])
        told = package("sfft", "fit", *names, str(folder / "out.fits"), str(_KERNEL))
    if told is not None:
        compare("whole chain, against sfft's subtraction", [ours], [Times(**told)])


if __name__ == "__main__":
    main()
