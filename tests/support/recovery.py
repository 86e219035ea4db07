"""Injection and recovery: differences with injected stars, as examples and trials.

In simulated fields the stars have the true point-spread function, which the processing
has to measure; in real frames that which is measured. The difference, the search and
the matching are those of the product.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from pathlib import Path

import numpy as np
from astropy.io import fits
from astropy.wcs import WCS
from tests.support import nights
from tests.support.fields import Sky
from tests.support.needs import shared_data

from gatewright.backends.processing.transforms import ScipyFourier
from gatewright.backends.processing.trials import (
    HeldOut,
    Plain,
    examples_of,
    found_in,
    injected,
)
from gatewright.domains.classification import Example, Trial
from gatewright.domains.processing.detecting import THRESHOLD, detect
from gatewright.domains.processing.differencing import subtract_frames
from gatewright.domains.processing.frames import Frame, Numbers, Pixels
from gatewright.domains.processing.injecting import Stars, choose_stars
from gatewright.domains.processing.matching import star_fluxes
from gatewright.domains.processing.prepared import Prepared, prepare

ZERO_POINT = 25.0
"""Magnitude of one unit of a simulated frame."""
_AREA = 22_000.0
_FOURIER = ScipyFourier()


@dataclass(frozen=True, slots=True)
class Part:
    """Examples and trials of one difference."""

    examples: list[Example]
    trials: list[Trial]
    score: Pixels


def joined(parts: Sequence[Part]) -> tuple[list[Example], list[Trial]]:
    """Return the examples and the trials of differences as one list each."""
    examples: list[Example] = []
    trials: list[Trial] = []
    for part in parts:
        first = len(examples)
        examples += part.examples
        trials += [
            replace(one, example=None if one.example is None else one.example + first)
            for one in part.trials
        ]
    return examples, trials


def simulated(field: int, epoch: int, side: int, *, held_out: bool) -> Part:
    """Return one difference of a simulated field, of a night that no other has."""
    number = 100 * field + epoch
    random = np.random.default_rng([number, 9])
    at, deep = nights.night(number), nights.deep_night(field)
    plain = prepare(nights.frame(field, at, number, side))
    many = round(side**2 / _AREA)
    hosts = hosts_of(field, at, side)
    new = choose_stars(plain, hosts, many, random)
    gone = choose_stars(plain, hosts, max(1, many // 3), random)
    apart = np.hypot(gone.x[:, None] - new.x, gone.y[:, None] - new.y).min(axis=1)
    free = apart > 40
    gone = Stars(gone.x[free], gone.y[free], gone.flux[free])
    # A place of the night is at another in the reference, which is not off.
    off_x, off_y = nights.off(at, gone.x, gone.y)
    there = (2 * gone.x - off_x, 2 * gone.y - off_y, gone.flux / at.scale)
    science = prepare(
        nights.frame(field, at, number, side, more=(new.x, new.y, new.flux))
    )
    reference = prepare(nights.frame(field, deep, number, side, deep=True, more=there))
    found = subtract_frames(science, reference, _FOURIER)
    unit = zero_point(science, at, side)
    given = [
        (Stars(stars.x, stars.y, stars.flux * unit), sign)
        for stars, sign in ((new, 1), (gone, -1))
    ]

    def held(_ra: float, _dec: float) -> bool:
        return held_out

    magnitude = ZERO_POINT + 2.5 * np.log10(unit * at.scale)
    examples, trials = examples_of(found, detect(found), given, held, magnitude)
    return Part(examples, trials, found.score[~found.bad])


def hosts_of(field: int, at: nights.Night, side: int) -> tuple[Numbers, Numbers]:
    """Return where the brighter sources of a field are in a night."""
    known = nights.sources(field, side)
    x, y = nights.off(at, known.x, known.y)
    bright = known.flux > 1500
    return x[bright], y[bright]


def zero_point(frame: Prepared, at: nights.Night, side: int) -> float:
    """Return the flux that is measured of stars in a night, over the true one.

    The stars stand alone in a picture without noise: as a catalogue with ever so many
    stars gives a frame its zero point. With the few real stars of a field, their noise
    and their neighbours' light would be in all of its fluxes.
    """
    step = side / 5
    x, y = (part.ravel() for part in np.meshgrid(*2 * [step * (0.5 + np.arange(5))]))
    flux = np.full(len(x), 1e5)
    clean = nights.stars_of(at, side, x, y, flux).astype(np.float32)
    alone = replace(frame, values=clean, bad=np.zeros_like(frame.bad))
    found, _, _ = star_fluxes(alone, *nights.off(at, x, y))
    return float(np.mean(found / flux))


def decam(turns: int) -> Iterator[Part]:
    """Yield differences of each DECam exposure less the next, and the other way round.

    The first group is kept for the test, the second is learned from: another part of
    the year, and noise and cosmic rays of their own; the sky is the same.
    """
    for group in ("04", "18"):

        def held(_ra: float, _dec: float, group: str = group) -> bool:
            return group == "04"

        frames = [
            Plain.of(decam_frame(f"DEC-OBS{group}{letter}")) for letter in "abcde"
        ]
        for first, second in pairwise(range(5)):
            # What is bogus is the same each time, and counts once.
            plain = [
                one
                for one in found_in(
                    frames[first].prepared, frames[second].prepared, held
                )
                if (one.features["snr"] or 0.0) >= THRESHOLD
            ]
            for turn in range(turns):
                for one, other in ((first, second), (second, first)):
                    part = _injected(
                        frames[one], frames[other], [int(group), one, other, turn], held
                    )
                    yield replace(part, examples=[*part.examples, *plain])
                    plain = []


def decam_frame(name: str) -> Frame:
    """Return a DECam frame of the shared archive."""
    return read_frame(shared_data("sky", "decam_mini") / f"{name}.mini.fits")


def read_frame(path: Path) -> Frame:
    """Return the frame of a DECam file."""
    with fits.open(path) as file:
        header, values = file[0].header, file[0].data.astype(np.float32)
    return Frame(
        values,
        Sky(WCS(header)),
        gain=header["GAIN"],
        saturation=header["SATURATE"],
        name=path.name,
    )


def _injected(
    science: Plain, reference: Plain, seed: Sequence[int], held: HeldOut
) -> Part:
    found, detections, given = injected(science, reference, np.random.default_rng(seed))
    examples, trials = examples_of(found, detections, given, held, 0.0, bogus=False)
    return Part(examples, trials, found.score[~found.bad])
