"""Responses with a file of the kit."""

from starlette.requests import Request
from starlette.responses import Response

from gatewright.faces.site.assets import Asset
from gatewright.web.conditional import check_preconditions, not_modified

FOREVER = "public, max-age=31536000, immutable"
CHECK_FIRST = "public, no-cache"


def asset_response(
    asset: Asset, request: Request, *, forever: bool = False, status: int = 200
) -> Response:
    """Return a response with a file, or 304 if the client has it (RFC 9110, 13).

    ``forever`` says that the content at the URL never changes.
    """
    headers = {
        "ETag": asset.etag,
        "Cache-Control": FOREVER if forever else CHECK_FIRST,
        "Vary": "Accept-Encoding",
        "X-Content-Type-Options": "nosniff",
    }
    if asset.policy:
        headers["Content-Security-Policy"] = asset.policy
    if status == 200 and check_preconditions(request, asset.etag):
        return not_modified(None, headers=headers)
    body, coding = _encoded(asset, request.headers.get("accept-encoding", ""))
    if coding:
        headers["Content-Encoding"] = coding
    return Response(body, status, headers, asset.media_type)


def _encoded(asset: Asset, accept: str) -> tuple[bytes, str]:
    """Return the smallest encoded form that the client accepts, and its coding."""
    taken = {
        coding.strip().lower()
        for coding, _, weight in (part.partition(";") for part in accept.split(","))
        if weight.replace(" ", "") not in {"q=0", "q=0.0", "q=0.00", "q=0.000"}
    }
    for coding in ("br", "gzip"):
        if coding in taken and coding in asset.encodings:
            return asset.encodings[coding], coding
    return asset.body, ""
