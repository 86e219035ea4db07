"""Recovery of injected stars and false positives, ours and peers' on the same frames.

Ten simulated fields of 1024 x 1024 pixels (``tests/support/nights.py``, fixed seeds)
have about 520 injected stars, on a night each, and a deep reference. Our chain
prepares, aligns, subtracts by ZOGY and searches them. The peers subtract the same
frames as our chain has aligned them, with the sky subtracted and bad pixels marked, as
their documentation asks:

- sfft for sparse fields, which selects the stars that it fits by SExtractor, with its
  own settings: kernels of a half-width of twice the FWHM that vary quadratically over
  the field, a constant flux scale. It fails to select stars in frames of 512 pixels.
- zogyp, which measures the PSFs by SExtractor and PSFEx, with the settings of its
  command.

Each difference is searched by the same function, at five sigma, for positive and
negative sources, and the same rules keep artefacts aside (``detecting.py``). The score
is zogyp's own S, and for sfft's difference that of a matched filter with the PSF of the
frame that was not convolved, as measured from its stars. The errors of the filter's
fluxes are those of the sky and of the photons of sources in both frames, carried
through the filter and the kernel: with the sky's noise alone, each bright star would
have false positives that are no fault of the subtraction. Offset and width of the
scores' core are then measured from the difference itself, without the tails, and
brought to 0 and 1 for each peer as for ours: a threshold of five sigma is then the
same for all, however a program scales its errors, and correlated noise is counted.
(zogyp's corrected score is worse than S: it takes the squares of pixels for their
variances. In one field 29 of 52 stars and 975 other sources were above five sigma.)

A star is found if a detection is within one FWHM; detections further than three FWHM
from every injected star are false positives, among them the cosmic rays and moving
stars of the simulated nights. Upon a bright source its residual may be taken for the
star, of which nothing in the counts tells; stars alone and upon other sources are
therefore counted apart. At the end the thresholds are raised until all programs have as
few false positives as the one that has the fewest, and the stars above are counted
again. Magnitudes are relative to that of a flux of five times its error in the sky of
the night. Intervals are of 95 %.

One run takes five minutes on one core, most of it for the peers. Each needs a Python of
its own (``pip install sfft "numpy<2.3"``; ``pip install zogyp matplotlib sep
"numpy<1.24"``) in GATEWRIGHT_BENCH_PEERS_SFFT and GATEWRIGHT_BENCH_PEERS_ZOGYP, and
Debian's source-extractor and psfex. properimage does not install, and Debian has no
hotpants. GATEWRIGHT_BENCH_SIDE and GATEWRIGHT_BENCH_FRAMES set other numbers.
"""

import os
import tempfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np
from astropy.io import fits
from numpy.typing import NDArray
from scipy.signal import fftconvolve
from tests.support import nights
from tests.support.recovery import hosts_of

from bench.support.peers import Times, own, package, python_with
from gatewright.backends.processing.transforms import ScipyFourier
from gatewright.domains.classification.intervals import poisson, share
from gatewright.domains.processing.detecting import detect
from gatewright.domains.processing.differencing import (
    Difference,
    score_core,
    subtract_frames,
)
from gatewright.domains.processing.frames import Frame, Numbers, Pixels
from gatewright.domains.processing.injecting import Stars, choose_stars, recover
from gatewright.domains.processing.prepared import prepare

SIDE = int(os.environ.get("GATEWRIGHT_BENCH_SIDE", "1024"))
FRAMES = int(os.environ.get("GATEWRIGHT_BENCH_FRAMES", "10"))
_AREA = 20_000.0
_LIMIT = 5.0
_STEP = 0.5
_BRIGHTEST = -3.0
_LEAST_RESPONSE = 1e-4
_MEDIAN = 0.6745
"""Median of the absolute value of a standard normal variable."""

Image = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Night:
    """A science frame with injected stars, and its reference."""

    science: Frame
    reference: Frame
    stars: Stars
    magnitude: Numbers
    """Magnitudes of the stars, less that of five sigma in the sky."""


@dataclass(frozen=True, slots=True)
class Searched:
    """What was found in the difference of one night."""

    magnitude: Numbers
    alone: NDArray[np.bool_]
    """Which stars are further than three FWHM from every source of the reference."""
    score: Numbers
    """Score of each star's detection, sigma; 0 for stars that were not detected."""
    passed: NDArray[np.bool_]
    """Which stars were detected and not kept aside as artefacts."""
    false_score: Numbers
    """Absolute scores of the other detections, sigma."""
    false_passed: NDArray[np.bool_]
    """Which other detections were not kept aside."""
    times: Times

    @property
    def found(self) -> NDArray[np.bool_]:
        """Which stars were detected."""
        return self.score > 0.0


Scored = tuple[Difference, Times] | None
Peer = Callable[[Difference, Path], Scored]


