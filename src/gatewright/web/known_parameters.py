"""Refuses query parameters that a route does not declare, or takes only once.

A misspelt filter that is ignored selects everything: “cancel all jobs that match” would
then cancel all jobs. Of a value that is given twice one would be ignored, and the
answer would be about another place or time than half of the request. Only the native
API does this, since VO protocols require unknown parameters to be ignored (DALI 1.1,
section 3.4).
"""

from collections.abc import Awaitable, Callable, Iterator, Mapping
from difflib import get_close_matches
from typing import get_args, get_origin

from fastapi import Request
from fastapi.dependencies.models import Dependant
from fastapi.routing import APIRoute

from gatewright.core.errors import InvalidContent, InvalidRequest

_SHOWN = 40


def only_known_parameters(
    kind: type[InvalidRequest] = InvalidContent,
) -> Callable[[Request], Awaitable[None]]:
    """Return a FastAPI dependency that refuses undeclared and doubled parameters.

    A route declares parameters by its function's arguments, by the arguments of its
    dependencies, and in ``openapi_extra``. A route with ``x-open-parameters`` in its
    ``openapi_extra`` takes parameters whose names depend on the data, and checks them
    itself.

    Parameters
    ----------
    kind
        Error to raise, the same as for other wrong parameters of the route: 422 where
        the parameters are validated like a body, 400 where they form a query of their
        own (a region, a subset).
    """
    known_of: dict[str, Mapping[str, bool] | None] = {}  # by the id of the operation

    async def check(request: Request) -> None:
        if not request.scope["query_string"]:
            return
        route = request.scope["route"]
        if route.unique_id not in known_of:
            known_of[route.unique_id] = _known_parameters(route)
        known = known_of[route.unique_id]
        if known is None:
            return
        given = [name for name, _ in request.query_params.multi_items()]
        for name in given:
            if name not in known:
                raise unknown_parameter(name, frozenset(known), kind)
            if not known[name] and given.count(name) > 1:
                raise kind(f"“{name}” is given twice, and takes one value.")

    return check


def _known_parameters(route: APIRoute) -> Mapping[str, bool] | None:
    """Return the parameters of a route, and whether each takes several values.

    None if they depend on the data.
    """
    extra = route.openapi_extra or {}
    if extra.get("x-open-parameters"):
        return None
    beside = {
        item["name"]: item["schema"].get("type") == "array"
        for item in extra.get("parameters", [])
        if item["in"] == "query"
    }
    return dict(_of_functions(route.dependant)) | beside


def unknown_parameter(
    name: str, known: frozenset[str], kind: type[InvalidRequest]
) -> InvalidRequest:
    """Return the error for an unknown query parameter, with the nearest known one."""
    text = f"There is no parameter “{name[:_SHOWN]}” here."
    lowered = {word.lower(): word for word in sorted(known)}
    near = get_close_matches(name[:_SHOWN].lower(), lowered, n=1)
    if near:
        text += f" Did you mean “{lowered[near[0]]}”?"
    there = ", ".join(sorted(known)) or "none"
    return kind(f"{text} Known parameters: {there}.")


def _of_functions(dependant: Dependant) -> Iterator[tuple[str, bool]]:
    for field in dependant.query_params:
        yield field.alias, _takes_several(field.field_info.annotation)
    for inner in dependant.dependencies:
        yield from _of_functions(inner)


def _takes_several(annotation: object) -> bool:
    """Return whether a type is a list, or may be one, as in ``list[str] | None``."""
    return get_origin(annotation) is list or any(
        map(_takes_several, get_args(annotation))
    )
