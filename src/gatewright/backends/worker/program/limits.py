"""What the worker takes from itself, and gives back to the programs it starts."""

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
    """Keep the process out of the sight of others of the same user (no dump)."""
    ctypes.CDLL(None).prctl(_PR_SET_DUMPABLE, 0, 0, 0, 0)


class SpawnLimits:
    """Lowers the soft limits, and gives the first ones back while a child starts.

    A child has the limits of the moment it is made. The hard limits stay, so that the
    process may raise the soft ones again without privilege.
    """

    def __init__(self, limits: Limits) -> None:
        self._lock = threading.Lock()
        self._first = {kind: resource.getrlimit(kind) for kind in limits}
        self._limits = limits
        _set(limits)

    @contextlib.contextmanager
    def restored(self) -> Iterator[None]:
        """Hold the first limits; one thread at a time."""
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
    """Return the environment that commands begin with: the worker's own."""
    return dict(os.environb)
