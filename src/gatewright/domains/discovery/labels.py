"""Classes and tags that people give to candidates, and so to their objects.

A label is kept with a candidate. An object has the labels of its candidates, so that
merging, splitting and the access rules of surveys hold for labels too.
"""

import re
from collections.abc import Awaitable, Callable, Collection, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol

from gatewright.core.caller import Caller, Scope
from gatewright.core.clock import Clock, system_clock
from gatewright.core.errors import Conflict, InvalidContent, NotFound
from gatewright.core.events import EventHub
from gatewright.core.ids import new_id
from gatewright.core.pages import Page
from gatewright.domains.discovery.model import Candidate
from gatewright.domains.discovery.service import CHANNEL, Discovery

MOST_LABELS = 20
"""Largest number of labels that one person can give to a candidate."""
LONGEST_TAG = 40
"""Largest number of characters of a tag."""
_TAG = re.compile(r"\w(?:[\w .+-]{0,38}[\w.+-])?")
_ID = re.compile(r"[a-z0-9]{1,40}", re.ASCII)


class LabelKind(StrEnum):
    """Kind of a label."""

    CLASS = "class"
    """What the object is, of the operator's list; one for each person and candidate."""
    TAG = "tag"
    """A free word."""


@dataclass(frozen=True, slots=True)
class Label:
    """A class or tag that a person gave to a candidate."""

    id: str
    """Identifier in URLs; identifiers sort by time."""
    candidate: str
    """Identifier of the candidate."""
    kind: LabelKind
    """Whether it is a class or a tag."""
    name: str
    """The class or tag."""
    person: str
    """Account that gave it."""
    at: float
    """Time when it was given, seconds since 1970."""


class LabelStore(Protocol):
    """Stores labels; ``visible`` are the surveys that the person who asks may see."""

    async def labels(
        self, candidate: str, limit: int, cursor: str | None = None
    ) -> Page[Label]:
        """Return a page of the labels of a candidate, in order of time.

        Raises
        ------
        InvalidRequest
            The cursor does not come from an earlier page.
        """
        ...

    async def labels_of_object(
        self,
        visible: Collection[str],
        sky_object: str,
        limit: int,
        cursor: str | None = None,
    ) -> Page[Label]:
        """Return a page of the labels of an object's visible candidates.

        Raises
        ------
        InvalidRequest
            The cursor does not come from an earlier page.
        """
        ...

    async def give(self, label: Label, most: int) -> Label | None:
        """Store a label; a class replaces the person's last class of the candidate.

        Return it, or the one of that name that the person gave before; None, without a
        change, if the candidate would have more than ``most`` of the person.
        """
        ...

    async def take(self, candidate: str, label: str, person: str) -> Label | None:
        """Remove a person's own label and return it; None if there is none."""
        ...


class Labels:
    """Labels for callers; a candidate that a caller may not see is not found.

    Parameters
    ----------
    store
        Store of the labels.
    discovery
        Finds candidates and objects as a caller may see them.
    visible
        Returns the surveys that a caller may see.
    classes
        The operator's list of classes.
    events
        Hub to which each label is published.
    clock
        Returns the time of a label, seconds since 1970.
    """

    def __init__(
        self,
        store: LabelStore,
        discovery: Discovery,
        visible: Callable[[Caller], Awaitable[Collection[str]]],
        classes: Sequence[str],
        events: EventHub,
        clock: Clock = system_clock,
    ) -> None:
        self.classes = classes
        self._store = store
        self._discovery = discovery
        self._visible = visible
        self._events = events
        self._clock = clock

    async def of_candidate(
        self, caller: Caller, candidate: str, *, limit: int, cursor: str | None = None
    ) -> Page[Label]:
        """Return a page of the labels of a candidate, for signed-in callers only.

        Raises
        ------
        NotFound
            The candidate does not exist, or the caller may not see it.
        """
        caller.require_user()
        await self._discovery.candidate(caller, candidate)
        return await self._store.labels(candidate, limit, cursor)

    async def of_object(
        self, caller: Caller, name: str, *, limit: int, cursor: str | None = None
    ) -> Page[Label]:
        """Return a page of the labels of an object, for signed-in callers only.

        Those of candidates that the caller may not see are left out.

        Raises
        ------
        NotFound
            The object does not exist, or the caller may see none of its candidates.
        """
        caller.require_user()
        await self._discovery.sky_object(caller, name)
        visible = await self._visible(caller)
        return await self._store.labels_of_object(visible, name, limit, cursor)

    async def give(
        self, caller: Caller, candidate: str, kind: LabelKind, name: str
    ) -> tuple[Label, bool]:
        """Give a label to a candidate; return it, and whether it is new.

        A class takes the place of the caller's last one on the candidate.

        Raises
        ------
        NotFound
            The candidate does not exist, or the caller may not see it.
        InvalidContent
            The class is not on the operator's list, or the tag is not valid.
        Conflict
            The candidate has too many labels of the caller.
        """
        caller.require(Scope.SKY_VOTE)
        person = caller.require_user()
        found = await self._discovery.candidate(caller, candidate)
        words = name.strip()
        if kind is LabelKind.CLASS and words not in self.classes:
            raise InvalidContent(
                f"There is no class “{words[:60]}” here. The classes are "
                f"{', '.join(self.classes)}."
            )
        if kind is LabelKind.TAG and not _TAG.fullmatch(words):
            raise InvalidContent(
                f"A tag has 1 to {LONGEST_TAG} letters, digits, spaces, “_”, “.”, “+” "
                "and “-”, and begins with a letter, a digit or “_”."
            )
        new = Label(new_id(), found.id, kind, words, person, self._clock())
        given = await self._store.give(new, MOST_LABELS)
        if given is None:
            raise Conflict(
                f"You gave {MOST_LABELS} labels to this candidate, which is the most. "
                "Remove one."
            )
        if given == new:
            await self._tell("candidate.labelled", found, given)
        return given, given == new

    async def give_object(
        self, caller: Caller, name: str, kind: LabelKind, label: str
    ) -> tuple[Label, bool]:
        """Give a label to an object: to its most significant visible candidate.

        Raises
        ------
        NotFound
            The object does not exist, or the caller may see none of its candidates.
        InvalidContent
            The class is not on the operator's list, or the tag is not valid.
        Conflict
            That candidate has too many labels of the caller.
        """
        whole = await self._discovery.sky_object(caller, name)
        best = max(whole.candidates, key=lambda one: (abs(one.finding.snr), one.id))
        return await self.give(caller, best.id, kind, label)

    async def take(self, caller: Caller, candidate: str, label: str) -> None:
        """Remove one of the caller's own labels.

        Raises
        ------
        NotFound
            The caller has no such label on it, or may not see the candidate.
        """
        caller.require(Scope.SKY_VOTE)
        person = caller.require_user()
        found = await self._discovery.candidate(caller, candidate)
        taken = None
        if _ID.fullmatch(label):
            taken = await self._store.take(candidate, label, person)
        if taken is None:
            raise NotFound("There is no such label of yours.")
        await self._tell("candidate.label-removed", found, taken)

    async def _tell(self, kind: str, candidate: Candidate, label: Label) -> None:
        data = {
            "surveys": sorted(candidate.origin.surveys),
            "object": candidate.object,
            "label": label.id,
            "kind": str(label.kind),
            "name": label.name,
            "person": label.person,
        }
        subject = f"candidates/{candidate.id}"
        await self._events.publish(kind, subject, CHANNEL, data)
