"""Sorts lists of documents, and reduces documents to some of their fields.

Values are sorted by their type, and then within it: numbers, texts by code points,
false and true, null, and lists and objects, which count as equal. Documents without the
field come last in either direction. Equal documents are sorted by key.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from typing import Final

import msgspec

from gatewright.core.errors import InvalidRequest
from gatewright.domains.store.model import Document
from gatewright.domains.store.names import check_field, names_of
from gatewright.domains.store.query import MISSING, kind_of, lookup

MOST_SORT_FIELDS: Final = 4
MOST_FIELDS: Final = 64
_RANKS: Final = {"number": 0, "text": 1, "truth": 2, "null": 3, "structure": 4}
_LAST: Final = 9

Tree = dict[str, "Tree"]
"""Names of wanted members, each with the tree of wanted members below it; an empty tree
means the whole value."""


@dataclass(frozen=True, slots=True)
class SortField:
    """A field by which a list is sorted."""

    field: str
    """Path of the field: names joined by dots."""
    falling: bool
    """Whether the order is descending."""


def parse_sort(texts: Sequence[str]) -> tuple[SortField, ...]:
    """Return the fields to sort by; ``-`` before a field means descending.

    Raises
    ------
    InvalidRequest, InvalidContent
        There are too many fields, or one is not valid.
    """
    if len(texts) > MOST_SORT_FIELDS:
        raise InvalidRequest(f"A list is sorted by at most {MOST_SORT_FIELDS} fields.")
    return tuple(
        SortField(check_field(text.removeprefix("-")), text.startswith("-"))
        for text in texts
    )


def parse_fields(texts: Sequence[str]) -> tuple[str, ...]:
    """Return the fields to which documents are to be reduced.

    Raises
    ------
    InvalidRequest, InvalidContent
        There are too many fields, or one is not valid.
    """
    if len(texts) > MOST_FIELDS:
        raise InvalidRequest(f"At most {MOST_FIELDS} fields can be requested.")
    return tuple(map(check_field, texts))


def in_order(
    documents: Sequence[Document], order: Sequence[SortField]
) -> list[Document]:
    """Return documents sorted by some fields and then by key."""
    values = [(msgspec.json.decode(found.text), found) for found in documents]
    values.sort(key=lambda pair: pair[1].key)
    # A stable sort by the last field first leaves equal ones as the others put them.
    for by in reversed(order):
        values.sort(key=partial(_place, by), reverse=by.falling)
    return [found for _, found in values]


def _place(by: SortField, pair: tuple[object, Document]) -> tuple[int, object]:
    """Return the sort key of a decoded document for one field."""
    found = lookup(pair[0], by.field)
    if found is MISSING:
        return (-1 if by.falling else _LAST), 0
    kind = kind_of(found)
    return _RANKS[kind], found if kind in {"number", "text", "truth"} else 0


def project(text: str, fields: Sequence[str]) -> str:
    """Return a JSON text reduced to some fields, whose values keep their text.

    Of objects only the named members are kept. Any other value on the path of a field,
    such as a list, is kept whole.
    """
    wanted: Tree = {}
    # The longest first: of “a.b” and “a” the whole of “a” is wanted.
    for *before, last in sorted(map(names_of, fields), key=len, reverse=True):
        branch = wanted
        for name in before:
            branch = branch.setdefault(name, {})
        branch[last] = {}
    return _pruned(text.encode(), wanted).decode()


def _pruned(text: bytes, wanted: Tree) -> bytes:
    if not wanted or text.lstrip()[:1] != b"{":
        return text
    members = msgspec.json.decode(text, type=dict[str, msgspec.Raw])
    return msgspec.json.encode(
        {
            name: msgspec.Raw(_pruned(bytes(raw).strip(), wanted[name]))
            for name, raw in members.items()
            if name in wanted
        }
    )
