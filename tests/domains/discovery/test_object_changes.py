"""Objects that people merge and split, and how that is undone."""

from collections.abc import AsyncIterator, Collection, Mapping
from dataclasses import dataclass
from pathlib import Path

import pytest
from tests.backends.sql.databases import SECONDS
from tests.support.app import caller
from tests.support.migrated import open_migrated

from gatewright.backends.postgresql import POSTGRESQL, PostgresqlDatabase
from gatewright.backends.sql import Database
from gatewright.backends.sql.candidates import SqlCandidates
from gatewright.backends.sql.events import SqlEventLog
from gatewright.backends.sql.migrations import migrate
from gatewright.backends.sql.sky_objects import SqlObjects
from gatewright.core.access import PUBLIC, Access
from gatewright.core.caller import Caller, Role, Scope, visitor
from gatewright.core.errors import (
    Conflict,
    InvalidContent,
    InvalidRequest,
    NotAllowed,
    NotFound,
    NotSignedIn,
)
from gatewright.core.events import EventHub
from gatewright.domains.discovery import (
    CHANNEL,
    ChangeKind,
    Discovery,
    Finding,
    Hearing,
    ObjectChange,
    ObjectChanges,
    Origin,
)

ADA, EVE = caller("ada"), caller("eve", Role.GUEST)
STEP = 2.0 / 3600


def found(number: int, dec: float, snr: float = 10.0) -> Finding:
    return Finding(number, 10.0, dec, 3.0, 4.0, snr, 100.0, 10.0)


async def visible(who: Caller) -> Collection[str]:
    return {"night", "team"} if who.user == "ada" else {"night"}


async def rules() -> Mapping[str, Access]:
    return {"night": PUBLIC, "team": Access(names=frozenset({"ada"}))}


@dataclass
class Sky:
    discovery: Discovery
    changes: ObjectChanges
    hub: EventHub

    async def object_of(self, candidate: str, who: Caller = ADA) -> str:
        return (await self.discovery.candidate(who, candidate)).object

    async def members(self, name: str, who: Caller = ADA) -> list[str]:
        return [c.id for c in (await self.discovery.sky_object(who, name)).candidates]


async def opened(database: Database) -> Sky:
    hub = EventHub(SqlEventLog(database))
    discovery = Discovery(SqlCandidates(database), visible, hub, Hearing(rules))
    changes = ObjectChanges(
        SqlObjects(database), discovery, visible, hub, clock=lambda: 1000.0
    )
    for night, snr in ((1, 10.0), (2, 20.0)):
        findings = [found(1, 20.0, snr), found(2, 20.0 + STEP, snr)]
        await discovery.record(Origin(f"d-{night}", ["night"], float(night)), findings)
    await discovery.record(Origin("d-3", ["team"], 3.0), [found(1, 20.0 + STEP)])
    await discovery.record(Origin("d-4", ["night"], 4.0), [found(1, 21.0)])
    return Sky(discovery, changes, hub)


@pytest.fixture
async def sky(tmp_path: Path) -> AsyncIterator[Sky]:
    database = await open_migrated(tmp_path / "gateway.sqlite")
    yield await opened(database)
    await database.close()


async def test_two_objects_become_one_and_two_again(sky: Sky) -> None:
    one, two = await sky.object_of("d-1.1"), await sky.object_of("d-1.2")
    change = await sky.changes.merge(ADA, one, two)
    assert (change.kind, change.person, change.at) == (ChangeKind.MERGE, "ada", 1000.0)
    assert len(await sky.members(one)) == 5
    with pytest.raises(NotFound):
        await sky.discovery.sky_object(ADA, two)
    # What is found there later is of the merged object, which lies between the two.
    await sky.discovery.record(
        Origin("d-5", ["night"], 5.0), [found(1, 20.0 + 0.5 * STEP)]
    )
    assert await sky.object_of("d-5.1") == one
    assert list((await sky.changes.changes(ADA, two, limit=9)).items) == [change]
    await sky.changes.undo(ADA, one, change.id)
    assert await sky.members(two) == ["d-1.2", "d-2.2", "d-3.1"]
    assert await sky.members(one) == ["d-1.1", "d-2.1", "d-5.1"]
    (told,) = (await sky.changes.changes(ADA, one, limit=9)).items
    assert told.undone_by == "ada"
    with pytest.raises(Conflict):
        await sky.changes.undo(ADA, one, change.id)
    await sky.discovery.record(Origin("d-6", ["night"], 6.0), [found(1, 20.0 + STEP)])
    assert await sky.object_of("d-6.1") == two


async def test_an_object_becomes_two_and_one_again(sky: Sky) -> None:
    whole = await sky.object_of("d-1.1")
    change = await sky.changes.split(EVE, whole, ["d-2.1"])
    assert await sky.members(whole) == ["d-1.1"]
    assert await sky.members(change.target) == ["d-2.1"]
    place = await sky.discovery.sky_object(ADA, change.target)
    assert place.dec == pytest.approx(20.0, abs=1e-9)
    later = await sky.changes.merge(ADA, await sky.object_of("d-1.2"), change.target)
    with pytest.raises(Conflict, match="later one"):
        await sky.changes.undo(EVE, whole, change.id)
    await sky.changes.undo(EVE, later.target, later.id)
    await sky.changes.undo(EVE, whole, change.id)
    assert await sky.members(whole) == ["d-1.1", "d-2.1"]
    events = await sky.hub.log.after(0, owner=CHANNEL)
    told = [e.data["what"] for e in events if e.kind == "object.changed"]
    assert told == ["split", "merge", "merge-undone", "split-undone"]


