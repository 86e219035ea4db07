"""Responses with a user's own file, shared by the faces."""

from starlette.requests import Request
from starlette.responses import Response

from gatewright.domains.files import OpenFile
from gatewright.web.changing_files import changing_file_response
from gatewright.web.user_content import user_content


async def user_file_response(request: Request, opened: OpenFile) -> Response:
    """Return the response to GET or HEAD of an open file, which is always closed.

    Raises
    ------
    GatewayError
        See `changing_file_response`.
    """
    entry = opened.entry
    media_type, headers = user_content(entry.name)
    return await changing_file_response(
        request,
        opened,
        entry.size,
        media_type=media_type,
        etag=entry.etag,
        modified_at=entry.modified_at,
        headers=headers,
    )
