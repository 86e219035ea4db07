"""Prepares the training of classifiers: pairs of images, detections, and votes."""

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from gatewright.domains.classification import (
    Classifier,
    ClassifierState,
    Content,
    Source,
    field_parity,
)
from gatewright.domains.discovery import Candidate
from gatewright.domains.processing.detecting import THRESHOLD
from gatewright.domains.sky import Image

MOST_PAIRS = 40
"""Largest number of pairs of images that a training uses by itself."""
LEAST_TRIALS = 24
"""Least number of differences of a training by itself."""
_MOST_TURNS = 4
_PARTNERS = 3
_OVERLAP = 0.35
_SAME = 1.5 / 3600
_LEAST_BOGUS = 20

Plain = Mapping[str, Any]
_Detection = tuple[int, tuple[float, float], set[str]]
"""Number, ra and dec in degrees, and the ids of the images of its pair."""
"""An example or a trial as plain values."""


@dataclass(frozen=True, slots=True)
class Found:
    """The result of one trial: two frames with injected stars, searched both ways."""

    examples: Sequence[Plain]
    """Fields of each :class:`gatewright.domains.classification.Example`."""
    trials: Sequence[Plain]
    """Fields of the ``Trial`` of each star; its ``example`` is an index in the above.
    """
    square_degrees: float
    """Area of one of the two differences."""


@dataclass(frozen=True, slots=True)
class Material:
    """All that a classifier is trained and tested with."""

    examples: Sequence[Plain]
    """Fields of each :class:`gatewright.domains.classification.Example`."""
    trials: Sequence[Plain]
    """Fields of the ``Trial`` of each injected star."""
    searched: Plain
    """Their origin: fields of :class:`gatewright.domains.classification.Searched`."""


@dataclass(frozen=True, slots=True)
class Learned:
    """A trained classifier, as plain values."""

    judge: Plain
    """The trained classifier, from ``Judge.to_json``."""
    report: Plain
    """Its evaluation on the test examples."""


@dataclass(frozen=True, slots=True)
class Pair:
    """Two images of one place and band."""

    science: Image
    """The later one."""
    reference: Image
    """The one before it."""
    epoch: int
    """1 if its night is kept for the test, else 0."""


def pairs_of(images: Sequence[Image]) -> list[Pair]:
    """Pair each image with earlier, overlapping images of its band and night.

    The first image of a night is paired with the nearest one before it. Every second
    night is kept for the test or, if there is only one night, every second image.
    """
    ordered = sorted(images, key=lambda one: (one.t_min or 0.0, one.id))
    nights = sorted({math.floor(one.t_min or 0.0) for one in ordered})
    pairs: list[Pair] = []
    for place, science in enumerate(ordered):
        night = math.floor(science.t_min or 0.0)
        epoch = nights.index(night) if len(nights) > 1 else place
        before = [
            one
            for one in reversed(ordered[:place])
            if one.band == science.band and _overlap(one, science)
        ]
        same = [one for one in before if math.floor(one.t_min or 0.0) == night]
        partners = same[:_PARTNERS] or before[:1]
        pairs += [Pair(science, one, epoch % 2) for one in partners]
    return pairs


