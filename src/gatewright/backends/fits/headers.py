"""The headers of an image and of its file, asked together."""

import math
from collections.abc import Iterator
from dataclasses import dataclass

from gatewright.backends.fits.header import Header, Value

_TEXT = 120


@dataclass(frozen=True, slots=True)
class Headers:
    """The header of an image and that of its file."""

    own: Header
    """Header of the image."""
    primary: Header
    """Primary header, which says what all images of the file share."""

    def cards(self, *keywords: str) -> Iterator[tuple[Value, str]]:
        """Yield value and comment of each keyword that says something."""
        for keyword in keywords:
            for header in (self.own, self.primary):
                value = header.value(keyword)
                if value is not None and str(value).strip():
                    yield value, header.comment(keyword)
                    break

    def text(self, *keywords: str) -> str | None:
        """Return the first text, without control characters; None for none."""
        for value, _ in self.cards(*keywords):
            plain = "".join(c for c in str(value) if c.isprintable()).strip()
            if plain:
                return plain[:_TEXT]
        return None

    def number(self, *keywords: str) -> float | None:
        """Return the first finite number, also one that is written as a text."""
        return next((number for number, _ in self.numbers(*keywords)), None)

    def numbers(self, *keywords: str) -> Iterator[tuple[float, str]]:
        """Yield finite numbers, also those written as texts, and their comments."""
        for value, comment in self.cards(*keywords):
            if isinstance(value, bool):
                continue
            try:
                number = float(str(value).upper().replace("D", "E"))
            except (ValueError, OverflowError):
                continue
            if math.isfinite(number):
                yield number, comment
