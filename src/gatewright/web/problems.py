"""Renders errors as RFC 9457 problem documents."""

import errno
import json
import logging
import math
from collections.abc import Callable, Coroutine, Mapping
from typing import Any

from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response

from gatewright.core import errors
from gatewright.core.errors import GatewayError
from gatewright.web.methods import allowed_methods

_log = logging.getLogger("gatewright.errors")

Renderer = Callable[[GatewayError, Request], Response]
"""Renders an error in a protocol's own form."""

Handler = Callable[[Request, Any], Coroutine[Any, Any, Response]]

_BY_STATUS: dict[int, type[GatewayError]] = {
    400: errors.InvalidRequest,
    401: errors.NotSignedIn,
    403: errors.NotAllowed,
    404: errors.NotFound,
    405: errors.MethodNotAllowed,
    413: errors.TooLarge,
    415: errors.UnsupportedMediaType,
}

REQUEST_ID_KEY = "gatewright.request_id"
"""Key of the request's id in the ASGI scope."""

NO_METHOD = "This resource does not have that method; “Allow” lists those it has."

_BEGUN = "response already started"
"""Part of the text of Starlette's exception for an error after the response began."""


def problem(error: GatewayError, request: Request) -> Response:
    """Return an error as an ``application/problem+json`` response (RFC 9457)."""
    return Response(
        json.dumps(problem_document(error, request), ensure_ascii=True),
        status_code=error.status,
        headers=error_headers(error),
        media_type="application/problem+json",
    )


def problem_document(error: GatewayError, request: Request) -> object:
    """Return the JSON object that describes an error (RFC 9457, section 3)."""
    return _finite(
        {
            "type": f"about:blank#{error.code}",
            "title": error.title,
            "status": error.status,
            "code": error.code,
            "detail": public_text(error),
            "request_id": request.scope.get(REQUEST_ID_KEY, ""),
            **error.details,
        }
    )


def public_text(error: GatewayError) -> str:
    """Return the text of an error that may be shown; internal errors hide theirs."""
    if error.status == 500:
        return "Something went wrong here. The request id helps the operator find it."
    return error.text


def error_headers(error: GatewayError) -> dict[str, str]:
    """Return the headers of an error response."""
    headers = dict(error.headers)
    if error.transient:
        headers.setdefault("Retry-After", str(math.ceil(error.retry_after or 1)))
    if error.status == 401:
        headers.setdefault("WWW-Authenticate", 'Bearer realm="gatewright"')
    return headers


def exception_handlers(
    render: Renderer = problem,
) -> dict[int | type[Exception], Handler]:
    """Return the exception handlers with which Starlette applications render errors."""

    async def handle(request: Request, exception: Exception) -> Response:
        return render(as_gateway_error(exception, request), request)

    return {
        GatewayError: handle,
        HTTPException: handle,
        ClientDisconnect: handle,
        RequestValidationError: handle,
        Exception: handle,
    }


_STARLETTE = {404: "There is nothing at this address.", 405: NO_METHOD}
"""Texts that replace Starlette's own, by status."""


def as_gateway_error(exception: Exception, request: Request) -> GatewayError:
    """Return any exception as an error of the gateway's tree; log unknown ones."""
    if isinstance(exception, GatewayError):
        if exception.status == 500:
            _log.error("internal error", exc_info=exception)
        return exception
    if isinstance(exception, RequestValidationError):
        faults = [
            {
                "where": ".".join(map(str, fault.get("loc", ()))),
                "what": str(fault.get("msg", "")),
            }
            for fault in exception.errors()
        ]
        text = "; ".join(f"{f['where']}: {f['what']}" for f in faults[:5])
        unread = any(e.get("type") == "json_invalid" for e in exception.errors())
        refusal = errors.InvalidRequest if unread else errors.InvalidContent
        return refusal(text, faults=faults[:50])
    if isinstance(exception, ClientDisconnect):
        return errors.InvalidRequest("The client disconnected before the body's end.")
    if isinstance(exception, HTTPException):
        kind = _BY_STATUS.get(exception.status_code, errors.InvalidRequest)
        fields = dict(exception.headers or {})
        if exception.status_code == 405 and "app" in request.scope:
            # The framework lists the methods of only one route.
            fields["Allow"] = allowed_methods(request)
        text = _STARLETTE.get(exception.status_code, str(exception.detail))
        return kind(text, headers=fields)
    begun = known_within(exception)
    if begun is not None:
        return begun
    _log.error(
        "unexpected error in %s",
        request.url.path.encode(errors="replace"),
        exc_info=exception,
    )
    return GatewayError()


def known_within(exception: Exception) -> GatewayError | None:
    """Return the known error that broke off a response, or None for an unknown fault.

    If a response has begun, Starlette wraps the error in an exception of its own.
    """
    wrapped = isinstance(exception, RuntimeError) and _BEGUN in str(exception)
    known = exception.__cause__ if wrapped else exception
    if _is_out_of_descriptors(known):
        _log.warning("too many open files")
        return errors.Unavailable(
            "The gateway has too many files and connections open. Try again soon."
        )
    if isinstance(known, GatewayError) and known.status != 500:
        return known
    return None


def _is_out_of_descriptors(error: BaseException | None) -> bool:
    """Return whether an error is, or was caused by, a lack of file descriptors."""
    while error is not None:
        if isinstance(error, OSError) and error.errno in {errno.EMFILE, errno.ENFILE}:
            return True
        error = error.__cause__
    return False


def _finite(value: object) -> object:
    """Return a value with text in place of what JSON cannot express."""
    if isinstance(value, float) and not math.isfinite(value):
        return str(value)
    if isinstance(value, str):
        return value.encode("utf-8", "replace").decode()
    if isinstance(value, Mapping):
        return {str(_finite(k)): _finite(v) for k, v in value.items()}
    if isinstance(value, list | tuple):
        return [_finite(v) for v in value]
    return value
