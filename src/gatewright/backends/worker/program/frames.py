"""Frames on the socket between gateway and worker, without I/O; both sides use this.

A frame is a header of five bytes (length of the body as a big-endian 32-bit number,
then the number of descriptors that come with it, 0 or 1) and a body of JSON in ASCII.
The descriptor is sent as ``SCM_RIGHTS`` with the first byte of the frame. A request is
``{"id", "op", ...}``, an answer ``{"id", "ok"}`` or ``{"id", "errno"}``. The request
``{"id", "op": "cancel"}`` cancels the request with this id and has no answer of its
own. Bytes (names, paths, arguments of commands) are text with one character from U+0000
to U+00FF for each byte. A request may have a ``word``, which replaces each
character U+0000 in its path and arguments, and a ``number``, which replaces each pair
of them in its arguments.
"""

import json
import struct
from collections import deque
from collections.abc import Iterable

PROTOCOL = 4
"""Version, which the worker sends first: ``{"protocol": 4, "pid": ...}``."""
MAXIMUM_BODY = 1 << 20
"""Largest body in bytes."""
HEADER = struct.Struct(">IB")

_encode = json.JSONEncoder(separators=(",", ":")).encode

Frame = tuple[bytes, int | None]
"""Body of a frame, and its descriptor or None."""


class FrameError(Exception):
    """The other side violates the protocol."""


def pack(message: object, descriptors: int = 0) -> bytes:
    """Return a message as a frame.

    Raises
    ------
    FrameError
        The body exceeds the limit.
    """
    body = _encode(message).encode("ascii")
    if len(body) > MAXIMUM_BODY:
        raise FrameError("the message is too long")
    return HEADER.pack(len(body), descriptors) + body


class Assembler:
    """Assembles frames from the bytes and descriptors of a socket."""

    def __init__(self) -> None:
        self._bytes = bytearray()
        self._descriptors: deque[int] = deque()

    @property
    def has_bytes(self) -> bool:
        """Whether more than the frames that were taken has come."""
        return bool(self._bytes)

    def feed(self, data: bytes, descriptors: Iterable[int] = ()) -> None:
        """Add the bytes and descriptors of one ``recvmsg``.

        Raises
        ------
        FrameError
            There are more descriptors than frames.
        """
        self._bytes += data
        self._descriptors.extend(descriptors)
        if len(self._descriptors) > 1 + len(self._bytes) // HEADER.size:
            raise FrameError("descriptors without frames")

    def take(self) -> Frame | None:
        """Return the next frame; None while it is incomplete.

        Raises
        ------
        FrameError
            The frame is too long, has several descriptors, or its descriptor is
            missing.
        """
        if len(self._bytes) < HEADER.size:
            return None
        length, descriptors = HEADER.unpack_from(self._bytes)
        if length > MAXIMUM_BODY or descriptors > 1:
            raise FrameError("the frame is too long or has several descriptors")
        if len(self._bytes) < HEADER.size + length:
            return None
        body = bytes(memoryview(self._bytes)[HEADER.size : HEADER.size + length])
        del self._bytes[: HEADER.size + length]
        if not descriptors:
            return body, None
        if not self._descriptors:
            raise FrameError("the descriptor is missing")
        return body, self._descriptors.popleft()

    def leftover(self) -> list[int]:
        """Return the descriptors that belong to no frame, for closing."""
        descriptors = list(self._descriptors)
        self._descriptors.clear()
        return descriptors
