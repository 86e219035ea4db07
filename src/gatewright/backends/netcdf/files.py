"""Open files of this reader process, by their identity."""

import os
import stat
from collections import OrderedDict

from gatewright.backends.netcdf.chunks import ChunkReader
from gatewright.backends.netcdf.classic import MAGIC
from gatewright.backends.netcdf.classic_file import ClassicFile
from gatewright.backends.netcdf.hdf5_file import Hdf5File
from gatewright.core.errors import BackendFailed, Conflict, NotFound
from gatewright.domains.arrays import FileIdentity

_OPEN_FILES = 8
_HDF5 = b"\x89HDF\r\n\x1a\n"
_HDF5_AFTER = (0, 512, 1024, 2048, 4096)

GriddedFile = ClassicFile | Hdf5File


class Files:
    """The files that a reader has open; the one used longest ago is closed first."""

    def __init__(self, most: int = _OPEN_FILES) -> None:
        self._most = most
        self._open: OrderedDict[bytes, GriddedFile] = OrderedDict()
        self._chunks = ChunkReader()

    def get(self, source: bytes) -> GriddedFile:
        """Return the file that stands at a path now.

        Raises
        ------
        NotFound
            There is none.
        BackendFailed
            It is damaged or of no known kind.
        """
        found = self._open.get(source)
        identity = identify(source)
        if found is not None and found.identity == identity:
            self._open.move_to_end(source)
            return found
        if found is not None:
            self._open.pop(source).close()
        self._open[source] = opened = _open(source, self._chunks)
        if len(self._open) > self._most:
            self._open.popitem(last=False)[1].close()
        return opened

    def close(self) -> None:
        """Close all."""
        while self._open:
            self._open.popitem()[1].close()


def identity_of(status: os.stat_result) -> FileIdentity:
    """Return the identity of a file from its status."""
    return FileIdentity(
        status.st_dev, status.st_ino, status.st_size, status.st_mtime_ns
    )


def identify(source: bytes) -> FileIdentity:
    """Return the identity of the file that stands at a path.

    Raises
    ------
    NotFound
        There is no file that can be read.
    """
    try:
        status = os.stat(source)  # noqa: PTH116  # the path is bytes
    except (OSError, ValueError) as error:
        raise NotFound("The file of this data set is not there.") from error
    if not stat.S_ISREG(status.st_mode):
        raise NotFound("The source of this data set is not a file.")
    return identity_of(status)


def require(file: GriddedFile, source: bytes, identity: FileIdentity) -> None:
    """Refuse to go on with a file that has changed.

    Raises
    ------
    Conflict
        The open file, or what stands at its path, is another than at the beginning.
    """
    now = identity_of(os.fstat(file.descriptor))
    if not now == file.identity == identity == identify(source):
        raise Conflict("The file of this data set changed while it was read.")


def _open(source: bytes, chunks: ChunkReader) -> GriddedFile:
    try:
        descriptor = os.open(source, os.O_RDONLY | os.O_CLOEXEC)
    except OSError as error:
        raise NotFound("The file of this data set cannot be opened.") from error
    try:
        return _by_content(descriptor, source, chunks)
    except BaseException:
        os.close(descriptor)
        raise


def _by_content(descriptor: int, source: bytes, chunks: ChunkReader) -> GriddedFile:
    identity = identity_of(os.fstat(descriptor))
    magic = os.pread(descriptor, 8, 0)
    if magic[:4] in MAGIC:
        return ClassicFile(descriptor, identity)
    if any(os.pread(descriptor, 8, at) == _HDF5 for at in _HDF5_AFTER):
        return Hdf5File(descriptor, identity, source, chunks)
    raise BackendFailed("This file is neither NetCDF nor HDF5.")
