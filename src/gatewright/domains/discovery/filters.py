"""Saved filters: conditions on candidates under a name, for a person or groups."""

import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from gatewright.core.access import Access
from gatewright.core.caller import Caller, Scope
from gatewright.core.clock import Clock, system_clock
from gatewright.core.errors import (
    Conflict,
    InvalidContent,
    NotAllowed,
    NotFound,
    NotSignedIn,
)
from gatewright.core.pages import Page
from gatewright.domains.discovery.condition_text import parse_condition
from gatewright.domains.discovery.conditions import Condition, asks_labels

LONGEST_DESCRIPTION = 500
"""Largest number of characters of a filter's description."""
MOST_FILTERS = 200
"""Largest number of filters that one person can make."""
MOST_NAMES = 20
"""Largest number of accounts and groups that a filter is for."""
EVERYBODY, ACCOUNTS = "public", "users"
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,63}", re.ASCII)
_NONE = "There is no filter of this name that you may see."


@dataclass(frozen=True, slots=True)
class SavedFilter:
    """A condition on candidates under a name."""

    name: str
    """Name in URLs, unique in the gateway."""
    condition: str
    """The condition, as it was written."""
    description: str
    """What it is for; may be empty."""
    owner: str
    """Account that made it."""
    access: Access
    """Who may use it. Those whom it names, themselves or by a group, may also change
    and remove it, as its owner may."""
    changed_by: str
    """Account that changed it last."""
    changed_at: float
    """Time of the last change, seconds since 1970."""


@dataclass(frozen=True, slots=True)
class FilterDraft:
    """The fields of a filter that a person sets."""

    condition: str
    """The condition."""
    description: str = ""
    """What it is for."""
    access: Access = field(default_factory=Access)
    """Who may use it, beside its owner."""


class FilterStore(Protocol):
    """Stores filters. ``who`` is the caller's principals: see :func:`principals_of`."""

    async def filters(
        self, who: Collection[str], limit: int, cursor: str | None = None
    ) -> Page[SavedFilter]:
        """Return a page of the filters for a caller, in order of their names.

        Raises
        ------
        InvalidRequest
            The cursor does not come from an earlier page.
        """
        ...

    async def filter(self, name: str) -> SavedFilter | None:
        """Return a filter; None if there is none of that name."""
        ...

    async def save(
        self, new: SavedFilter, old: SavedFilter | None, most: int
    ) -> bool | None:
        """Store a filter in place of ``old``; readers are those of :func:`readers`.

        Return False, without a change, if ``old`` is not what is stored by now (with
        None: if there is a filter of that name), and None if its owner would have made
        more than ``most``.
        """
        ...

    async def remove(self, name: str) -> bool:
        """Remove a filter; return whether there was one."""
        ...


def principals_of(caller: Caller) -> list[str]:
    """Return a caller's principals: everybody, all accounts, own name and groups."""
    if not caller.signed_in:
        return [EVERYBODY]
    names = sorted({caller.user, *caller.groups})
    return [EVERYBODY, ACCOUNTS, *(f"name:{name}" for name in names)]


def readers(saved: SavedFilter) -> list[str]:
    """Return the principals who may use a filter.

    A caller who has one of them may use it, so that the query that lists filters can
    apply the access rule itself.
    """
    access = saved.access
    words = [EVERYBODY] * access.everybody + [ACCOUNTS] * access.accounts
    names = sorted({saved.owner, *access.names})
    return [*words, *(f"name:{name}" for name in names)]


