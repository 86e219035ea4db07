"""Calls the routes of a FastAPI application without FastAPI's router.

FastAPI reads the signatures of the route functions, declares their parameters and
writes the OpenAPI document. Its router would test the routes one by one and prepare
each call for features that no route here uses (file uploads, generators, threads,
response models), which costs more than all else that the gateway does for a small
response. So this module finds the routes by the first segment of the path and the
number of segments, validates the parameters with FastAPI's own functions, and calls the
route functions itself.
"""

from collections.abc import Awaitable, Callable, Iterator, Mapping
from dataclasses import dataclass
from inspect import iscoroutinefunction
from re import Pattern
from typing import Any

from fastapi import FastAPI
from fastapi._compat import (
    ModelField,
    field_annotation_is_scalar,
    lenient_issubclass,
)
from fastapi.dependencies.models import Dependant
from fastapi.dependencies.utils import request_params_to_args
from fastapi.exceptions import RequestValidationError
from fastapi.routing import APIRoute, iter_route_contexts
from pydantic import BaseModel
from starlette.convertors import Convertor, StringConvertor
from starlette.datastructures import URL
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import BaseRoute, Route
from starlette.types import Receive, Scope, Send

from gatewright.core.errors import MethodNotAllowed, NotFound
from gatewright.web.methods import METHODS
from gatewright.web.problems import NO_METHOD, as_gateway_error, problem

_PLAIN = (str, int, float, bool, type(None))


class DescribedApi:
    """ASGI application that answers the routes of a FastAPI application.

    A route with GET also answers HEAD. A path that is known only with, or only without,
    a slash at its end is redirected (307). An error is rendered as a problem document.

    Parameters
    ----------
    app
        The application. Its route functions must be coroutine functions that have no
        body parameters (they read the body from the request) and return responses.

    Raises
    ------
    TypeError
        A route function is of another kind; the text names it.
    """

    def __init__(self, app: FastAPI) -> None:
        self._app = app
        routes = [_route(context) for context in iter_route_contexts(app.routes)]
        self._families: dict[tuple[str, int | None], list[_Route]] = {}
        for family, count in {(route.family, route.slashes) for route in routes}:
            self._families[family, count] = [
                route
                for route in routes
                if route.family == family and route.slashes in (count, None)
            ]

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle one request."""
        scope["app"] = self._app
        request = Request(scope, receive, send)
        try:
            answer = await self._answer(request)
        except Exception as error:  # noqa: BLE001  # whatever it is, it is answered
            answer = problem(as_gateway_error(error, request), request)
        await answer(scope, receive, send)

    async def _answer(self, request: Request) -> Response:
        scope = request.scope
        path = scope["path"].removeprefix(scope.get("root_path", ""))
        there = self._matching(path)
        if not there:
            other = path[:-1] if path.endswith("/") else f"{path}/"
            if path == "/" or not self._matching(other):
                raise NotFound("There is nothing at this address.")
            whole = scope["path"][: len(scope["path"]) - len(path)] + other
            return RedirectResponse(str(URL(scope={**scope, "path": whole})))
        method: str = scope["method"]
        route = there.get(method)
        if route is None and method == "HEAD":
            route = there.get("GET")
        if route is None:
            has = {*there, "HEAD"} if "GET" in there else there
            allow = ", ".join(method for method in METHODS if method in has)
            raise MethodNotAllowed(NO_METHOD, headers={"Allow": allow})
        scope["route"] = route.original
        scope["path_params"] = route.parameters(path)
        return await route.answer(request)

    def template(self, method: str, path: str) -> str | None:
        """Return the path template of the route that a request is for.

        If a path is known, but not with this method, it is that of the first route of
        the path; None if the path is not known.
        """
        there = self._matching(path)
        route = there.get(method) or next(iter(there.values()), None)
        return None if route is None else route.template

    def _matching(self, path: str) -> Mapping[str, "_Route"]:
        """Return the routes that match a path, by method; the first declared wins."""
        family, families = _family(path), self._families
        routes = families.get((family, path.count("/")))
        there: dict[str, _Route] = {}
        for route in families.get((family, None), ()) if routes is None else routes:
            if route.pattern.match(path):
                for method in route.methods:
                    there.setdefault(method, route)
        return there


@dataclass(frozen=True, slots=True)
class _Route:
    """A route: one path template with its methods and its function."""

    path: str
    """Path template, such as ``/jobs/{system}``, with convertors (``{path:rest}``)."""
    template: str
    """Path template without convertors, as in the OpenAPI document."""
    slashes: int | None
    """Slashes in every path that matches; None if a parameter may hold some."""
    methods: frozenset[str]
    """HTTP methods of the route."""
    pattern: Pattern[str]
    """Regular expression that the route's paths match."""
    convertors: Mapping[str, Convertor[Any]]
    """Starlette's convertors, which turn parts of the path into values, by parameter
    name."""
    original: BaseRoute
    """The route as FastAPI declared it."""
    answer: Callable[[Request], Awaitable[Response]]
    """Returns the response to a request whose path matches."""

    @property
    def family(self) -> str:
        """First segment of the path."""
        return _family(self.path)

    def parameters(self, path: str) -> dict[str, Any]:
        """Return the path parameters of a path that matches."""
        if not self.convertors:
            return {}
        match = self.pattern.match(path)
        assert match is not None  # noqa: S101  # it was found by that
        found = match.groupdict().items()
        return {name: self.convertors[name].convert(text) for name, text in found}


def _family(path: str) -> str:
    return path.split("/", 2)[1]


