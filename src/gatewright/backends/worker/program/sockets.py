"""Sends and receives bytes with at most one descriptor over a Unix stream socket."""

import array
import os
import socket

from gatewright.backends.worker.program.frames import FrameError

READ_SIZE = 1 << 16
"""Bytes of one read. The memory of larger ones would be mapped anew for each read."""
_SPACE = socket.CMSG_SPACE(2 * array.array("i").itemsize)
# Numbers, since operations on members of an enumeration are slow.
_CLOSE_ON_EXEC = int(socket.MSG_CMSG_CLOEXEC)
_CUT = int(socket.MSG_CTRUNC | socket.MSG_TRUNC)


def receive(sock: socket.socket) -> tuple[bytes, list[int]]:
    """Return received bytes (empty at the end) and descriptors.

    Raises
    ------
    FrameError
        More than one descriptor was received; they are closed.
    """
    data, ancillary, flags, _ = sock.recvmsg(READ_SIZE, _SPACE, _CLOSE_ON_EXEC)
    if not ancillary and not flags & _CUT:
        return data, []
    descriptors = array.array("i")
    for level, kind, content in ancillary:
        if (level, kind) == (socket.SOL_SOCKET, socket.SCM_RIGHTS):
            whole = len(content) - len(content) % descriptors.itemsize
            descriptors.frombytes(content[:whole])
    if flags & _CUT or len(descriptors) > 1:
        for descriptor in descriptors:
            os.close(descriptor)
        raise FrameError("several descriptors came at once")
    return data, list(descriptors)


def rights(descriptor: int | None) -> list[tuple[int, int, bytes]]:
    """Return the ancillary data that carries a descriptor."""
    if descriptor is None:
        return []
    content = array.array("i", [descriptor]).tobytes()
    return [(socket.SOL_SOCKET, socket.SCM_RIGHTS, content)]
