"""Finds the axes along which a request selects, by their kinds or names."""

from collections.abc import Mapping

from gatewright.core.errors import InvalidRequest
from gatewright.domains.arrays.axes import Axis
from gatewright.domains.arrays.grids import Grids, Horizontal
from gatewright.domains.arrays.model import AxisKind, Description, Variable
from gatewright.domains.arrays.selection import Selected
from gatewright.domains.arrays.subset import SubsetRequest

_HORIZONTAL = (AxisKind.LATITUDE, AxisKind.LONGITUDE)


def narrowed(
    description: Description,
    variables: tuple[Variable, ...],
    axes: Mapping[str, Axis],
    request: SubsetRequest,
) -> list[tuple[str, Axis, str]]:
    """Return key, axis and requested text for each axis along which a request selects.

    Latitudes and longitudes that are arrays are left to :func:`places`.

    Raises
    ------
    InvalidRequest
        No variable has an axis that the request selects along, or one is given twice.
    """
    found = []
    arrays = bool(places(description, variables, axes, request))
    for kind, text in request.bounds.items():
        names = {n for v in variables for n in _named_axes(v, axes, kind)}
        if not names and arrays and kind in _HORIZONTAL:
            continue
        if not names:
            names = {_by_name(variables, axes, kind)}
        found += [(name, axes[name], text) for name in axes if name in names]
        _check_meaning(kind, kind, [axes[name] for name in names], text)
    for word, text in request.dimensions.items():
        name = _by_name(variables, axes, word)
        found.append((name, axes[name], text))
        _check_meaning(word, axes[name].kind, [axes[name]], text)
    for name, axis, _ in found:
        if [other for other, _, _ in found].count(name) > 1:
            raise InvalidRequest(f"The axis “{axis.name}” is given twice.")
    return found


def _check_meaning(word: str, kind: AxisKind, found: list[Axis], text: str) -> None:
    """Check that axes have coordinate values of the kind that a request selects by.

    Raises
    ------
    InvalidRequest
        A value is given, but one of the axes can be selected only by position.
    """
    if text.strip().startswith("index:"):
        return
    if any(axis.kind is not kind or axis.has_only_positions for axis in found):
        raise InvalidRequest(
            f"“{word}” is a dimension of this data set that has no values of this "
            f"meaning: ask for positions along it, such as {word}=index:0:9."
        )


def _by_name(
    variables: tuple[Variable, ...], axes: Mapping[str, Axis], word: str
) -> str:
    """Return the dimension or scalar coordinate that a request names.

    Raises
    ------
    InvalidRequest
        None of the variables has it.
    """
    own = {name for variable in variables for name in variable.dimensions}
    own |= {w for v in variables for w in v.text("coordinates").split()}
    there = [name for name in axes if name in own]
    if word not in there:
        words = dict.fromkeys(axes[name].name for name in there)
        raise InvalidRequest(
            f"The selected data has no axis “{word[:60]}”. Its axes are: "
            f"{', '.join(words) or 'none'}."
        )
    return word


def places(
    description: Description,
    variables: tuple[Variable, ...],
    axes: Mapping[str, Axis],
    request: SubsetRequest,
) -> dict[Horizontal, tuple[tuple[AxisKind, str], ...]]:
    """Return the latitudes and longitudes that are requested of each curved grid."""
    wanted = tuple((k, request.bounds[k]) for k in _HORIZONTAL if k in request.bounds)
    if not wanted:
        return {}
    grids = Grids(description)
    found = [
        grids.of(variable)
        for variable in variables
        if not any(_named_axes(variable, axes, kind) for kind in _HORIZONTAL)
    ]
    return {at: wanted for at in found if at is not None}


def check_free(selected: Mapping[str, Selected], cells: Mapping[str, Selected]) -> None:
    """Refuse a request that selects twice along one dimension of a curved grid.

    Raises
    ------
    InvalidRequest
        The request names a dimension along which its latitudes and longitudes select
        too, or its variables are on several grids that share a dimension.
    """
    for name in cells.keys() & selected.keys():
        raise InvalidRequest(
            f"“{name}” is narrowed twice, by itself or by the latitudes and longitudes "
            "of another variable: ask for one of them, or for one variable."
        )


def _named_axes(
    variable: Variable, axes: Mapping[str, Axis], kind: AxisKind
) -> list[str]:
    """Return the axes of a kind that a variable has.

    These are its dimensions of that kind or, if there are none, one of its scalar
    coordinates. A forecast has a scalar time (its start) beside its time axis, and one
    variable's scalar height is not the level of another.
    """
    own = [n for n in variable.dimensions if n in axes and axes[n].kind is kind]
    if own:
        return own
    scalars = [
        name
        for name in variable.text("coordinates").split()
        if name in axes and axes[name].dimension is None and axes[name].kind is kind
    ]
    return [name for name in scalars if name == kind] or scalars[:1]
