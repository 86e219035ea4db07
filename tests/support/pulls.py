"""Fluxes of injected stars: how far they are from the true ones, over their errors.

Each star is measured in a difference with it and in the same difference without it, and
so in the image itself. What the injection adds has hardly any noise, so that a bias of
a few hundredths of the error shows; the fluxes themselves show whether the errors are
true.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, fields, replace
from itertools import pairwise
from typing import Self

import numpy as np
from tests.support import nights
from tests.support.recovery import decam_frame, zero_point

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
from gatewright.domains.processing.matching import star_fluxes
from gatewright.domains.processing.prepared import Prepared, prepare
from gatewright.domains.processing.scales import relative_scale

_FOURIER = ScipyFourier()
_OUTLIER = 5.0
_HOST = 300.0
"""Least flux of a source on which a star is put."""
_DARK = 0.1
"""Most light of other sources in the flux of a star that stands alone, sigma."""


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
    night: Numbers
    """Number of the frame: its stars share its point-spread function and its scale."""

    @classmethod
    def joined(cls, parts: Sequence[Self]) -> Self:
        """Return the stars of several nights as one."""
        night = np.repeat(
            np.arange(1.0 * len(parts)), [len(part.whole) for part in parts]
        )
        return replace(
            cls(
                *(
                    np.concatenate([getattr(part, field.name) for part in parts])
                    for field in fields(cls)
                )
            ),
            night=night,
        )

    def mean_added(self) -> tuple[float, float]:
        """Return the mean of ``added`` with its error, from the scatter of nights."""
        mean = self.added.mean()
        sums = np.bincount(self.night.astype(int), self.added - mean)
        return float(mean), float(np.sqrt((sums**2).sum()) / len(self.added))

    def of(self, low: float, high: float, *, alone: bool = True) -> Self:
        """Return the stars between two signal-to-noise ratios, alone or on sources.

        A pull beyond five sigma is a cosmic ray or a trail, and is left out.
        """
        some = (self.alone == alone) & (np.abs(self.whole) < _OUTLIER)
        some &= (self.signal >= low) & (self.signal < high)
        return type(self)(*(getattr(self, field.name)[some] for field in fields(self)))


@dataclass(frozen=True, slots=True)
class Night:
    """A frame with injected stars, the same one without, and others of the place."""

    science: Prepared
    plain: Prepared
    reference: Prepared
    """What is subtracted from both."""
    without: Difference
    """The reference subtracted from the frame without the stars."""
    other: Prepared | None
    """A frame without the stars, of the same conditions and grid, if there is one."""
    stars: Stars
    alone: Mask
    """Which stars have no source of the image near, whose light is in their flux."""

    def in_differences(self) -> Pulls:
        """Return the pulls of the fluxes in the difference."""
        found = subtract_frames(self.science, self.reference, _FOURIER)
        with_them = recover(found, [], self.stars, 1)
        without = recover(self.without, [], self.stars, 1)
        return self._pulls(
            with_them.flux,
            with_them.error,
            without.flux,
            with_them.flux,
            with_them.alone,
        )

    def in_images(self) -> Pulls:
        """Return the pulls of forced photometry in the image itself.

        The flux on a source has the light of the source: what the star added is the
        step of the light curve from another frame. Both have errors, and so has the
        scale between them.
        """
        stars, alone = self.stars, self.alone
        flux, error, good = star_fluxes(self.science, stars.x, stars.y)
        before, _, _ = star_fluxes(self.plain, stars.x, stars.y)
        step = flux
        if self.other is not None:
            there, own, also = star_fluxes(self.other, stars.x, stars.y)
            scale = relative_scale(self.science, self.other)
            there, own = there / scale.value, own / scale.value
            doubt = there * scale.error / scale.value
            step = np.where(alone, flux, flux - there)
            error = np.where(alone, error, np.sqrt(error**2 + own**2 + doubt**2))
            good &= also
        return self._pulls(flux, np.where(good, error, np.nan), before, step, alone)

    def _pulls(
        self, flux: Numbers, error: Numbers, before: Numbers, step: Numbers, alone: Mask
    ) -> Pulls:
        true = self.stars.flux
        known = np.isfinite(error + before + step)
        return Pulls(
            (true / error)[known],
            ((step - true) / error)[known],
            ((flux - before - true) / error)[known],
            alone[known],
            np.zeros(np.count_nonzero(known)),
        )


def decam_nights(group: str, turns: int, number: int) -> Iterator[Night]:
    """Yield exposures of one group of DECam with injected stars."""
    frames = [decam_frame(f"DEC-OBS{group}{letter}") for letter in "abcde"]
    plain = [prepare(frame) for frame in frames]
    for pair in pairwise(range(5)):
        for one, other in (pair, pair[::-1]):
            without = subtract_frames(plain[one], plain[other], _FOURIER)
            for turn in range(turns):
                random = np.random.default_rng([int(group), one, other, turn])
                hosts = host_places(plain[one], plain[other])
                stars = choose_stars(plain[one], hosts, number, random)
                science = prepare(inject(frames[one], plain[one], stars, random))
                found = plain[one].sources
                away = np.hypot(
                    stars.x[:, None] - found.x, stars.y[:, None] - found.y
                ).min(axis=1, initial=np.inf)
                alone = away > 3.0 * plain[one].psf.fwhm
                both = (plain[one], plain[other])
                yield Night(science, *both, without, None, stars, alone)


def simulated_night(field: int, side: int, number: int) -> Night:
    """Return a night of a simulated field with stars of the true PSF.

    None is put upon a star that the PSF and the flux scale are measured from. Real
    supernovae are on very few of them, and where artificial ones are on a tenth of
    them, all fluxes are measured against a scale that is 2 % too large. Fields of 640
    pixels have too few of them (14) for a PSF that varies, and fluxes of bright stars
    err by up to a tenth; of 1024 pixels they have enough.
    """
    seed = 100 * field
    random = np.random.default_rng([seed, 8])
    at, deep = nights.night(seed), nights.deep_night(field)
    plain = prepare(nights.frame(field, at, seed, side))
    reference = prepare(nights.frame(field, deep, seed, side, deep=True))
    known = nights.sources(field, side)
    still = (known.flux > _HOST) & ~known.moves.any(axis=1)
    x, y = nights.off(at, known.x[still], known.y[still])
    usual = np.ones(len(x), np.bool_)
    for psf in (plain.psf, reference.psf):
        away = np.hypot(x[:, None] - psf.x, y[:, None] - psf.y)
        usual &= away.min(axis=1, initial=np.inf) > psf.fwhm
    new = choose_stars(plain, (x[usual], y[usual]), number, random)
    more = (new.x, new.y, new.flux)
    science = prepare(nights.frame(field, at, seed, side, more=more))
    other = prepare(nights.frame(field, at, seed + 50, side))
    unit = zero_point(science, at, side)
    # Light of the field at the places, of sources too faint to be found as well.
    moved = known.x + known.moves[:, 0], known.y + known.moves[:, 1]
    what = (known.flux * at.scale, known.size, known.wider)
    light = nights.light(at, side, *moved, *what).astype(np.float32)
    whole = np.zeros_like(plain.bad)
    below, _, _ = star_fluxes(replace(plain, values=light, bad=whole), new.x, new.y)
    _, error, _ = star_fluxes(science, new.x, new.y)
    alone = np.abs(below) < _DARK * error
    stars = Stars(new.x, new.y, new.flux * unit)
    without = subtract_frames(plain, reference, _FOURIER)
    return Night(science, plain, reference, without, other, stars, alone)
