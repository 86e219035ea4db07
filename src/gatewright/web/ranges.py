"""Byte ranges of content whose size is known (RFC 9110, section 14)."""

import re
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from gatewright.core.errors import RangeNotSatisfiable
from gatewright.web.conditional import http_date

MOST_RANGES = 100
_UNIT = re.compile(r"\s*bytes\s*=(.*)", re.IGNORECASE | re.DOTALL)
_SPEC = re.compile(r"([0-9]*)-([0-9]*)")
_DIGITS = 20


@dataclass(frozen=True, slots=True)
class Span:
    """A byte range of a content."""

    offset: int
    """Position of the first byte."""
    count: int
    """Number of bytes."""

    @property
    def end(self) -> int:
        """Position after the last byte."""
        return self.offset + self.count

    def content_range(self, size: int) -> str:
        """Return the ``Content-Range`` of this range in content of ``size`` bytes."""
        return f"bytes {self.offset}-{self.end - 1}/{size}"


def parse_range(field: str | None, size: int) -> list[Span] | None:
    """Return the byte ranges that a ``Range`` header asks for, at most 100.

    None means that the whole content is sent: the header is missing or malformed, has
    another unit, or asks for too many ranges, which a server may ignore. Overlapping
    ranges are joined, so that a response is never much longer than the content.

    Raises
    ------
    RangeNotSatisfiable
        Every range begins after the end of the content.
    """
    match = _UNIT.fullmatch(field or "")
    if match is None:
        return None
    specs = [spec.strip() for spec in match[1].split(",") if spec.strip()]
    found = [_SPEC.fullmatch(spec) for spec in specs]
    if not 0 < len(specs) <= MOST_RANGES:
        return None
    spans: list[Span] = []
    for spec in found:
        first, last = spec.groups() if spec else ("", "")
        if not (first or last):
            return None
        if not first:  # the last bytes
            start, end = max(0, size - _number(last)), size
        else:
            start, end = _number(first), min(_number(last) + 1, size) if last else size
            if last and _number(last) < start:
                return None
        if start < end:
            spans.append(Span(start, end - start))
    if not spans:
        raise RangeNotSatisfiable(
            f"The content has {size} bytes.",
            headers={"Content-Range": f"bytes */{size}"},
        )
    return _joined(spans)


def _number(digits: str) -> int:
    """Return the value of digits, capped above any content's size."""
    digits = digits.lstrip("0") or "0"
    return int(digits) if len(digits) < _DIGITS else 10**_DIGITS


def _joined(spans: list[Span]) -> list[Span]:
    """Return the ranges as requested, or sorted and joined if any two overlap."""
    ordered = sorted(spans, key=lambda span: span.offset)
    joined = ordered[:1]
    for span in ordered[1:]:
        last = joined[-1]
        if span.offset < last.end:
            count = max(last.end, span.end) - last.offset
            joined[-1] = Span(last.offset, count)
        else:
            joined.append(span)
    return spans if len(joined) == len(spans) else joined


def range_applies(
    headers: Mapping[str, str], etag: str | None, modified_at: float | None
) -> bool:
    """Return whether ``If-Range`` admits the ``Range`` header, as it does if missing.

    An entity tag is compared strongly; a date must be exactly that of the last change.
    """
    condition = headers.get("if-range")
    if condition is None:
        return True
    condition = condition.strip()
    if condition.endswith('"'):
        return condition == etag
    return modified_at is not None and condition == http_date(modified_at)


Piece = bytes | Span
"""Bytes to send as they are, or a byte range of the content."""


@dataclass(frozen=True, slots=True)
class Multipart:
    """Several byte ranges as a ``multipart/byteranges`` body."""

    content_type: str
    """Media type with the boundary."""
    pieces: tuple[Piece, ...]
    """Pieces of the body, in order."""


def multipart(spans: Sequence[Span], size: int, media_type: str) -> Multipart:
    """Return byte ranges of content of ``size`` bytes as one multipart body."""
    boundary = secrets.token_hex(16)
    pieces: list[Piece] = []
    for span in spans:
        head = (
            f"--{boundary}\r\nContent-Type: {media_type}\r\n"
            f"Content-Range: {span.content_range(size)}\r\n\r\n"
        )
        pieces += [head.encode("latin-1"), span, b"\r\n"]
    pieces.append(f"--{boundary}--\r\n".encode())
    return Multipart(f"multipart/byteranges; boundary={boundary}", tuple(pieces))


def split(
    pieces: Sequence[Piece], count: int
) -> tuple[tuple[Piece, ...], tuple[Piece, ...]]:
    """Return the first ``count`` bytes of a body as pieces, and the pieces after."""
    first: list[Piece] = []
    for number, piece in enumerate(pieces):
        size = length((piece,))
        if not count:
            return tuple(first), tuple(pieces[number:])
        if size > count:
            rest = tuple(pieces[number + 1 :])
            if isinstance(piece, bytes):
                return (*first, piece[:count]), (piece[count:], *rest)
            head = Span(piece.offset, count)
            return (*first, head), (Span(head.end, size - count), *rest)
        first.append(piece)
        count -= size
    return tuple(first), ()


def windows(pieces: Sequence[Piece], size: int) -> list[Piece]:
    """Return a body with its ranges cut into ranges of at most ``size`` bytes."""
    found: list[Piece] = []
    for piece in pieces:
        if isinstance(piece, bytes):
            found.append(piece)
        else:
            found += [
                Span(offset, min(size, piece.end - offset))
                for offset in range(piece.offset, piece.end, size)
            ]
    return found


def length(pieces: Sequence[Piece]) -> int:
    """Return the number of bytes of a body."""
    return sum(p.count if isinstance(p, Span) else len(p) for p in pieces)