def _route(context: Any) -> _Route:
    route = context.original_route
    if isinstance(route, APIRoute):
        answer: Callable[[Request], Awaitable[Response]] = _Call(context.dependant)
    elif isinstance(route, Route):  # the OpenAPI document
        answer = route.endpoint
    else:
        raise TypeError(f"{route!r} is no operation of an API.")
    convertors = context.param_convertors
    plain = all(isinstance(each, StringConvertor) for each in convertors.values())
    return _Route(
        path=context.path,
        template=context.path_format,
        slashes=context.path.count("/") if plain else None,
        methods=frozenset(context.methods),
        pattern=context.path_regex,
        convertors=convertors,
        original=route,
        answer=answer,
    )


class _Call:
    """A route function and all of its dependencies, prepared to be called."""

    __slots__ = ("_before", "_route")

    def __init__(self, of: Dependant) -> None:
        steps = {step.function: step for step in _steps(of)}
        self._route = steps.pop(of.call)
        self._before = tuple(steps.values())

    async def __call__(self, request: Request) -> Any:
        """Return what the route function returns for a request.

        Raises
        ------
        RequestValidationError
            Parameters are missing or wrong; it lists all of them.
        """
        errors: list[Any] = []
        known: dict[Any, Any] = {}
        for step in self._before:
            arguments = step.arguments(request, known, errors)
            if arguments is not None:
                known[step.function] = await step.function(**arguments)
        arguments = self._route.arguments(request, known, errors)
        if arguments is None:
            raise RequestValidationError(errors)
        return await self._route.function(**arguments)


def _steps(of: Dependant) -> Iterator["_Step"]:
    """Yield all that a function depends on, each after its own dependencies, and it."""
    for inner in of.dependencies:
        yield from _steps(inner)
    yield _Step(of)


class _Step:
    """A route function or one of its dependencies."""

    __slots__ = (
        *("_fields", "_inner", "_paths", "_query", "_requests", "_texts"),
        "function",
    )

    def __init__(self, of: Dependant) -> None:
        self.function: Any = of.call
        if not iscoroutinefunction(self.function):
            raise TypeError(f"{self.function!r} is not a coroutine function.")
        if of.body_params or of.background_tasks_param_name or of.response_param_name:
            raise TypeError(f"{self.function!r} takes what is not given here.")
        self._inner = tuple((inner.name, inner.call) for inner in of.dependencies)
        texts = [
            field
            for field in of.path_params
            if field.field_info.annotation is str and not field.field_info.metadata
        ]
        self._texts = [(field.name, field.alias) for field in texts]
        self._paths = [field for field in of.path_params if field not in texts]
        places = (
            (of.header_params, "headers"),
            (of.cookie_params, "cookies"),
        )
        self._fields = [(fields, place) for fields, place in places if fields]
        self._query = _Query(of) if of.query_params else None
        names = (of.request_param_name, of.http_connection_param_name)
        self._requests = [name for name in names if name is not None]

    def arguments(
        self, request: Request, known: Mapping[Any, Any], errors: list[Any]
    ) -> dict[str, Any] | None:
        """Return the function's arguments; append validation errors to ``errors``.

        ``known`` has the results of the dependencies, by their functions. Without all
        of them, or with errors, the function cannot be called, and None is returned.
        """
        count = len(errors)
        values: dict[str, Any] = dict.fromkeys(self._requests, request)
        for name, alias in self._texts:
            values[name] = request.path_params[alias]
        for field in self._paths:
            sent = request.path_params[field.alias]
            values[field.name], wrong = field.validate(sent, loc=("path", field.alias))
            errors += wrong
        for fields, place in self._fields:
            found, wrong = request_params_to_args(fields, getattr(request, place))
            values |= found
            errors += wrong
        if self._query is not None:
            values |= self._query.values(request, errors)
        if len(errors) > count:
            return None
        for parameter, function in self._inner:
            if function not in known:
                return None
            if parameter is not None:
                values[parameter] = known[function]
        return values


class _Query:
    """The query parameters that a function declares."""

    __slots__ = ("_defaults", "_fields", "_needs_a_look")

    def __init__(self, of: Dependant) -> None:
        optional = {
            field.alias: field for field in of.query_params if _has_plain_default(field)
        }
        self._defaults = {field.name: field.default for field in optional.values()}
        self._fields = [
            (
                field,
                field.alias if field.alias in optional else None,
                field_annotation_is_scalar(field.field_info.annotation),
            )
            for field in of.query_params
        ]
        self._needs_a_look = any(alias is None for _, alias, _ in self._fields)

    def values(self, request: Request, errors: list[Any]) -> dict[str, Any]:
        """Return the parameters' values; append validation errors to ``errors``.

        FastAPI takes some 20 microseconds for each declared parameter, whether it was
        sent or not, mostly to find out its kind. So a parameter with a plain default is
        passed on only if it was sent, and straight to pydantic if it is one value.
        """
        if not (self._needs_a_look or request.scope["query_string"]):
            return self._defaults
        sent, values = request.query_params, self._defaults.copy()
        names = sent.keys()  # of a dictionary, which is asked faster than `sent`
        for field, alias, is_scalar in self._fields:
            if alias is None or (alias in names and not is_scalar):
                found, wrong = request_params_to_args([field], sent)
                values |= found
                errors += wrong
            elif alias in names:
                value, wrong = field.validate(sent[alias], loc=("query", alias))
                values[field.name] = value
                errors += wrong
        return values


def _has_plain_default(field: ModelField) -> bool:
    """Return whether a parameter that is not sent has its default, as it is declared.

    It must have one name and be one value, not a model of several parameters.
    """
    info = field.field_info
    return (
        isinstance(field.default, _PLAIN)
        and not info.is_required()
        and not info.validate_default
        and isinstance(info.validation_alias, str | None)
        and not lenient_issubclass(info.annotation, BaseModel)
    )
