import hashlib
import json
import sqlite3
from collections.abc import Sequence
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.support.identity import World

from gatewright.core.errors import StorageFull, Unavailable
from gatewright.core.pages import Page
from gatewright.domains.identity import (
    START,
    AuditEntry,
    AuditRecord,
    AuditSearch,
    AuditTrail,
)
from gatewright.domains.identity.audit import LOST_SECONDS, chain_hash, plain

ENTRY = AuditEntry(
    1.5, "ada", "key", "PUT", "/api/v1/x", 201, "r1", "192.0.2.1", "note"
)


def test_the_hash_by_hand() -> None:
    text = (
        f'["{START}",1,1.5,"ada","key","PUT","/api/v1/x",201,"r1","192.0.2.1","note"]'
    )
    assert chain_hash(START, 1, ENTRY) == hashlib.sha256(text.encode()).hexdigest()
    assert json.loads(text)[2] == ENTRY.at


@pytest.mark.parametrize(
    ("route", "app", "end"),
    [
        ("/api/v1/{x}", "browser", '"/api/v1/{x}","browser"'),
        ("/api/v1/{x}", "", '"/api/v1/{x}",""'),
        ("", "cli", '"","cli"'),
    ],
)
def test_the_hash_has_the_route_and_the_app(route: str, app: str, end: str) -> None:
    text = f'["{"0" * 64}",1,1.5,"ada","key","PUT","/api/v1/x",201,"r1","192.0.2.1",'
    text += f'"note",{end}]'
    expected = hashlib.sha256(text.encode()).hexdigest()
    assert chain_hash(START, 1, replace(ENTRY, route=route, app=app)) == expected


@given(st.text(), st.text(), st.floats(0, 4e9))
def test_each_field_counts(one: str, other: str, at: float) -> None:
    entry = replace(ENTRY, user=one, note=other, at=at)
    changed = replace(ENTRY, user=one + "x", note=other, at=at)
    moved = replace(ENTRY, user=one + other, note="", at=at)
    assert chain_hash(START, 1, entry) != chain_hash(START, 1, changed)
    assert (chain_hash(START, 1, entry) == chain_hash(START, 1, moved)) == (not other)


@given(st.text(st.characters()))
def test_plain_text_can_be_kept_and_shown(text: str) -> None:
    shown = plain(text)
    assert shown.isprintable()
    assert len(shown) <= 256
    shown.encode()


async def test_a_change_has_one_record(world: World) -> None:
    audit = world.identity.audit
    intent = await audit.begin(ENTRY)
    assert await audit.recover() == 0
    await audit.record(replace(ENTRY, note="\n\ud800" + "x" * 999), intent=intent)
    (record,) = await audit._log.after(0, 9)
    assert record.entry.at == world.clock()
    assert record.entry.note == "\ufffd?" + "x" * 254
    world.clock.go(LOST_SECONDS + 1)
    assert await audit.recover() == 0


async def test_an_intent_keeps_its_route_and_app(world: World) -> None:
    audit = world.identity.audit
    begun = replace(ENTRY, route="/api/v1/{x}", app="token:" + "x" * 300)
    await audit.begin(begun)
    world.clock.go(LOST_SECONDS + 1)
    assert await audit.recover() == 1
    (record,) = await audit._log.after(0, 9)
    assert record.entry.route == "/api/v1/{x}"
    assert record.entry.app == "token:" + "x" * 250


async def test_a_gateway_that_died(world: World) -> None:
    audit = world.identity.audit
    await audit.begin(ENTRY)
    world.clock.go(LOST_SECONDS + 1)
    assert await audit.recover() == 1
    assert await audit.recover() == 0
    (record,) = await audit._log.after(0, 9)
    assert (record.entry.status, record.entry.user) == (0, "ada")
    assert record.entry.note == "begun at 2027-01-15T08:00:00.000Z, outcome not known"
    assert (await audit.verify()).fault == ""


async def _fill(world: World) -> str:
    for n in range(5):
        entry = replace(ENTRY, path=f"/x/{n}")
        if n > 2:  # the first are as those of before routes were recorded
            entry = replace(entry, route="/x/{n}", app="token:x")
        await world.identity.audit.record(entry)
    verdict = await world.identity.audit.verify()
    assert (verdict.records, verdict.fault) == (5, "")
    return verdict.head


