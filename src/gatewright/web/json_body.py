"""Strict decoding of JSON from clients.

Python's own decoder accepts values that fail later, far from the request. These are
refused here: NaN, Infinity and ``1e400``, lone surrogates, NUL characters, nesting so
deep that it ends in a RecursionError, and numbers of thousands of digits. If an object
has a key twice, the last one counts.
"""

import re
from typing import Any

import msgspec
from starlette.requests import Request

from gatewright.core.errors import InvalidRequest, UnsupportedMediaType

MAXIMUM_DEPTH = 64
_STRING = re.compile(rb'"(?:[^"\\]|\\.)*"', re.DOTALL)
_NUL = re.compile(rb"(?<!\\)(?:\\\\)*\\u0000")
_BRACES_TO_BRACKETS = bytes.maketrans(b"{}", b"[]")
_NO_BRACKET = bytes(set(range(256)) - set(b"[]{}"))


def decode_json(body: bytes) -> Any:
    """Return the value of a JSON text.

    Raises
    ------
    InvalidRequest
        The text is not valid JSON, or has a value that this module refuses (see above).
    """
    try:
        value = msgspec.json.decode(body)
    except msgspec.DecodeError as error:
        reason = str(error).removeprefix("JSON is malformed: ").rstrip(".")
        raise InvalidRequest(f"The body is not valid JSON: {reason}.") from error
    except RecursionError as error:
        raise _too_deep() from error
    except ValueError as error:
        raise InvalidRequest("The body is not valid UTF-8.") from error
    if b"\\u0000" in body and _NUL.search(body):
        raise InvalidRequest("The body has a NUL character, which is not accepted.")
    if body.count(b"[") + body.count(b"{") > MAXIMUM_DEPTH and _is_deep(body):
        raise _too_deep()
    return value


async def read_json(request: Request) -> Any:
    """Return the JSON value of a request's body.

    Raises
    ------
    UnsupportedMediaType
        ``Content-Type`` is not JSON.
    InvalidRequest
        The body is not valid JSON, or is refused as the module describes.
    """
    if not is_json(request.headers.get("content-type", "")):
        raise UnsupportedMediaType("Send the body as “Content-Type: application/json”.")
    return decode_json(await request.body())


def is_json(content_type: str) -> bool:
    """Return whether a ``Content-Type`` is JSON or a ``+json`` type."""
    kind = content_type.partition(";")[0].strip().lower()
    return kind == "application/json" or (
        kind.startswith("application/") and kind.endswith("+json")
    )


def _is_deep(body: bytes) -> bool:
    """Return whether JSON nests too deep, by removing innermost brackets repeatedly."""
    brackets = _STRING.sub(b"", body).translate(_BRACES_TO_BRACKETS, _NO_BRACKET)
    for _ in range(MAXIMUM_DEPTH):
        brackets = brackets.replace(b"[]", b"")
    return bool(brackets)


def _too_deep() -> InvalidRequest:
    return InvalidRequest(f"The body is nested deeper than {MAXIMUM_DEPTH} levels.")
