"""Decides which of a worker's threads reads the next request.

This is the pattern Leader/Followers (Schmidt et al. 2000, Pattern-Oriented Software
Architecture 2): one thread leads, and the others wait to take its place. To wake
another thread at each request takes longer than most requests do. So the leader, who
reads and executes requests, is replaced only while it is busy with one for long. The
next thread looks now and then while requests come, the sooner if it has found the
leader busy, and otherwise sleeps.
"""

import threading
import time

_PATIENCE_SECONDS = 0.002
_LOOK_SECONDS = 0.01
_LOOKS = 4


class LeaderFollowers:
    """The turns of several threads; one of them leads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._next = threading.Lock()  # held by the one thread that waits to lead
        self._bell = threading.Lock()  # released to wake that thread
        self._bell.acquire()
        self._leader = 0
        self._busy_since = 0.0
        self._requests = 0
        self._looks = 0

    def await_own(self) -> bool:
        """Wait until this thread leads: nobody does, or the leader is busy for long."""
        with self._next:
            seen = -1
            while True:
                with self._lock:
                    waited = time.monotonic() - self._busy_since
                    busy = self._busy_since and waited >= _PATIENCE_SECONDS
                    if not self._leader or busy:
                        self._leader, self._busy_since = threading.get_ident(), 0.0
                        return True
                    if seen != self._requests:
                        seen, self._looks = self._requests, _LOOKS
                    # A busy leader is looked at until it reads again.
                    self._looks -= not self._busy_since
                    pause = _PATIENCE_SECONDS if self._busy_since else _LOOK_SECONDS
                    if self._looks <= 0:
                        pause = -1  # until the bell rings
                self._bell.acquire(timeout=pause)

    def begin(self, *, more: bool) -> None:
        """Note that the leader executes a request; with ``more``, let another lead."""
        with self._lock:
            self._requests += 1
            self._busy_since = time.monotonic()
            if more:
                self._leader = 0
            if more or self._looks <= 0:
                self._ring()

    def end(self) -> bool:
        """Note that this thread's request is done; return whether it still leads."""
        with self._lock:
            if self._leader != threading.get_ident():
                return False
            self._busy_since = 0.0
            return True

    def resign(self) -> None:
        """Let another thread lead, if this one does."""
        with self._lock:
            if self._leader == threading.get_ident():
                self._leader = 0
            self._ring()

    def _ring(self) -> None:
        if self._bell.locked():
            self._bell.release()
