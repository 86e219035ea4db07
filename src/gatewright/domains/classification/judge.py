"""A trained classifier: from features to the probability of a real detection."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from gatewright.core.errors import InvalidContent
from gatewright.domains.classification.curve import Curve, fit_curve
from gatewright.domains.classification.forest import TREES, Forest, Numbers, grow
from gatewright.domains.classification.model import Example

LEAST = 20
"""Least number of training examples of each class."""
UNITS = frozenset({"flux", "flux_error"})
"""Features in a frame's own units, which cannot be compared between frames."""
_EVEN = 1e-3


@dataclass(frozen=True, slots=True)
class Judge:
    """A random forest, and the curve that calibrates its votes to probabilities.

    The probabilities hold for the mixture of real and bogus in the training examples
    (Platt 1999, in Advances in Large Margin Classifiers, 61).
    """

    features: Sequence[str]
    """Names of the features, in the order of the forest's columns."""
    forest: Forest
    """The forest."""
    curve: Curve
    """Probability as a function of the log-odds of the forest's votes."""

    def scores(self, found: Sequence[Mapping[str, float | None]]) -> list[float]:
        """Return the probability that each detection is real, 0 to 1.

        A feature that a detection lacks counts as unknown.
        """
        values = self.forest.values(table_of(found, self.features))
        return [float(one) for one in self.curve.at(_odds(values))]

    def to_json(self) -> dict[str, object]:
        """Return the classifier as plain values, for JSON."""
        return {
            "features": list(self.features),
            "trees": self.forest.to_json(),
            "slope": self.curve.slope,
            "offset": self.curve.offset,
        }

    @staticmethod
    def from_json(told: Mapping[str, object]) -> "Judge":
        """Return the classifier of values that :meth:`to_json` returned.

        Raises
        ------
        InvalidContent
            The values do not have the expected form.
        """
        try:
            curve = Curve(float(str(told["slope"])), float(str(told["offset"])))
            features = [str(one) for one in told["features"]]  # type: ignore[attr-defined]
            return Judge(features, Forest.from_json(told["trees"]), curve)  # type: ignore[arg-type]
        except (KeyError, TypeError, ValueError) as error:
            raise InvalidContent(
                "The stored classifier is damaged or of another version."
            ) from error


def train(examples: Sequence[Example], seed: int = 1, trees: int = TREES) -> Judge:
    """Return a classifier trained on the examples that are not held out.

    The same examples and the same seed give the same classifier.

    Raises
    ------
    InvalidContent
        There are too few examples of a class.
    """
    learned = [one for one in examples if not one.held_out]
    real = np.array([one.real for one in learned], np.float64)
    for kind, many in (("real", real.sum()), ("bogus", (1 - real).sum())):
        if many < LEAST:
            raise InvalidContent(
                f"There are {int(many)} {kind} examples to learn from, and {LEAST} are "
                "needed. Take more frames of the survey, or larger ones."
            )
    names = sorted({name for one in learned for name in one.features} - UNITS)
    table = table_of([one.features for one in learned], names)
    forest, fair = grow(table, real, np.ones(len(real)), seed, trees)
    return Judge(names, forest, fit_curve(_odds(fair), real))


def table_of(
    found: Sequence[Mapping[str, float | None]], names: Sequence[str]
) -> Numbers:
    """Return features as the rows of a table, with NaN for unknown values."""
    rows = [[one.get(name) for name in names] for one in found]
    table = np.array(rows, np.float64).reshape(len(found), len(names))
    return np.where(np.isfinite(table), table, np.nan)


def _odds(values: Numbers) -> Numbers:
    """Return the log-odds of a forest's votes, which are kept off 0 and 1."""
    inner = _EVEN + (1.0 - 2.0 * _EVEN) * values
    odds: Numbers = np.log(inner / (1.0 - inner))
    return odds
