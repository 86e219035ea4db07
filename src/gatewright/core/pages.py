"""Pages of a listing, and the opaque cursors that lead from one page to the next."""

import base64
import binascii
import json
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

from gatewright.core.errors import InvalidRequest

T_co = TypeVar("T_co", covariant=True)
New = TypeVar("New")
Item = TypeVar("Item")

DEFAULT_LIMIT = 100
MAXIMUM_LIMIT = 10_000
MAXIMUM_LARGE_LIMIT = 1000
"""Most items on a page of a listing whose items are large: documents, candidates."""
_MAXIMUM_CURSOR = 4096


@dataclass(frozen=True, slots=True)
class Page(Generic[T_co]):
    """A part of a listing."""

    items: Sequence[T_co]
    """The items of this page, in the listing's order."""
    next: str | None = None
    """Cursor of the page after this one; None on the last page."""

    def map(self, function: Callable[[T_co], New]) -> "Page[New]":
        """Return a page of what ``function`` makes of each item, with this cursor."""
        return Page([function(item) for item in self.items], self.next)


async def pages(
    read: Callable[[str | None], Awaitable[Page[Item]]],
) -> AsyncIterator[Page[Item]]:
    """Yield all pages of a listing; ``read`` returns the page at a cursor."""
    cursor: str | None = None
    while True:
        page = await read(cursor)
        yield page
        cursor = page.next
        if cursor is None:
            return


def encode_cursor(*position: str | float | None) -> str:
    """Return the sort position of a page's last item as URL-safe text."""
    text = json.dumps(position, separators=(",", ":"), ensure_ascii=True)
    return base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")


def decode_cursor(cursor: str, *types: type) -> tuple[object, ...]:
    """Return the position in a cursor, one value for each of ``types``.

    Raises
    ------
    InvalidRequest
        The text is not a cursor that this listing returned.
    """
    if len(cursor) > _MAXIMUM_CURSOR:
        raise InvalidRequest("The cursor is longer than any that the gateway returns.")
    try:
        padded = cursor + "=" * (-len(cursor) % 4)
        values = json.loads(base64.b64decode(padded, altchars=b"-_", validate=True))
    except (ValueError, binascii.Error, RecursionError) as error:
        raise InvalidRequest(
            "The cursor is not one that the gateway returned."
        ) from error
    if (
        not isinstance(values, list)
        or len(values) != len(types)
        or not all(map(_is, values, types))
    ):
        raise InvalidRequest("The cursor is not one of this listing.")
    return tuple(values)


def _is(value: object, kind: type) -> bool:
    if kind is float:
        if isinstance(value, int) and not isinstance(value, bool):
            return abs(value) < 1 << 63
        return isinstance(value, float)
    return type(value) is kind


def page_limit(limit: int | None, maximum: int = MAXIMUM_LIMIT) -> int:
    """Return the number of items on a page: ``limit``, or by default 100.

    Raises
    ------
    InvalidRequest
        ``limit`` is below 1 or above ``maximum``.
    """
    if limit is None:
        return min(DEFAULT_LIMIT, maximum)
    if not 1 <= limit <= maximum:
        raise InvalidRequest(f"“limit” is a number from 1 to {maximum}.")
    return limit
