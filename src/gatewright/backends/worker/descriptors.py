"""What the gateway takes for a file when a worker passes a descriptor.

A worker is its user's process, so the descriptor may be anything. Nothing here waits
for the file's own file system (a user may be the one who answers for it): the type is
asked for with ``AT_STATX_DONT_SYNC``.
"""

import ctypes
import fcntl
import os
import stat

_AT_EMPTY_PATH = 0x1000
_AT_STATX_DONT_SYNC = 0x4000
_STATX_TYPE = 0x1
_STATX_SIZE = 256
_MODE_OFFSET = 28
_REFUSED_FLAGS = os.O_PATH | os.O_DIRECT | os.O_APPEND | os.O_ASYNC

_libc = ctypes.CDLL(None, use_errno=True)


def is_plain_file(descriptor: int, access: int) -> bool:
    """Return whether a descriptor is a regular file opened for ``access``.

    ``access`` is ``os.O_RDONLY`` or ``os.O_RDWR``. Descriptors that only name a file
    (``O_PATH``), or read and write in a way of their own, are refused.
    """
    flags = fcntl.fcntl(descriptor, fcntl.F_GETFL)
    if flags & os.O_ACCMODE != access or flags & _REFUSED_FLAGS:
        return False
    return stat.S_ISREG(_mode(descriptor))


def _mode(descriptor: int) -> int:
    """Return type and permissions of an open file (statx(2))."""
    answer = ctypes.create_string_buffer(_STATX_SIZE)
    failed = _libc.statx(
        ctypes.c_int(descriptor),
        ctypes.c_char_p(b""),
        ctypes.c_int(_AT_EMPTY_PATH | _AT_STATX_DONT_SYNC),
        ctypes.c_uint(_STATX_TYPE),
        answer,
    )
    if failed:
        return 0
    return int.from_bytes(answer.raw[_MODE_OFFSET : _MODE_OFFSET + 2], "little")
