"""The workers' functions for classifiers: inject stars, detect, and train.

A trial prepares, subtracts and searches frames by the same functions as every other
difference. Injected stars stay in the worker: a trial makes no product and no
candidate.
"""

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

import numpy as np

from gatewright.backends.processing.loading import load_frame
from gatewright.backends.processing.report import finite
from gatewright.backends.processing.transforms import ScipyFourier
from gatewright.backends.readers import Output
from gatewright.core.errors import InvalidContent, TooLarge
from gatewright.domains.classification import (
    Example,
    Searched,
    Source,
    Trial,
    field_parity,
    missed,
    report,
    train,
)
from gatewright.domains.processing import Detection
from gatewright.domains.processing.detecting import detect
from gatewright.domains.processing.differencing import Difference, subtract_frames
from gatewright.domains.processing.frames import Frame, Numbers
from gatewright.domains.processing.injecting import (
    Stars,
    choose_stars,
    host_places,
    inject,
    recover,
)
from gatewright.domains.processing.matching import align
from gatewright.domains.processing.prepared import Prepared, prepare

__all__ = ["learn", "trial"]

_FOURIER = ScipyFourier()
_BYTES_OF_PIXEL = 260
_AREA_OF_STAR = 3000.0
_MOST_STARS = 60
_IN_REFERENCE = 0.25
_LEAST_TESTED = 10
_FAINT = 3.5
"""Significance from which bogus examples are searched, for surveys with few."""

HeldOut = Callable[[float, float], bool | None]
"""Whether a position (ICRS degrees) is held out for the test; None to ignore it."""


@dataclass(frozen=True, slots=True)
class Plain:
    """A frame without injected stars, which is prepared once for all its trials."""

    frame: Frame
    """The frame as it was read."""
    prepared: Prepared
    """The frame with its sky subtracted and its PSF measured."""

    @staticmethod
    def of(frame: Frame) -> "Plain":
        """Return a frame, prepared."""
        return Plain(frame, prepare(frame))


def trial(arguments: dict[str, Any], output: Output) -> dict[str, Any]:
    """Inject stars into two frames, subtract them both ways, and return examples.

    ``seed`` determines the stars. ``epoch`` is 1 for frames that are held out for the
    test, else 0. With ``plain`` the frames are also subtracted without stars, and the
    detections are bogus examples. This is done once for each pair, however often stars
    are injected.

    Raises
    ------
    TooLarge
        A frame needs more memory than a process may use.
    """
    del output
    frames = [load_frame(arguments[s], None, 0) for s in ("science", "reference")]
    needed = max(frame.values.size for frame in frames) * _BYTES_OF_PIXEL
    if needed > arguments["memory"]:
        raise TooLarge(
            f"A frame of {frames[0].name} needs about {needed >> 20} MiB of memory, "
            f"and a process has {arguments['memory'] >> 20}.",
            estimate_bytes=needed,
            limit_bytes=arguments["memory"],
        )

    def held_out(ra: float, dec: float) -> bool | None:
        test = field_parity(ra, dec)
        return bool(test) if test == arguments["epoch"] else None

    sides = [Plain.of(frame) for frame in frames]
    examples: list[Example] = []
    trials: list[Trial] = []
    for way, (science, reference) in enumerate((sides, sides[::-1])):
        random = np.random.default_rng([arguments["seed"], way])
        difference, detections, given = injected(science, reference, random)
        found, stars = examples_of(
            difference, detections, given, held_out, 0.0, bogus=False
        )
        first = len(examples)
        trials += [
            star
            if star.example is None
            else replace(star, example=star.example + first)
            for star in stars
        ]
        examples += found
        if arguments["plain"]:
            examples += found_in(science.prepared, reference.prepared, held_out)
    height, width = frames[0].values.shape
    ra, dec = frames[0].projection.to_sky(
        np.array([0.0, width, 0.0]), np.array([0.0, 0.0, height])
    )
    east = ((ra[1:] - ra[0] + 180.0) % 360.0 - 180.0) * np.cos(np.radians(dec[0]))
    area = abs(float(np.linalg.det(np.array([east, dec[1:] - dec[0]]))))
    return {
        "examples": finite([asdict(one) for one in examples]),
        "trials": finite([asdict(one) for one in trials]),
        "square_degrees": area,
    }


