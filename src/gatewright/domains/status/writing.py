"""How announcements are written and changed, with each change in their history."""

import unicodedata
from collections.abc import Collection
from dataclasses import dataclass, replace
from enum import Enum
from typing import Final

from gatewright.core.clock import timestamp
from gatewright.core.errors import Conflict, InvalidContent
from gatewright.domains.status.model import (
    Announcement,
    Change,
    Kind,
    Service,
    Severity,
    Update,
)

LONGEST_TITLE: Final = 200
LONGEST_TEXT: Final = 4000
MOST_UPDATES: Final = 100
"""Most updates of one announcement."""
MOST_SYSTEMS: Final = 100
_LATEST: Final = 253_402_300_799.0
"""Last second of the year 9999, the latest that a timestamp can express."""
_UNSEEN: Final = frozenset({"Cc", "Cs"})
"""Unicode's categories of characters that no XML document may have."""
_NO_CHARACTERS: Final = "\ufffe\uffff"


class _Unset(Enum):
    UNSET = "unset"


UNSET: Final = _Unset.UNSET
"""Stands for a field that an edit leaves as it is."""


@dataclass(frozen=True, slots=True)
class Edit:
    """New values of an announcement's fields; those that are UNSET stay."""

    kind: Kind | _Unset = UNSET
    severity: Severity | _Unset = UNSET
    title: str | _Unset = UNSET
    text: str | _Unset = UNSET
    systems: tuple[str, ...] | _Unset = UNSET
    services: tuple[Service, ...] | _Unset = UNSET
    begins_at: float | _Unset = UNSET
    ends_at: float | _Unset | None = UNSET
    takes_jobs: bool | _Unset = UNSET
    withdrawn: bool | _Unset = UNSET


_FIELDS: Final = tuple(Edit.__dataclass_fields__)


def written(
    announcement: Announcement, known: Collection[str], update: Update
) -> Announcement:
    """Return a new announcement with its creation in its history.

    Raises
    ------
    InvalidContent
        A value is not valid, or a system is not one of ``known``.
    """
    made = _checked(announcement, known)
    return replace(made, updates=(_checked_update(update),))


def edited(
    announcement: Announcement, edit: Edit, known: Collection[str], update: Update
) -> Announcement:
    """Return an announcement with new values, and with the update in its history.

    Raises
    ------
    InvalidContent
        A value is not valid, a system is new and not one of ``known``, or nothing is
        changed or said.
    Conflict
        It has :data:`MOST_UPDATES` updates already.
    """
    withdrawing = edit.withdrawn is True and not announcement.withdrawn
    if len(announcement.updates) >= MOST_UPDATES and not withdrawing:
        raise Conflict(
            f"It has {MOST_UPDATES} updates, which is the most. Withdraw it, and write "
            "a new one."
        )
    values = {name: getattr(edit, name) for name in _FIELDS}
    new = {name: value for name, value in values.items() if value is not UNSET}
    made = _checked(replace(announcement, **new), {*known, *announcement.systems})
    changes = tuple(
        Change(name, before, after)
        for name in _FIELDS
        if (before := _as_text(getattr(announcement, name)))
        != (after := _as_text(getattr(made, name)))
    )
    said = _checked_update(replace(update, changes=changes))
    if not changes and not said.text:
        raise InvalidContent("This changes nothing and says nothing.")
    return replace(made, updates=(*announcement.updates, said))


def _checked(announcement: Announcement, known: Collection[str]) -> Announcement:
    """Return an announcement with tidy texts, or raise InvalidContent."""
    title = _tidy("title", announcement.title, LONGEST_TITLE)
    if not title or "\n" in title:
        raise InvalidContent("“title” is one line that is not empty.")
    text = _tidy("text", announcement.text, LONGEST_TEXT)
    systems = tuple(dict.fromkeys(announcement.systems))
    if len(systems) > MOST_SYSTEMS:
        raise InvalidContent(f"Name at most {MOST_SYSTEMS} systems.")
    for system in systems:
        if system not in known:
            raise InvalidContent(f"There is no system “{system[:80]}”.")
    begins, ends = announcement.begins_at, announcement.ends_at
    if not 0 <= begins <= _LATEST or not 0 <= (ends or 0) <= _LATEST:
        raise InvalidContent("A time is between the years 1970 and 9999.")
    if ends is None and announcement.kind is Kind.OUTAGE:
        raise InvalidContent("A planned outage has a time “ends_at”.")
    if ends is not None and ends <= begins:
        raise InvalidContent("“ends_at” is after “begins_at”.")
    return replace(
        announcement,
        title=title,
        text=text,
        systems=systems,
        services=tuple(dict.fromkeys(announcement.services)),
    )


def _checked_update(update: Update) -> Update:
    return replace(update, text=_tidy("update", update.text, LONGEST_TEXT))


def _tidy(field: str, text: str, longest: int) -> str:
    """Return a text without space around it, with lines ended by LF.

    Raises
    ------
    InvalidContent
        It is too long, or has characters that cannot be shown.
    """
    lines = text.replace("\r\n", "\n").replace("\t", " ").strip()
    if len(lines) > longest:
        raise InvalidContent(f"“{field}” has at most {longest} characters.")
    for character in lines.replace("\n", ""):
        unseen = unicodedata.category(character) in _UNSEEN
        if unseen or character in _NO_CHARACTERS:
            raise InvalidContent(
                f"“{field}” has the character U+{ord(character):04X}, which cannot be "
                "shown."
            )
    return lines


def _as_text(value: object) -> str:
    """Return a field's value as its history tells it."""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, float):
        return timestamp(value)
    if isinstance(value, tuple):
        return ", ".join(value)
    return "" if value is None else str(value)
