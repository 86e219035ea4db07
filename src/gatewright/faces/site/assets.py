"""Loads the files of the kit (scripts, styles, pages) when the gateway starts.

All of them are a few megabytes, and kept in memory, so no request reads the disk.
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
"""Media type by file name extension; other files are not served."""

_DOCUMENTATION = re.compile(
    rb"^[ \t]*/\*\*(?:(?!\*/).)*\*/[ \t]*\n", re.DOTALL | re.MULTILINE
)
"""A JSDoc comment that has its lines to itself."""

_ALREADY_SMALL = {".png", ".webp"}


@dataclass(frozen=True, slots=True)
class Asset:
    """A file as it is sent."""

    body: bytes
    """The file's bytes, without a content coding."""
    media_type: str
    """``Content-Type``, with the charset for text."""
    digest: str
    """First 20 hexadecimal digits of the bytes' SHA-256."""
    policy: str
    """``Content-Security-Policy`` of a page; empty for other files."""
    encodings: Mapping[str, bytes]
    """The encoded bytes by content coding (``br``, ``gzip``)."""

    @property
    def etag(self) -> str:
        """Entity tag of the file; weak, since all content codings share it."""
        return f'W/"{self.digest}"'


@dataclass(frozen=True, slots=True)
class Assets:
    """A folder of files."""

    files: Mapping[str, Asset]
    """Files by their relative path, with ``/`` between the names."""
    version: str
    """Digest of all names and contents; content at a URL with it never changes."""


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
    """Read a file, and compressed copies that stand beside it.

    JSDoc comments are removed from scripts, which saves a third of their bytes.
    """
    body = path.read_bytes()
    if path.suffix == ".js":
        short = _DOCUMENTATION.sub(b"", body)
        if short != body:
            return make_asset(short, path.suffix)
    if path.suffix in _ALREADY_SMALL:
        return make_asset(body, path.suffix, {})
    # A wheel contains compressed copies; in a checkout they are made here.
    ready = {"br": Path(f"{path}.br"), "gzip": Path(f"{path}.gz")}
    copies = {name: copy.read_bytes() for name, copy in ready.items() if copy.exists()}
    return make_asset(body, path.suffix, copies or None)


def make_asset(
    body: bytes, ending: str, encodings: Mapping[str, bytes] | None = None
) -> Asset:
    """Return an asset from bytes and a file name extension (``.html``).

    ``encodings`` are the bytes in other content codings; by default gzip is made here.
    """
    page = ending == ".html"
    return Asset(
        body=body,
        media_type=MEDIA_TYPES[ending],
        digest=hashlib.sha256(body).hexdigest()[:20],
        policy=content_security_policy(body.decode("utf-8", "replace")) if page else "",
        encodings={"gzip": gzip.compress(body, compresslevel=6, mtime=0)}
        if encodings is None
        else encodings,
    )