async def test_an_empty_log_is_whole(world: World) -> None:
    verdict = await world.identity.audit.verify()
    assert (verdict.records, verdict.head, verdict.fault) == (0, START, "")


@pytest.mark.parametrize(
    ("statement", "fault"),
    [
        ("UPDATE audit_record SET status = 204 WHERE number = 3", "Record 3"),
        ("UPDATE audit_record SET account = 'eve' WHERE number = 1", "Record 1"),
        ("UPDATE audit_record SET note = 'x' WHERE number = 5", "Record 5"),
        ("UPDATE audit_record SET app = 'browser' WHERE number = 4", "Record 4"),
        ("UPDATE audit_record SET route = '/x/{n}' WHERE number = 2", "Record 2"),
        ("UPDATE audit_record SET route = '', app = '' WHERE number = 5", "Record 5"),
        ("UPDATE audit_record SET at = at + 1 WHERE number = 2", "Record 2"),
        ("UPDATE audit_record SET hash = 'x' WHERE number = 2", "Record 2"),
        ("DELETE FROM audit_record WHERE number = 2", "Record 2 is gone"),
        ("DELETE FROM audit_record WHERE number = 1", "Record 1 is gone"),
        (
            """
            UPDATE audit_record SET number = -2 WHERE number = 2;
            UPDATE audit_record SET number = 2 WHERE number = 3;
            UPDATE audit_record SET number = 3 WHERE number = -2;
            """,
            "Record 2",
        ),
        (
            "UPDATE audit_record SET number = number - 1 WHERE number > 3",
            "Record 3",
        ),
    ],
)
async def test_tampering_shows(world: World, statement: str, fault: str) -> None:
    head = await _fill(world)
    with sqlite3.connect(world.state / "gateway.sqlite") as connection:
        if "number - 1" in statement:
            connection.execute("DELETE FROM audit_record WHERE number = 3")
        connection.executescript(statement)
    connection.close()
    verdict = await world.identity.audit.verify(head)
    assert fault in verdict.fault
    assert verdict.records < 5


async def test_a_cut_tail_shows_by_the_head(world: World) -> None:
    head = await _fill(world)
    assert (await world.identity.audit.verify(head)).fault == ""
    with sqlite3.connect(world.state / "gateway.sqlite") as connection:
        connection.execute("DELETE FROM audit_record WHERE number = 5")
    connection.close()
    assert (await world.identity.audit.verify()).fault == ""
    assert "is gone" in (await world.identity.audit.verify(head)).fault
    verdict = await world.identity.audit.verify(head, 5)
    assert (verdict.records, verdict.fault) == (
        4,
        "Record 5 is gone, with all up to 5.",
    )
    await world.identity.audit.record(ENTRY)  # in its place
    assert "is gone" in (await world.identity.audit.verify(head, 5)).fault


async def test_the_newest_record(world: World) -> None:
    assert await world.identity.audit.last() is None
    head = await _fill(world)
    last = await world.identity.audit.last()
    assert last is not None
    assert (last.number, last.hash) == (5, head)


class _Full:
    """A log on a full disk."""

    async def begin(self, intent: str, entry: AuditEntry) -> None:
        raise StorageFull

    async def append(self, entry: AuditEntry, *, intent: str = "") -> None:
        raise StorageFull

    async def after(self, number: int, limit: int) -> Sequence[AuditRecord]:
        return []

    async def search(
        self, wanted: AuditSearch, limit: int, cursor: str | None
    ) -> Page[AuditRecord]:
        return Page([])

    async def intents(self, before: float) -> Sequence[tuple[str, AuditEntry]]:
        return []


async def test_a_log_that_cannot_be_written(world: World) -> None:
    audit = AuditTrail(_Full(), world.clock)
    with pytest.raises(Unavailable, match="nothing is changed without it"):
        await audit.begin(ENTRY)
    with pytest.raises(Unavailable):
        await audit.record(ENTRY)
