"""Times that requests send as RFC 3339 text."""

from contextlib import suppress
from datetime import datetime
from typing import Annotated

from pydantic import Field

from gatewright.core.errors import InvalidContent

Moment = Annotated[str, Field(max_length=40, examples=["2026-11-29T08:00:00Z"])]
"""Annotation of a time."""


def moment(name: str, text: str | None) -> float | None:
    """Return a time of the field ``name`` in seconds since 1970 UTC; None for None.

    Raises
    ------
    InvalidContent
        The text is no time with its offset.
    """
    if text is None:
        return None
    with suppress(ValueError, OverflowError):
        found = datetime.fromisoformat(text)
        if found.tzinfo is not None:
            return found.timestamp()
    raise InvalidContent(
        f"“{name}” is a time with its offset, such as 2026-11-29T08:00:00Z or "
        "2026-11-29T09:00:00+01:00."
    )
