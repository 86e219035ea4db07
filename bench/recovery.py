"""Injection and recovery: how many injected stars are detected and classified as real.

The data are 48 differences of simulated fields of 1024 x 1024 pixels (12 fields with
four nights each) with about 2,900 injected stars, and 32 differences of real DECam
exposures from the shared archive. A third of the simulated fields with their nights,
and one of the two DECam groups, are held out for the test. The report is printed, and
written to ``build/recovery.json``.
"""

import json
import math
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from tests.support import nights
from tests.support.recovery import Part, decam, joined, simulated

from gatewright.domains.classification import Searched, Source, report, train

FIELDS = 12
NIGHTS = 4
SIDE = 1024
TURNS = 2
REPORT = Path("build/recovery.json")
_DECAM_DEGREES = (256 * 0.2623 / 3600) ** 2


def main() -> None:
    """Inject stars, subtract, detect, train the classifier, and print the report."""
    began = time.perf_counter()
    made = [
        simulated(field, epoch, SIDE, held_out=field % 3 == 0)
        for field in range(FIELDS)
        for epoch in range(NIGHTS)
    ]
    real = list(decam(TURNS))
    print(f"{len(made) + len(real)} differences: {time.perf_counter() - began:.0f} s")
    told = {
        "simulated": _report("simulated fields", made, [], nights.square_degrees(SIDE)),
        "decam": _report(
            "DECam exposures of group 04, less one another; learned from group 18 and "
            "the simulated fields",
            real,
            made,
            _DECAM_DEGREES,
        ),
    }
    _null(made)
    REPORT.parent.mkdir(exist_ok=True)
    REPORT.write_text(json.dumps(told, indent=1), encoding="ascii")
    print(f"written to {REPORT}")


def _report(
    data: str, tested: Sequence[Part], also: Sequence[Part], degrees: float
) -> dict[str, Any]:
    """Return the report of a test on the held-out parts of ``tested``.

    The classifier is trained on the other parts of ``tested`` and on those of ``also``;
    ``degrees`` is the area of one frame in square degrees.
    """
    examples, trials = joined(tested)
    more, _ = joined(also)
    learned = [*examples, *(one for one in more if not one.held_out)]
    began = time.perf_counter()
    judge = train(learned)
    seconds = time.perf_counter() - began
    frames = sum(
        any(one.held_out and one.source is Source.FOUND for one in part.examples)
        for part in tested
    )
    searched = Searched(data, frames, frames * degrees, "25 (simulated), 0 (DECam)")
    told: Any = report(judge, learned, trials, searched)
    _tell(told, seconds)
    return dict(told)


def _tell(told: Any, seconds: float) -> None:
    print(f"\n{told['data']}: learned in {seconds:.1f} s from {told['labels']}")
    print(
        f"  tested on {told['held_out']} of {told['false_positives']['frames']} frames"
    )
    print(f"  missed at 1 % false positives: {_bounds(told['missed'], 100)} %")
    for other in told["beside"]:
        print(f"    {other['name']}: {100 * other['missed']:.1f} % ({other['had']})")
    rules = told["rules"]
    print(
        f"  plain rules alone: {_bounds(rules['missed'], 100)} % missed at "
        f"{_bounds(rules['false_positives'], 100)} % false positives"
    )
    false = told["false_positives"]
    print(
        f"  false positives: {_bounds(false['count'])}, of a frame "
        f"{_bounds(false['per_frame'])}, of a square degree "
        f"{_bounds(false['per_square_degree'])}"
    )
    found = told["recovery"]
    print(
        f"  {found['injected']} injected: half are found at magnitude "
        f"{_half(found, 'half_magnitude')}, signal to noise "
        f"{_half(found, 'half_signal_to_noise')}"
    )
    for step in found["by_magnitude"]:
        print(
            f"    {step['from']:6.1f} {step['injected']:5} found "
            f"{_bounds(step['found'], 100)} %, passed {_bounds(step['passed'], 100)} %"
        )
    for step in told["calibration"]:
        if step["examples"]:
            print(
                f"    score {step['score']:.2f} of {step['examples']:5}: real "
                f"{_bounds(step['real'], 100)} %"
            )
    for name, pulls in told["photometry"].items():
        if pulls["mean"] is not None:
            mean, error = pulls["mean"], pulls["mean_error"]
            print(
                f"  pulls {name}: mean {mean:.3f} +- {error:.3f}, width "
                f"{pulls['width']:.3f}; {pulls['outliers']} of {pulls['stars']} are "
                "outliers"
            )


def _half(found: Any, name: str) -> str:
    if found[name] is None:
        return "none"
    bounds = found[f"{name}_bounds"] or {"low": -math.inf, "high": math.inf}
    return f"{found[name]:.2f} [{bounds['low']:.2f}, {bounds['high']:.2f}]"


def _bounds(one: dict[str, float], times: float = 1.0) -> str:
    value, low, high = (times * one[name] for name in ("value", "low", "high"))
    if math.isnan(value):
        return "none"
    return f"{value:.1f} [{low:.1f}, {high:.1f}]"


def _null(made: Sequence[Part]) -> None:
    """Print the standard deviation of the score images without values above 4 sigma."""
    widths = []
    for part in made:
        score = part.score
        widths.append(float(score[np.abs(score) < 4].std()))
    print(
        f"\nwidth of the scores: {np.mean(widths):.3f}, {min(widths):.3f} to ", end=""
    )
    print(f"{max(widths):.3f}")


if __name__ == "__main__":
    main()
