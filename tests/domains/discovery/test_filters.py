"""Saved filters where two people act at the same moment, or one has too many."""

from collections.abc import Collection
from dataclasses import replace

import pytest
from tests.support.app import caller
from typing_extensions import override

from gatewright.core.access import Access
from gatewright.core.errors import Conflict, InvalidContent, NotFound
from gatewright.core.pages import Page
from gatewright.domains.discovery import (
    MOST_NAMES,
    FilterDraft,
    Filters,
    FilterStore,
    SavedFilter,
)

ADA = caller("ada")
SAVED = SavedFilter("bright", "snr > 8", "", "ada", Access(), "ada", 5.0)


class Meddled(FilterStore):
    """A store in which another process acts between a look and a change."""

    def __init__(self, *, saved: bool | None) -> None:
        self._saved = saved

    @override
    async def filters(
        self, who: Collection[str], limit: int, cursor: str | None = None
    ) -> Page[SavedFilter]:
        return Page([SAVED])

    @override
    async def filter(self, name: str) -> SavedFilter | None:
        return replace(SAVED, name=name)

    @override
    async def save(
        self, new: SavedFilter, old: SavedFilter | None, most: int
    ) -> bool | None:
        return self._saved

    @override
    async def remove(self, name: str) -> bool:
        return False


async def test_a_change_by_another_is_not_overwritten() -> None:
    filters = Filters(Meddled(saved=False), ())
    with pytest.raises(Conflict, match="look again"):
        await filters.save(ADA, "bright", FilterDraft("snr > 9"))
    with pytest.raises(NotFound):
        await filters.remove(ADA, "bright")


async def test_a_person_with_too_many_filters_is_refused() -> None:
    filters = Filters(Meddled(saved=None), ())
    with pytest.raises(Conflict, match="You have 200 filters"):
        await filters.save(ADA, "bright", FilterDraft("snr > 9"))


async def test_a_filter_is_for_a_limited_number_of_names() -> None:
    filters = Filters(Meddled(saved=True), ())
    groups = [f"g{number}" for number in range(MOST_NAMES + 1)]
    ada = replace(ADA, groups=frozenset(groups))
    access = Access(names=frozenset(groups))
    with pytest.raises(InvalidContent, match="at most 20 names"):
        await filters.save(ada, "bright", FilterDraft("snr > 9", access=access))
    access = Access(names=frozenset(groups[1:]))
    saved, new = await filters.save(
        ada, "bright", FilterDraft("snr > 9", access=access)
    )
    assert (saved.access, new) == (access, False)
    long = FilterDraft("snr > 9", "x" * 501)
    with pytest.raises(InvalidContent, match="at most 500"):
        await filters.save(ada, "bright", long)
