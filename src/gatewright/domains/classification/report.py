"""Evaluates a classifier on held-out examples.

The measure is the one of Brink et al. 2013 (MNRAS 435, 1047): the missed detection
rate, the fraction of real detections that are missed, at a false positive rate of 1 %.
"""

import math
from collections.abc import Sequence
from dataclasses import asdict

import numpy as np

from gatewright.domains.classification.curve import fit_curve, half_bounds
from gatewright.domains.classification.forest import Numbers
from gatewright.domains.classification.intervals import poisson, share
from gatewright.domains.classification.judge import Judge
from gatewright.domains.classification.model import (
    Example,
    Interval,
    Searched,
    Source,
    Trial,
)

FALSE_POSITIVES = 0.01
"""False positive rate at which missed detections are counted."""
OTHERS = (
    {
        "name": "Brink et al. 2013 (PTF)",
        "missed": 0.077,
        "had": "78,000 labelled detections of Palomar frames, a forest of 42 features",
    },
    {
        "name": "braai, Duev et al. 2019 (ZTF)",
        "missed": 0.017,
        "had": "30,000 labelled triplets of stamps of ZTF, a convolutional net",
    },
)
"""Published results, each measured on its own data."""
_STEPS = 10
_MAGNITUDE = 0.5
_OUTLIER = 5.0


def threshold_at(scores: Numbers, real: Numbers, passing: float) -> float:
    """Return the score above which a fraction ``passing`` of the bogus lies."""
    bogus = np.sort(scores[real == 0])[::-1]
    return float(bogus[int(passing * len(bogus))]) if len(bogus) else 0.0


def missed(judge: Judge, examples: Sequence[Example]) -> tuple[Interval, float]:
    """Return the missed fraction of the real held-out examples, and the threshold.

    The fraction is NaN without real held-out examples.
    """
    held = [one for one in examples if one.held_out]
    scores = np.array(judge.scores([one.features for one in held]))
    real = np.array([one.real for one in held], np.float64)
    threshold = threshold_at(scores, real, FALSE_POSITIVES)
    lost = int(np.count_nonzero(scores[real == 1] <= threshold))
    return share(lost, int(real.sum())), threshold


def report(
    judge: Judge,
    examples: Sequence[Example],
    trials: Sequence[Trial],
    searched: Searched,
) -> dict[str, object]:
    """Return the evaluation of a classifier, as plain values.

    Only held-out examples and trials are counted, except in ``labels``, which counts
    the training examples.
    """
    scores = np.array(judge.scores([one.features for one in examples]))
    held = [n for n, one in enumerate(examples) if one.held_out]
    real = np.array([examples[n].real for n in held], np.float64)
    lost, threshold = missed(judge, examples)
    rules = np.array([examples[n].aside for n in held], np.bool_)
    bogus = int(len(held) - real.sum())
    passing = int(np.count_nonzero((scores[held] > threshold) & (real == 0)))
    tested = [one for one in trials if one.held_out]
    return {
        "data": searched.data,
        "labels": labels([one for one in examples if not one.held_out]),
        "held_out": labels([examples[n] for n in held]),
        "false_positive_share": FALSE_POSITIVES,
        "threshold": threshold,
        "missed": asdict(lost),
        "rules": {
            "missed": asdict(share(int(rules[real == 1].sum()), int(real.sum()))),
            "false_positives": asdict(
                share(int(np.count_nonzero(~rules & (real == 0))), bogus)
            ),
        },
        "false_positives": {
            "count": asdict(poisson(passing)),
            "frames": searched.frames,
            "per_frame": _each(poisson(passing), searched.frames),
            "per_square_degree": _each(poisson(passing), searched.square_degrees),
            "found_per_frame": _each(poisson(bogus), searched.frames),
        },
        "calibration": calibration(scores[held], real),
        "recovery": recovery(tested, scores, threshold, searched.zero_point),
        "photometry": photometry(tested),
        "beside": list(OTHERS),
    }


