"""Statistics over one axis, in most cases that of the ensemble members.

Missing values (NaN) are left out of each; where all are missing the result is.
"""

import re
import warnings
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from gatewright.core.errors import InvalidRequest

Floats = npt.NDArray[np.floating]
_PERCENTILE = re.compile(r"p(\d{1,2}(?:\.\d{1,3})?|100)", re.ASCII)


@dataclass(frozen=True, slots=True)
class Statistic:
    """One statistic over the members."""

    name: str
    """``mean``, ``spread``, ``min``, ``max``, ``median`` or ``p95``."""
    percentile: float | None = None
    """The percentile, from 0 to 100, of those that are one."""

    @property
    def cell_method(self) -> str:
        """What it adds to ``cell_methods``: CF has no word for most percentiles.

        The members are no dimension of the result any more; ``realization`` is their
        standard name (CF 1.11, section 7.3 and appendix E).
        """
        words = {
            "mean": "mean",
            "spread": "standard_deviation",
            "min": "minimum",
            "max": "maximum",
            "p0": "minimum",
            "p100": "maximum",
            "median": "median",
            "p50": "median",
        }
        word = words.get(self.name)
        return f"realization: {word}" if word else ""


_PLAIN = ("mean", "spread", "min", "max")


def statistic(text: str) -> Statistic:
    """Return the statistic of a word in a request.

    Raises
    ------
    InvalidRequest
        There is none of that name.
    """
    word = text.strip().lower()
    if word in _PLAIN:
        return Statistic(word)
    if word == "median":
        return Statistic(word, 50.0)
    parsed = _PERCENTILE.fullmatch(word)
    if parsed is None:
        raise InvalidRequest(
            f"“{text[:40]}” is not a statistic. There are mean, spread, median, min, "
            "max, and percentiles p0 to p100."
        )
    return Statistic(word, float(parsed[1]))


def apply(values: Floats, how: Statistic, axis: int) -> Floats:
    """Return a statistic over one axis of unpacked values.

    Means and deviations are summed in float64 and returned in the type of ``values``.
    """
    with warnings.catch_warnings():
        # NumPy warns where all values of a cell are missing, or only one is there.
        warnings.simplefilter("ignore", RuntimeWarning)
        return _apply(values, how, axis).astype(values.dtype)


def _apply(values: Floats, how: Statistic, axis: int) -> Floats:
    if how.percentile is not None:
        return percentile(values, how.percentile, axis)
    if how.name == "mean":
        return mean(values, axis)
    if how.name == "spread":
        return spread(values, axis)
    extreme = np.nanmin if how.name == "min" else np.nanmax
    result: Floats = extreme(values, axis=axis)
    return result


def mean(values: Floats, axis: int) -> Floats:
    """Return the arithmetic mean."""
    result: Floats = np.nanmean(values, axis=axis, dtype=np.float64)
    return result


def spread(values: Floats, axis: int) -> Floats:
    """Return the ensemble spread: the sample standard deviation.

    The sum of squares is divided by N - 1, which makes the squared spread an unbiased
    estimate of the variance and lets it be compared to the squared error of the mean
    (Fortin et al., 2014, J. Hydrometeorology 15, 1708, doi:10.1175/JHM-D-14-0008.1).
    One member alone has no spread: NaN.
    """
    result: Floats = np.nanstd(values, axis=axis, ddof=1, dtype=np.float64)
    return result


def percentile(values: Floats, percent: float, axis: int) -> Floats:
    """Return a percentile, interpolated linearly between the values in order.

    This is definition 7 of Hyndman and Fan (1996, The American Statistician 50, 361),
    the default of NumPy and R.
    """
    result: Floats = np.nanpercentile(values, percent, axis=axis, method="linear")
    return result
