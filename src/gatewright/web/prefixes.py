"""The prefix that a path begins with: the longest wins, the empty one takes all."""

from collections.abc import Iterable

Prefixes = tuple[tuple[str, str], ...]
"""Prefixes (``/api/v1``), each with how the paths below it begin (``/api/v1/``)."""


def longest_first(prefixes: Iterable[str]) -> Prefixes:
    """Return prefixes in the order in which `prefix_of` tries them."""
    ordered = sorted(prefixes, key=len, reverse=True)
    return tuple((prefix, f"{prefix}/") for prefix in ordered)


def prefix_of(path: str, prefixes: Prefixes) -> str | None:
    """Return the first prefix that begins a path, part by part; None if none does."""
    for prefix, below in prefixes:
        if path.startswith(below) or path == prefix:
            return prefix
    return None
