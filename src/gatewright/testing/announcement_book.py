"""Contract tests for books of announcements.

Subclass :class:`AnnouncementBookContract` in a test module and provide the fixture
``book``: an empty :class:`gatewright.domains.status.AnnouncementBook`.
"""

import asyncio
from dataclasses import replace

import pytest

from gatewright.core.errors import InvalidContent, InvalidRequest
from gatewright.domains.status import (
    Announcement,
    AnnouncementBook,
    Change,
    Kind,
    Phase,
    Service,
    Severity,
    Update,
    Wanted,
)

NOW = 1000.0
OUTAGE = Announcement(
    id="i-1",
    kind=Kind.OUTAGE,
    severity=Severity.DOWN,
    title="New disks “all” over",
    text="Two\nlines",
    systems=("cluster",),
    services=(Service.FILES, Service.JOBS),
    begins_at=2000.0,
    ends_at=3000.5,
    takes_jobs=False,
    updates=(Update(900.0, "ann", "", (Change("title", "", "New disks"),)),),
)
OPEN = replace(OUTAGE, id="i-2", kind=Kind.INCIDENT, begins_at=500.0, ends_at=None)
ENDED = replace(OPEN, id="i-3", begins_at=500.0, ends_at=NOW)
HIDDEN = replace(OPEN, id="i-4", withdrawn=True)


class AnnouncementBookContract:
    """Tests that every :class:`AnnouncementBook` must pass."""

    @pytest.fixture
    async def filled(self, book: AnnouncementBook) -> AnnouncementBook:
        for one in (OUTAGE, OPEN, ENDED, HIDDEN):
            await book.add(one)
        return book

    async def test_what_was_added(self, filled: AnnouncementBook) -> None:
        for one in (OUTAGE, OPEN, HIDDEN):
            assert await filled.announcement(one.id) == one
        assert await filled.announcement("i-9") is None

    @pytest.mark.parametrize(
        ("wanted", "found"),
        [
            (Wanted(NOW), [OUTAGE, ENDED, OPEN]),
            (Wanted(NOW, frozenset({Phase.CURRENT})), [OPEN]),
            (Wanted(NOW, frozenset({Phase.PLANNED, Phase.PAST})), [OUTAGE, ENDED]),
            (Wanted(2000.0, frozenset({Phase.CURRENT})), [OUTAGE, OPEN]),
            (Wanted(3000.5, frozenset({Phase.PAST})), [OUTAGE, ENDED]),
            (Wanted(NOW, frozenset()), []),
            (Wanted(NOW, kind=Kind.INCIDENT), [ENDED, OPEN]),
            (Wanted(NOW, kind=Kind.NOTICE), []),
            (Wanted(NOW, withdrawn=True), [HIDDEN]),
        ],
    )
    async def test_what_is_wanted(
        self, filled: AnnouncementBook, wanted: Wanted, found: list[Announcement]
    ) -> None:
        page = await filled.announcements(wanted, 10, None)
        assert (page.items, page.next) == (found, None)

    async def test_pages(self, filled: AnnouncementBook) -> None:
        first = await filled.announcements(Wanted(NOW), 2, None)
        assert first.items == [OUTAGE, ENDED]
        second = await filled.announcements(Wanted(NOW), 2, first.next)
        assert (second.items, second.next) == ([OPEN], None)
        with pytest.raises(InvalidRequest):
            await filled.announcements(Wanted(NOW), 2, "nothing")

    async def test_a_change(self, filled: AnnouncementBook) -> None:
        changed = await filled.change(
            "i-2", lambda old: replace(old, ends_at=900.0, kind=Kind.NOTICE)
        )
        assert changed == replace(OPEN, ends_at=900.0, kind=Kind.NOTICE)
        assert await filled.announcement("i-2") == changed
        current = Wanted(NOW, frozenset({Phase.CURRENT}))
        assert (await filled.announcements(current, 10, None)).items == []
        assert await filled.change("i-9", lambda old: old) is None

    async def test_a_change_that_fails(self, filled: AnnouncementBook) -> None:
        def fail(old: Announcement) -> Announcement:
            raise InvalidContent("no")

        with pytest.raises(InvalidContent):
            await filled.change("i-2", fail)
        assert await filled.announcement("i-2") == OPEN

    async def test_changes_at_the_same_time(self, filled: AnnouncementBook) -> None:
        async def say(number: int) -> None:
            said = Update(NOW, "ann", str(number))
            await filled.change(
                "i-2", lambda old: replace(old, updates=(*old.updates, said))
            )

        await asyncio.gather(*map(say, range(8)))
        found = await filled.announcement("i-2")
        assert found is not None
        texts = [update.text for update in found.updates[1:]]
        assert sorted(texts) == [str(number) for number in range(8)]
