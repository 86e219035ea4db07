"""What removed people said stays theirs, in both databases."""

import json
from dataclasses import replace

import pytest

from gatewright.backends.sql import Database
from gatewright.backends.sql.candidates import SqlCandidates
from gatewright.backends.sql.database import Batch, Statement, Work
from gatewright.backends.sql.filters import SqlFilters
from gatewright.backends.sql.former_people import SqlAuthors
from gatewright.backends.sql.identity import SqlUserStore
from gatewright.core.access import USERS, Access
from gatewright.core.caller import Role
from gatewright.domains.discovery import Choice, SavedFilter
from gatewright.domains.identity import User

BOTH = tuple[Database, Database]
NOW = 1_796_000_000.0
FORMER = "ada (removed 2026-11-30)"
SAVED = SavedFilter("bright", "snr > 8", "", "ada", USERS, "ada", 5.0)
CHANGED = """
INSERT INTO object_change (id, kind, source, target, surveys, candidates, person, at)
VALUES ('c', 'merge', 'a', 'b', '[]', '[]', 'ada', 5.0)
"""
TRAINED = """
INSERT INTO classifier (id, survey, version, method, state, active, owner, created_at,
until, done, total, labels)
VALUES ('k', 's', 1, 'm', 'ready', 0, 'ada', 5.0, 0, 0, 0, '')
"""
MADE = """
INSERT INTO product (id, kind, state, created_at, until, body)
VALUES (?, 'coadd', 'ready', 5.0, 0, ?)
"""


async def votes(database: Database) -> dict[str, str]:
    page = await SqlCandidates(database).votes("d-1.1", 9)
    return {vote.person: str(vote.choice) for vote in page.items}


async def authors(database: Database, table: str, column: str) -> list[str]:
    rows = await database.read(f"SELECT {column} AS who FROM {table} ORDER BY {column}")
    return [row["who"] for row in rows]


async def test_a_removed_person_keeps_what_they_said(databases: BOTH) -> None:
    one, two = databases
    users, store = SqlUserStore(one), SqlCandidates(one)
    await users.add(User("ada", Role.GUEST, 1.0), None)
    await store.vote("d-1.1", "ada", Choice.REAL, 5.0)
    await store.vote("d-1.1", "ben", Choice.BOGUS, 6.0)

    def said() -> Work[None]:
        yield Statement(CHANGED)
        yield Statement(TRAINED)
        body = {"owner": "ada", "question": 'no "owner": "ada"'}
        other = {"owner": "adamant"}
        made = [("p1", json.dumps(body)), ("p2", json.dumps(other))]
        yield Batch(MADE, made)

    await one.run(said)
    filters = SqlFilters(one)
    await filters.save(SAVED, None, 9)
    of_ben = replace(
        SAVED, name="deep", owner="ben", access=Access(names=frozenset({"ada", "sky"}))
    )
    await filters.save(replace(of_ben, changed_by="ben"), None, 9)
    assert await users.remove("ada", NOW)
    assert await votes(two) == {FORMER: "real", "ben": "bogus"}
    for table, column in (("object_change", "person"), ("classifier", "owner")):
        assert await authors(two, table, column) == [FORMER]
    bodies = [json.loads(text) for text in await authors(two, "product", "body")]
    assert [body["owner"] for body in bodies] == [FORMER, "adamant"]
    assert bodies[0]["question"] == 'no "owner": "ada"'
    bright = await filters.filter("bright")
    assert bright == replace(SAVED, owner=FORMER, changed_by=FORMER)
    deep = await filters.filter("deep")
    assert deep is not None
    assert deep.access.names == {"sky"}
    assert (await filters.filters(["name:ada"], 9)).items == []
    # Once more changes nothing, and the next person of this name is told apart.
    assert not await users.remove("ada", NOW)
    assert await users.add(User("ada", Role.GUEST, NOW), None)
    assert await store.vote("d-1.1", "ada", Choice.UNSURE, NOW + 1)
    assert await users.remove("ada", NOW + 2)
    assert await votes(two) == {
        FORMER: "real",
        "ada (removed 2026-11-30, no. 2)": "unsure",
        "ben": "bogus",
    }


@pytest.mark.parametrize("accounts", [{"ben": 1.0}, {"ben": 1.0, "ada": 50.0}])
async def test_removals_by_another_process_are_noticed(
    databases: BOTH, accounts: dict[str, float]
) -> None:
    """As in multi-user mode, where authn removes accounts and makes them anew."""
    one, two = databases
    store, names = SqlCandidates(one), list[str]()
    for person, at in (("ada", 5.0), ("ben", 6.0)):
        await store.vote("d-1.1", person, Choice.REAL, at)
    await store.vote("d-1.2", "ada", Choice.REAL, 60.0)

    async def created_at(name: str) -> float | None:
        names.append(name)
        return accounts.get(name)

    follower = SqlAuthors(two, created_at, lambda: NOW)
    for _ in range(2):
        names.clear()
        assert await follower.rename_removed() > 0
    assert set(names) == ({"ada", "ben"} if "ada" in accounts else {"ben"})
    assert await votes(one) == {FORMER: "real", "ben": "real"}
    later = (await store.votes("d-1.2", 9)).items
    assert [vote.person for vote in later] == ["ada" if "ada" in accounts else FORMER]


async def test_nobody_is_renamed_where_all_accounts_are_lost(
    databases: BOTH, caplog: pytest.LogCaptureFixture
) -> None:
    one, _ = databases
    await SqlCandidates(one).vote("d-1.1", "ada", Choice.REAL, 5.0)

    async def created_at(name: str) -> float | None:
        return None

    assert await SqlAuthors(one, created_at).rename_removed() > 0
    assert await votes(one) == {"ada": "real"}
    assert "accounts have only been lost" in caplog.text
