"""Finds the longest prefix of a path."""

from collections.abc import Iterable

Prefixes = tuple[tuple[str, str], ...]
"""Prefixes (``/api/v1``), each with the beginning of paths below it (``/api/v1/``)."""


def longest_first(prefixes: Iterable[str]) -> Prefixes:
    """Return prefixes in the order in which `prefix_of` tries them."""
    ordered = sorted(prefixes, key=len, reverse=True)
    return tuple((prefix, f"{prefix}/") for prefix in ordered)


def prefix_of(path: str, prefixes: Prefixes) -> str | None:
    """Return the first prefix that a path is equal to or below, or None.

    The empty prefix matches every path that begins with a slash.
    """
    for prefix, below in prefixes:
        if path.startswith(below) or path == prefix:
            return prefix
    return None
