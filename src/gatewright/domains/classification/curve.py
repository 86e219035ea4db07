"""Logistic regression on one variable, by maximum likelihood."""

import math
from dataclasses import dataclass

import numpy as np

from gatewright.domains.classification.forest import Numbers
from gatewright.domains.classification.intervals import NORMAL

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
        step = np.linalg.solve(_information(terms, chance), slope)
        # A step that is too long would be followed by one that is longer.
        step *= min(1.0, 4.0 / max(float(np.abs(step).max()), 1e-30))
        found = found + step
    steep = float(found[0]) / width
    return Curve(steep, float(found[1]) - steep * middle)


def half_bounds(curve: Curve, x: Numbers) -> tuple[float, float] | None:
    """Return the 95 % confidence interval of ``curve.half``, a curve fitted to ``x``.

    It holds the values of ``x`` at which the log-odds differ from 0 by at most 1.96 of
    their standard errors, which come from the inverse of the fit's information matrix.
    It need not be symmetric. None if it has no end, because the slope is not known to
    differ from 0.

    Source: Fieller 1954 (J. R. Stat. Soc. B 16, 175); for the logistic curve, Finney
    1971 (Probit Analysis, 3rd ed., section 4.6).
    """
    middle, width = float(x.mean()), float(x.std()) or 1.0
    terms = np.stack([(x - middle) / width, np.ones(len(x))], axis=1)
    (of_slope, both), (_, of_offset) = np.linalg.inv(_information(terms, curve.at(x)))
    slope, offset = curve.slope * width, curve.offset + curve.slope * middle
    # a t**2 + 2 b t + c = 0, at the ends t of the interval.
    a = slope**2 - NORMAL**2 * of_slope
    b = slope * offset - NORMAL**2 * both
    c = offset**2 - NORMAL**2 * of_offset
    if a <= 0:
        return None
    root = math.sqrt(b**2 - a * c)
    low, high = (middle + width * (-b + way * root) / a for way in (-1, 1))
    return float(low), float(high)


def _information(terms: Numbers, chance: Numbers) -> Numbers:
    """Return the information matrix of a fit with its weak prior: ``(2, 2)``."""
    bend: Numbers = (terms * (chance * (1 - chance))[:, None]).T @ terms
    return bend + _PRIOR * np.eye(2)
