"""Refuses malformed requests: NUL bytes, broken escapes, control characters.

The path may have percent-escapes that are not UTF-8, since file names are bytes; the
query may not.
"""

import re
from collections.abc import Awaitable
from urllib.parse import unquote_to_bytes

from starlette.types import ASGIApp, Receive, Scope, Send

from gatewright.core.errors import InvalidRequest
from gatewright.web.fields import has_control

_BROKEN = re.compile(rb"%(?![0-9A-Fa-f]{2})|%00|[\x00-\x20\x7f]")
_BROKEN_FORM = re.compile(rb"%(?![0-9A-Fa-f]{2})|%00|\x00")
_LONG_NUMBER = re.compile(rb"[0-9]{1000}")
"""Python refuses to parse integers of more than 4300 digits, in Starlette's routes
too."""


class Malformed:
    """ASGI middleware that refuses malformed requests (400) before others read them."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    def __call__(self, scope: Scope, receive: Receive, send: Send) -> Awaitable[None]:
        """Handle one request.

        Raises
        ------
        InvalidRequest
            The path or the query has a NUL byte or a broken escape, the path has a
            surrogate or a number of 1000 digits, the query is not UTF-8 after decoding,
            or a header field has a control character.
        """
        raw, path = scope.get("raw_path") or b"", scope["path"]
        if (
            _BROKEN.search(raw)
            or "\0" in path
            or not (path.isascii() or _is_text(path))
        ):
            raise InvalidRequest("The path has a NUL byte or a broken percent-escape.")
        if len(raw) >= 1000 and _LONG_NUMBER.search(raw):
            raise InvalidRequest("The path has a number of a thousand or more digits.")
        query = scope.get("query_string")
        if query:
            if _BROKEN.search(query):
                raise InvalidRequest(
                    "The query has a NUL byte or a broken percent-escape."
                )
            _check_text(query, "query")
        texts = [text for pair in scope["headers"] for text in pair]
        if has_control(b"".join(texts)):
            raise InvalidRequest("A header field has a control character.")
        return self._app(scope, receive, send)


def check_form(body: bytes) -> None:
    """Check that a URL-encoded form is valid UTF-8 after decoding, without NUL.

    Unescaped spaces and line ends are accepted, since ``curl -d`` and many scripts send
    them.

    Raises
    ------
    InvalidRequest
        The form has a NUL byte or a broken escape, or is not UTF-8.
    """
    if _BROKEN_FORM.search(body):
        raise InvalidRequest("The form has a NUL byte or a broken percent-escape.")
    _check_text(body, "form")


def _check_text(raw: bytes, what: str) -> None:
    if b"%" not in raw and raw.isascii():
        return
    try:
        unquote_to_bytes(raw).decode()
    except UnicodeDecodeError as error:
        raise InvalidRequest(f"The {what} is not valid UTF-8.") from error


def _is_text(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True
