"""Requests that no route should see: NUL bytes, broken escapes, control characters.

The path may hold percent-escapes that are not UTF-8, since names of files are bytes;
the query may not.
"""

import re
from collections.abc import Awaitable
from urllib.parse import unquote_to_bytes

from starlette.types import ASGIApp, Receive, Scope, Send

from gatewright.core.errors import InvalidRequest

_BROKEN = re.compile(rb"%(?![0-9A-Fa-f]{2})|%00|[\x00-\x20\x7f]")
_BROKEN_FORM = re.compile(rb"%(?![0-9A-Fa-f]{2})|%00|\x00")
_LONG_NUMBER = re.compile(rb"[0-9]{1000}")
"""Python refuses to read numbers of more than 4300 digits, Starlette's routes too."""
_CONTROL = re.compile(rb"[\x00-\x08\x0a-\x1f\x7f]")


class Malformed:
    """Refuses such requests with 400 before anything reads them."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    def __call__(self, scope: Scope, receive: Receive, send: Send) -> Awaitable[None]:
        """Handle one request."""
        check_path(scope)
        check_query(scope.get("query_string", b""))
        texts = [text for pair in scope["headers"] for text in pair]
        if _CONTROL.search(b" ".join(texts)):
            raise InvalidRequest("A header field has a control character.")
        return self._app(scope, receive, send)


def check_path(scope: Scope) -> None:
    """Refuse a path with a NUL byte, a broken escape, a surrogate, an endless number.

    Raises
    ------
    InvalidRequest
        The path has one.
    """
    raw = scope.get("raw_path") or b""
    path: str = scope["path"]
    if _BROKEN.search(raw) or "\0" in path or not (path.isascii() or _is_text(path)):
        raise InvalidRequest("The path has a NUL byte or a broken percent-escape.")
    if len(raw) >= 1000 and _LONG_NUMBER.search(raw):
        raise InvalidRequest("The path has a number of a thousand digits.")


def check_query(raw: bytes) -> None:
    """Refuse a query that is not text once it is decoded.

    Raises
    ------
    InvalidRequest
        It has a NUL byte, a broken escape or is not UTF-8.
    """
    if not raw:
        return
    if _BROKEN.search(raw):
        raise InvalidRequest("The query has a NUL byte or a broken percent-escape.")
    _check_text(raw, "query")


def check_form(body: bytes) -> None:
    """Refuse a body of a form that is not text once it is decoded.

    Spaces and line ends that should have been escaped are taken, since ``curl -d``
    and many scripts send them so.

    Raises
    ------
    InvalidRequest
        It has a NUL byte, a broken escape or is not UTF-8.
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
