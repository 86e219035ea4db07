"""A record that cannot be read costs itself, and is told; the others go on.

Through the whole application over its SQLite file, in which a test damages rows.
"""

import sqlite3
from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest
from tests.support.identity import own_identity
from tests.support.whole import GUEST, OTHER, OWNER, Whole, whole

from gatewright.domains.identity import operator

STORE = "/api/v1/store/c"


@pytest.fixture
async def gateway(tmp_path: Path) -> AsyncIterator[Whole]:
    async with whole(tmp_path) as opened:
        yield opened


@pytest.fixture
async def owner(gateway: Whole) -> httpx.AsyncClient:
    return await gateway.client(OWNER)


class Damage:
    """Changes rows past the gateway."""

    def __init__(self, state: Path) -> None:
        self._path = state / "gateway.sqlite"

    def __call__(self, text: str, *values: object) -> None:
        connection = sqlite3.connect(self._path, timeout=60)
        with connection:
            assert connection.execute(text, values).rowcount
        connection.close()


@pytest.fixture
def damage(tmp_path: Path) -> Damage:
    return Damage(tmp_path / "state")


@pytest.mark.parametrize("text", ["", "{", '{"n": 1', "nul", '{"n": 1}}'])
async def test_a_document(
    owner: httpx.AsyncClient,
    damage: Damage,
    caplog: pytest.LogCaptureFixture,
    text: str,
) -> None:
    for key in ("a", "b", "c"):
        await owner.put(f"{STORE}/{key}", json={"n": 1})
    damage("UPDATE store_documents SET text = ? WHERE key = 'b'", text)
    for query in ("", "?query=n:eq:1", "?sort=n", "?fields=n", "?query=n:ne:7"):
        answer = await owner.get(f"{STORE}{query}")
        assert [d["key"] for d in answer.json()["documents"]] == ["a", "c"], query
    assert "document 'b' cannot be read" in caplog.text
    assert (await owner.get(f"{STORE}/b")).status_code == 502
    patched = await owner.patch(
        f"{STORE}/b", json={"m": 1}, headers={"Content-Type": "application/json"}
    )
    assert patched.status_code == 502
    assert (await owner.put(STORE, json={"indexes": ["n"]})).status_code == 200
    answer = await owner.get(f"{STORE}?query=n:eq:1")
    assert [d["key"] for d in answer.json()["documents"]] == ["a", "c"]
    changes = (await owner.get(f"{STORE}/changes")).json()["changes"]
    assert [change["key"] for change in changes] == ["a", "b", "c"]
    assert (await owner.put(f"{STORE}/b", json={"n": 2})).status_code == 200
    assert (await owner.get(f"{STORE}/b")).json() == {"n": 2}


async def test_times_and_indexes_and_rights_of_collections(
    owner: httpx.AsyncClient, damage: Damage
) -> None:
    for name in ("c", "d", "e"):
        await owner.put(f"/api/v1/store/{name}/k", json={"n": 1})
    damage("UPDATE store_collections SET indexes = '' WHERE name = 'c'")
    damage("UPDATE store_collections SET created_at = 1e300 WHERE name = 'd'")
    damage("UPDATE store_documents SET modified_at = 'x' WHERE collection = 'd'")
    damage("UPDATE store_grants SET level = 77 WHERE collection = 'e'")
    found = (await owner.get("/api/v1/store")).json()["collections"]
    assert {"c", "d"} <= {one["name"] for one in found}
    for name in ("c", "d"):
        listed = await owner.get(f"/api/v1/store/{name}?query=n:eq:1")
        assert [one["key"] for one in listed.json()["documents"]] == ["k"]
        assert (await owner.get(f"/api/v1/store/{name}/k")).status_code == 200
    assert (await owner.get("/api/v1/store/e")).status_code == 404
    assert (await owner.put(STORE, json={"indexes": ["n"]})).json()["indexes"] == ["n"]


@pytest.mark.parametrize("column", ["created_at", "expires_at", "used_at"])
@pytest.mark.parametrize("value", ["", "x", 1e300, -1e300])
async def test_a_token(
    gateway: Whole, owner: httpx.AsyncClient, damage: Damage, column: str, value: object
) -> None:
    made = (await owner.post("/api/v1/tokens", json={})).json()
    damage(f"UPDATE token SET {column} = ? WHERE key = ?", value, made["key"])
    header = {"Authorization": f"Bearer {made['token']}"}
    answer = await owner.get("/api/v1/session", headers=header)
    assert answer.status_code == 401
    listed = (await owner.get("/api/v1/tokens")).json()["tokens"]
    assert len(listed) == 1
    assert (await owner.delete(f"/api/v1/tokens/{made['key']}")).status_code == 204


async def test_a_session(gateway: Whole, damage: Damage) -> None:
    identity = own_identity(gateway.services)
    code = await identity.make_sign_in_link(GUEST)
    new = await identity.sessions.sign_in_by_link(operator(OWNER), code)
    caller = await identity.sessions.caller(new.secret)
    assert caller is not None
    damage("UPDATE session SET used_at = 'x' WHERE key = ?", new.session.key)
    assert await identity.sessions.caller(new.secret) is None
    assert await identity.sessions.of(caller) == []
    assert await identity.sessions.current(caller) is None


