"""Statistics over one axis, usually the ensemble members.

Missing values (NaN) are ignored; where all values are missing the result is NaN.
"""

import re
import warnings
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from gatewright.core.errors import InvalidRequest

Floats = npt.NDArray[np.floating]
_PERCENTILE = re.compile(r"p(\d{1,2}(?:\.\d{1,3})?|100)", re.ASCII)


@dataclass(frozen=True, slots=True)
class Statistic:
    """A statistic over the ensemble members."""

    name: str
    """``mean``, ``spread``, ``min``, ``max``, ``median``, or a percentile such as
    ``p95``."""
    percentile: float | None = None
    """The percentile, 0 to 100; None for mean, spread, min and max."""

    @property
    def cell_method(self) -> str:
        """The entry for ``cell_methods``.

        Empty for percentiles that CF has no word for. The result has no dimension of
        members, so the entry names their standard name, ``realization`` (CF 1.11,
        section 7.3 and appendix E).
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
    """Return the statistic that a word of a request names.

    Raises
    ------
    InvalidRequest
        There is no statistic of this name.
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


def apply(values: Floats, hows: Sequence[Statistic], axis: int) -> list[Floats]:
    """Return statistics of unpacked values over one axis, as arrays without this axis.

    Means and deviations are summed in float64; all results have the type of ``values``.
    The values are sorted once for all percentiles.
    """
    if not values.shape[axis]:
        shape = values.shape[:axis] + values.shape[axis + 1 :]
        return [np.full(shape, np.nan, values.dtype) for _ in hows]
    found: list[Floats] = []
    holes = bool(np.isnan(values).any())
    ordered = None
    with warnings.catch_warnings():
        # NumPy warns where all values of a cell are missing, or only one is there.
        warnings.simplefilter("ignore", RuntimeWarning)
        for how in hows:
            if how.percentile is None:
                one = (_WITH_HOLES if holes else _WITHOUT_HOLES)[how.name](values, axis)
            else:
                if ordered is None:
                    ordered = np.sort(values, axis=axis)
                one = percentile(ordered, how.percentile, axis, holes=holes)
            found.append(one.astype(values.dtype, copy=False))
    return found


# The spread is the sample standard deviation. The sum of squares is divided by N - 1,
# which makes the squared spread an unbiased estimate of the variance and lets it be
# compared to the squared error of the mean (Fortin et al., 2014, J. Hydrometeorology
# 15, 1708, doi:10.1175/JHM-D-14-0008.1). One member alone has no spread: NaN.
_WITHOUT_HOLES: Mapping[str, Callable[[Floats, int], Floats]] = {
    "mean": lambda values, axis: np.mean(values, axis=axis, dtype=np.float64),
    "spread": lambda values, axis: np.std(values, axis=axis, ddof=1, dtype=np.float64),
    "min": lambda values, axis: np.min(values, axis=axis),
    "max": lambda values, axis: np.max(values, axis=axis),
}
_WITH_HOLES: Mapping[str, Callable[[Floats, int], Floats]] = {
    "mean": lambda values, axis: np.nanmean(values, axis=axis, dtype=np.float64),
    "spread": lambda values, axis: np.nanstd(
        values, axis=axis, ddof=1, dtype=np.float64
    ),
    "min": lambda values, axis: np.nanmin(values, axis=axis),
    "max": lambda values, axis: np.nanmax(values, axis=axis),
}


def percentile(
    ordered: Floats, percent: float, axis: int, *, holes: bool = True
) -> Floats:
    """Return a percentile of sorted values, linearly interpolated between two of them.

    This is definition 7 of Hyndman and Fan (1996, The American Statistician 50, 361),
    the default of NumPy and R.

    Parameters
    ----------
    ordered
        Values in ascending order along the axis, with NaN last, as ``numpy.sort`` has
        them.
    percent
        The percentile, 0 to 100.
    axis
        The axis that is reduced.
    holes
        Whether values may be missing (NaN).
    """
    ordered = np.moveaxis(ordered, axis, 0)
    count = len(ordered)
    if not holes:
        low, part = divmod((count - 1) * percent / 100, 1)
        below = ordered[int(low)]
        above = ordered[min(int(low) + 1, count - 1)]
        return _between(below, above, np.float64(part))
    known = count - np.isnan(ordered).sum(axis=0)
    place = np.maximum(known - 1, 0) * percent / 100
    first = place.astype(np.intp)
    second = np.minimum(first + 1, np.maximum(known - 1, 0))
    below, above = (
        np.take_along_axis(ordered, index[np.newaxis], axis=0)[0]
        for index in (first, second)
    )
    return _between(below, above, place - first)


def _between(below: Floats, above: Floats, part: Floats | np.float64) -> Floats:
    """Return values interpolated between two arrays, in float64; ``part`` is 0 to 1."""
    step = above.astype(np.float64) - below
    # Between two infinities of one sign there is no way, and the step is no number.
    result: Floats = np.where(
        (above == below) | (part == 0), below, below + step * part
    )
    return result
