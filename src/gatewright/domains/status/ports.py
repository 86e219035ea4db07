"""The port of the announcements: the book that keeps them."""

from collections.abc import Callable
from typing import Protocol

from gatewright.core.pages import Page
from gatewright.domains.status.model import Announcement, Wanted


class AnnouncementBook(Protocol):
    """Durable record of announcements, shared by the gateway's processes."""

    async def add(self, announcement: Announcement) -> None:
        """Add a new announcement."""
        ...

    async def change(
        self, announcement: str, change: Callable[[Announcement], Announcement]
    ) -> Announcement | None:
        """Replace an announcement by what ``change`` makes of it, and return that.

        None if there is no such announcement. Changes of one announcement come one
        after the other, and ``change`` may be called more than once. An exception
        raised in it leaves the announcement as it is.
        """
        ...

    async def announcement(self, announcement: str) -> Announcement | None:
        """Return an announcement by its id; None if there is none."""
        ...

    async def announcements(
        self, wanted: Wanted, limit: int, cursor: str | None
    ) -> Page[Announcement]:
        """Return announcements, with the latest beginning first."""
        ...
