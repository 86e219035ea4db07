"""Sends a folder as an archive while it is created, with little in memory.

Files that cannot be read are listed in the last member, ``NAME-missing.txt`` next to
the folder ``NAME``. Any other failure breaks the connection, so that the client does
not take a part for the whole.
"""

import asyncio
import os
import re
import stat
import time
from collections.abc import AsyncGenerator, AsyncIterator, Iterator
from contextlib import aclosing
from enum import StrEnum
from typing import Protocol

from starlette.responses import Response

from gatewright.domains.files import Entry, Member, Missing
from gatewright.faces.api.archives.tar_file import GzippedTarFile, TarFile
from gatewright.faces.api.archives.zip_file import ZipFile
from gatewright.web.live import live_response
from gatewright.web.user_content import user_content

_PIECE = 1 << 16
_LISTED_BYTES = 1 << 20
_CONTROL = re.compile("[\x00-\x1f\x7f-\x9f]")


class ArchiveFormat(StrEnum):
    """Format of an archive."""

    ZIP = "zip"
    TAR = "tar"
    TAR_GZ = "tar.gz"


class Archive(Protocol):
    """Writes an archive; each method returns the next bytes of it."""

    def whole(self, name: bytes, entry: Entry, content: bytes) -> bytes:
        """Return a member with known content; the content of a link is its target."""

    def begin(self, name: bytes, entry: Entry) -> bytes:
        """Return a file's header; its ``entry.size`` bytes go through `data` next."""

    def data(self, block: bytes) -> bytes:
        """Return the next block of the current file as it is stored."""

    def end(self) -> bytes:
        """Return the bytes that end the current file."""

    def finish(self) -> Iterator[bytes]:
        """Yield the bytes that end the archive."""

    def close(self) -> None:
        """Release resources, whether the archive is complete or not."""


_ARCHIVES: dict[ArchiveFormat, type[Archive]] = {
    ArchiveFormat.ZIP: ZipFile,
    ArchiveFormat.TAR: TarFile,
    ArchiveFormat.TAR_GZ: GzippedTarFile,
}


def archive_response(
    members: AsyncGenerator[Member | Missing, None], name: bytes, kind: ArchiveFormat
) -> Response:
    """Return a response that downloads the members of a folder as an archive.

    Parameters
    ----------
    members
        Members as `FileService.members` yields them.
    name
        Name of the folder, which all paths in the archive begin with.
    kind
        Format of the archive.
    """
    media_type, headers = user_content(b"%s.%s" % (name, kind.encode()))
    headers["Cache-Control"] = "no-store"
    pieces = _gathered(_packed(members, name, kind))
    return live_response(pieces, media_type, headers)


async def _packed(
    members: AsyncGenerator[Member | Missing, None], top: bytes, kind: ArchiveFormat
) -> AsyncGenerator[bytes, None]:
    missing = _MissingList()
    archive = _ARCHIVES[kind]()
    try:
        async with aclosing(members):
            async for found in members:
                if isinstance(found, Missing):
                    missing.add(top, found)
                    continue
                name = top + b"/" * bool(found.path) + found.path
                if found.content is not None:
                    yield await asyncio.to_thread(
                        archive.whole, name, found.entry, found.content
                    )
                    continue
                yield archive.begin(name, found.entry)
                async for block in found.blocks():
                    yield await asyncio.to_thread(archive.data, block)
                yield await asyncio.to_thread(archive.end)
        if missing.count:
            name, now = top + b"-missing.txt", time.time_ns()
            entry = Entry(name, stat.S_IFREG | 0o644, 0, now, now, "", "", 0, 0)
            yield archive.whole(name, entry, missing.text())
        for piece in archive.finish():
            yield piece
    finally:
        archive.close()


async def _gathered(pieces: AsyncGenerator[bytes, None]) -> AsyncIterator[bytes]:
    """Yield the same bytes joined to pieces of at least 64 KiB."""
    held: list[bytes] = []
    size = 0
    async with aclosing(pieces):
        async for piece in pieces:
            held.append(piece)
            size += len(piece)
            if size >= _PIECE:
                yield b"".join(held)
                held, size = [], 0
    yield b"".join(held)


class _MissingList:
    """The text that lists files missing from an archive, cut at one MiB."""

    def __init__(self) -> None:
        self.count = 0
        self._lines: list[str] = []
        self._size = 0

    def add(self, top: bytes, missing: Missing) -> None:
        self.count += 1
        if self._size < _LISTED_BYTES:
            path = os.fsdecode(top + b"/" + missing.path)
            plain = _CONTROL.sub("\ufffd", path.encode("utf-8", "replace").decode())
            self._lines.append(f"{plain}: {missing.reason}\n")
            self._size += len(self._lines[-1])

    def text(self) -> bytes:
        more = self.count - len(self._lines)
        last = f"... and {more} more.\n" if more else ""
        head = f"What could not be read and is not in this archive: {self.count}\n\n"
        return "".join([head, *self._lines, last]).encode()
