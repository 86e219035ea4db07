"""Looks up keywords in the header of an image and in the primary header."""

import math
from collections.abc import Iterator
from dataclasses import dataclass

from gatewright.backends.fits.header import Header, Value

_TEXT = 120


@dataclass(frozen=True, slots=True)
class Headers:
    """The header of an image and the primary header of its file."""

    own: Header
    """Header of the image, which is searched first."""
    primary: Header
    """Primary header, whose values apply to all images of the file."""

    def cards(self, *keywords: str) -> Iterator[tuple[Value, str]]:
        """Yield value and comment of each of these keywords that has a value."""
        for keyword in keywords:
            for header in (self.own, self.primary):
                value = header.value(keyword)
                if value is not None and str(value).strip():
                    yield value, header.comment(keyword)
                    break

    def text(self, *keywords: str) -> str | None:
        """Return the first text of these keywords; None without one.

        Control characters are removed, and 120 characters are kept.
        """
        for value, _ in self.cards(*keywords):
            plain = "".join(c for c in str(value) if c.isprintable()).strip()
            if plain:
                return plain[:_TEXT]
        return None

    def number(self, *keywords: str) -> float | None:
        """Return the first finite number of these keywords; None without one.

        A number that is written as a text counts too.
        """
        return next((number for number, _ in self.numbers(*keywords)), None)

    def numbers(self, *keywords: str) -> Iterator[tuple[float, str]]:
        """Yield the finite numbers of these keywords with their comments.

        A number that is written as a text counts too.
        """
        for value, comment in self.cards(*keywords):
            if isinstance(value, bool):
                continue
            try:
                number = float(str(value).upper().replace("D", "E"))
            except (ValueError, OverflowError):
                continue
            if math.isfinite(number):
                yield number, comment
