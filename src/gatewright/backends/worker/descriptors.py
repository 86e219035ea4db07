"""Checks and closes file descriptors that a worker passes to the gateway.

A worker runs as its user, who may control it, so a descriptor can be anything. The
checks here never wait for the file's own file system, which the user may control too:
the kernel returns only what it knows (``AT_STATX_DONT_SYNC``, statx(2)). This is exact
for local file systems, and may be some seconds old for network file systems.
"""

import contextlib
import ctypes
import fcntl
import os
import stat
import struct
from concurrent.futures import Executor, Future
from dataclasses import dataclass

_AT_EMPTY_PATH = 0x1000
_AT_STATX_DONT_SYNC = 0x4000
_STATX_BASIC = 0x7FF
_STATX_BYTES = 256
_STATX = struct.Struct("=28xH10xQ48xqI4xqI")
"""Mode, size, and the seconds and nanoseconds of ctime and mtime."""
_REFUSED_FLAGS = os.O_PATH | os.O_DIRECT | os.O_APPEND | os.O_ASYNC

_statx = ctypes.CDLL(None, use_errno=True).statx
_statx.argtypes = (
    ctypes.c_int,
    ctypes.c_char_p,
    ctypes.c_int,
    ctypes.c_uint,
    ctypes.c_void_p,
)


@dataclass(frozen=True, slots=True)
class State:
    """What the kernel knows about an open file."""

    mode: int
    """Type and permission bits."""
    size: int
    """Size in bytes."""
    modified_ns: int
    """Time of modification (mtime), nanoseconds since 1970."""
    changed_ns: int
    """Time of change of content or attributes (ctime), nanoseconds since 1970."""


def state_of(descriptor: int) -> State:
    """Return the state of an open file, without waiting for its file system.

    Raises
    ------
    OSError
        The kernel does not return it.
    """
    answer = ctypes.create_string_buffer(_STATX_BYTES)
    how = _AT_EMPTY_PATH | _AT_STATX_DONT_SYNC
    failed = _statx(descriptor, b"", how, _STATX_BASIC, answer)
    if failed:
        raise OSError(ctypes.get_errno(), "statx")
    mode, size, changed, changed_part, modified, modified_part = _STATX.unpack_from(
        answer
    )
    second = 1_000_000_000
    return State(
        mode, size, modified * second + modified_part, changed * second + changed_part
    )


def is_plain_file(descriptor: int, access: int) -> bool:
    """Return whether a descriptor is a regular file opened for ``access``.

    ``access`` is ``os.O_RDONLY`` or ``os.O_RDWR``. Descriptors with ``O_PATH``, or with
    flags that change how they read or write, are refused.
    """
    flags = fcntl.fcntl(descriptor, fcntl.F_GETFL)
    if flags & os.O_ACCMODE != access or flags & _REFUSED_FLAGS:
        return False
    return stat.S_ISREG(state_of(descriptor).mode)


def close_in_thread(descriptor: int, threads: Executor) -> Future[None]:
    """Close a descriptor of a user's file in a thread of that user.

    On some file systems closing can block (close(2), fuse(4)). The future is done when
    the descriptor is closed. If the threads end first, the code that ends them closes
    it.
    """
    try:
        closing = threads.submit(_close, descriptor)
    except RuntimeError:  # the threads have ended, and the gateway with them
        _close(descriptor)
        done: Future[None] = Future()
        done.set_result(None)
        return done
    closing.add_done_callback(
        lambda done: _close(descriptor) if done.cancelled() else None
    )
    return closing


def _close(descriptor: int) -> None:
    with contextlib.suppress(OSError):
        os.close(descriptor)
