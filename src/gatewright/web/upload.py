"""The body of a request as a file that is uploaded."""

import re
from collections.abc import AsyncIterator

from starlette.requests import ClientDisconnect, Request

from gatewright.core.errors import InvalidRequest, UnsupportedMediaType

_SECONDS = re.compile(r"([0-9]{1,11})(?:\.([0-9]{1,9}))?")


def declared_length(request: Request) -> int | None:
    """Return the length of the body, if it was said."""
    field = request.headers.get("content-length")
    return int(field) if field is not None and field.isdecimal() else None


def declared_time(request: Request) -> int | None:
    """Return the time of last change that a file shall have, from ``X-OC-MTime``.

    The field has seconds since 1970, with decimals; returned are nanoseconds, None if
    it was not sent. (The field is ownCloud's; rclone and Nextcloud's clients send it.)

    Raises
    ------
    InvalidRequest
        It is no such number, or the year is above 9999.
    """
    field = request.headers.get("x-oc-mtime")
    if field is None:
        return None
    match = _SECONDS.fullmatch(field.strip())
    if match is None:
        raise InvalidRequest("“X-OC-MTime” has seconds since 1970, as 1767225600.25.")
    return int(match[1]) * 1_000_000_000 + int((match[2] or "").ljust(9, "0"))


async def file_body(request: Request) -> AsyncIterator[bytes]:
    """Yield the body as it comes: a whole file, as it is to be stored.

    Raises
    ------
    UnsupportedMediaType
        The body is encoded; it would be stored so.
    InvalidRequest
        The body is a part of a file, which would replace the whole of it (RFC 9110,
        section 14.5), or the client went away before its end.
    """
    coding = request.headers.get("content-encoding", "identity").strip().lower()
    if coding not in {"", "identity"}:
        raise UnsupportedMediaType("Send the file without Content-Encoding.")
    if "content-range" in request.headers:
        raise InvalidRequest("Send the whole file, without Content-Range.")
    async for block in blocks(request):
        yield block


async def blocks(request: Request) -> AsyncIterator[bytes]:
    """Yield the body as it comes, whatever it is.

    Raises
    ------
    InvalidRequest
        The client went away before its end.
    """
    try:
        async for block in request.stream():
            yield block
    except ClientDisconnect as error:
        raise InvalidRequest("The client went away before the end.") from error
