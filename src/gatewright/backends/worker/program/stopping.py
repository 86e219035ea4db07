"""Saying to work that lasts that nobody waits for it any more."""

import errno
import threading


class Stop:
    """Whether one operation shall stop: it was cancelled, or all are.

    Parameters
    ----------
    all_stop
        Set when the gateway has gone away.
    """

    def __init__(self, all_stop: threading.Event) -> None:
        self._all = all_stop
        self._one = threading.Event()

    def set(self) -> None:
        """Stop this operation."""
        self._one.set()

    def is_set(self) -> bool:
        """Return whether the operation shall stop."""
        return self._one.is_set() or self._all.is_set()

    def check(self) -> None:
        """Raise ECANCELED if the operation shall stop."""
        if self.is_set():
            raise OSError(errno.ECANCELED, "nobody waits for it")
