"""Responses with image content, from memory or from a file descriptor."""

from starlette.requests import Request
from starlette.responses import Response

from gatewright.domains.sky import Content
from gatewright.web.bytes import DescriptorFile, file_response
from gatewright.web.user_content import content_disposition


def content_response(
    content: Content, request: Request, etag: str, *, inline: bool = False
) -> Response:
    """Return a response that sends content, and closes its descriptor afterwards.

    Content with a descriptor supports byte ranges.
    """
    how = "inline" if inline else "attachment"
    headers = {
        "Cache-Control": "private, no-cache",
        "Content-Disposition": content_disposition(how, content.name.encode()),
    }
    if content.descriptor is None:
        headers["ETag"] = etag
        return Response(content.data, headers=headers, media_type=content.media_type)
    return file_response(
        request,
        DescriptorFile(content.descriptor),
        content.size,
        media_type=content.media_type,
        etag=etag,
        headers=headers,
    )
