"""Bytes of images as answers: from memory, or from a descriptor with a range."""

import asyncio
import os
import re
from urllib.parse import quote

from starlette.requests import Request
from starlette.responses import Response
from starlette.types import Receive, Scope, Send
from typing_extensions import override

from gatewright.core.errors import BackendFailed, RangeNotSatisfiable
from gatewright.domains.sky import Content

_BLOCK = 1 << 20
_RANGE = re.compile(r"bytes=(\d{0,20})-(\d{0,20})", re.ASCII)
_ZERO_COPY = "http.response.zerocopysend"


def content_response(
    content: Content, request: Request, etag: str, *, inline: bool = False
) -> Response:
    """Return the answer that sends a content; the descriptor is closed after it."""
    how = "inline" if inline else "attachment"
    name = quote(content.name, safe="")
    headers = {
        "ETag": etag,
        "Cache-Control": "private, no-cache",
        "Content-Disposition": f"{how}; filename*=UTF-8''{name}",
    }
    if content.descriptor is None:
        return Response(content.data, headers=headers, media_type=content.media_type)
    try:
        return _from_descriptor(content, content.descriptor, request, etag, headers)
    except BaseException:
        os.close(content.descriptor)
        raise


def _from_descriptor(
    content: Content,
    descriptor: int,
    request: Request,
    etag: str,
    headers: dict[str, str],
) -> Response:
    headers["Accept-Ranges"] = "bytes"
    span = _requested(request, content.size, etag)
    first, last = span or (0, content.size - 1)
    if span is not None:
        headers["Content-Range"] = f"bytes {first}-{last}/{content.size}"
    return DescriptorResponse(
        descriptor,
        first,
        last - first + 1,
        status=206 if span else 200,
        headers=headers,
        media_type=content.media_type,
    )


def _requested(request: Request, size: int, etag: str) -> tuple[int, int] | None:
    """Return the first and last byte of a single range; None for the whole.

    A range of another form is as if not sent (RFC 9110, section 14.2).

    Raises
    ------
    RangeNotSatisfiable
        The range begins behind the end.
    """
    match = _RANGE.fullmatch(request.headers.get("range", "").strip())
    condition = request.headers.get("if-range", etag)
    if match is None or condition != etag or not any(match.groups()):
        return None
    if not match.group(1):
        first, last = max(0, size - int(match.group(2))), size - 1
    else:
        first = int(match.group(1))
        last = min(int(match.group(2) or size - 1), size - 1)
        if match.group(2) and int(match.group(2)) < first:
            return None
    if first >= size or last < first:
        raise RangeNotSatisfiable(
            f"The file has {size} bytes.", headers={"Content-Range": f"bytes */{size}"}
        )
    return first, last


class DescriptorResponse(Response):
    """Sends a stretch of an open file and closes it.

    Parameters
    ----------
    descriptor
        Open file.
    offset, length
        The stretch, in bytes.
    """

    def __init__(
        self,
        descriptor: int,
        offset: int,
        length: int,
        *,
        status: int,
        headers: dict[str, str],
        media_type: str,
    ) -> None:
        headers = {**headers, "Content-Length": str(length)}
        super().__init__(b"", status, headers, media_type)
        self._descriptor = descriptor
        self._offset = offset
        self._length = length

    @override
    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send the answer."""
        try:
            await send(
                {
                    "type": "http.response.start",
                    "status": self.status_code,
                    "headers": self.raw_headers,
                }
            )
            if scope["method"] == "HEAD":
                await send({"type": "http.response.body", "body": b""})
            elif _ZERO_COPY in scope.get("extensions", {}):
                await self._send_file(send)
            else:
                await self._send_blocks(send)
        finally:
            os.close(self._descriptor)

    async def _send_file(self, send: Send) -> None:
        message = {"file": self._descriptor, "offset": self._offset}
        await send({"type": _ZERO_COPY, "count": self._length, **message})

    async def _send_blocks(self, send: Send) -> None:
        sent = 0
        while sent < self._length:
            count = min(_BLOCK, self._length - sent)
            place = self._offset + sent
            block = await asyncio.to_thread(os.pread, self._descriptor, count, place)
            if not block:
                raise BackendFailed("The file ended too soon.")
            sent += len(block)
            more = sent < self._length
            await send({"type": "http.response.body", "body": block, "more_body": more})
