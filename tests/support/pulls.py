"""Fluxes of injected stars: how far they are from the true ones, over their errors.

Each star is measured in a difference with it and in the same difference without it.
What the injection adds has hardly any noise, so that a bias of a few hundredths of the
error shows; the fluxes themselves show whether the errors are true.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Self

import numpy as np
from tests.support import nights
from tests.support.recovery import decam_frame, hosts_of, zero_point

from gatewright.backends.processing.transforms import ScipyFourier
from gatewright.domains.processing.differencing import Difference, subtract_frames
from gatewright.domains.processing.frames import Mask, Numbers
from gatewright.domains.processing.injecting import (
    Stars,
    choose_stars,
    host_places,
    inject,
    recover,
)
from gatewright.domains.processing.prepared import prepare

_FOURIER = ScipyFourier()
_OUTLIER = 5.0


@dataclass(frozen=True, slots=True)
class Pulls:
    """Stars that stand alone or on sources; arrays of one length."""

    signal: Numbers
    """True flux, over its error."""
    whole: Numbers
    """Measured flux less the true one, over the error."""
    added: Numbers
    """What the injection added to the flux less the true one, over the error."""
    alone: Mask
    """Whether no source of the other frame is near."""

    @classmethod
    def joined(cls, parts: Sequence[Self]) -> Self:
        """Return the stars of several differences as one."""
        return cls(
            np.concatenate([part.signal for part in parts]),
            np.concatenate([part.whole for part in parts]),
            np.concatenate([part.added for part in parts]),
            np.concatenate([part.alone for part in parts]),
        )

    def of(self, low: float, high: float) -> Self:
        """Return the stars that stand alone between two signal-to-noise ratios.

        A pull beyond five sigma is a cosmic ray or a trail, and is left out.
        """
        some = self.alone & (np.abs(self.whole) < _OUTLIER)
        some &= (self.signal >= low) & (self.signal < high)
        return type(self)(
            self.signal[some], self.whole[some], self.added[some], self.alone[some]
        )


def _pulls(found: Difference, before: Difference, stars: Stars, sign: int) -> Pulls:
    with_them, without = (recover(one, [], stars, sign) for one in (found, before))
    error = with_them.error
    known = np.isfinite(error + without.flux)
    return Pulls(
        (stars.flux / error)[known],
        ((with_them.flux - stars.flux) / error)[known],
        ((with_them.flux - without.flux - stars.flux) / error)[known],
        with_them.alone[known],
    )


def decam_pulls(group: str, turns: int, number: int) -> Iterator[Pulls]:
    """Yield the stars injected into one group of DECam exposures."""
    frames = [decam_frame(f"DEC-OBS{group}{letter}") for letter in "abcde"]
    plain = [prepare(frame) for frame in frames]
    for pair in pairwise(range(5)):
        for one, other in (pair, pair[::-1]):
            before = subtract_frames(plain[one], plain[other], _FOURIER)
            for turn in range(turns):
                random = np.random.default_rng([int(group), one, other, turn])
                hosts = host_places(plain[one], plain[other])
                stars = choose_stars(plain[one], hosts, number, random)
                science = prepare(inject(frames[one], plain[one], stars, random))
                found = subtract_frames(science, plain[other], _FOURIER)
                yield _pulls(found, before, stars, 1)


def simulated_pulls(field: int, side: int, number: int) -> Pulls:
    """Return the stars injected into a night of a simulated field."""
    seed = 100 * field
    random = np.random.default_rng([seed, 8])
    at, deep = nights.night(seed), nights.deep_night(field)
    plain = prepare(nights.frame(field, at, seed, side))
    new = choose_stars(plain, hosts_of(field, at, side), number, random)
    more = (new.x, new.y, new.flux)
    science = prepare(nights.frame(field, at, seed, side, more=more))
    reference = prepare(nights.frame(field, deep, seed, side, deep=True))
    found, before = (
        subtract_frames(one, reference, _FOURIER) for one in (science, plain)
    )
    unit = zero_point(science, at, side)
    return _pulls(found, before, Stars(new.x, new.y, new.flux * unit), 1)
