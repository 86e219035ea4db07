"""Atomic writes: a temporary file beside the destination, which the gateway fills.

The gateway gets the descriptor and writes the bytes; the worker makes them durable and
gives the file its name in one step, or removes it. Files that were not committed when
the gateway goes away are removed.
"""

import contextlib
import errno
import fcntl
import os
import stat
import threading
import time
from collections.abc import Iterator

from gatewright.backends.worker.program import parts
from gatewright.backends.worker.program.changing import rename
from gatewright.backends.worker.program.entries import look, row, version
from gatewright.backends.worker.program.reading import Arguments, place_of
from gatewright.backends.worker.program.trees import Tree

_MOST_AT_ONCE = 256
_LOCK_SECONDS = 5.0
_LOCK_PAUSE = 0.01
_MOST_LINKS = 40
_READ_FOLDER = os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC


class _Part:
    """A temporary file that is being written.

    Parameters
    ----------
    folder
        The writing's own descriptor of the folder; None if paths are absolute.
    descriptor
        Descriptor of the temporary file, which is locked.
    name
        Temporary name.
    final
        Name that the file gets.
    shown
        Name in the request; if that is a link, its target is written.
    """

    def __init__(
        self,
        folder: int | None,
        descriptor: int,
        name: bytes,
        final: bytes,
        shown: bytes,
    ) -> None:
        self.folder = folder
        self.descriptor = descriptor
        self.name = name
        self.final = final
        self.shown = shown

    def close(self) -> None:
        os.close(self.descriptor)
        if self.folder is not None:
            os.close(self.folder)


class Writings:
    """The files that one worker is writing."""

    def __init__(self) -> None:
        self._parts: dict[str, _Part] = {}
        self._lock = threading.Lock()
        self._umask = os.umask(0o077)
        os.umask(self._umask)

    def begin(self, arguments: Arguments) -> tuple[dict[str, object], int]:
        """Create the temporary file; the answer has a token for it and a descriptor."""
        where, path = place_of(arguments)
        parts.refuse(path)
        shown = os.path.basename(path)  # noqa: PTH119  # bytes paths
        with where.place(_written(where, path)) as (folder, name):
            descriptor, part_name = parts.create(folder, name)
            own = None if folder is None else os.dup(folder)
            part = _Part(own, descriptor, part_name, name, shown)
        room = os.fstatvfs(descriptor)
        token = os.urandom(16).hex()
        with self._lock:
            full = len(self._parts) >= _MOST_AT_ONCE
            if not full:
                self._parts[token] = part
        if full:
            _drop(part)
            raise OSError(errno.EMFILE, "too many files in the making")
        free = room.f_bavail * room.f_frsize
        return {"token": token, "free": free}, os.dup(descriptor)

    def commit(self, arguments: Arguments) -> dict[str, object]:
        """Make the bytes durable and give the file its name.

        EIO: the file does not have the ``size`` that was written. ENXIO: the
        destination is not a file any more. EEXIST, ESTALE: a condition does not hold
        (``create``: the name must not exist; ``match`` and ``none_match``: versions
        that the existing file must or must not have, ``*`` for any).
        """
        part = self._take(arguments["token"])
        try:
            created = self._commit(part, arguments)
            found, _ = look(part.folder, part.final)
            return {"row": row(part.shown, found), "created": created}
        except BaseException:
            _unlink(part)
            raise
        finally:
            part.close()

    def _commit(self, part: _Part, arguments: Arguments) -> bool:
        if os.fstat(part.descriptor).st_size != arguments["size"]:
            raise OSError(errno.EIO, "size")
        os.fchmod(part.descriptor, 0o666 & ~self._umask)
        modified_ns = arguments.get("modified_ns")
        if modified_ns is not None:
            os.utime(part.descriptor, ns=(time.time_ns(), modified_ns))
        os.fsync(part.descriptor)
        with locked_folder(part.folder, part.final):
            before: os.stat_result | None = None
            with contextlib.suppress(FileNotFoundError):
                before = look(part.folder, part.final)[0]
            check(before, arguments)
            if before is not None:
                _refuse_all_but_files(before)
                os.fchmod(part.descriptor, stat.S_IMODE(before.st_mode) & 0o777)
            rename(
                (part.folder, part.name),
                (part.folder, part.final),
                replace=not arguments.get("create"),
            )
        return before is None

    def abort(self, arguments: Arguments) -> None:
        """Remove the temporary file; one that is gone already is no error."""
        with self._lock:
            part = self._parts.pop(arguments["token"], None)
        if part is not None:
            with contextlib.suppress(FileNotFoundError):
                _drop(part)

    def close(self) -> None:
        """Remove all temporary files."""
        with self._lock:
            tokens = list(self._parts)
        for token in tokens:
            self.abort({"token": token})

    def _take(self, token: str) -> _Part:
        with self._lock:
            part = self._parts.pop(token, None)
        if part is None:
            # It was begun in a worker that has ended.
            raise OSError(errno.EOWNERDEAD, "token")
        return part


