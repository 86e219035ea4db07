"""A program that every reader has, to check that the reader answers."""

from typing import Any

from gatewright.backends.readers.output import Output

__all__ = ["ping"]


def ping(arguments: dict[str, Any], output: Output) -> dict[str, Any]:
    """Return the arguments."""
    return arguments