def trials_of(pairs: Sequence[Pair], differences: int | None) -> list[Pair]:
    """Return the pairs to inject stars into, each for two differences.

    Of many pairs, evenly spaced ones are taken, and of those for the test as many as of
    the others; few pairs come several times.

    Parameters
    ----------
    pairs
        Pairs of :func:`pairs_of`; at least one.
    differences
        About how many differences are wanted; None for 24 or, with more than twelve
        pairs, two of each pair, and 80 at most.
    """
    most = MOST_PAIRS if differences is None else max(1, differences // 2)
    chosen = list(pairs)
    if len(pairs) > most:
        chosen = []
        for epoch, many in ((0, most // 2), (1, most - most // 2)):
            some = [one for one in pairs if one.epoch == epoch]
            step = max(1.0, len(some) / max(1, many))
            chosen += [some[int(n * step)] for n in range(min(many, len(some)))]
    wanted = (LEAST_TRIALS if differences is None else differences) / 2
    turns = max(1, min(_MOST_TURNS, math.ceil(wanted / len(chosen))))
    return turns * chosen


def _overlap(one: Image, other: Image) -> bool:
    east = (one.ra - other.ra + 180.0) % 360.0 - 180.0
    away = math.hypot(east * math.cos(math.radians(one.dec)), one.dec - other.dec)
    return away < _OVERLAP * min(one.fov, other.fov)


def gathered(survey: str, parts: Sequence[tuple[Pair, Found]]) -> Material:
    """Join the examples and trials of several pairs into one training material.

    A detection at one place in two pairs that share no image, and without a reason to
    set it aside, may be real: it does not serve as a bogus example. ``searched`` tells
    how many these are.
    """
    examples: list[Plain] = []
    trials: list[Plain] = []
    doubtful: list[_Detection] = []
    for pair, found in parts:
        first = len(examples)
        places = {n: n + first for n in range(len(found.examples))}
        trials += _renumbered(found.trials, places)
        examples += found.examples
        names = {pair.science.id, pair.reference.id}
        doubtful += [
            (first + n, (one["place"][0], one["place"][1]), names)
            for n, one in enumerate(found.examples)
            if one["source"] == Source.FOUND and not one["aside"] and not _faint(one)
        ]
    real = _seen_twice(doubtful)
    kept = [n for n in range(len(examples)) if n not in real]
    # Candidates begin at five sigma: fainter bogus ones serve only where these are few.
    clear = [n for n in kept if not _faint(examples[n])]
    enough = all(
        sum(examples[n]["held_out"] is held and not examples[n]["real"] for n in clear)
        >= _LEAST_BOGUS
        for held in (True, False)
    )
    kept = clear if enough else kept
    # A pair is searched as it is twice: once each way.
    once = {id(pair): (pair, found) for pair, found in parts}.values()
    tested = [found.square_degrees for pair, found in once if pair.epoch]
    images = {image.id for pair, _ in parts for image in (pair.science, pair.reference)}
    searched = {
        "data": f"{len(once)} pairs of {len(images)} images of the survey “{survey}”, "
        f"as they are both ways, and {2 * len(parts)} times with injected stars; the "
        f"test has {len(tested)} of the pairs, and half of their area; {len(real)} "
        "detections that may be real are left out"
        + (
            ""
            if enough
            else "; too few are bogus above 5 sigma, so that those above 3.5 count"
        ),
        "frames": 2 * len(tested),
        "square_degrees": float(sum(tested)),
        "zero_point": "0: magnitudes are -2.5 log10 of the flux in an image's own "
        "units",
    }
    return _only(Material(examples, trials, searched), kept)


def _seen_twice(detections: Sequence[_Detection]) -> set[int]:
    """Return the numbers of those seen at one place in pairs that share no image."""
    # By rows of the sky, so that each is compared with few.
    rows: dict[int, list[tuple[tuple[float, float], set[str]]]] = {}
    for _, place, images in detections:
        rows.setdefault(math.floor(place[1] / _SAME), []).append((place, images))
    return {
        number
        for number, place, images in detections
        if any(
            not images & others and _near(place, other)
            for row in (-1, 0, 1)
            for other, others in rows.get(math.floor(place[1] / _SAME) + row, ())
        )
    }


def _faint(one: Plain) -> bool:
    significance: float = one["features"].get("snr", THRESHOLD)
    return one["source"] == Source.FOUND and significance < THRESHOLD


def _renumbered(trials: Sequence[Plain], places: Mapping[int, int]) -> list[Plain]:
    return [{**one, "example": places.get(one["example"])} for one in trials]


def _only(material: Material, kept: Sequence[int]) -> Material:
    """Return a material with some of its examples."""
    places = {old: new for new, old in enumerate(kept)}
    trials = _renumbered(material.trials, places)
    return replace(
        material, examples=[material.examples[n] for n in kept], trials=trials
    )


def _near(one: tuple[float, float], other: tuple[float, float]) -> bool:
    """Return whether two places are within a second and a half of arc."""
    east = (one[0] - other[0] + 180.0) % 360.0 - 180.0
    across = east * math.cos(math.radians(one[1]))
    return math.hypot(across, one[1] - other[1]) < _SAME


def with_votes(before: Material, voted: Sequence[Candidate]) -> Material:
    """Add the candidates that most voters call real, or bogus, to a material.

    Bogus examples of places where people see something real are left out. Which of the
    candidates are kept for the test depends on their field on the sky.
    """
    more: list[Plain] = []
    real: list[tuple[float, float]] = []
    for one in voted:
        if one.votes.real == one.votes.bogus:
            continue
        place = (one.finding.ra, one.finding.dec)
        more.append(
            {
                "features": dict(one.finding.features),
                "real": one.votes.real > one.votes.bogus,
                "source": str(Source.VOTED),
                "held_out": bool(field_parity(*place)),
                "aside": one.finding.reason is not None,
                "place": place,
            }
        )
        if more[-1]["real"]:
            real.append(place)
    kept = [
        n
        for n, one in enumerate(before.examples)
        if one["source"] != Source.FOUND
        or not any(_near(tuple(one["place"]), place) for place in real)
    ]
    part = _only(before, kept)
    data = f"{before.searched['data']}; and {len(more)} candidates with votes"
    return Material(
        [*part.examples, *more], part.trials, {**before.searched, "data": data}
    )


def concluded(
    made: Classifier, material: Material, learned: Learned, active: Classifier | None
) -> tuple[Classifier, Content]:
    """Return a trained classifier and its content; it is refused if it is worse.

    It is worse than the active one if it misses more of the real test examples, on
    which both are measured.
    """
    missed = learned.report["missed"]["value"]
    trained = replace(
        made,
        state=ClassifierState.READY,
        active=True,
        labels=learned.report["labels"],
        missed=missed,
    )
    before = learned.report.get("active_missed")
    if active is not None and before is not None and missed > before["value"]:
        trained = replace(
            trained,
            state=ClassifierState.REFUSED,
            active=False,
            reason=f"It misses {100 * missed:.1f} % of the real ones at 1 % false "
            f"positives, and version {active.version}, which stays in use, "
            f"{100 * before['value']:.1f} %.",
        )
    return trained, Content(
        judge=json.dumps(learned.judge),
        report=json.dumps(learned.report),
        material=json.dumps(
            {
                "examples": list(material.examples),
                "trials": list(material.trials),
                "searched": dict(material.searched),
            }
        ),
    )
