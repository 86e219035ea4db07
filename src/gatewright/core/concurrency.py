"""Limits how many operations, such as downloads, each user has in progress at once."""

from collections import Counter
from types import TracebackType
from typing import Self

from gatewright.core.errors import TooManyRequests

_RETRY_SECONDS = 1.0


class ConcurrencyLimit:
    """Counts the operations that each user has in progress, up to a limit.

    Parameters
    ----------
    most
        Most operations that one user may have in progress.
    what
        Plural noun for the operations in the message of a refusal, such as
        ``downloads``.
    """

    def __init__(self, most: int, what: str) -> None:
        self._most = most
        self._what = what
        self._taken: Counter[str] = Counter()

    def acquire(self, key: str) -> "Slot":
        """Count one more operation of a user until the returned slot is released.

        Raises
        ------
        TooManyRequests
            The user has as many operations in progress as allowed.
        """
        if self._taken[key] >= self._most:
            raise TooManyRequests(
                f"You have {self._most} {self._what} under way, as many as one user "
                "may have; end one of them, or wait until one ends.",
                retry_after=_RETRY_SECONDS,
            )
        self._taken[key] += 1
        return Slot(self._taken, key)


class Slot:
    """The right to one operation in progress; a context manager that ends it."""

    def __init__(self, taken: "Counter[str]", key: str) -> None:
        self._taken: Counter[str] | None = taken
        self._key = key

    def release(self) -> None:
        """Release the slot, so that the operation no longer counts; repeatable."""
        taken, self._taken = self._taken, None
        if taken is not None:
            taken[self._key] -= 1
            if not taken[self._key]:
                del taken[self._key]

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.release()

    def __del__(self) -> None:
        """Release the slot if its response was dropped before it was sent."""
        self.release()
