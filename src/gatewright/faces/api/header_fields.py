"""Descriptions of request and response headers for the API's OpenAPI document."""

from collections.abc import Mapping
from typing import Any, Final

_TEXT: Final[Mapping[str, Any]] = {"type": "string"}


def _field(description: str, example: str) -> dict[str, Any]:
    return {"description": description, "schema": _TEXT, "example": example}


FIELDS: Final[Mapping[str, Any]] = {
    "Accept-Ranges": _field("“bytes”: “Range” requests are supported.", "bytes"),
    "Cache-Control": _field("Whether and how long caches may keep it.", "no-store"),
    "Content-Disposition": _field(
        "Whether to display or to save it, and its file name.",
        'attachment; filename="x.nc"',
    ),
    "Content-Range": _field("Range of this part, and the whole size.", "bytes 0-9/100"),
    "ETag": _field("Entity tag of this version of the resource.", '"5f3a"'),
    "Gatewright-Left-Out": _field("Number of images without a cut-out.", "0"),
    "Last-Modified": _field("Last change.", "Sun, 29 Nov 2026 02:24:00 GMT"),
    "Link": _field("The next page, as rel=next.", '</api/v1/jobs/x>; rel="next"'),
    "Location": _field("URL of the new resource.", "/api/v1/jobs/local/17"),
    "RateLimit": _field("Requests that are left (r).", '"default";r=99'),
    "RateLimit-Policy": _field("Requests per window of seconds.", '"default";q=100'),
    "Retry-After": _field("Seconds after which the request may succeed.", "5"),
    "Server-Timing": _field("Milliseconds until the response.", "total;dur=1.2"),
    "Set-Cookie": _field("The session cookie.", "gw_session=…; HttpOnly"),
    "WWW-Authenticate": _field("How to authenticate.", 'Bearer realm="gatewright"'),
    "X-Accel-Buffering": _field("“no”: nginx passes each part on at once.", "no"),
    "X-Request-Id": _field("Id of the request in the gateway's logs.", "01m8jjcgxn"),
}
"""Descriptions of response headers, by name."""

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
    **dict.fromkeys(("makeCoadd", "makeDifference", "trainClassifier"), ("Location",)),
    **dict.fromkeys(("getCoaddImage", "getDifferenceImage"), _FILE),
    "getCandidateStamp": _FILE,
    "cutOutImages": ("Content-Disposition", "Gatewright-Left-Out"),
    **dict.fromkeys(("createToken", "announceIncident"), ("Location",)),
    "beginSession": ("Set-Cookie",),
    "endSession": ("Set-Cookie",),
    "endOtherSession": ("Set-Cookie",),
    **dict.fromkeys(("followEvents", "followJobEvents"), ("X-Accel-Buffering",)),
    "followCandidates": ("X-Accel-Buffering",),
    "listChanges": ("X-Accel-Buffering",),
    "readDocument": ("ETag", "Last-Modified"),
    **dict.fromkeys(("writeDocument", "patchDocument"), ("ETag", "Location")),
    "addDocument": ("ETag", "Location"),
    "saveCollection": ("Location",),
}
"""Names of the headers of successful responses, by operation."""

SENT: Final[Mapping[str, tuple[str, ...]]] = {
    **dict.fromkeys(("readFile", "headFile", "downloadImage"), _PARTS),
    **dict.fromkeys(("readJobOutput", "readJobErrors"), _PARTS),
    **dict.fromkeys(("subsetDataset", "cutOutImage"), _PARTS),
    **dict.fromkeys(("writeFile", "deleteFile"), _CONDITIONS),
    **dict.fromkeys(("writeDocument", "patchDocument", "deleteDocument"), _CONDITIONS),
    "readDocument": ("If-None-Match",),
    **dict.fromkeys(("getCoaddImage", "getDifferenceImage"), _PARTS),
    "getCandidateStamp": _PARTS,
    "followCandidates": ("Last-Event-ID",),
    "saveCollection": _CONDITIONS,
    **dict.fromkeys(("followEvents", "followJobEvents"), ("Last-Event-ID",)),
    "listChanges": ("Last-Event-ID",),
}
"""Names of the headers that requests may have, by operation."""

_SENT_FIELDS: Final[Mapping[str, tuple[str, str]]] = {
    "If-Match": (
        "Only if the resource has one of these entity tags (*: if it exists).",
        '"5f3a"',
    ),
    "If-None-Match": (
        "Only if the resource has none of these entity tags (*: if it does not exist).",
        "*",
    ),
    "If-Range": ("“Range” counts only if the entity tag is this one.", '"5f3a"'),
    "Range": ("Return only this byte range.", "bytes=0-1023"),
    "Last-Event-ID": ("Continue after the event with this id.", "17"),
}


def sent_field(name: str) -> dict[str, Any]:
    """Return a request header as an OpenAPI parameter."""
    description, example = _SENT_FIELDS[name]
    return {
        "name": name,
        "in": "header",
        "required": False,
        "description": description,
        "schema": _TEXT,
        "example": example,
    }
