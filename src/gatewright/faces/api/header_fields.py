"""The header fields of the API's requests and answers, for its OpenAPI document."""

from collections.abc import Mapping
from typing import Any, Final

_TEXT: Final[Mapping[str, Any]] = {"type": "string"}


def _field(description: str, example: str) -> dict[str, Any]:
    return {"description": description, "schema": _TEXT, "example": example}


FIELDS: Final[Mapping[str, Any]] = {
    "Accept-Ranges": _field("“bytes”: parts can be asked for by “Range”.", "bytes"),
    "Cache-Control": _field("Whether and how long a copy may be kept.", "no-store"),
    "Content-Disposition": _field(
        "Whether to show or to keep it, and its name.", 'attachment; filename="x.nc"'
    ),
    "Content-Range": _field("Which part this is, and of how much.", "bytes 0-9/100"),
    "ETag": _field("Tag of this state of the resource.", '"5f3a"'),
    "Last-Modified": _field("When it was changed.", "Sun, 29 Nov 2026 02:24:00 GMT"),
    "Link": _field("The next page, as rel=next.", '</api/v1/jobs/x>; rel="next"'),
    "Location": _field("Where what was made is.", "/api/v1/jobs/local/17"),
    "RateLimit": _field("Requests that are left (r).", '"default";r=99'),
    "RateLimit-Policy": _field("Requests in a window of seconds.", '"default";q=100'),
    "Retry-After": _field("Seconds after which the request may succeed.", "5"),
    "Server-Timing": _field("Milliseconds until the answer began.", "total;dur=1.2"),
    "Set-Cookie": _field("The cookie of a session.", "gw_session=…; HttpOnly"),
    "WWW-Authenticate": _field("How to say who you are.", 'Bearer realm="gatewright"'),
    "X-Accel-Buffering": _field("“no”: a proxy passes each part on at once.", "no"),
    "X-Request-Id": _field("Id of the request in the gateway's logs.", "01m8jjcgxn"),
}
"""Header fields of answers, each once."""

_FILE: Final = (
    *("ETag", "Last-Modified", "Accept-Ranges", "Content-Range"),
    "Content-Disposition",
)
_PARTS: Final = ("Range", "If-Range", "If-None-Match")
_CONDITIONS: Final = ("If-Match", "If-None-Match")

ANSWERED: Final[Mapping[str, tuple[str, ...]]] = {
    **dict.fromkeys(("readFile", "headFile", "downloadImage"), _FILE),
    **dict.fromkeys(("readJobOutput", "readJobErrors"), _FILE),
    **dict.fromkeys(("subsetDataset", "cutOutImage"), _FILE),
    **dict.fromkeys(("writeFile", "changeFile"), ("ETag", "Location")),
    "submitJob": ("Location",),
    **dict.fromkeys(("makeCoadd", "makeDifference"), ("Location",)),
    **dict.fromkeys(("getCoaddImage", "getDifferenceImage"), _FILE),
    "createToken": ("Location",),
    "beginSession": ("Set-Cookie",),
    "endSession": ("Set-Cookie",),
    "endOtherSession": ("Set-Cookie",),
    **dict.fromkeys(("followEvents", "followJobEvents"), ("X-Accel-Buffering",)),
    "listChanges": ("X-Accel-Buffering",),
    "readDocument": ("ETag", "Last-Modified"),
    **dict.fromkeys(("writeDocument", "patchDocument"), ("ETag", "Location")),
    "addDocument": ("ETag", "Location"),
    "saveCollection": ("Location",),
}
"""Header fields of successful answers, by operation."""

SENT: Final[Mapping[str, tuple[str, ...]]] = {
    **dict.fromkeys(("readFile", "headFile", "downloadImage"), _PARTS),
    **dict.fromkeys(("readJobOutput", "readJobErrors"), _PARTS),
    **dict.fromkeys(("subsetDataset", "cutOutImage"), _PARTS),
    **dict.fromkeys(("writeFile", "deleteFile"), _CONDITIONS),
    **dict.fromkeys(("writeDocument", "patchDocument", "deleteDocument"), _CONDITIONS),
    "readDocument": ("If-None-Match",),
    **dict.fromkeys(("getCoaddImage", "getDifferenceImage"), _PARTS),
    "saveCollection": _CONDITIONS,
    **dict.fromkeys(("followEvents", "followJobEvents"), ("Last-Event-ID",)),
    "listChanges": ("Last-Event-ID",),
}
"""Header fields that requests may have, by operation."""

_SENT_FIELDS: Final[Mapping[str, tuple[str, str]]] = {
    "If-Match": ("Only if it still has one of these tags (or *, if it is).", '"5f3a"'),
    "If-None-Match": ("Only if it has none of these tags (or *, if it is not).", "*"),
    "If-Range": ("“Range” counts only if it still has this tag.", '"5f3a"'),
    "Range": ("Only this part.", "bytes=0-1023"),
    "Last-Event-ID": ("Go on after this event.", "17"),
}


def sent_field(name: str) -> dict[str, Any]:
    """Return a header field of a request as a parameter of OpenAPI."""
    description, example = _SENT_FIELDS[name]
    return {
        "name": name,
        "in": "header",
        "required": False,
        "description": description,
        "schema": _TEXT,
        "example": example,
    }
