"""Looks up paths in the whole machine, or in one folder without leaving it.

In the whole tree only the kernel's permissions count. Below a folder (the root of a
system, or a folder to which a token is restricted) every look-up uses ``openat2`` with
``RESOLVE_BENEATH | RESOLVE_NO_MAGICLINKS`` (Linux 5.6); on older kernels the path is
opened component by component without following any link. A path is never checked before
its use, which would be a race.
"""

import contextlib
import ctypes
import errno
import os
import stat
from collections.abc import Iterator
from contextlib import AbstractContextManager

from gatewright.backends.worker.program.kinds import Protocol

_OPENAT2 = 437
_NO_MAGICLINKS_BENEATH = 0x02 | 0x08
_TRIES = 64
_FOLDER = os.O_PATH | os.O_DIRECTORY | os.O_CLOEXEC

libc = ctypes.CDLL(None, use_errno=True)

Place = tuple[int | None, bytes]
"""Descriptor of a folder (None if the path is absolute) and a name in it."""


class _OpenHow(ctypes.Structure):
    """``struct open_how`` of openat2(2)."""

    _fields_ = (
        ("flags", ctypes.c_uint64),
        ("mode", ctypes.c_uint64),
        ("resolve", ctypes.c_uint64),
    )


# A function of its own, whose arguments ctypes need not be told again at each call.
_openat2 = libc["syscall"]
_openat2.argtypes = (
    ctypes.c_long,
    ctypes.c_int,
    ctypes.c_char_p,
    ctypes.POINTER(_OpenHow),
    ctypes.c_size_t,
)


class Tree(Protocol):
    """Looks up paths, which are absolute, bytes, and without ``..``."""

    @property
    def top(self) -> bytes:
        """Path of the folder that the tree consists of."""

    def place(self, path: bytes) -> AbstractContextManager[Place]:
        """Yield the place of a path's last component, which is not followed."""

    def open(self, path: bytes, flags: int) -> int:
        """Return a descriptor of an existing path, links followed."""

    def folder(self, path: bytes) -> int:
        """Return an ``O_PATH`` descriptor of a folder."""

    def above(self, path: bytes) -> list[bytes]:
        """Return the folders above a path that are in the tree, from the top down."""

    def target(self, path: bytes, text: bytes) -> bytes:
        """Return the path to which a link at ``path`` with this ``text`` refers.

        It may contain ``..`` and must only be passed to `place`, where the kernel
        resolves it.
        """


class Whole:
    """All files of the machine."""

    @property
    def top(self) -> bytes:
        return b"/"

    @contextlib.contextmanager
    def place(self, path: bytes) -> Iterator[Place]:
        yield None, path

    def open(self, path: bytes, flags: int) -> int:
        return os.open(path, flags | os.O_CLOEXEC)

    def folder(self, path: bytes) -> int:
        return self.open(path, _FOLDER)

    def above(self, path: bytes) -> list[bytes]:
        return _above(path)

    def target(self, path: bytes, text: bytes) -> bytes:
        return os.path.join(os.path.dirname(path), text)  # noqa: PTH118, PTH120  # bytes paths


class Beneath:
    """One folder of a tree; links that lead out of it are refused (EXDEV).

    Paths begin with ``prefix``, which stands for the folder; others are outside.
    """

    def __init__(self, folder: bytes, outer: Tree, prefix: bytes = b"") -> None:
        self._folder = folder
        self._outer = outer
        self._prefix = prefix

    @property
    def top(self) -> bytes:
        return self._prefix or b"/"

    @contextlib.contextmanager
    def place(self, path: bytes) -> Iterator[Place]:
        above, _, name = self._rest(path).rpartition(b"/")
        folder = self._open(above, _FOLDER)
        try:
            yield folder, name or b"."
        finally:
            os.close(folder)

    def open(self, path: bytes, flags: int) -> int:
        return self._open(self._rest(path), flags)

    def folder(self, path: bytes) -> int:
        return self.open(path, _FOLDER)

    def above(self, path: bytes) -> list[bytes]:
        return [one for one in _above(path) if self._has(one)]

    def target(self, path: bytes, text: bytes) -> bytes:
        if text.startswith(b"/"):
            raise OSError(errno.EXDEV, "outside")
        return os.path.join(os.path.dirname(path), text)  # noqa: PTH118, PTH120  # bytes paths

    def _has(self, path: bytes) -> bool:
        return path == self._prefix or path.startswith(self._prefix + b"/")

    def _rest(self, path: bytes) -> bytes:
        """Return the path after the prefix, without slashes at its ends."""
        path = path.rstrip(b"/")
        if not self._has(path):
            raise OSError(errno.EXDEV, "outside")
        return path[len(self._prefix) :].strip(b"/")

    def _open(self, rest: bytes, flags: int) -> int:
        top = self._outer.folder(self._folder)
        if not rest and flags == _FOLDER:
            return top
        try:
            try:
                return open_beneath(top, rest or b".", flags | os.O_CLOEXEC)
            except OSError as error:
                if error.errno != errno.ENOSYS:
                    raise
                return walk_beneath(top, rest or b".", flags | os.O_CLOEXEC)
        finally:
            os.close(top)


def _above(path: bytes) -> list[bytes]:
    names = path.strip(b"/").split(b"/")
    return [b"/" + b"/".join(names[:count]) for count in range(1, len(names))]


def tree(root: bytes, within: bytes = b"/") -> Tree:
    """Return the tree of a folder of the machine, or of one folder within it."""
    found: Tree = Whole()
    if root.strip(b"/"):
        found = Beneath(root, found)
    if within.strip(b"/"):
        found = Beneath(within, found, prefix=b"/" + within.strip(b"/"))
    return found


def open_beneath(root: int, path: bytes, flags: int) -> int:
    """Open a path that cannot leave the folder ``root``, by openat2(2).

    EAGAIN, which a concurrent rename in the path causes, is retried.
    """
    if b"\0" in path:
        raise OSError(errno.EINVAL, "NUL in a path")
    how = _OpenHow(flags, 0, _NO_MAGICLINKS_BENEATH)
    for _ in range(_TRIES):
        descriptor: int = _openat2(
            _OPENAT2, root, path, ctypes.byref(how), ctypes.sizeof(how)
        )
        if descriptor >= 0:
            return descriptor
        if ctypes.get_errno() != errno.EAGAIN:
            break
    raise OSError(ctypes.get_errno(), "openat2")


def walk_beneath(root: int, path: bytes, flags: int) -> int:
    """Open a path component by component; any link is refused with ELOOP."""
    names = [name for name in path.split(b"/") if name not in {b"", b"."}]
    if b".." in names:
        raise OSError(errno.EXDEV, "..")
    folder = os.dup(root)
    try:
        for name in names[:-1]:
            deeper = os.open(name, _FOLDER | os.O_NOFOLLOW, dir_fd=folder)
            os.close(folder)
            folder = deeper
        last = names[-1] if names else b"."
        descriptor = os.open(last, flags | os.O_NOFOLLOW, dir_fd=folder)
        if stat.S_ISLNK(os.fstat(descriptor).st_mode):  # only O_PATH opens a link
            os.close(descriptor)
            raise OSError(errno.ELOOP, "link")
        return descriptor
    finally:
        os.close(folder)
