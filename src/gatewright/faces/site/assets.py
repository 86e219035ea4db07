"""The kit's files, read once when a gateway starts.

All of them together are a few megabytes, so that no request reads the disk.
"""

import gzip
import hashlib
import os
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from gatewright.faces.site.policy import content_security_policy

MEDIA_TYPES = {
    ".css": "text/css; charset=utf-8",
    ".html": "text/html; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".json": "application/json",
    ".png": "image/png",
    ".svg": "image/svg+xml",
    ".txt": "text/plain; charset=utf-8",
    ".webp": "image/webp",
}
"""What is served, by the ending of its name; nothing else is."""

_DOCUMENTATION = re.compile(
    rb"^[ \t]*/\*\*(?:(?!\*/).)*\*/[ \t]*\n", re.DOTALL | re.MULTILINE
)
"""A comment of JSDoc that has its lines to itself."""

_ALREADY_SMALL = {".png", ".webp"}


@dataclass(frozen=True, slots=True)
class Asset:
    """One file as it is sent."""

    body: bytes
    """The bytes as written."""
    media_type: str
    """Content-Type, with the charset where it is text."""
    digest: str
    """SHA-256 of the bytes, the first 20 hexadecimal digits."""
    policy: str
    """Content-Security-Policy of a page; empty for other files."""
    encodings: Mapping[str, bytes]
    """The same bytes by content coding (``br``, ``gzip``)."""

    @property
    def etag(self) -> str:
        """Entity tag of the file; weak, since it stands for every content coding."""
        return f'W/"{self.digest}"'


@dataclass(frozen=True, slots=True)
class Assets:
    """A folder of files."""

    files: Mapping[str, Asset]
    """Files by their path below the folder, with ``/`` between the names."""
    version: str
    """One digest of all names and bytes; a path that holds it never changes."""


def load_assets(folder: Path) -> Assets:
    """Read every file below a folder whose media type is known."""
    # Path.rglob does not follow links, and the examples are one in a checkout.
    walk = os.walk(folder, followlinks=True)
    paths = (Path(root, name) for root, _, names in walk for name in names)
    files = {
        path.relative_to(folder).as_posix(): load_asset(path)
        for path in paths
        if path.suffix in MEDIA_TYPES
    }
    summary = "\n".join(f"{name} {files[name].digest}" for name in sorted(files))
    return Assets(files, hashlib.sha256(summary.encode()).hexdigest()[:20])


def load_asset(path: Path) -> Asset:
    """Read one file and the compressed copies that stand beside it.

    A script is sent without its documentation, a third of its bytes.
    """
    body = path.read_bytes()
    if path.suffix == ".js":
        short = _DOCUMENTATION.sub(b"", body)
        if short != body:
            return make_asset(short, path.suffix)
    if path.suffix in _ALREADY_SMALL:
        return make_asset(body, path.suffix, {})
    # A wheel has compressed copies; a checkout has none, so they are made.
    ready = {"br": Path(f"{path}.br"), "gzip": Path(f"{path}.gz")}
    copies = {name: copy.read_bytes() for name, copy in ready.items() if copy.exists()}
    return make_asset(body, path.suffix, copies or None)


def make_asset(
    body: bytes, ending: str, encodings: Mapping[str, bytes] | None = None
) -> Asset:
    """Return the bytes as a file of this ending (``.html``)."""
    page = ending == ".html"
    return Asset(
        body=body,
        media_type=MEDIA_TYPES[ending],
        digest=hashlib.sha256(body).hexdigest()[:20],
        policy=content_security_policy(body.decode("utf-8", "replace")) if page else "",
        encodings=encodings if encodings is not None else _compressed(body),
    )


def _compressed(body: bytes) -> dict[str, bytes]:
    return {"gzip": gzip.compress(body, compresslevel=6, mtime=0)}
