"""The parameters of a subset as the domain's request."""

from collections.abc import Sequence

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
        *(kind.value for kind in AxisKind),
    }
)
_REPEATED = frozenset({"var", "stat"})
_MOST_NAMES = 100


def subset_request(
    query: QueryParams,
    variables: Sequence[str],
    statistics: Sequence[str],
    form: str,
) -> SubsetRequest:
    """Return the request that the parameters say.

    Raises
    ------
    InvalidRequest
        One of them is unknown, is given twice, or is of another form.
    """
    _check_names(query)
    bounds = {kind: query[kind.value] for kind in AxisKind if kind.value in query}
    return SubsetRequest(
        tuple(_words(variables)),
        bounds,
        tuple(statistic(word) for word in _words(statistics)),
        SubsetFormat(form),
    )


def _check_names(query: QueryParams) -> None:
    names = [name for name, _ in query.multi_items()]
    for name in names:
        if name not in PARAMETERS:
            raise unknown_parameter(name, PARAMETERS, InvalidRequest)
        if name not in _REPEATED and names.count(name) > 1:
            raise InvalidRequest(f"“{name}” is given twice.")


def _words(values: Sequence[str]) -> list[str]:
    words = [word.strip() for value in values for word in value.split(",")]
    if len(words) > _MOST_NAMES:
        raise InvalidRequest(f"At most {_MOST_NAMES} names in one request.")
    return [word for word in words if word]
