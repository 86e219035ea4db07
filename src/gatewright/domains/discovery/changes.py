"""Merges and splits objects on request, and undoes this."""

import math
from collections.abc import Awaitable, Callable, Collection, Sequence

from gatewright.core.caller import Caller, Scope
from gatewright.core.clock import Clock, system_clock
from gatewright.core.errors import Conflict, InvalidContent, NotFound
from gatewright.core.events import EventHub
from gatewright.core.ids import new_id
from gatewright.core.pages import Page
from gatewright.domains.discovery.model import (
    ChangeKind,
    ObjectChange,
    SkyObject,
    unit_vector,
)
from gatewright.domains.discovery.ports import ObjectStore
from gatewright.domains.discovery.service import CHANNEL, Discovery

MERGE_RADIUS = 30.0 / 3600
"""Largest distance of two objects that can be merged, degrees."""


class ObjectChanges:
    """Merges and splits objects for callers.

    A change moves only the candidates that the caller may see; others stay in their
    object.

    Parameters
    ----------
    store
        Store of objects and changes.
    discovery
        Finds objects as a caller may see them.
    visible
        Returns the surveys that a caller may see.
    events
        Hub to which each change is published.
    clock
        Returns the time of a change, seconds since 1970.
    """

    def __init__(
        self,
        store: ObjectStore,
        discovery: Discovery,
        visible: Callable[[Caller], Awaitable[Collection[str]]],
        events: EventHub,
        clock: Clock = system_clock,
    ) -> None:
        self._store = store
        self._discovery = discovery
        self._visible = visible
        self._events = events
        self._clock = clock

    async def merge(self, caller: Caller, name: str, other: str) -> ObjectChange:
        """Move the candidates of the object ``other`` to the object ``name``.

        Raises
        ------
        NotFound
            One of the objects does not exist, or the caller may not see it.
        InvalidContent
            They are the same object, or more than 30 arcseconds apart.
        Conflict
            Another change moved the candidates at the same time.
        """
        caller.require(Scope.SKY_VOTE)
        caller.require_user()
        if name == other:
            raise InvalidContent("An object cannot be merged with itself.")
        kept = await self._discovery.sky_object(caller, name)
        gone = await self._discovery.sky_object(caller, other)
        places = (unit_vector(one.ra, one.dec) for one in (kept, gone))
        away = math.degrees(2.0 * math.asin(min(1.0, math.dist(*places) / 2.0)))
        if away > MERGE_RADIUS:
            raise InvalidContent(
                f"The objects are {3600 * away:.1f} arcseconds apart; those within "
                f"{3600 * MERGE_RADIUS:.0f} can be merged."
            )
        names = [one.id for one in gone.candidates]
        return await self._moved(caller, ChangeKind.MERGE, gone, name, names)

    async def split(
        self, caller: Caller, name: str, candidates: Sequence[str]
    ) -> ObjectChange:
        """Move some of an object's candidates to a new object.

        Raises
        ------
        NotFound
            The object does not exist, or the caller may not see it.
        InvalidContent
            No candidates are named, or all of them, or one of another object.
        Conflict
            Another change moved the candidates at the same time.
        """
        caller.require(Scope.SKY_VOTE)
        caller.require_user()
        whole = await self._discovery.sky_object(caller, name)
        known = [one.id for one in whole.candidates]
        chosen = [one for one in known if one in set(candidates)]
        if len(chosen) != len(set(candidates)):
            raise InvalidContent("One of these candidates is not of this object.")
        if not 0 < len(chosen) < len(known):
            raise InvalidContent("Name some of the object's candidates, but not all.")
        target = f"o-{new_id()}"
        return await self._moved(caller, ChangeKind.SPLIT, whole, target, chosen)

    async def changes(
        self, caller: Caller, name: str, *, limit: int, cursor: str | None = None
    ) -> Page[ObjectChange]:
        """Return a page of the changes of an object, in order of time.

        Those that the caller may not see are left out, so that a page may be short.

        Raises
        ------
        NotFound
            There are no such changes, and the caller may not see the object.
        """
        caller.require_user()
        caller.require(Scope.SKY_READ)
        visible = set(await self._visible(caller))
        found: list[ObjectChange] = []
        first, more = cursor is None, "\0" not in name
        while more and not found:
            page = await self._store.changes(name, limit, cursor)
            found = [one for one in page.items if visible.issuperset(one.surveys)]
            cursor = page.next
            more = cursor is not None
        if first and not found:
            await self._discovery.sky_object(caller, name)
        return Page(found, cursor if found else None)

    async def undo(self, caller: Caller, name: str, change: str) -> None:
        """Move the candidates of a change back to their former object.

        Everyone who may vote and see all of these candidates may undo the change.

        Raises
        ------
        NotFound
            The object has no such change that the caller may see.
        Conflict
            The change is undone already, or a later one moved a candidate on.
        """
        caller.require(Scope.SKY_VOTE)
        person = caller.require_user()
        one = None
        if "\0" not in name + change:
            one = await self._store.change(name, change)
        if one is None or not set(await self._visible(caller)).issuperset(one.surveys):
            raise NotFound("There is no such change of this object.")
        if not await self._store.undo(one, person):
            raise Conflict(
                "This change was undone, or a later one moved its candidates on. Undo "
                "the later one first."
            )
        await self._tell(one, f"{one.kind}-undone", person)

    async def _moved(
        self,
        caller: Caller,
        kind: ChangeKind,
        source: SkyObject,
        target: str,
        names: Sequence[str],
    ) -> ObjectChange:
        surveys = {
            survey
            for one in source.candidates
            if one.id in names
            for survey in one.origin.surveys
        }
        change = ObjectChange(
            id=new_id(),
            kind=kind,
            source=source.id,
            target=target,
            surveys=sorted(surveys),
            candidates=names,
            person=caller.require_user(),
            at=self._clock(),
        )
        if not await self._store.move(change):
            raise Conflict("Somebody else changed this object just now; look again.")
        await self._tell(change, str(kind), change.person)
        return change

    async def _tell(self, change: ObjectChange, what: str, person: str) -> None:
        data = {
            "surveys": list(change.surveys),
            "change": change.id,
            "what": what,
            "source": change.source,
            "target": change.target,
            "person": person,
        }
        subject = f"objects/{change.target}"
        await self._events.publish("object.changed", subject, CHANNEL, data)
