"""Refuses query parameters that a route does not declare.

A misspelt filter that is ignored selects everything: “cancel all jobs that match” would
then cancel all jobs. Only the native API does this, since VO protocols require unknown
parameters to be ignored (DALI 1.1, section 3.4).
"""

from collections.abc import Awaitable, Callable, Iterator
from difflib import get_close_matches

from fastapi import Request
from fastapi.dependencies.models import Dependant
from fastapi.routing import APIRoute

from gatewright.core.errors import InvalidContent, InvalidRequest

_SHOWN = 40


def only_known_parameters(
    kind: type[InvalidRequest] = InvalidContent,
) -> Callable[[Request], Awaitable[None]]:
    """Return a FastAPI dependency that refuses undeclared query parameters.

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
    known_of: dict[str, frozenset[str] | None] = {}  # by the id of the operation

    async def check(request: Request) -> None:
        if not request.scope["query_string"]:
            return
        route = request.scope["route"]
        if route.unique_id not in known_of:
            known_of[route.unique_id] = _known_parameters(route)
        known = known_of[route.unique_id]
        if known is None:
            return
        for name in request.query_params:
            if name not in known:
                raise unknown_parameter(name, known, kind)

    return check


def _known_parameters(route: APIRoute) -> frozenset[str] | None:
    """Return the parameters of a route; None if they depend on the data."""
    extra = route.openapi_extra or {}
    if extra.get("x-open-parameters"):
        return None
    described = extra.get("parameters", [])
    beside = {item["name"] for item in described if item["in"] == "query"}
    return frozenset(_of_functions(route.dependant)) | beside


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


def _of_functions(dependant: Dependant) -> Iterator[str]:
    for field in dependant.query_params:
        yield field.alias
    for inner in dependant.dependencies:
        yield from _of_functions(inner)
