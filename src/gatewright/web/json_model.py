"""Validates JSON bodies with pydantic models, and describes them in OpenAPI."""

from collections.abc import Callable
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError
from starlette.requests import Request

from gatewright.core.errors import InvalidContent
from gatewright.web.json_body import read_json

BINARY = {"type": "string", "format": "binary"}
"""OpenAPI schema of arbitrary bytes."""

_WORDS = {
    "model_type": "Input should be a JSON object",
    "model_attributes_type": "Input should be a JSON object",
    "dataclass_type": "Input should be a JSON object",
}
"""Messages for those of pydantic that name classes of ours."""

M = TypeVar("M", bound=BaseModel)
Value = TypeVar("Value")


async def read_model(request: Request, kind: type[M]) -> M:
    """Return a request's JSON body as a model.

    Raises
    ------
    UnsupportedMediaType
        ``Content-Type`` is not JSON.
    InvalidRequest
        The body is not valid JSON, or is refused as `json_body` describes.
    InvalidContent
        A member is missing, unknown or wrong; ``faults`` lists all of them.
    """
    return validated(kind.model_validate, await read_json(request))


def validated(validate: Callable[[object], Value], value: object) -> Value:
    """Return a decoded body as pydantic validates it.

    Raises
    ------
    InvalidContent
        A member is missing, unknown or wrong; ``faults`` lists up to 50 of them.
    """
    try:
        return validate(value)
    except ValidationError as error:
        faults = [
            {
                "where": ".".join(map(str, fault["loc"])),
                "what": _WORDS.get(fault["type"], fault["msg"]),
            }
            for fault in error.errors(include_url=False, include_input=False)
        ]
        text = "; ".join(f"{f['where'] or 'body'}: {f['what']}" for f in faults[:5])
        raise InvalidContent(text, faults=faults[:50]) from error


def json_body(kind: type[BaseModel]) -> dict[str, Any]:
    """Return the ``openapi_extra`` that describes a route's body by a model."""
    content = {"application/json": {"schema": schema_of(kind)}}
    return {"requestBody": {"required": True, "content": content}}


def schema_of(kind: type[BaseModel]) -> dict[str, Any]:
    """Return a model's JSON schema with all references expanded.

    Pydantic's references point into the schema itself, and would be wrong inside an
    OpenAPI document.
    """
    schema = kind.model_json_schema()
    definitions = schema.pop("$defs", {})

    def expand(value: Any) -> Any:
        if isinstance(value, list):
            return [expand(item) for item in value]
        if not isinstance(value, dict):
            return value
        if "$ref" not in value:
            return {name: expand(item) for name, item in value.items()}
        name = value["$ref"].rpartition("/")[2]
        beside = {key: item for key, item in value.items() if key != "$ref"}
        return {**expand(definitions[name]), **beside}

    expanded: dict[str, Any] = expand(schema)
    return expanded
