"""Headers with which a user's own file is sent (RFC 6266, RFC 8187).

Nothing that a user wrote may run with the gateway's origin. A few types that browsers
only display are sent inline and sandboxed; all others are sent as a download, with a
type that no browser runs.
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
    """Return the media type with which a file is sent, and whether it may be inline."""
    suffix = os.path.splitext(name)[1].lower().decode("ascii", "replace")  # noqa: PTH122  # bytes
    if suffix in _INLINE:
        return _INLINE[suffix], True
    return _DOWNLOAD.get(suffix, _OTHER), False


def content_disposition(kind: str, name: bytes) -> str:
    """Return a ``Content-Disposition`` of a kind (inline, attachment) with a file name.

    Control characters, and those that change the direction of text, are removed from
    the name; bytes that are not UTF-8 become U+FFFD. A plain ASCII name for old clients
    comes first.
    """
    text = _SPOOFING.sub("", name.decode("utf-8", "replace"))
    plain = _NOT_PLAIN.sub("_", text)
    field = f'{kind}; filename="{plain}"'
    if plain != text:
        field += f"; filename*=UTF-8''{quote(text, safe=_ATTRIBUTE_SAFE)}"
    return field


def user_content(name: bytes) -> tuple[str, dict[str, str]]:
    """Return the media type and the other headers of a user's file."""
    kind, inline = media_type(name)
    disposition = content_disposition("inline" if inline else "attachment", name)
    return kind, {**_ALWAYS, "Content-Disposition": disposition}
