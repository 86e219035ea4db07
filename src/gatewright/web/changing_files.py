"""Answers from files that others may change while they are sent: the users' own.

An answer is all of what the file held when it was opened, or it ends before its end.
Small files are read before the answer begins. Files that have no size (those of
``/proc``) are read to their end, and sent without a length and a tag.
"""

import asyncio
from collections.abc import AsyncIterator, Mapping
from functools import partial
from typing import Protocol

from starlette.requests import Request
from starlette.responses import Response

from gatewright.core.errors import TimedOut, Unavailable
from gatewright.web.bytes import ByteFile, file_response
from gatewright.web.live import live_response

_SMALL = 1 << 16
_BLOCK = 1 << 16
_SECONDS = 15.0


class ChangingFile(ByteFile, Protocol):
    """An open regular file that others may change."""

    def size_now(self) -> int | None:
        """Return its size now; None when it was overwritten since it was opened."""


class _InMemory:
    """A file whose bytes have been read."""

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
    """Answer GET or HEAD with a user's file; the arguments are `file_response`'s.

    Raises
    ------
    PreconditionFailed, RangeNotSatisfiable
        The client's conditions, or its range, do not fit.
    Unavailable
        The file was overwritten while it was read.
    TimedOut
        It is small, and its bytes did not come in time.
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
        return answer(file, size, holds=lambda: file.size_now() is not None)
    try:
        content, now = await _small(file, size)
    except BaseException:
        file.close()
        raise
    if now is not None and not size and not now and content:
        return _unsized(request, file, content, media_type, headers)
    file.close()
    if now is None:
        raise Unavailable("The file is being changed; ask again.", retry_after=1)
    if len(content) < size:  # in /sys a file has the size of a page, whatever it holds
        fields = {**headers, "Cache-Control": "no-store"}
        return Response(content, headers=fields, media_type=media_type)
    return answer(_InMemory(content[:size]), size)


async def _small(file: ChangingFile, size: int) -> tuple[bytes, int | None]:
    """Return what a small file holds, and its size after it was read."""
    try:
        async with asyncio.timeout(_SECONDS):
            content = await file.read(0, size or _BLOCK)
    except TimeoutError as error:
        raise TimedOut("The file did not give its bytes in time.") from error
    return content, file.size_now()


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
