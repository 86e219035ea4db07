"""Requests that no route should see: NUL bytes, broken escapes, control characters.

The path may hold percent-escapes that are not UTF-8, since names of files are bytes;
the query may not.
"""

import re
from urllib.parse import unquote_to_bytes

from starlette.types import ASGIApp, Receive, Scope, Send

from gatewright.core.errors import InvalidRequest

_BROKEN = re.compile(rb"%(?![0-9A-Fa-f]{2})|%00|[\x00-\x20\x7f]")
_CONTROL = re.compile(rb"[\x00-\x08\x0a-\x1f\x7f]")


class Malformed:
    """Refuses such requests with 400 before anything reads them."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle one request."""
        check_path(scope)
        check_query(scope.get("query_string", b""))
        for name, value in scope["headers"]:
            if _CONTROL.search(value) or _CONTROL.search(name):
                raise InvalidRequest("A header field has a control character.")
        await self._app(scope, receive, send)


def check_path(scope: Scope) -> None:
    """Refuse a path with a NUL byte, a broken escape or a lone surrogate.

    Raises
    ------
    InvalidRequest
        The path has one.
    """
    raw = scope.get("raw_path") or b""
    if _BROKEN.search(raw) or "\0" in scope["path"] or not _is_text(scope["path"]):
        raise InvalidRequest("The path has a NUL byte or a broken percent-escape.")


def check_query(raw: bytes) -> None:
    """Refuse a query, or a body of a form, that is not text once it is decoded.

    Raises
    ------
    InvalidRequest
        It has a NUL byte, a broken escape or is not UTF-8.
    """
    if _BROKEN.search(raw):
        raise InvalidRequest("The query has a NUL byte or a broken percent-escape.")
    if b"%" in raw or not raw.isascii():
        try:
            unquote_to_bytes(raw).decode()
        except UnicodeDecodeError as error:
            raise InvalidRequest("The query is not valid UTF-8.") from error


def _is_text(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True
