"""Reads the body of a request that uploads a file."""

import re
from collections.abc import AsyncIterator

from starlette.requests import ClientDisconnect, Request

from gatewright.core.errors import InvalidRequest, UnsupportedMediaType

_SECONDS = re.compile(r"([0-9]{1,11})(?:\.([0-9]{1,9}))?")


def declared_length(request: Request) -> int | None:
    """Return the length of the body in bytes, or None if it is not declared."""
    field = request.headers.get("content-length")
    return int(field) if field is not None and field.isdecimal() else None


def declared_time(request: Request) -> int | None:
    """Return the modification time for the file from ``X-OC-MTime``, in nanoseconds.

    The header has seconds since 1970-01-01 UTC, with decimals; without it this returns
    None. It is ownCloud's; rclone and Nextcloud's clients send it.

    Raises
    ------
    InvalidRequest
        The header is not a number of at most eleven digits and nine decimals.
    """
    field = request.headers.get("x-oc-mtime")
    if field is None:
        return None
    match = _SECONDS.fullmatch(field.strip())
    if match is None:
        raise InvalidRequest("“X-OC-MTime” is seconds since 1970, as 1767225600.25.")
    return int(match[1]) * 1_000_000_000 + int((match[2] or "").ljust(9, "0"))


async def file_body(request: Request) -> AsyncIterator[bytes]:
    """Yield the body in blocks, as the whole content of a file.

    Raises
    ------
    UnsupportedMediaType
        The body has a content coding, with which it would be stored.
    InvalidRequest
        The body is a part of a file, which would replace the whole of it (RFC 9110,
        section 14.5), or the client disconnected before its end.
    """
    coding = request.headers.get("content-encoding", "identity").strip().lower()
    if coding not in {"", "identity"}:
        raise UnsupportedMediaType("Send the file without Content-Encoding.")
    if "content-range" in request.headers:
        raise InvalidRequest("Send the whole file, without Content-Range.")
    async for block in blocks(request):
        yield block


async def blocks(request: Request) -> AsyncIterator[bytes]:
    """Yield the body in blocks, of whatever kind it is.

    Raises
    ------
    InvalidRequest
        The client disconnected before the end of the body.
    """
    try:
        async for block in request.stream():
            yield block
    except ClientDisconnect as error:
        raise InvalidRequest("The client disconnected before the end.") from error
