"""Parses the query parameters of a subset."""

from collections.abc import Iterable, Sequence

from starlette.datastructures import QueryParams

from gatewright.core.errors import InvalidRequest
from gatewright.domains.arrays import (
    AxisKind,
    SubsetFormat,
    SubsetRequest,
    statistic,
)
from gatewright.web.known_parameters import unknown_parameter

PARAMETERS = frozenset(
    {
        *("var", "stat", "format", "estimate"),
        *(kind.value for kind in AxisKind if kind is not AxisKind.OTHER),
    }
)
_REPEATED = frozenset({"var", "stat"})
_MOST_NAMES = 100


def subset_request(
    query: QueryParams,
    axes: Iterable[str],
    variables: Sequence[str],
    statistics: Sequence[str],
    form: str,
) -> SubsetRequest:
    """Return the subset request that the query parameters describe.

    Parameters
    ----------
    query
        All parameters.
    axes
        Dimensions and scalar coordinates of the data set; each is a parameter, too.
    variables, statistics, form
        Values of ``var``, ``stat`` and ``format``.

    Raises
    ------
    InvalidRequest
        A parameter is unknown, given twice, or malformed.
    """
    known = PARAMETERS | frozenset(axes)
    names = [name for name, _ in query.multi_items()]
    for name in names:
        if name not in known:
            raise unknown_parameter(name, known, InvalidRequest)
        if name not in _REPEATED and names.count(name) > 1:
            raise InvalidRequest(f"“{name}” is given twice.")
    kinds = [kind for kind in AxisKind if kind.value in PARAMETERS]
    return SubsetRequest(
        tuple(_words(variables)),
        {kind: query[kind.value] for kind in kinds if kind.value in query},
        tuple(statistic(word) for word in _words(statistics)),
        SubsetFormat(form),
        {name: query[name] for name in names if name not in PARAMETERS},
    )


def _words(values: Sequence[str]) -> list[str]:
    words = [word.strip() for value in values for word in value.split(",")]
    if len(words) > _MOST_NAMES:
        raise InvalidRequest(f"At most {_MOST_NAMES} names in one request.")
    return [word for word in words if word]