def main() -> None:
    """Inject stars, subtract by each program, search, and print what was found."""
    peers: dict[str, Peer] = {
        name: peer
        for name, peer in {"sfft": by_sfft, "zogyp": by_zogyp}.items()
        if python_with(name)
    }
    results: dict[str, list[Searched]] = {name: [] for name in ("ours", *peers)}
    for field in range(FRAMES):
        night = night_of(field)
        made: list[Difference] = []
        times = own(lambda at=night, out=made: out.append(_by_ours(at)))
        results["ours"].append(search(night, made[0], times))
        for name, peer in peers.items():
            with tempfile.TemporaryDirectory() as folder:
                scored = peer(made[0], Path(folder))
            if scored is not None:
                results[name].append(search(night, *scored))
    for name, nights_of in results.items():
        if nights_of:
            tell(name, nights_of)
        if name != "ours" and len(nights_of) == FRAMES:
            tell_apart(name, results["ours"], nights_of)
    whole = {name: got for name, got in results.items() if len(got) == FRAMES}
    if len(whole) > 1:
        tell_at_equal_counts(whole)


def night_of(field: int) -> Night:
    """Return a night of a field, with stars injected across the threshold."""
    number = 100 * field
    random = np.random.default_rng([number, 9])
    at = nights.night(number)
    plain = prepare(nights.frame(field, at, number, SIDE))
    hosts = hosts_of(field, at, SIDE)
    stars = choose_stars(plain, hosts, max(4, round(SIDE**2 / _AREA)), random)
    psf = plain.psf.at(SIDE / 2, SIDE / 2)
    error = np.median(plain.noise) / np.sqrt((psf**2).sum())
    deep = nights.deep_night(field)
    more = (stars.x, stars.y, stars.flux)
    return Night(
        nights.frame(field, at, number, SIDE, more=more),
        nights.frame(field, deep, number, SIDE, deep=True),
        stars,
        -2.5 * np.log10(stars.flux / (_LIMIT * error)),
    )


def _by_ours(night: Night) -> Difference:
    sides = prepare(night.science), prepare(night.reference)
    difference = subtract_frames(*sides, ScipyFourier())
    detect(difference)
    return difference


def by_sfft(ours: Difference, folder: Path) -> Scored:
    """Return the difference by sfft, with the scores of a matched filter."""
    told = _run("sfft", "sparse", ours, folder, np.nan)
    if told is None:
        return None
    values, answer = told
    ratio = ours.ratio.value
    middle = SIDE / 2
    kept, convolved, unit = ours.science, ours.reference, 1.0
    if answer["convolved"]:
        kept, convolved, unit = ours.reference, ours.science, ratio
        ratio = 1.0 / ratio
    psf, other = _same_side(
        kept.psf.at(middle, middle), convolved.psf.at(middle, middle)
    )
    norm = (psf**2).sum()
    flux = _filtered(values, psf) / norm
    variance = _filtered(kept.variance, psf**2)
    weights = ratio * _weights_of_convolved(psf, other)
    variance += _filtered(convolved.variance, weights**2)
    error = np.sqrt(np.maximum(variance, 1e-20)) / norm
    found = _scored(ours, flux / error, unit * error)
    return replace(found, values=values * np.float32(unit), psf=psf), _times(answer)


def by_zogyp(ours: Difference, folder: Path) -> Scored:
    """Return the difference by zogyp, with its own score.

    The score has no unit, and is scaled to a median of that of a normal distribution.
    zogyp does not write the errors of fluxes, for which ours are taken: only the rules
    for artefacts use them.
    """
    told = _run("zogyp", "zogy", ours, folder, 0.0)
    if told is None:
        return None
    score, answer = told
    unit = np.median(np.abs(score[~ours.bad])) / _MEDIAN
    return _scored(ours, score / unit, ours.error), _times(answer)


def _run(
    name: str, function: str, ours: Difference, folder: Path, missing: float
) -> tuple[Pixels, dict[str, Any]] | None:
    """Run a peer on the aligned frames; return its pixels, 0 at bad ones."""
    paths = [str(folder / f"{side}.fits") for side in ("science", "reference", "out")]
    for frame, path in zip((ours.science, ours.reference), paths, strict=False):
        header = fits.Header()
        header["GAIN"] = frame.gain
        # As sfft's documentation has it for a frame whose sky is subtracted.
        full = nights.SATURATION - frame.sky - 10.0 * float(np.median(frame.noise))
        header["ESATUR"] = header["SATURATE"] = full
        values = np.where(ours.bad, np.float32(missing), frame.values)
        fits.writeto(path, values.astype(np.float32), header)
    told = package(name, function, *paths)
    if told is None:
        return None
    return np.nan_to_num(fits.getdata(paths[2])).astype(np.float32), told


def _times(answer: dict[str, Any]) -> Times:
    return Times(answer["wall"], answer["cpu"])


