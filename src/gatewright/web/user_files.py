"""A user's own file as an answer, whatever the face."""

from starlette.requests import Request
from starlette.responses import Response

from gatewright.domains.files import OpenFile
from gatewright.web.changing_files import changing_file_response
from gatewright.web.user_content import user_content


async def user_file_response(request: Request, opened: OpenFile) -> Response:
    """Answer GET or HEAD with a file that is open; it is closed in every case.

    Raises
    ------
    GatewayError
        As `changing_file_response`.
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