async def test_an_account(gateway: Whole, damage: Damage) -> None:
    """One of a role that is not known may do the least."""
    damage(
        "UPDATE account SET role = 'emperor', created_at = 'x' WHERE name = ?", OTHER
    )
    users = own_identity(gateway.services).users
    page = await users.page(operator(OWNER))
    assert {user.name for user in page.items} == {OWNER, GUEST, OTHER}
    client = await gateway.client(OTHER)
    me = (await client.get("/api/v1/session")).json()
    assert (me["user"], me["role"]) == (OTHER, "guest")


async def test_failed_sign_ins(gateway: Whole, damage: Damage) -> None:
    client = await gateway.client()
    wrong = {"user": GUEST, "password": "wrong"}
    headers = {"X-Requested-With": "x", "Origin": "http://127.0.0.1:8000"}
    first = await client.post("/api/v1/session", json=wrong, headers=headers)
    assert first.status_code == 401
    damage("UPDATE sign_in_failure SET banned_until = 'x', since = 1e300")
    again = await client.post("/api/v1/session", json=wrong, headers=headers)
    assert again.status_code == 401


async def test_an_intent_of_the_audit_log(
    tmp_path: Path, gateway: Whole, damage: Damage
) -> None:
    """It keeps no gateway from starting, and gets its record."""
    damage(
        "INSERT INTO audit_intent (id, at, account, token, method, path, status,"
        " request_id, address, note) VALUES ('x', -1e300, '', '', 'PUT', '/x', 0, '',"
        " '', '')"
    )
    audit = own_identity(gateway.services).audit
    assert await audit.recover() == 1
    assert await audit.recover() == 0
    assert not (await audit.verify()).fault


async def test_surveys_and_images(
    gateway: Whole, owner: httpx.AsyncClient, damage: Damage
) -> None:
    for name in ("a", "b"):
        damage(
            "INSERT INTO survey (id, title, pattern, access, configured, longest,"
            " scanner, scanner_until, summary)"
            " VALUES (?, 'S', '/x', '\"public\"', 0, 0, '', 0, '{')",
            name,
        )
    damage("UPDATE survey SET access = '' WHERE id = 'b'")
    surveys = (await owner.get("/api/v1/surveys")).json()["surveys"]
    assert [(one["id"], one["state"]) for one in surveys] == [("a", "unread")]
    assert (await owner.get("/api/v1/surveys/b")).status_code == 404


@pytest.mark.parametrize("reading", ["[", "7", "[1]", "[1, 2, 3]", '["a", 2]'])
async def test_how_far_a_survey_is_read(
    gateway: Whole, owner: httpx.AsyncClient, damage: Damage, reading: str
) -> None:
    damage(
        "INSERT INTO survey (id, title, pattern, access, configured, longest,"
        " scanner, scanner_until, reading)"
        " VALUES ('a', 'S', '/x', '\"public\"', 0, 0, 'x', 1e12, ?)",
        reading,
    )
    answer = await owner.get("/api/v1/surveys/a")
    assert answer.status_code == 200
    assert answer.json()["reading"] is None


@pytest.mark.parametrize(
    ("column", "value"),
    [
        *(("summary", text) for text in ("[" * 100_000, '{"images": "x"}', "7")),
        *(("summary", text) for text in ('{"t_min": "x"}', '{"kinds": [1]}')),
        *(("scanned_at", value) for value in ("x", 1e300)),
    ],
)
async def test_what_a_survey_holds(
    owner: httpx.AsyncClient, damage: Damage, column: str, value: object
) -> None:
    for name in ("a", "b"):
        damage(
            "INSERT INTO survey (id, title, pattern, access, configured, longest,"
            " scanner, scanner_until, summary, scanned_at)"
            " VALUES (?, 'S', '/x', '\"public\"', 0, 0, '', 0, '{\"images\": 3}', 1.0)",
            name,
        )
    damage(f"UPDATE survey SET {column} = ? WHERE id = 'b'", value)
    surveys = (await owner.get("/api/v1/surveys")).json()["surveys"]
    assert [one["id"] for one in surveys] == ["a", "b"]
    for name, images in (("a", 3), ("b", 0)):
        answer = await owner.get(f"/api/v1/surveys/{name}")
        assert answer.json()["images"] == images, answer.text


async def test_the_rules_of_a_survey(
    gateway: Whole, owner: httpx.AsyncClient, damage: Damage
) -> None:
    for name, rules in (("a", "{}"), ("b", "{"), ("c", '{"odd": 1}'), ("d", "7")):
        damage(
            "INSERT INTO survey (id, title, pattern, access, configured, longest,"
            " scanner, scanner_until, rules)"
            " VALUES (?, 'S', '/x', '\"public\"', 0, 0, '', 0, ?)",
            name,
            rules,
        )
    surveys = (await owner.get("/api/v1/surveys")).json()["surveys"]
    assert [one["id"] for one in surveys] == ["a"]
    assert (await owner.get("/api/v1/surveys/b")).status_code == 404


async def test_an_event(gateway: Whole, damage: Damage) -> None:
    events = gateway.services.events
    first = await events.publish("a", "x", OWNER, {"n": 1})
    await events.publish("a", "x", OWNER, {"n": 2})
    damage("UPDATE events SET data = '' WHERE number = ?", first)
    found = await events.log.after(first - 1, owner=OWNER)
    assert [event.data for event in found] == [{"n": 2}]
