"""Response formats of NEWT: bare JSON in classic NEWT, an envelope in NEWT 2.0."""

import json
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field

from starlette.requests import Request
from starlette.responses import Response

from gatewright.core.errors import GatewayError, MethodNotAllowed, NotImplementedHere
from gatewright.web.problems import error_headers, public_text

ENVELOPED = "/newt/api"
LOGIN_URL = "/newt/auth/"
ENVELOPED_LOGIN_URL = "/newt/api/auth/"


@dataclass(frozen=True, slots=True)
class Answer:
    """A handler's result that has headers beside its value."""

    value: object
    """The JSON value."""
    headers: Mapping[str, str] = field(default_factory=dict)
    """Headers of the response."""


Handler = Callable[[Request], Awaitable[object]]
Endpoint = Callable[[Request], Awaitable[Response]]


def bare(handler: Handler) -> Endpoint:
    """Return an endpoint of classic NEWT, which sends the handler's value as JSON."""

    async def endpoint(request: Request) -> Response:
        return _response(await handler(request), lambda value: value)

    return endpoint


def enveloped(handler: Handler) -> Endpoint:
    """Return an endpoint of NEWT 2.0, which sends the value in an envelope."""

    async def endpoint(request: Request) -> Response:
        return _response(await handler(request), envelope)

    return endpoint


def _response(answer: object, shape: Callable[[object], object]) -> Response:
    if isinstance(answer, Response):
        return answer
    if isinstance(answer, Answer):
        return as_json(shape(answer.value), headers=answer.headers)
    return as_json(shape(answer))


def envelope(output: object, status: int = 200, error: str = "") -> object:
    """Return a value in NEWT 2.0's envelope."""
    word = "OK" if status < 400 else "ERROR"
    return {"status": word, "status_code": status, "output": output, "error": error}


def as_json(
    value: object, status: int = 200, headers: Mapping[str, str] | None = None
) -> Response:
    """Return a response with a value as JSON."""
    fields = {"Cache-Control": "no-store", **(headers or {})}
    body = json.dumps(value, ensure_ascii=True, allow_nan=False)
    return Response(body, status, fields, media_type="application/json")


def newt_error(error: GatewayError, request: Request) -> Response:
    """Return an error in the format of the NEWT interface that was called.

    As in NEWT, an unsupported method is 501, and a request that needs a sign-in is 403
    with the URL to sign in at.
    """
    if isinstance(error, MethodNotAllowed):
        error = NotImplementedHere("NEWT has no such verb here.", headers=error.headers)
    status = 403 if error.status == 401 else error.status
    text = public_text(error)
    headers = error_headers(error)
    headers.pop("WWW-Authenticate", None)
    root = request.scope.get("root_path", "").removesuffix("/newt")
    if request.scope["path"].removeprefix(root).startswith(ENVELOPED):
        hint = {"login_url": root + ENVELOPED_LOGIN_URL} if error.status == 401 else ""
        return as_json(envelope(hint, status, text), status, headers)
    hint = {"login_url": root + LOGIN_URL} if error.status == 401 else {}
    body = {"status": "ERROR", "output": "", "error": text, **hint}
    return as_json(body, status, headers)
