"""Tells long operations that their request was cancelled."""

import errno
import threading


class Stop:
    """Whether an operation should stop, alone or with all others.

    Parameters
    ----------
    all_stop
        Event that is set when the gateway has closed the connection.
    """

    def __init__(self, all_stop: threading.Event) -> None:
        self._all = all_stop
        self._one = threading.Event()

    def set(self) -> None:
        """Tell this operation to stop."""
        self._one.set()

    def is_set(self) -> bool:
        """Return whether the operation should stop."""
        return self._one.is_set() or self._all.is_set()

    def check(self) -> None:
        """Raise ECANCELED if the operation should stop."""
        if self.is_set():
            raise OSError(errno.ECANCELED, "nobody waits for it")