async def test_what_one_may_not_see_stays_where_it_is(sky: Sky) -> None:
    one, two = await sky.object_of("d-1.1"), await sky.object_of("d-1.2")
    change = await sky.changes.merge(EVE, one, two)
    assert list(change.candidates) == ["d-1.2", "d-2.2"]
    assert await sky.members(two) == ["d-3.1"]
    with pytest.raises(NotFound):
        await sky.discovery.sky_object(EVE, two)
    hidden = await sky.changes.merge(ADA, one, two)
    assert list(hidden.candidates) == ["d-3.1"]
    assert list((await sky.changes.changes(EVE, one, limit=9)).items) == [change]
    with pytest.raises(NotFound):
        await sky.changes.undo(EVE, one, hidden.id)
    with pytest.raises(NotFound):
        await sky.changes.changes(EVE, "o-none", limit=9)


async def test_changes_come_in_pages_of_what_one_may_see(sky: Sky) -> None:
    one, two = await sky.object_of("d-1.1"), await sky.object_of("d-1.2")
    hidden = [await sky.changes.split(ADA, two, ["d-3.1"])]
    for _ in range(3):
        hidden.append(await sky.changes.merge(ADA, two, hidden[-1].target))
        hidden.append(await sky.changes.split(ADA, two, ["d-3.1"]))
    seen = [await sky.changes.merge(EVE, one, two)]
    for who, wanted in ((ADA, [*hidden, *seen]), (EVE, seen)):
        found: list[ObjectChange] = []
        cursor: str | None = None
        while cursor is not None or not found:
            page = await sky.changes.changes(who, two, limit=2, cursor=cursor)
            assert 0 < len(page.items) <= 2
            found += page.items
            cursor = page.next
        assert found == wanted
    with pytest.raises(InvalidRequest):
        await sky.changes.changes(ADA, two, limit=2, cursor="x")
    with pytest.raises(NotFound):
        await sky.changes.changes(EVE, hidden[-1].target, limit=2)


async def test_the_last_page_may_be_empty(sky: Sky) -> None:
    """Of an object that is no more, whose last change one may not see."""
    one, two = await sky.object_of("d-1.1"), await sky.object_of("d-1.2")
    seen = await sky.changes.merge(EVE, one, two)
    await sky.changes.merge(ADA, one, two)
    page = await sky.changes.changes(EVE, two, limit=1)
    assert list(page.items) == [seen]
    last = await sky.changes.changes(EVE, two, limit=1, cursor=page.next)
    assert (list(last.items), last.next) == ([], None)


async def test_what_cannot_be_changed_says_why(sky: Sky) -> None:
    one, two = await sky.object_of("d-1.1"), await sky.object_of("d-1.2")
    far = await sky.object_of("d-4.1")
    with pytest.raises(InvalidContent, match="itself"):
        await sky.changes.merge(ADA, one, one)
    with pytest.raises(InvalidContent, match=r"3600\.0 arcseconds"):
        await sky.changes.merge(ADA, one, far)
    with pytest.raises(NotFound):
        await sky.changes.merge(ADA, one, "o-none")
    for some in ([], ["d-1.1", "d-2.1"], ["d-1.2"], ["d-1.1", "d-9.9"]):
        with pytest.raises(InvalidContent):
            await sky.changes.split(ADA, one, some)
    assert list((await sky.changes.changes(ADA, two, limit=9)).items) == []
    with pytest.raises(NotFound):
        await sky.changes.undo(ADA, "\0", "x")
    with pytest.raises(NotFound):
        await sky.changes.undo(ADA, one, "x")
    with pytest.raises(NotFound):
        await sky.changes.changes(ADA, "\0", limit=9)
    reads = Caller("bob", frozenset({str(Scope.SKY_READ)}), role=Role.GUEST)
    for who, error in ((visitor(), NotSignedIn), (reads, NotAllowed)):
        with pytest.raises(error):
            await sky.changes.merge(who, one, two)
        with pytest.raises(error):
            await sky.changes.split(who, one, ["d-1.1"])
        with pytest.raises(error):
            await sky.changes.undo(who, one, "x")
    with pytest.raises(NotSignedIn):
        await sky.changes.changes(visitor(), one, limit=9)


async def test_a_change_of_what_was_moved_meanwhile_is_refused(sky: Sky) -> None:
    """Two people split the same candidate: the second looked before the first did."""
    whole = await sky.object_of("d-1.1")
    seen = await sky.discovery.sky_object(EVE, whole)

    class Stale:
        async def sky_object(self, who: Caller, name: str) -> object:
            return seen

    stale = ObjectChanges(
        sky.changes._store,
        Stale(),  # type: ignore[arg-type]
        visible,
        sky.hub,
    )
    await sky.changes.split(ADA, whole, ["d-2.1"])
    with pytest.raises(Conflict, match="look again"):
        await stale.split(EVE, whole, ["d-2.1"])


async def test_in_postgresql(postgresql_url: str) -> None:
    database = await PostgresqlDatabase.open(postgresql_url, seconds=SECONDS)
    await migrate(database, POSTGRESQL)
    sky = await opened(database)
    await test_two_objects_become_one_and_two_again(sky)
    assert await sky.object_of("d-1.1") != await sky.object_of("d-1.2")
    await database.close()