def _drop(part: _Part) -> None:
    _unlink(part)
    part.close()


def _unlink(part: _Part) -> None:
    with contextlib.suppress(OSError):
        os.unlink(part.name, dir_fd=part.folder)


def _written(where: Tree, path: bytes) -> bytes:
    """Return the path of the file to write: the path itself, or a link's target.

    EISDIR, ENXIO: the path is a folder, a pipe, a socket or a device, which a file must
    not replace. ENOLINK: the link leads to nothing. ELOOP: the links form a circle.
    """
    followed = 0
    while True:
        with where.place(path) as place:
            try:
                found, text = look(*place)
            except FileNotFoundError as error:
                if not followed:
                    return path
                raise OSError(errno.ENOLINK, "dangling") from error
        if text is None:
            _refuse_all_but_files(found)
            return path
        followed += 1
        if followed > _MOST_LINKS:
            raise OSError(errno.ELOOP, "links")
        path = where.target(path, text)


def _refuse_all_but_files(found: os.stat_result) -> None:
    if stat.S_ISDIR(found.st_mode):
        raise IsADirectoryError(errno.EISDIR, "folder")
    if not stat.S_ISREG(found.st_mode):
        raise OSError(errno.ENXIO, "not a file")


def check(before: os.stat_result | None, arguments: Arguments) -> None:
    """Refuse a change whose conditions do not hold (EEXIST or ESTALE)."""
    if arguments.get("create") and before is not None:
        raise FileExistsError(errno.EEXIST, "exists")
    match, none_match = arguments.get("match"), arguments.get("none_match")
    if match is not None and not _among(before, match):
        raise OSError(errno.ESTALE, "changed")
    if none_match is not None and _among(before, none_match):
        raise OSError(errno.ESTALE, "there already")


def _among(before: os.stat_result | None, versions: list[str]) -> bool:
    return before is not None and ("*" in versions or version(before) in versions)


@contextlib.contextmanager
def locked_folder(folder: int | None, name: bytes) -> Iterator[None]:
    """Hold the folder's lock, so that workers compare and rename one after another.

    Afterwards the folder itself is made durable. A folder that may not be read cannot
    be locked; then only the kernel's guarantees hold.
    """
    above = os.path.dirname(name) or b"."  # noqa: PTH120  # bytes paths
    try:
        descriptor = os.open(above, _READ_FOLDER, dir_fd=folder)
    except PermissionError:
        yield
        return
    try:
        _lock(descriptor)
        yield
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _lock(descriptor: int) -> None:
    deadline = time.monotonic() + _LOCK_SECONDS
    while True:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            if time.monotonic() > deadline:
                raise
            time.sleep(_LOCK_PAUSE)
        except OSError:  # a file system without locks
            return
        else:
            return