def labels(examples: Sequence[Example]) -> dict[str, int]:
    """Return the number of examples of each kind."""
    told = {"injected": 0, "found": 0, "voted_real": 0, "voted_bogus": 0}
    for one in examples:
        name = str(one.source)
        if one.source is Source.VOTED:
            name += "_real" if one.real else "_bogus"
        told[name] += 1
    return told


def calibration(scores: Numbers, real: Numbers) -> list[dict[str, object]]:
    """Return the fraction of real examples in ten intervals of the score."""
    step = np.minimum((scores * _STEPS).astype(int), _STEPS - 1)
    rows: list[dict[str, object]] = []
    for n in range(_STEPS):
        inside = step == n
        many = int(np.count_nonzero(inside))
        rows.append(
            {
                "from": n / _STEPS,
                "to": (n + 1) / _STEPS,
                "examples": many,
                "score": float(scores[inside].mean()) if many else None,
                "real": asdict(share(int(real[inside].sum()), many)),
            }
        )
    return rows


def recovery(
    trials: Sequence[Trial], scores: Numbers, threshold: float, zero_point: str
) -> dict[str, object]:
    """Return how many injected stars are detected and classified real, by magnitude."""
    known = [one for one in trials if math.isfinite(one.expected)]
    magnitude = np.array([one.magnitude for one in known])
    expected = np.array([one.expected for one in known])
    found = np.array([one.example is not None for one in known], np.float64)
    passes = np.array(
        [one.example is not None and scores[one.example] > threshold for one in known],
        np.float64,
    )
    rows = []
    for low in np.unique(np.floor(magnitude / _MAGNITUDE)) * _MAGNITUDE:
        inside = (magnitude >= low) & (magnitude < low + _MAGNITUDE)
        many = int(np.count_nonzero(inside))
        rows.append(
            {
                "from": float(low),
                "to": float(low + _MAGNITUDE),
                "injected": many,
                "found": asdict(share(int(found[inside].sum()), many)),
                "passed": asdict(share(int(passes[inside].sum()), many)),
            }
        )
    return {
        "injected": len(known),
        "on_bad_pixels": len(trials) - len(known),
        "zero_point": zero_point,
        **_half("half_magnitude", magnitude, found),
        **_half("half_signal_to_noise", expected, found),
        "by_magnitude": rows,
    }


def photometry(trials: Sequence[Trial]) -> dict[str, object]:
    """Return the mean and the width of the flux pulls of injected stars.

    Stars on sources and others are listed separately. Pulls beyond five sigma are
    outliers, mostly because of a cosmic ray or a trail; they are counted, and excluded
    from the mean and the width.
    """
    told: dict[str, object] = {}
    for name, alone in (("alone", True), ("on_sources", False)):
        pulls = np.array(
            [one.pull for one in trials if one.alone is alone and np.isfinite(one.pull)]
        )
        inner = pulls[np.abs(pulls) < _OUTLIER]
        some = len(inner) > 1
        told[name] = {
            "stars": len(pulls),
            "outliers": len(pulls) - len(inner),
            "mean": float(inner.mean()) if some else None,
            "mean_error": float(inner.std() / np.sqrt(len(inner))) if some else None,
            "width": float(inner.std()) if some else None,
        }
    return told


def _half(name: str, x: Numbers, found: Numbers) -> dict[str, object]:
    """Return where half of the stars are found, and its bounds, under two names.

    Both are None if all stars are found, or none; the bounds also if they are infinite.
    """
    bounds = f"{name}_bounds"
    if not len(found) or found.all() or not found.any():
        return {name: None, bounds: None}
    curve = fit_curve(x, found)
    ends = half_bounds(curve, x)
    return {
        name: curve.half,
        bounds: ends and dict(zip(("low", "high"), ends, strict=True)),
    }


def _each(total: Interval, parts: float) -> dict[str, float] | None:
    if not parts:
        return None
    return {name: value / parts for name, value in asdict(total).items()}
