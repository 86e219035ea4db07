"""The prefix that a path begins with: the longest wins, the empty one takes all."""

from collections.abc import Iterable


def longest_first(prefixes: Iterable[str]) -> tuple[str, ...]:
    """Return prefixes (``/api/v1``) in the order in which `prefix_of` tries them."""
    return tuple(sorted(prefixes, key=len, reverse=True))


def prefix_of(path: str, prefixes: Iterable[str]) -> str | None:
    """Return the first prefix that begins a path, part by part; None if none does."""
    for prefix in prefixes:
        if path == prefix or path.startswith(f"{prefix}/"):
            return prefix
    return None
