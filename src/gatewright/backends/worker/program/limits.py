"""Lowers the worker's own resource limits, but not those of programs that it starts."""

import contextlib
import ctypes
import os
import resource
import threading
from collections.abc import Iterator

_PR_SET_DUMPABLE = 4
_OPEN_FILES = 1024
_ADDRESS_SPACE = 4 << 30

Limits = dict[int, tuple[int, int]]
"""Soft and hard limit by resource."""


def lowered() -> Limits:
    """Return the limits of a worker: no core file, few descriptors, little memory."""
    wanted = {
        resource.RLIMIT_CORE: 0,
        resource.RLIMIT_NOFILE: _OPEN_FILES,
        resource.RLIMIT_AS: _ADDRESS_SPACE,
    }
    found = {}
    for kind, value in wanted.items():
        soft, hard = resource.getrlimit(kind)
        finite = [n for n in (value, soft, hard) if n != resource.RLIM_INFINITY]
        found[kind] = min(finite), hard
    return found


def hide() -> None:
    """Make the process undumpable: others of the same user cannot inspect it."""
    ctypes.CDLL(None).prctl(_PR_SET_DUMPABLE, 0, 0, 0, 0)


class SpawnLimits:
    """Lowers the soft limits, and restores the original ones while a child is started.

    A child inherits the limits of the moment it is forked. The hard limits stay, so
    that the soft ones can be raised again without privileges.
    """

    def __init__(self, limits: Limits) -> None:
        self._lock = threading.Lock()
        self._first = {kind: resource.getrlimit(kind) for kind in limits}
        self._limits = limits
        _set(limits)

    @contextlib.contextmanager
    def restored(self) -> Iterator[None]:
        """Restore the original limits for the block; one thread at a time can do so."""
        with self._lock:
            _set(self._first)
            try:
                yield
            finally:
                _set(self._limits)


def _set(limits: Limits) -> None:
    for kind, values in limits.items():
        resource.setrlimit(kind, values)


def environment() -> dict[bytes, bytes]:
    """Return the environment for commands: a copy of the worker's own."""
    return dict(os.environb)
