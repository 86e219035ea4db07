"""Reads job specifications from requests: JSON, a script, or a form."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from pydantic import TypeAdapter
from starlette.datastructures import UploadFile
from starlette.exceptions import HTTPException
from starlette.requests import Request

from gatewright.core.errors import (
    InvalidContent,
    InvalidRequest,
    UnsupportedMediaType,
)
from gatewright.domains.compute import Condition, JobSpec
from gatewright.faces.api.job_bodies import FlatJobBody, JobSpecBody
from gatewright.web.form_text import unix_lines
from gatewright.web.json_body import decode_json, is_json
from gatewright.web.json_model import schema_of, validated

_SCRIPT_TYPES = ("text/x-shellscript", "application/x-sh", "text/plain")
_FORM_TYPES = ("application/x-www-form-urlencoded", "multipart/form-data")
_PART_BYTES = 2 << 20
_ONE = TypeAdapter(JobSpecBody)
_MANY = TypeAdapter(list[JobSpecBody])
DRY_RUN = "dry_run"
"""Query parameter of a submission that is only tried: no field of the job."""
_LISTS = (
    "arguments",
    "environment",
    *(one.value for one in Condition if one is not Condition.SINGLETON),
)


async def read_specs(request: Request) -> tuple[Sequence[JobSpec], bool]:
    """Return the specifications in a request, and whether they were sent as a list.

    Raises
    ------
    UnsupportedMediaType
        The media type of the body is not one that describes a job.
    InvalidRequest
        The body is malformed.
    InvalidContent
        A field is unknown, wrong or given twice.
    """
    content_type = request.headers.get("content-type", "")
    kind = content_type.partition(";")[0].strip().lower()
    if is_json(content_type):
        value = decode_json(await request.body())
        if isinstance(value, list):
            return [
                body.spec() for body in validated(_MANY.validate_python, value)
            ], True
        return [validated(_ONE.validate_python, value).spec()], False
    asked = request.query_params.multi_items()
    query = [pair for pair in asked if pair[0] != DRY_RUN]
    if kind in _SCRIPT_TYPES:
        fields = _fields(query)
        fields["script"] = _text(await request.body())
        return [validated(FlatJobBody.model_validate, fields).spec()], False
    if kind in _FORM_TYPES:
        fields = _fields([*query, *await _form(request)])
        return [validated(FlatJobBody.model_validate, fields).spec()], False
    raise UnsupportedMediaType(
        "Send a job as application/json, a script as text/x-shellscript, or a form."
    )


def _fields(pairs: Iterable[tuple[str, str]]) -> dict[str, Any]:
    fields: dict[str, Any] = {}
    for name, value in pairs:
        if name in _LISTS:
            fields.setdefault(name, []).append(value)
        elif name in fields:
            raise InvalidContent(f"“{name[:80]}” is given twice.")
        elif value != "":
            # Browsers send empty fields of a form, too.
            fields[name] = value
    return fields


async def _form(request: Request) -> Sequence[tuple[str, str]]:
    try:
        form = await request.form(max_files=8, max_part_size=_PART_BYTES)
    except HTTPException as error:
        raise InvalidRequest(f"The form cannot be read: {error.detail}") from error
    except UnicodeError as error:  # of a “charset” such as Python's “undefined”
        raise InvalidRequest("The form is not text in its “charset”.") from error
    try:
        return [
            (
                name,
                _text(await value.read())
                if isinstance(value, UploadFile)
                else unix_lines(value),
            )
            for name, value in form.multi_items()
        ]
    finally:
        await form.close()


def _text(body: bytes) -> str:
    try:
        return body.decode()
    except UnicodeDecodeError as error:
        raise InvalidRequest("The script is not valid UTF-8 text.") from error


def submit_body() -> dict[str, Any]:
    """Return the ``openapi_extra`` that describes the bodies of a submission."""
    spec = schema_of(JobSpecBody)
    form = schema_of(FlatJobBody)
    script = {"type": "string", "examples": ["#!/bin/sh\necho hello\n"]}
    content = {
        "application/json": {"schema": spec},
        "text/x-shellscript": {"schema": script},
        **{kind: {"schema": form} for kind in _FORM_TYPES},
    }
    return {"requestBody": {"required": True, "content": content}}


def script_parameters() -> list[dict[str, Any]]:
    """Return the OpenAPI query parameters that may be sent with a script as body."""
    properties: Mapping[str, Any] = schema_of(FlatJobBody)["properties"]
    return [
        {
            "name": name,
            "in": "query",
            "required": False,
            "description": f"With a script: {schema.get('description', '')}",
            "schema": {k: v for k, v in schema.items() if k != "description"},
        }
        for name, schema in properties.items()
        if name not in {"script", "executable"}
    ]