def injected(
    science: Plain, reference: Plain, random: np.random.Generator
) -> tuple[Difference, list[Detection], list[tuple[Stars, int]]]:
    """Return the difference of frames with injected stars, detections and stars.

    Three of four stars are injected into the science frame (sign 1), and the others
    into the reference (sign -1). All positions and fluxes are those in the difference.
    """
    plain, plain_reference = science.prepared, reference.prepared
    hosts = host_places(plain, plain_reference)
    number = min(_MOST_STARS, max(1, int(plain.values.size / _AREA_OF_STAR)))
    new = choose_stars(plain, hosts, number, random)
    gone = choose_stars(plain, hosts, max(1, int(number * _IN_REFERENCE)), random)
    apart = np.hypot(gone.x[:, None] - new.x, gone.y[:, None] - new.y)
    free = apart.min(axis=1, initial=np.inf) > 6.0 * plain.psf.fwhm
    gone = Stars(gone.x[free], gone.y[free], gone.flux[free])
    x, y = _in_reference(plain, plain_reference, gone)
    height, width = plain_reference.values.shape
    inside = (x > 0) & (x < width - 1) & (y > 0) & (y < height - 1)
    gone = Stars(gone.x[inside], gone.y[inside], gone.flux[inside])
    there = Stars(x[inside], y[inside], gone.flux)
    sides = [
        prepare(inject(side.frame, side.prepared, stars, random))
        for side, stars in ((science, new), (reference, there))
    ]
    found = subtract_frames(sides[0], sides[1], _FOURIER)
    in_units = Stars(gone.x, gone.y, gone.flux * found.ratio.value)
    return found, detect(found), [(new, 1), (in_units, -1)]


def found_in(
    science: Prepared, reference: Prepared, held_out: HeldOut
) -> list[Example]:
    """Return the detections of two unchanged frames' difference, as bogus examples."""
    found = subtract_frames(science, reference, _FOURIER)
    return examples_of(found, detect(found, _FAINT), [], held_out, 0.0)[0]


def _in_reference(
    science: Prepared, reference: Prepared, stars: Stars
) -> tuple[Numbers, Numbers]:
    """Return the positions of stars of the science frame in the reference."""
    ra, dec = science.projection.to_sky(stars.x, stars.y)
    x, y = reference.projection.to_pixels(ra, dec)
    known = np.isfinite(x + y)
    moved = align(science, reference).adjustment.apply(x, y)
    return np.where(known, moved[0], -1.0), np.where(known, moved[1], -1.0)


def examples_of(
    difference: Difference,
    detections: Sequence[Detection],
    given: Sequence[tuple[Stars, int]],
    held_out: HeldOut,
    zero_point: float,
    *,
    bogus: bool = True,
) -> tuple[list[Example], list[Trial]]:
    """Return the examples and trials of a difference with injected stars.

    Detections that match no injected star are bogus, whether positive or negative;
    without ``bogus`` they are left out.
    """
    examples: list[Example] = []
    trials: list[Trial] = []
    others = set(range(len(detections)))
    for stars, sign in given:
        what = recover(difference, detections, stars, sign)
        others &= set(what.others)
        ra, dec = difference.science.projection.to_sky(stars.x, stars.y)
        for n, place in enumerate(what.found):
            held = held_out(float(ra[n]), float(dec[n]))
            if held is None:
                continue
            at = None
            if place is not None:
                at = len(examples)
                examples.append(
                    _example(detections[place], Source.INJECTED, held_out=held)
                )
            trials.append(
                Trial(
                    expected=float(what.expected[n]),
                    magnitude=float(zero_point - 2.5 * np.log10(stars.flux[n])),
                    pull=float((what.flux[n] - stars.flux[n]) / what.error[n]),
                    alone=bool(what.alone[n]),
                    held_out=held,
                    example=at,
                )
            )
    for place in sorted(others if bogus else ()):
        one = detections[place]
        held = held_out(one.ra, one.dec)
        if held is not None:
            examples.append(_example(one, Source.FOUND, held_out=held))
    return examples, trials


def _example(one: Detection, source: Source, *, held_out: bool) -> Example:
    return Example(
        features=one.features,
        real=source is Source.INJECTED,
        source=source,
        held_out=held_out,
        aside=one.aside is not None,
        place=(one.ra, one.dec),
    )


def learn(arguments: dict[str, Any], output: Output) -> dict[str, Any]:
    """Train a classifier from ``examples``; return it with its report.

    ``other`` is the classifier in use; its misses are counted on the same examples.
    """
    del output
    examples = [
        Example(**{**told, "source": Source(told["source"])})
        for told in arguments["examples"]
    ]
    trials = []
    for told in arguments["trials"]:
        # None stands for NaN, which JSON does not have.
        numbers = [n for n in ("expected", "magnitude", "pull") if told[n] is None]
        trials.append(Trial(**{**told, **dict.fromkeys(numbers, float("nan"))}))
    for kind, real in (("real", True), ("bogus", False)):
        many = sum(one.held_out and one.real is real for one in examples)
        if many < _LEAST_TESTED:
            raise InvalidContent(
                f"There are {many} {kind} examples to test it with, and "
                f"{_LEAST_TESTED} are needed. Take more images of the survey, or "
                "larger ones."
            )
    judge = train(examples, arguments["seed"])
    told = report(judge, examples, trials, Searched(**arguments["searched"]))
    other = arguments.get("other")
    if other is not None:
        told["active_missed"] = asdict(missed(judge.from_json(other), examples)[0])
    return {"judge": judge.to_json(), "report": finite(told)}
