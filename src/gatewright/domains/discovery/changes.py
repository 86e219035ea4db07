"""Objects that people merge and split by hand, and how that is undone."""

import math
from collections.abc import Awaitable, Callable, Collection, Sequence

from gatewright.core.caller import Caller, Scope
from gatewright.core.clock import Clock, system_clock
from gatewright.core.errors import Conflict, InvalidContent, NotFound
from gatewright.core.events import EventHub
from gatewright.core.ids import new_id
from gatewright.domains.discovery.model import (
    ChangeKind,
    ObjectChange,
    SkyObject,
    unit_vector,
)
from gatewright.domains.discovery.ports import ObjectStore
from gatewright.domains.discovery.service import CHANNEL, Discovery

MERGE_RADIUS = 30.0 / 3600
"""Most degrees between two objects that are merged."""


class ObjectChanges:
    """What the faces may do with objects beyond looking at them.

    A change moves the candidates that the caller may see; others stay where they are.

    Parameters
    ----------
    store
        Where objects and changes are kept.
    discovery
        Finds objects as a caller may see them.
    visible
        Returns the surveys that a caller may see.
    events
        Told of each change.
    clock
        Tells the time of changes.
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
        """Move the candidates of another object to this one.

        Raises
        ------
        NotFound
            One of them is not there, or the caller may not see it.
        InvalidContent
            They are the same, or more than 30 arcseconds apart.
        """
        caller.require(Scope.SKY_VOTE)
        caller.require_user()
        if name == other:
            raise InvalidContent("An object is not merged with itself.")
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
        """Make a new object of some of an object's candidates.

        Raises
        ------
        NotFound
            There is no such object that the caller may see.
        InvalidContent
            The candidates are none, all, or not of this object.
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

    async def changes(self, caller: Caller, name: str) -> Sequence[ObjectChange]:
        """Return what was merged and split that the caller may see, the first first.

        Raises
        ------
        NotFound
            The object never had a candidate that the caller may see.
        """
        caller.require_user()
        caller.require(Scope.SKY_READ)
        found = await self._seen(caller, name)
        if not found:
            await self._discovery.sky_object(caller, name)
        return found

    async def undo(self, caller: Caller, name: str, change: str) -> None:
        """Move the candidates of a change back; whoever may see them may undo it.

        Raises
        ------
        NotFound
            There is no such change that the caller may see.
        Conflict
            It was undone, or a candidate was moved on since.
        """
        caller.require(Scope.SKY_VOTE)
        person = caller.require_user()
        for one in await self._seen(caller, name):
            if one.id == change:
                break
        else:
            raise NotFound("There is no such change of this object.")
        if not await self._store.undo(one, person):
            raise Conflict(
                "This change was undone, or a later one moved its candidates on. Undo "
                "the later one first."
            )
        await self._tell(one, f"{one.kind}-undone", person)

    async def _seen(self, caller: Caller, name: str) -> list[ObjectChange]:
        if "\0" in name:
            return []
        visible = set(await self._visible(caller))
        found = await self._store.changes(name)
        return [one for one in found if visible.issuperset(one.surveys)]

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
