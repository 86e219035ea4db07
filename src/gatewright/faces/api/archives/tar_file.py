"""Writes a tar file member by member (POSIX.1-2017, pax; GNU tar manual, appendix E).

A member is in pax format, which defines long names, large sizes and UTF-8. GNU tar
cannot read a pax name that is not UTF-8 (``hdrcharset``), so a member with such a name
is in GNU format, whose names are plain bytes. Readers recognize the format of each
member by its header.
"""

import tarfile
import zlib
from collections.abc import Iterator

from typing_extensions import override

from gatewright.domains.files import Entry, FileType

_NOBODY = 65_534
"""Uid and gid of all members, since only the names of owner and group are known."""
_PERMISSIONS = 0o777
_END = bytes(2 * tarfile.BLOCKSIZE)
_TYPES = {FileType.DIRECTORY: tarfile.DIRTYPE, FileType.LINK: tarfile.SYMTYPE}


class TarFile:
    """Returns the bytes of a tar file; the methods are called in the file's order."""

    def __init__(self) -> None:
        self._size = 0
        self._left = 0

    def whole(self, name: bytes, entry: Entry, content: bytes) -> bytes:
        """Return a member with known content; the content of a link is its target."""
        if entry.type is FileType.LINK:
            return self._counted(_header(name, entry, 0, content))
        return self._counted(
            _header(name, entry, len(content), b"") + content + _padding(len(content))
        )

    def begin(self, name: bytes, entry: Entry) -> bytes:
        """Return a file's header; its ``entry.size`` bytes go through `data` next."""
        self._left = entry.size
        return self._counted(_header(name, entry, entry.size, b""))

    def data(self, block: bytes) -> bytes:
        """Return the next block of the current file, unchanged."""
        return self._counted(block)

    def end(self) -> bytes:
        """Return the zeros that fill the last block of the current file."""
        return self._counted(_padding(self._left))

    def finish(self) -> Iterator[bytes]:
        """Yield the end mark, and zeros up to the end of a record of 10,240 bytes."""
        yield _END
        yield bytes(-(self._size + len(_END)) % tarfile.RECORDSIZE)

    def close(self) -> None:
        """Do nothing; there are no resources to release."""

    def _counted(self, piece: bytes) -> bytes:
        self._size += len(piece)
        return piece


class GzippedTarFile(TarFile):
    """Returns the bytes of a tar file compressed with gzip (RFC 1952)."""

    def __init__(self) -> None:
        super().__init__()
        self._gzip = zlib.compressobj(1, zlib.DEFLATED, wbits=31)

    @override
    def whole(self, name: bytes, entry: Entry, content: bytes) -> bytes:
        return self._gzip.compress(super().whole(name, entry, content))

    @override
    def begin(self, name: bytes, entry: Entry) -> bytes:
        return self._gzip.compress(super().begin(name, entry))

    @override
    def data(self, block: bytes) -> bytes:
        return self._gzip.compress(super().data(block))

    @override
    def end(self) -> bytes:
        return self._gzip.compress(super().end())

    @override
    def finish(self) -> Iterator[bytes]:
        for piece in super().finish():
            yield self._gzip.compress(piece)
        yield self._gzip.flush()


def _header(name: bytes, entry: Entry, size: int, target: bytes) -> bytes:
    told = tarfile.TarInfo(name.decode("utf-8", "surrogateescape"))
    told.linkname = target.decode("utf-8", "surrogateescape")
    told.type = _TYPES.get(entry.type, tarfile.REGTYPE)
    told.size = size
    told.mode = entry.mode & _PERMISSIONS
    told.mtime = entry.modified_ns // 10**9
    told.uname, told.gname = entry.owner, entry.group
    told.uid = told.gid = _NOBODY
    try:
        (told.name + told.linkname).encode()
    except UnicodeEncodeError:
        return told.tobuf(tarfile.GNU_FORMAT, "utf-8", "surrogateescape")
    return told.tobuf(tarfile.PAX_FORMAT, "utf-8", "surrogateescape")


def _padding(size: int) -> bytes:
    return bytes(-size % tarfile.BLOCKSIZE)