def _same_side(*models: Numbers) -> list[Numbers]:
    side = max(len(model) for model in models)
    return [np.pad(model, (side - len(model)) // 2) for model in models]


def _filtered(image: Pixels, weights: Numbers) -> Image:
    """Return the sum of the pixels around each, times weights."""
    found: Image = fftconvolve(
        image.astype(np.float64), weights[::-1, ::-1], mode="same"
    )
    return found


def _weights_of_convolved(kept: Numbers, convolved: Numbers) -> Numbers:
    """Return what the matched filter does to the pixels of the convolved frame.

    The kernel makes the PSF ``convolved`` the PSF ``kept``, which is then the filter.
    """
    first, other = (np.fft.fft2(np.fft.ifftshift(model)) for model in (kept, convolved))
    response = np.abs(other) ** 2 + _LEAST_RESPONSE
    weights: Numbers = np.fft.fftshift(
        np.fft.ifft2(np.abs(first) ** 2 * other / response).real
    )
    return weights


def _scored(ours: Difference, score: Image, error: Image | Pixels) -> Difference:
    """Return a difference with scores whose core has the mean 0 and the width 1."""
    level, width = score_core(score[~ours.bad].astype(np.float32))
    score = np.where(ours.bad, 0.0, (score - level) / width)
    return replace(
        ours,
        score=score.astype(np.float32),
        statistic=(score * width * error).astype(np.float32),
        error=(width * error).astype(np.float32),
    )


def search(night: Night, difference: Difference, times: Times) -> Searched:
    """Return what is found of the injected stars, and what else."""
    found = detect(difference)
    what = recover(difference, found, night.stars, 1)
    places = what.found
    candidate = [one.aside is None for one in found]
    return Searched(
        night.magnitude,
        what.alone,
        np.array([0.0 if n is None else found[n].snr for n in places]),
        np.array([n is not None and candidate[n] for n in places]),
        np.array([abs(found[n].snr) for n in what.others]),
        np.array([candidate[n] for n in what.others], np.bool_),
        times,
    )


def tell(name: str, searched: Sequence[Searched]) -> None:
    """Print the recovery, the false positives and the seconds of one program."""
    frames = len(searched)
    magnitude, alone, found, passed = (
        np.concatenate([getattr(one, part) for one in searched])
        for part in ("magnitude", "alone", "found", "passed")
    )
    print(
        f"{name}: found {_share(found)} of {len(found)} stars in {frames} frames, "
        f"not kept aside {_share(passed)}"
    )
    for where, which in (("alone", alone), ("upon other sources", ~alone)):
        print(
            f"  {where}: {np.count_nonzero(which):4} stars, found "
            f"{_share(found[which])}, not kept aside {_share(passed[which])}"
        )
    step = np.maximum(np.floor((magnitude - _BRIGHTEST) / _STEP), 0).astype(int)
    for n in np.unique(step):
        own_step = step == n
        print(
            f"  {_BRIGHTEST + n * _STEP:+.1f} to {_BRIGHTEST + (n + 1) * _STEP:+.1f} "
            f"mag: {np.count_nonzero(own_step):4} stars, found "
            f"{_share(found[own_step])}, not kept aside {_share(passed[own_step])}"
        )
    for what, part in (("", "false_score"), (" not kept aside", "false_passed")):
        count = poisson(sum(np.count_nonzero(getattr(one, part)) for one in searched))
        print(
            f"  false positives{what}: {count.value / frames:.2f} a frame "
            f"[{count.low / frames:.2f}, {count.high / frames:.2f}]"
        )
    wall, cpu = (
        median(getattr(one.times, p) for one in searched) for p in ("wall", "cpu")
    )
    print(f"  median of a frame: {wall:.1f} s by the clock, {cpu:.1f} s of CPU time")


def tell_apart(name: str, ours: Sequence[Searched], theirs: Sequence[Searched]) -> None:
    """Print how many stars only one of two programs found."""
    for what in ("found", "passed"):
        mine, other = (
            np.concatenate([getattr(one, what) for one in side])
            for side in (ours, theirs)
        )
        print(
            f"  {what} by ours alone: {np.count_nonzero(mine & ~other)}, by {name} "
            f"alone: {np.count_nonzero(other & ~mine)}"
        )


def tell_at_equal_counts(results: Mapping[str, Sequence[Searched]]) -> None:
    """Print what each finds above a threshold that leaves all the same false positives.

    At five sigma one program may find more stars only since it takes more of all. So
    the others' thresholds are raised until they have no more false positives than the
    one that has the fewest.
    """
    for what, every in (("", True), (" not kept aside", False)):
        scores, false = {}, {}
        for name, searched in results.items():
            scores[name] = np.concatenate(
                [np.where(every | one.passed, one.score, 0.0) for one in searched]
            )
            false[name] = np.sort(
                np.concatenate(
                    [one.false_score[every | one.false_passed] for one in searched]
                )
            )[::-1]
        fewest = min(map(len, false.values()))
        for name, found in scores.items():
            more = false[name][fewest:]
            threshold = max(_LIMIT, more[0]) if more.size else _LIMIT
            print(
                f"{name}: above {threshold:.2f} sigma, with {fewest / FRAMES:.1f} "
                f"false positives{what} a frame, found {_share(found > threshold)}"
            )


def _share(which: NDArray[np.bool_]) -> str:
    one = share(int(np.count_nonzero(which)), len(which))
    value, low, high = 100 * one.value, 100 * one.low, 100 * one.high
    return f"{value:.1f} % [{low:.1f}, {high:.1f}]"


if __name__ == "__main__":
    main()
