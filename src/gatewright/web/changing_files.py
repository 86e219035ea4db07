"""Responses from users' own files, which others may change while they are sent.

A response has exactly the content that the file had when it was opened, or the
connection is closed before the end. Small files, and small ranges of any file, are read
before the response begins. Files whose size is reported as 0 (in ``/proc``) are read to
their end, and sent without a length and an entity tag.
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Mapping
from functools import partial
from typing import Protocol, TypeVar

from starlette.requests import Request
from starlette.responses import Response

from gatewright.core.errors import TimedOut
from gatewright.web.bytes import (
    ByteFile,
    DescriptorResponse,
    being_changed,
    file_response,
)
from gatewright.web.live import live_response

T = TypeVar("T")

_SMALL = 1 << 16
_BLOCK = 1 << 16
_SECONDS = 15.0


class ChangingFile(ByteFile, Protocol):
    """An open regular file that others may change."""

    def size_now(self) -> int | None:
        """Return the current size; None if the file was overwritten since opening."""


class _InMemory:
    """A file whose content was read into memory."""

    descriptor = None

    def __init__(self, content: bytes) -> None:
        self._content = content

    async def read(self, offset: int, count: int) -> bytes:
        return self._content[offset : offset + count]

    def close(self) -> None:
        pass


async def changing_file_response(
    request: Request,
    file: ChangingFile,
    size: int,
    *,
    media_type: str,
    etag: str,
    modified_at: float,
    headers: Mapping[str, str],
) -> Response:
    """Return the response to GET or HEAD of a user's file.

    The parameters are those of `file_response`.

    Raises
    ------
    PreconditionFailed
        The file is not in the state that the request's conditions name (412).
    RangeNotSatisfiable
        The byte range is outside the file (416).
    Unavailable
        The file was overwritten while it was read.
    TimedOut
        The file or the range is small, but could not be read in 15 seconds.
    """
    answer = partial(
        file_response,
        request,
        media_type=media_type,
        etag=etag,
        modified_at=modified_at,
        headers=headers,
    )
    if size > _SMALL:
        response = answer(file, size, holds=lambda: file.size_now() is not None)
        if isinstance(response, DescriptorResponse) and response.body_bytes <= _SMALL:
            await _read(file, response.read_ahead())
            file.close()
        return response
    content, now = await _read(file, file.read(0, size or _BLOCK))
    if not size and not now and content:
        return _unsized(request, file, content, media_type, headers)
    file.close()
    if len(content) < size:  # every file in /sys reports the size of a page
        fields = {**headers, "Cache-Control": "no-store"}
        return Response(content, headers=fields, media_type=media_type)
    return answer(_InMemory(content[:size]), size)


async def _read(file: ChangingFile, reading: Awaitable[T]) -> tuple[T, int]:
    """Return what is read from a file, and its size after that.

    If it fails, or the file was overwritten meanwhile, the file is closed.
    """
    try:
        async with asyncio.timeout(_SECONDS):
            found = await reading
        now = file.size_now()
    except BaseException as error:
        file.close()
        if isinstance(error, TimeoutError):
            raise TimedOut("The file could not be read in time.") from error
        raise
    if now is None:
        file.close()
        raise being_changed()
    return found, now


def _unsized(
    request: Request,
    file: ChangingFile,
    begin: bytes,
    media_type: str,
    headers: Mapping[str, str],
) -> Response:
    async def blocks() -> AsyncIterator[bytes]:
        block, offset = begin, 0
        try:
            while block:
                yield block
                offset += len(block)
                block = await file.read(offset, _BLOCK)
        finally:
            file.close()

    fields = {**headers, "Cache-Control": "no-store"}
    if request.method == "HEAD":
        file.close()
    return live_response(blocks(), media_type, fields)
