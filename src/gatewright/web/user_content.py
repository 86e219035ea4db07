"""Header fields under which a user's own file is sent.

Nothing that a user wrote may run on the gateway's origin: a few types that only show
themselves are sent inline, in a sandbox, and all others as a download of no type that
a page could run. (RFC 6266, RFC 8187)
"""

import os
import re
from urllib.parse import quote

_TEXT = "text/plain; charset=utf-8"
_INLINE = {
    ".png": "image/png",
    ".jpg": "image/jpeg",
    ".jpeg": "image/jpeg",
    ".gif": "image/gif",
    ".webp": "image/webp",
    ".pdf": "application/pdf",
    **dict.fromkeys(
        (".txt", ".log", ".out", ".err", ".md", ".rst", ".csv", ".tsv", ".dat"), _TEXT
    ),
    **dict.fromkeys(
        (".py", ".sh", ".r", ".jl", ".c", ".h", ".f90", ".f", ".cpp", ".slurm"), _TEXT
    ),
    **dict.fromkeys((".json", ".yaml", ".yml", ".toml", ".ini", ".cfg", ".nml"), _TEXT),
}
_DOWNLOAD = {
    ".nc": "application/x-netcdf",
    ".h5": "application/x-hdf5",
    ".fits": "application/fits",
    ".fit": "application/fits",
    ".gz": "application/gzip",
    ".tar": "application/x-tar",
    ".zip": "application/zip",
}
_OTHER = "application/octet-stream"
_NOT_PLAIN = re.compile(r'[^\x20-\x7e]|["\\%;]')
_SPOOFING = re.compile(
    "[\x00-\x1f\x7f-\x9f\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069\ufffe\uffff]"
)
_ATTRIBUTE_SAFE = "!#$&+-.^_`|~"

_ALWAYS = {
    "X-Content-Type-Options": "nosniff",
    "Content-Security-Policy": "sandbox; default-src 'none'",
    "Cache-Control": "private, no-cache",
}


def media_type(name: bytes) -> tuple[str, bool]:
    """Return the type under which a file is sent, and whether it may be inline."""
    suffix = os.path.splitext(name)[1].lower().decode("ascii", "replace")  # noqa: PTH122  # bytes
    if suffix in _INLINE:
        return _INLINE[suffix], True
    return _DOWNLOAD.get(suffix, _OTHER), False


def content_disposition(kind: str, name: bytes) -> str:
    """Return ``Content-Disposition``: ``kind`` (inline, attachment) and a file's name.

    Control characters and those that turn the direction of text are left out of the
    name; what is not UTF-8 shows as U+FFFD. A second, plain form is for old clients.
    """
    text = _SPOOFING.sub("", name.decode("utf-8", "replace"))
    plain = _NOT_PLAIN.sub("_", text)
    field = f'{kind}; filename="{plain}"'
    if plain != text:
        field += f"; filename*=UTF-8''{quote(text, safe=_ATTRIBUTE_SAFE)}"
    return field


def user_content(name: bytes) -> tuple[str, dict[str, str]]:
    """Return the media type of a user's file, and the fields that go with it."""
    kind, inline = media_type(name)
    disposition = content_disposition("inline" if inline else "attachment", name)
    return kind, {**_ALWAYS, "Content-Disposition": disposition}
