"""Who may announce what, what is refused, and what the history keeps."""

from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from tests.support.app import caller
from tests.support.migrated import open_migrated

from gatewright.backends.sql.announcements import SqlAnnouncements
from gatewright.core.caller import Role, visitor
from gatewright.core.errors import (
    Conflict,
    InvalidContent,
    InvalidRequest,
    NotAllowed,
    NotFound,
    NotSignedIn,
    Unavailable,
)
from gatewright.domains.status import (
    MOST_SHOWN,
    MOST_UPDATES,
    Announcement,
    Announcements,
    Change,
    Edit,
    Kind,
    Phase,
    Service,
    Severity,
    Update,
    Wanted,
)

ROOT, ANN = caller("root", Role.OWNER), caller("ann", Role.USER)
DRAFT = Announcement(
    id="",
    kind=Kind.INCIDENT,
    severity=Severity.DEGRADED,
    title="Slow disks",
    text="",
    systems=("cluster",),
    services=(),
    begins_at=900.0,
    ends_at=None,
    takes_jobs=True,
)


class Time:
    """A clock that the test sets."""

    now = 1000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Time:
    return Time()


@pytest.fixture
async def book(tmp_path: Path) -> AsyncIterator[SqlAnnouncements]:
    database = await open_migrated(tmp_path / "gateway.sqlite")
    yield SqlAnnouncements(database)
    await database.close()


@pytest.fixture
def service(book: SqlAnnouncements, clock: Time) -> Announcements:
    return Announcements(book, ("cluster", "local"), clock)


async def test_everybody_reads_what_an_administrator_writes(
    service: Announcements,
) -> None:
    made = await service.write(ROOT, DRAFT)
    assert made == replace(DRAFT, id=made.id, updates=(Update(1000.0, "root", ""),))
    for who in (ROOT, ANN, visitor()):
        assert await service.announcement(who, made.id) == made
        page = await service.announcements(who, Wanted(service.now()))
        assert page.items == [made]
    for who, error in ((ANN, NotAllowed), (visitor(), NotSignedIn)):
        with pytest.raises(error):
            await service.write(who, DRAFT)
        with pytest.raises(error):
            await service.edit(who, made.id, Edit(title="Mine"))
        with pytest.raises(error):
            await service.withdraw(who, made.id)
        with pytest.raises(error):
            await service.announcements(who, Wanted(0.0, withdrawn=True))
    with pytest.raises(InvalidRequest):
        await service.announcements(ANN, Wanted(0.0), limit=1001)


async def test_the_history_keeps_what_was_before(
    service: Announcements, clock: Time
) -> None:
    made = await service.write(ROOT, DRAFT)
    clock.now = 1060.0
    edit = Edit(
        severity=Severity.DOWN,
        systems=("local", "cluster", "local"),
        services=(Service.FILES, Service.FILES),
        ends_at=2000.0,
        takes_jobs=False,
        title="Slow disks",
    )
    changed = await service.edit(ROOT, made.id, edit, " We look\tinto it.\r\n")
    assert changed.updates == (
        *made.updates,
        Update(
            1060.0,
            "root",
            "We look into it.",
            (
                Change("severity", "degraded", "down"),
                Change("systems", "cluster", "local, cluster"),
                Change("services", "", "files"),
                Change("ends_at", "", "1970-01-01T00:33:20.000Z"),
                Change("takes_jobs", "yes", "no"),
            ),
        ),
    )
    assert changed.systems == ("local", "cluster")
    assert await service.announcement(ANN, made.id) == changed
    again = await service.edit(ROOT, made.id, Edit(ends_at=None), "Not yet.")
    assert again.updates[-1].changes == (
        Change("ends_at", "1970-01-01T00:33:20.000Z", ""),
    )
    with pytest.raises(InvalidContent, match="changes nothing"):
        await service.edit(ROOT, made.id, Edit(title="Slow disks"), "  ")


async def test_what_is_withdrawn_is_kept_for_administrators(
    service: Announcements,
) -> None:
    made = await service.write(ROOT, DRAFT)
    await service.withdraw(ROOT, made.id)
    with pytest.raises(NotFound):
        await service.announcement(ANN, made.id)
    assert not await service.shown()
    assert not (await service.announcements(ROOT, Wanted(1000.0))).items
    kept = await service.announcement(ROOT, made.id)
    assert kept.updates[-1].changes == (Change("withdrawn", "no", "yes"),)
    page = await service.announcements(ROOT, Wanted(1000.0, withdrawn=True))
    assert page.items == [kept]
    with pytest.raises(NotFound):
        await service.withdraw(ROOT, made.id)
    await service.edit(ROOT, made.id, Edit(withdrawn=False))
    assert [one.id for one in await service.shown()] == [made.id]


