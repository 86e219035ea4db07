"""A program that is always there: whether a reader answers."""

from typing import Any

from gatewright.backends.readers.output import Output

__all__ = ["ping"]


def ping(arguments: dict[str, Any], output: Output) -> dict[str, Any]:
    """Return what was sent."""
    return arguments
