"""A tar file, member by member (POSIX.1-2017, pax; GNU tar manual, appendix E).

A member is in the pax form, which says long names, large sizes and UTF-8 with a
definite meaning. A name that is not UTF-8 cannot be said so that GNU tar reads it
(``hdrcharset``), so that member is in GNU's form, where names are plain bytes. Readers
tell the form of each member by its header.
"""

import tarfile
import zlib
from collections.abc import Iterator

from typing_extensions import override

from gatewright.domains.files import Entry, FileType

_NOBODY = 65_534
"""Stands for the numbers of owner and group, of which only the names are known."""
_PERMISSIONS = 0o777
_END = bytes(2 * tarfile.BLOCKSIZE)
_TYPES = {FileType.DIRECTORY: tarfile.DIRTYPE, FileType.LINK: tarfile.SYMTYPE}


class TarFile:
    """Returns the bytes of a tar file, in the order of the calls."""

    def __init__(self) -> None:
        self._size = 0
        self._left = 0

    def whole(self, name: bytes, entry: Entry, content: bytes) -> bytes:
        """Return a member whose content is at hand; that of a link is its target."""
        if entry.type is FileType.LINK:
            return self._counted(_header(name, entry, 0, content))
        return self._counted(
            _header(name, entry, len(content), b"") + content + _padding(len(content))
        )

    def begin(self, name: bytes, entry: Entry) -> bytes:
        """Return the header of a file whose ``entry.size`` bytes come as `data`."""
        self._left = entry.size
        return self._counted(_header(name, entry, entry.size, b""))

    def data(self, block: bytes) -> bytes:
        """Return a block of the file that was begun."""
        return self._counted(block)

    def end(self) -> bytes:
        """Return the zeros that fill the last block of the member that was begun."""
        return self._counted(_padding(self._left))

    def finish(self) -> Iterator[bytes]:
        """Yield the end mark, and zeros to the end of a record of 10,240 bytes."""
        yield _END
        yield bytes(-(self._size + len(_END)) % tarfile.RECORDSIZE)

    def close(self) -> None:
        """Let go of what is held, which is nothing."""

    def _counted(self, piece: bytes) -> bytes:
        self._size += len(piece)
        return piece


class GzippedTarFile(TarFile):
    """The same in gzip's form (RFC 1952)."""

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