async def test_what_does_not_exist(service: Announcements) -> None:
    with pytest.raises(NotFound, match="i-9"):
        await service.announcement(ROOT, "i-9")
    with pytest.raises(NotFound):
        await service.edit(ROOT, "i-9", Edit(title="x"))
    with pytest.raises(NotFound):
        await service.withdraw(ROOT, "i-9")


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"title": "  "}, "one line"),
        ({"title": "a\nb"}, "one line"),
        ({"title": "x" * 201}, "at most 200"),
        ({"text": "x" * 4001}, "at most 4000"),
        ({"text": "bell\a"}, r"U\+0007"),
        ({"title": "x\ufffe"}, r"U\+FFFE"),
        ({"systems": ("nowhere",)}, "no system “nowhere”"),
        ({"systems": tuple(f"s{n}" for n in range(101))}, "at most 100"),
        ({"begins_at": -1.0}, "1970"),
        ({"begins_at": 1e12}, "9999"),
        ({"ends_at": 1e12}, "9999"),
        ({"ends_at": 900.0}, "after"),
        ({"kind": Kind.OUTAGE}, "“ends_at”"),
    ],
)
async def test_what_is_refused(
    service: Announcements, values: dict[str, Any], message: str
) -> None:
    with pytest.raises(InvalidContent, match=message):
        await service.write(ROOT, replace(DRAFT, **values))
    made = await service.write(ROOT, DRAFT)
    with pytest.raises(InvalidContent, match=message):
        await service.edit(ROOT, made.id, Edit(**values))
    assert await service.announcement(ROOT, made.id) == made


async def test_a_system_that_is_gone_may_stay_named(
    service: Announcements, book: SqlAnnouncements, clock: Time
) -> None:
    """The operator may end what was announced for a system that is no more."""
    made = await service.write(ROOT, DRAFT)
    later = Announcements(book, ("local",), clock)
    ended = await later.edit(ROOT, made.id, Edit(ends_at=1000.0))
    assert ended.systems == ("cluster",)


async def test_what_is_shown_begins_with_the_most_severe(
    service: Announcements, clock: Time
) -> None:
    info = await service.write(ROOT, replace(DRAFT, severity=Severity.INFO))
    down = await service.write(ROOT, replace(DRAFT, severity=Severity.DOWN))
    slow = await service.write(ROOT, DRAFT)
    later = await service.write(ROOT, replace(DRAFT, begins_at=2000.0, ends_at=2100.0))
    assert await service.shown() == [down, slow, info]
    both = await service.shown(Phase.CURRENT, Phase.PLANNED)
    assert both == [down, slow, later, info]
    clock.now = 2100.0
    assert later not in await service.shown()


async def test_a_system_that_takes_no_jobs(service: Announcements, clock: Time) -> None:
    await service.write(ROOT, replace(DRAFT, severity=Severity.DOWN))
    await service.check_takes_jobs("cluster")
    closed = await service.write(
        ROOT, replace(DRAFT, takes_jobs=False, begins_at=1500.0, ends_at=2000.0)
    )
    await service.check_takes_jobs("cluster")
    clock.now = 1990.5
    await service.check_takes_jobs("local")
    with pytest.raises(Unavailable, match=r"00:33:20\.000Z: Slow") as told:
        await service.check_takes_jobs("cluster")
    assert told.value.retry_after == 9.5
    assert told.value.details == {"incident": closed.id}
    clock.now = 2000.0
    await service.check_takes_jobs("cluster")
    await service.edit(ROOT, closed.id, Edit(ends_at=None))
    with pytest.raises(Unavailable, match="takes no jobs: Slow") as told:
        await service.check_takes_jobs("cluster")
    assert told.value.retry_after == 300.0
    await service.edit(ROOT, closed.id, Edit(ends_at=1e9))
    with pytest.raises(Unavailable) as told:
        await service.check_takes_jobs("cluster")
    assert told.value.retry_after == 86_400.0


async def test_there_are_not_too_many(
    service: Announcements, book: SqlAnnouncements
) -> None:
    for number in range(MOST_SHOWN):
        await book.add(replace(DRAFT, id=f"i-{number}"))
    with pytest.raises(Conflict, match="not ended"):
        await service.write(ROOT, DRAFT)
    ended = await service.edit(ROOT, "i-0", Edit(ends_at=1000.0))
    await service.write(ROOT, DRAFT)
    # One that has ended or was withdrawn is not opened again among as many.
    with pytest.raises(Conflict, match="not ended"):
        await service.edit(ROOT, "i-0", Edit(ends_at=None))
    assert await service.announcement(ROOT, "i-0") == ended
    await service.edit(ROOT, "i-0", Edit(), "It was the cable.")
    await service.withdraw(ROOT, "i-1")
    await service.edit(ROOT, "i-0", Edit(ends_at=None))
    with pytest.raises(Conflict, match="not ended"):
        await service.edit(ROOT, "i-1", Edit(withdrawn=False))
    await service.edit(ROOT, "i-2", Edit(title="Slower disks"))


async def test_a_history_has_an_end(
    service: Announcements, book: SqlAnnouncements
) -> None:
    full = (Update(1000.0, "root", "again"),) * MOST_UPDATES
    await book.add(replace(DRAFT, id="i-1", updates=full))
    with pytest.raises(Conflict, match="Withdraw it"):
        await service.edit(ROOT, "i-1", Edit(), "more")
    await service.withdraw(ROOT, "i-1")
    for edit in (Edit(withdrawn=True), Edit(withdrawn=False)):
        with pytest.raises(Conflict):
            await service.edit(ROOT, "i-1", edit, "more")
