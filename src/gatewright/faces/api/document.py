"""Completes the OpenAPI document with what all operations have in common.

FastAPI describes the operations, their parameters and their responses. This module adds
what the middleware stack adds to them (OpenAPI 3.1): the format of errors, the headers
of responses, and the headers that a request may have.
"""

from collections.abc import Iterable, Mapping
from typing import Any, Final

from fastapi import FastAPI

from gatewright.core.config import Config
from gatewright.faces.api.header_fields import ANSWERED, FIELDS, SENT, sent_field
from gatewright.faces.api.security import schemes

PROBLEM: Final = "application/problem+json"

_EVERYWHERE: Final[Mapping[str, str]] = {
    "400": "The request cannot be understood.",
    "401": "You are not signed in, or the token is not valid.",
    "403": "You may not do this.",
    "408": "The request paused for too long.",
    "413": "The request or its response is larger than the limit.",
    "414": "The URL is longer than the limit.",
    "415": "The media type or coding of the body is not accepted.",
    "422": "A value is not valid, or there is no such parameter.",
    "429": "There were too many requests; wait as long as “Retry-After” says.",
    "431": "The header section is larger than the limit.",
    "500": "Something went wrong in the gateway; the operator finds it by the id.",
    "502": "A system behind the gateway gave a wrong answer.",
    "503": "A part of the gateway is unavailable or busy; see “Retry-After”.",
    "default": "Another error.",
}
"""Statuses that the server, the middleware and the database can give any request."""

_OF_CHANGES: Final[Mapping[str, str]] = {
    "409": "Something else was changed at the same time; look again.",
    "507": "The disk or a quota is full.",
}
"""Further statuses of operations that change something: the database refuses them."""

_LATE: Final = "A system behind the gateway did not answer in time."
_WITHIN: Final = frozenset({"service", "identity", "store", "events"})
"""Tags of operations that ask nothing but the gateway's own database."""
_GONE: Final = "It does not exist, or you may not see it."
_SAFE: Final = frozenset({"get", "head"})


def complete_document(app: FastAPI, config: Config) -> None:
    """Extend an application's OpenAPI document by what the middleware stack adds.

    Every operation accepts any of the credentials, or none.
    """
    make = app.openapi

    def completed() -> dict[str, Any]:
        if app.openapi_schema is None:
            document = make()
            components = document.setdefault("components", {})
            components["securitySchemes"] = schemes(config)
            components["headers"] = dict(FIELDS)
            schemas = components["schemas"]
            # FastAPI's own form of errors is never sent.
            del schemas["HTTPValidationError"], schemas["ValidationError"]
            for path, operations in document["paths"].items():
                for method, operation in operations.items():
                    body = operation.get("requestBody", {})
                    for content in body.get("content", {}).values():
                        content["schema"] = _named(content["schema"], schemas)
                    _add_statuses(method, path, operation)
                    _complete(operation)
                    if method == "head":  # a response to HEAD has no content
                        operation["responses"]["206"].pop("content")
            document["security"] = [*({name: []} for name in schemes(config)), {}]
        assert app.openapi_schema is not None  # noqa: S101  # FastAPI keeps it there
        return app.openapi_schema

    app.openapi = completed  # type: ignore[method-assign]  # FastAPI's own way


def _named(value: Any, schemas: dict[str, Any]) -> Any:
    """Return a schema in which known models are references to named schemas.

    Each model is named once, so that a generated client has one class for it.
    """
    if isinstance(value, list):
        return [_named(item, schemas) for item in value]
    if not isinstance(value, dict):
        return value
    found = {key: _named(item, schemas) for key, item in value.items()}
    name = found.get("title")
    if found.get("type") != "object" or "properties" not in found or name is None:
        return found
    if schemas.setdefault(name, found) != found:
        return found
    return {"$ref": f"#/components/schemas/{name}"}


def _add_statuses(method: str, path: str, operation: dict[str, Any]) -> None:
    """Add the statuses that do not depend on what the operation does."""
    told = dict(_EVERYWHERE)
    if "{" in path:
        told["404"] = _GONE
    if method not in _SAFE:
        told |= _OF_CHANGES
    if not _WITHIN.issuperset(operation["tags"]):
        told["504"] = _LATE
    for status, description in told.items():
        operation["responses"].setdefault(status, {"description": description})


def _complete(operation: dict[str, Any]) -> None:
    name = operation["operationId"]
    responses = operation["responses"]
    sent = SENT.get(name, ())
    if "Range" in sent:
        parts = {**responses["200"].get("content", {}), "multipart/byteranges": {}}
        responses["206"] = {"description": "The requested ranges.", "content": parts}
        responses["416"] = {"description": "The ranges are outside the content."}
        responses["304"] = {"description": "The client's copy is still valid."}
    if "If-Match" in sent:
        responses["412"] = {
            "description": "“If-Match” or “If-None-Match” does not hold."
        }
    for status, response in responses.items():
        if status == "default" or status >= "400":
            schema = {"$ref": "#/components/schemas/Problem"}
            response["content"] = {PROBLEM: {"schema": schema}}
        shared = {
            field: {"$ref": f"#/components/headers/{field}"}
            for field in sorted(set(_fields(status, name, operation)))
        }
        response["headers"] = {**shared, **response.pop("headers", {})}
    parameters = operation.setdefault("parameters", [])
    given = {item["name"] for item in parameters}
    parameters += [sent_field(field) for field in sent if field not in given]


def _fields(status: str, name: str, operation: Mapping[str, Any]) -> Iterable[str]:
    yield from ("X-Request-Id", "RateLimit", "RateLimit-Policy", "Server-Timing")
    if status in {"429", "503", "504", "default"}:
        yield "Retry-After"
    if status == "416":
        yield "Content-Range"
    if status in {"401", "default"}:
        yield "WWW-Authenticate"
    if status.startswith(("2", "3")):
        yield from ANSWERED.get(name, ())
        if any(item["name"] == "cursor" for item in operation.get("parameters", [])):
            yield "Link"
