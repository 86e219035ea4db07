"""Bounds how many of something each person has under way at once."""

from collections import Counter
from types import TracebackType
from typing import Self

from gatewright.core.errors import TooManyRequests

_RETRY_SECONDS = 1.0


class Turns:
    """Turns of each person, at most so many at once; nobody's count for another.

    Parameters
    ----------
    most
        Turns that one person may have.
    what
        What they are, in the plural, for the message of a refusal (``downloads``).
    """

    def __init__(self, most: int, what: str) -> None:
        self._most = most
        self._what = what
        self._taken: Counter[str] = Counter()

    def take(self, key: str) -> "Turn":
        """Count one more under way for the person of a key, until it is given back.

        Raises
        ------
        TooManyRequests
            They have as many as they may.
        """
        if self._taken[key] >= self._most:
            raise TooManyRequests(
                f"You have {self._most} {self._what} under way, as many as one user "
                "may have; end one of them, or wait until one ends.",
                retry_after=_RETRY_SECONDS,
            )
        self._taken[key] += 1
        return Turn(self._taken, key)


class Turn:
    """A turn that was taken; a context manager that gives it back."""

    def __init__(self, taken: "Counter[str]", key: str) -> None:
        self._taken: Counter[str] | None = taken
        self._key = key

    def give_back(self) -> None:
        """Give it back; safe to repeat."""
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
        self.give_back()

    def __del__(self) -> None:
        """Give back what an answer had that nobody came to send."""
        self.give_back()
