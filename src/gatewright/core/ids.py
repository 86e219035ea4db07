"""Makes identifiers that sort by time and cannot be guessed."""

import os
import secrets
import threading
from functools import lru_cache
from typing import Final

from gatewright.core.clock import Clock, system_clock

_ALPHABET: Final = "0123456789abcdefghjkmnpqrstvwxyz"
_TIME_LENGTH: Final = 10
_LATEST: Final = (1 << 48) - 1
_PAIRS: Final = [first + second for first in _ALPHABET for second in _ALPHABET]
"""The two base-32 characters for each value of ten bits."""
_UPPER_SHIFTS: Final = range(30, -1, -10)
_RANDOM_LENGTH: Final = 16
_OF_BYTE: Final = _ALPHABET.encode() * 8
"""The base-32 character for each value of a byte; eight values share a character."""


class IdMaker:
    """Makes ids, each of which sorts after all that it made before.

    If the clock has not moved on, or was set back, the time in an id is one millisecond
    after that of the id before.

    Parameters
    ----------
    clock
        Returns seconds since 1970-01-01 UTC.
    """

    def __init__(self, clock: Clock = system_clock) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._last = 0

    def __call__(self) -> str:
        """Return 26 characters of Crockford base 32: 48 bits of time, 80 random bits.

        The layout is the one of ULID (github.com/ulid/spec), in lower case.
        """
        with self._lock:
            self._last = max(int(self._clock() * 1000), self._last + 1)
            return _id_at(self._last)


new_id = IdMaker()
"""Returns a new id. Ids of one process increase strictly; ids of all processes sort by
time."""


def later_id(made: str, newest: str) -> str:
    """Return ``made`` if it sorts after the id ``newest``, else a new id that does.

    A list that has ids of several processes, or from before a restart, thus stays in
    order even if a clock was set back.
    """
    if made > newest:
        return made
    time = 0
    for character in newest[:_TIME_LENGTH]:
        time = time << 5 | _ALPHABET.index(character)
    return _id_at(time + 1)


def new_secret() -> str:
    """Return 256 random bits as 43 URL-safe characters."""
    return secrets.token_urlsafe(32)


class _RandomCharacters:
    """Returns 80 random bits as 16 base-32 characters.

    It reads the bits for a thousand ids from the kernel at once, which is faster.
    """

    def __init__(self) -> None:
        self._ready: list[str] = []
        os.register_at_fork(after_in_child=self._ready.clear)

    def __call__(self) -> str:
        try:
            return self._ready.pop()  # in one step, so that no two threads get the same
        except IndexError:
            block = os.urandom(1000 * _RANDOM_LENGTH).translate(_OF_BYTE).decode()
            places = range(0, len(block), _RANDOM_LENGTH)
            first, *others = [block[at : at + _RANDOM_LENGTH] for at in places]
            self._ready += others
            return first


_random_characters = _RandomCharacters()


@lru_cache(maxsize=1)
def _upper(bits: int) -> str:
    """Return the characters of a time's upper 40 bits, which ids of a second share."""
    return "".join([_PAIRS[bits >> shift & 1023] for shift in _UPPER_SHIFTS])


def _id_at(milliseconds: int) -> str:
    time = min(milliseconds, _LATEST)
    return _upper(time >> 10) + _PAIRS[time & 1023] + _random_characters()
