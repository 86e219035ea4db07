"""Logistic regression on one variable, by maximum likelihood."""

from dataclasses import dataclass

import numpy as np

from gatewright.domains.classification.forest import Numbers

_ROUNDS = 40
_PRIOR = 1e-3


@dataclass(frozen=True, slots=True)
class Curve:
    """The logistic probability ``1 / (1 + exp(-(slope * x + offset)))``."""

    slope: float
    """Slope of the log-odds."""
    offset: float
    """Log-odds at ``x = 0``."""

    def at(self, x: Numbers) -> Numbers:
        """Return the probability at each value of ``x``."""
        steps = np.clip(self.slope * x + self.offset, -500.0, 500.0)
        chance: Numbers = 1.0 / (1.0 + np.exp(-steps))
        return chance

    @property
    def half(self) -> float:
        """Value of ``x`` where the probability is one half; NaN for a flat curve."""
        return -self.offset / self.slope if self.slope else float("nan")


def fit_curve(x: Numbers, of_class: Numbers) -> Curve:
    """Return the logistic curve of the probability that ``x`` belongs to class 1.

    ``of_class`` is 1 or 0 for each value. The targets are Platt's (1999): (n + 1) / (n
    + 2) for a class of n examples, so that the fit is finite even if ``x`` separates
    the classes completely.
    """
    good = of_class.sum()
    high, low = (good + 1.0) / (good + 2.0), 1.0 / (len(x) - good + 2.0)
    target = np.where(of_class > 0, high, low)
    middle, width = float(x.mean()), float(x.std()) or 1.0
    even = (x - middle) / width
    terms = np.stack([even, np.ones(len(x))], axis=1)
    found = np.zeros(2)
    for _ in range(_ROUNDS):
        chance = Curve(float(found[0]), float(found[1])).at(even)
        slope = terms.T @ (target - chance) - _PRIOR * found
        bend = (terms * (chance * (1 - chance))[:, None]).T @ terms
        step = np.linalg.solve(bend + _PRIOR * np.eye(2), slope)
        # A step that is too long would be followed by one that is longer.
        step *= min(1.0, 4.0 / max(float(np.abs(step).max()), 1e-30))
        found = found + step
    steep = float(found[0]) / width
    return Curve(steep, float(found[1]) - steep * middle)
