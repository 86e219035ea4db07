"""JSON bodies as models: read strictly, and shown in the OpenAPI document."""

from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError
from starlette.requests import Request

from gatewright.core.errors import InvalidContent
from gatewright.web.json_body import read_json

BINARY = {"type": "string", "format": "binary"}
"""Schema of bytes of any kind."""

M = TypeVar("M", bound=BaseModel)


async def read_model(request: Request, kind: type[M]) -> M:
    """Return a request's JSON body as a model.

    Raises
    ------
    UnsupportedMediaType
        The body is said to be something else.
    InvalidRequest
        It is not JSON, or is more than the gateway takes.
    InvalidContent
        A member is missing, unknown or wrong.
    """
    value = await read_json(request)
    try:
        return kind.model_validate(value)
    except ValidationError as error:
        faults = [
            {"where": ".".join(map(str, fault["loc"])), "what": fault["msg"]}
            for fault in error.errors(include_url=False, include_input=False)
        ]
        text = "; ".join(f"{f['where'] or 'body'}: {f['what']}" for f in faults[:5])
        raise InvalidContent(text, faults=faults[:50]) from error


def json_body(kind: type[BaseModel]) -> dict[str, Any]:
    """Return what makes FastAPI show a model as a route's body (``openapi_extra``)."""
    content = {"application/json": {"schema": schema_of(kind)}}
    return {"requestBody": {"required": True, "content": content}}


def schema_of(kind: type[BaseModel]) -> dict[str, Any]:
    """Return a model's JSON schema without references.

    Those of pydantic lead into the schema itself, and inside an OpenAPI document that
    is another place.
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
