"""The indices of a job array, in Slurm's notation (``sbatch --array``)."""

import re
from dataclasses import dataclass

from gatewright.core.errors import InvalidContent

_NUMBER = r"\d{1,7}"
_PART = re.compile(rf"({_NUMBER})(?:-({_NUMBER})(?::({_NUMBER}))?)?", re.ASCII)
_LIMIT = re.compile(_NUMBER, re.ASCII)


@dataclass(frozen=True, slots=True)
class Array:
    """The indices of a job array, and how many of its elements may run at once."""

    indices: tuple[int, ...]
    """Indices in ascending order, without repetition."""
    limit: int | None = None
    """Largest number of elements that may run at once; None for no limit."""


def parse_array(text: str, most: int) -> Array:
    """Return the array of a text such as ``0-9``, ``1,3,5``, ``0-99:10`` or ``0-9%2``.

    Raises
    ------
    InvalidContent
        The text has another form, the array has more than ``most`` elements, or the
        text names more than twice as many, some of them again.
    """
    parts, mark, limit = text.partition("%")
    if len(text) > 65_536 or (mark and not _LIMIT.fullmatch(limit)):
        raise _wrong(text)
    indices: set[int] = set()
    named = 0
    for part in parts.split(","):
        match = _PART.fullmatch(part)
        if match is None:
            raise _wrong(text)
        first, last = int(match[1]), int(match[2] or match[1])
        step = int(match[3] or 1)
        if last < first or step < 1:
            raise _wrong(text)
        span = range(first, last + 1, step)
        # A range is not gone through before it is known to be short.
        named += len(span)
        if len(span) > most or named > 2 * most:
            raise _too_many(most)
        indices.update(span)
    if len(indices) > most:
        raise _too_many(most)
    if mark and int(limit) < 1:
        raise _wrong(text)
    return Array(tuple(sorted(indices)), int(limit) if mark else None)


def _too_many(most: int) -> InvalidContent:
    return InvalidContent(
        f"The array has more elements than the {most} jobs that one user may have "
        "waiting and running, or names many of them again. Submit it in parts."
    )


def _wrong(text: str) -> InvalidContent:
    return InvalidContent(
        f"“array” is not understood: “{text[:80]}”. Write indices such as 0-9, 1,3,5 "
        "or 0-99:10, and %2 behind them to run two at once."
    )