class Filters:
    """Saved filters for callers; one that a caller may not use is not found.

    Parameters
    ----------
    store
        Store of the filters.
    features
        Names of the measured features.
    clock
        Returns the time of a change, seconds since 1970.
    """

    def __init__(
        self,
        store: FilterStore,
        features: Sequence[str],
        clock: Clock = system_clock,
    ) -> None:
        self._store = store
        self._features = features
        self._clock = clock

    def condition(self, text: str) -> Condition:
        """Return the condition that a text says.

        Raises
        ------
        InvalidContent
            The text is no condition on candidates.
        """
        return parse_condition(text, self._features)

    async def page(
        self, caller: Caller, *, limit: int, cursor: str | None = None
    ) -> Page[SavedFilter]:
        """Return a page of the filters that the caller may use.

        Raises
        ------
        InvalidRequest
            The cursor does not come from an earlier page.
        """
        caller.require(Scope.SKY_READ)
        return await self._store.filters(principals_of(caller), limit, cursor)

    async def filter(self, caller: Caller, name: str) -> SavedFilter:
        """Return a filter.

        Raises
        ------
        NotFound
            There is none of that name that the caller may use.
        """
        caller.require(Scope.SKY_READ)
        found = await self._stored(name)
        if found is None or set(principals_of(caller)).isdisjoint(readers(found)):
            raise NotFound(_NONE)
        return found

    async def save(
        self, caller: Caller, name: str, draft: FilterDraft
    ) -> tuple[SavedFilter, bool]:
        """Make or change a filter; return it, and whether it is new.

        Raises
        ------
        InvalidContent
            The name, condition, description or access rule is not valid.
        NotAllowed
            The filter is somebody else's, and its rule does not name the caller.
        Conflict
            The name is taken, the caller has too many filters, or somebody else changed
            the filter at the same time.
        """
        caller.require(Scope.SKY_VOTE)
        person = caller.require_user()
        if not _NAME.fullmatch(name):
            raise InvalidContent(
                "The name of a filter has 1 to 64 ASCII letters, digits, “.”, “_” and "
                "“-”, and begins with a letter or digit."
            )
        old = await self._stored(name)
        if old is not None:
            self._check_may_change(caller, old)
        self._check(caller, draft, old)
        saved = SavedFilter(
            name=name,
            condition=draft.condition,
            description=draft.description.strip(),
            owner=person if old is None else old.owner,
            access=draft.access,
            changed_by=person,
            changed_at=self._clock(),
        )
        done = await self._store.save(saved, old, MOST_FILTERS)
        if done is None:
            raise Conflict(
                f"You have {MOST_FILTERS} filters, which is the most. Remove some."
            )
        if not done:
            raise Conflict("Somebody else changed this filter just now; look again.")
        return saved, old is None

    async def remove(self, caller: Caller, name: str) -> None:
        """Remove a filter.

        Raises
        ------
        NotFound
            There is none of that name that the caller may use.
        NotAllowed
            The filter is somebody else's, and its rule does not name the caller.
        """
        caller.require(Scope.SKY_VOTE)
        caller.require_user()
        found = await self.filter(caller, name)
        self._check_may_change(caller, found)
        if not await self._store.remove(name):
            raise NotFound(_NONE)

    async def chosen(
        self, caller: Caller, name: str | None, text: str | None
    ) -> Sequence[Condition]:
        """Return the conditions of a saved filter and of a text, where they are given.

        Raises
        ------
        NotFound
            There is no such filter that the caller may use.
        InvalidContent
            The text, or that of the filter, is no condition on candidates.
        NotSignedIn
            A visitor asks for classes or tags, which only accounts see.
        """
        found: list[Condition] = []
        if name is not None:
            saved = await self.filter(caller, name)
            try:
                found.append(self.condition(saved.condition))
            except InvalidContent as error:
                raise InvalidContent(
                    f"The filter “{name}” is wrong. {error}"
                ) from error
        if text is not None:
            found.append(self.condition(text))
        if not caller.signed_in and any(map(asks_labels, found)):
            raise NotSignedIn("Sign in, or send a token, to filter by classes or tags.")
        return found

    async def _stored(self, name: str) -> SavedFilter | None:
        return await self._store.filter(name) if _NAME.fullmatch(name) else None

    def _check_may_change(self, caller: Caller, saved: SavedFilter) -> None:
        named = Access(names=saved.access.names | {saved.owner})
        if named.admits(caller):
            return
        if set(principals_of(caller)).isdisjoint(readers(saved)):
            raise Conflict("This name is taken; choose another.")
        raise NotAllowed(
            f"The filter “{saved.name}” is {saved.owner}'s. Save it under another name."
        )

    def _check(
        self, caller: Caller, draft: FilterDraft, old: SavedFilter | None
    ) -> None:
        """Refuse a condition, description or rule that is not valid.

        A filter is for the caller's own groups, so that nobody's list fills with what
        strangers call theirs.
        """
        self.condition(draft.condition)
        words = draft.description
        if len(words) > LONGEST_DESCRIPTION or re.search("[\0\ud800-\udfff]", words):
            raise InvalidContent(
                f"A description has at most {LONGEST_DESCRIPTION} characters, and no "
                "NUL or unpaired surrogates."
            )
        names = draft.access.names
        if len(names) > MOST_NAMES:
            raise InvalidContent(f"A filter is for at most {MOST_NAMES} names.")
        before = frozenset() if old is None else old.access.names
        for name in sorted(names - before - caller.groups - {caller.user}):
            raise InvalidContent(
                f"“{name[:80]}” is neither your account nor a group that you are in. A "
                "filter is for your own groups, for “users”, or “public”."
            )
