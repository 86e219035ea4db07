"""Lets administrators write announcements, and tells faces what is announced."""

from collections.abc import Sequence
from dataclasses import replace

from gatewright.core.caller import Caller, Scope
from gatewright.core.clock import Clock, timestamp
from gatewright.core.errors import Conflict, NotFound, Unavailable
from gatewright.core.ids import new_id
from gatewright.core.pages import MAXIMUM_LARGE_LIMIT, Page, page_limit
from gatewright.domains.status.model import (
    Announcement,
    Phase,
    Update,
    Wanted,
)
from gatewright.domains.status.ports import AnnouncementBook
from gatewright.domains.status.writing import Edit, edited, written

MOST_SHOWN = 100
"""Most announcements that have not ended."""
_LONGEST_WAIT = 86_400.0
_USUAL_WAIT = 300.0


class Announcements:
    """Announcements as the caller may see and change them.

    Parameters
    ----------
    systems
        Names of the gateway's systems.
    """

    def __init__(
        self, book: AnnouncementBook, systems: Sequence[str], clock: Clock
    ) -> None:
        self._book = book
        self._systems = systems
        self._clock = clock

    def now(self) -> float:
        """Return the time at which the phases of announcements are determined."""
        return self._clock()

    async def announcements(
        self,
        caller: Caller,
        wanted: Wanted,
        limit: int | None = None,
        cursor: str | None = None,
    ) -> Page[Announcement]:
        """Return a page of announcements, with the latest beginning first.

        Raises
        ------
        NotSignedIn, NotAllowed
            Withdrawn ones are wanted, and the caller is no administrator.
        """
        if wanted.withdrawn:
            caller.require(Scope.ADMIN)
        most = page_limit(limit, MAXIMUM_LARGE_LIMIT)
        return await self._book.announcements(wanted, most, cursor)

    async def announcement(self, caller: Caller, announcement: str) -> Announcement:
        """Return one announcement.

        Raises
        ------
        NotFound
            There is none, or it was withdrawn and the caller is no administrator.
        """
        found = await self._book.announcement(announcement)
        if found is None or (found.withdrawn and not caller.may(Scope.ADMIN)):
            raise _missing(announcement)
        return found

    async def write(self, caller: Caller, draft: Announcement) -> Announcement:
        """Add an announcement, which is shown at once; its id is given here.

        Raises
        ------
        NotAllowed
            The caller is no administrator.
        InvalidContent
            A value is not valid.
        Conflict
            There are :data:`MOST_SHOWN` that have not ended.
        """
        caller.require(Scope.ADMIN)
        if await self._is_full():
            raise _too_many()
        update = Update(self._clock(), caller.require_user(), "")
        made = replace(draft, id=f"i-{new_id()}")
        made = written(made, self._systems, update)
        await self._book.add(made)
        return made

    async def edit(
        self, caller: Caller, announcement: str, edit: Edit, text: str = ""
    ) -> Announcement:
        """Change fields of an announcement, or tell what is new, and return it.

        Raises
        ------
        NotAllowed
            The caller is no administrator.
        NotFound
            There is no such announcement.
        InvalidContent
            A value is not valid, or nothing is changed or said.
        Conflict
            It has too many updates already, or it would be open again and there are
            :data:`MOST_SHOWN` that have not ended.
        """
        caller.require(Scope.ADMIN)
        update = Update(self._clock(), caller.require_user(), text)
        full = await self._is_full()

        def change(old: Announcement) -> Announcement:
            new = edited(old, edit, self._systems, update)
            if full and new.is_open(update.at) and not old.is_open(update.at):
                raise _too_many()
            return new

        found = await self._book.change(announcement, change)
        if found is None:
            raise _missing(announcement)
        return found

    async def withdraw(self, caller: Caller, announcement: str) -> None:
        """Show an announcement to administrators only; it and its history are kept.

        Raises
        ------
        NotAllowed
            The caller is no administrator.
        NotFound
            There is no such announcement, or it was withdrawn before.
        """
        caller.require(Scope.ADMIN)
        found = await self.announcement(caller, announcement)
        if found.withdrawn:
            raise _missing(announcement)
        await self.edit(caller, announcement, Edit(withdrawn=True))

    async def shown(self, *phases: Phase) -> Sequence[Announcement]:
        """Return what is current, or in the given phases, for everybody.

        The order is that of importance: the most severe first, then what began first.
        """
        wanted = Wanted(self._clock(), frozenset(phases or (Phase.CURRENT,)))
        page = await self._book.announcements(wanted, MOST_SHOWN, None)
        return sorted(
            page.items, key=lambda one: (-one.severity.rank, one.begins_at, one.id)
        )

    async def _is_full(self) -> bool:
        return len(await self.shown(Phase.PLANNED, Phase.CURRENT)) >= MOST_SHOWN

    async def check_takes_jobs(self, system: str) -> None:
        """Raise an error if a system takes no jobs now, as administrators say.

        Raises
        ------
        Unavailable
            It takes none; the text says why, and until when if that is known.
        """
        now = self._clock()
        for one in await self.shown():
            if not one.closes_jobs_of(system):
                continue
            until = "" if one.ends_at is None else f" until {timestamp(one.ends_at)}"
            left = _USUAL_WAIT if one.ends_at is None else one.ends_at - now
            raise Unavailable(
                f"“{system}” takes no jobs{until}: {one.title}",
                retry_after=max(1.0, min(left, _LONGEST_WAIT)),
                incident=one.id,
            )


def _too_many() -> Conflict:
    return Conflict(
        f"{MOST_SHOWN} incidents, outages and notices have not ended. End or withdraw "
        "some."
    )


def _missing(announcement: str) -> NotFound:
    return NotFound(f"There is no incident “{announcement[:80]}”.")
