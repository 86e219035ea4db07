"""95 % confidence intervals of counts and fractions."""

import math

from gatewright.domains.classification.model import Interval

NORMAL = 1.959963984540054
"""Bound of 95 % of a standard normal distribution, on both sides."""
_TAIL = 0.025
_HALVINGS = 80


def share(part: int, whole: int) -> Interval:
    """Return a fraction with Wilson's interval (1927, JASA 22, 209).

    The fraction is NaN, with the bounds 0 and 1, if ``whole`` is 0.
    """
    if not whole:
        return Interval(math.nan, 0.0, 1.0)
    p, z = part / whole, NORMAL**2 / whole
    middle = (p + z / 2) / (1 + z)
    half = NORMAL * math.sqrt(p * (1 - p) / whole + z / (4 * whole)) / (1 + z)
    return Interval(p, max(0.0, middle - half), min(1.0, middle + half))


def poisson(count: int) -> Interval:
    """Return a count with the exact confidence interval of its Poisson mean.

    Source: Garwood 1936 (Biometrika 28, 437).
    """
    low = 0.0 if not count else _mean_with(count - 1, 1.0 - _TAIL)
    return Interval(float(count), low, _mean_with(count, _TAIL))


def _mean_with(count: int, chance: float) -> float:
    """Return the mean for which at most ``count`` events have a probability."""
    low, high = 0.0, 2.0 * count + 20.0
    for _ in range(_HALVINGS):
        middle = (low + high) / 2.0
        if _at_most(count, middle) > chance:
            low = middle
        else:
            high = middle
    return (low + high) / 2.0


def _at_most(count: int, mean: float) -> float:
    """Return the Poisson probability of at most ``count`` events."""
    total = 0.0
    for k in range(count + 1):
        total += math.exp(k * math.log(max(mean, 1e-300)) - mean - math.lgamma(k + 1))
    return total
