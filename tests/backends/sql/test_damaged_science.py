"""Damaged candidates, objects, classifiers, products and jobs cost only themselves.

Through the stores over an SQLite file, in which a test damages rows, and through HTTP.
"""

import logging
import re
import sqlite3
from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import replace
from pathlib import Path

import pytest
from tests.backends.sql.databases import SECONDS
from tests.support.migrated import open_migrated
from tests.support.whole import OWNER, whole

from gatewright.backends.sql import Database
from gatewright.backends.sql.candidates import SqlCandidates
from gatewright.backends.sql.classifiers import SqlClassifiers
from gatewright.backends.sql.jobs import SqlJobTable
from gatewright.backends.sql.products import SqlProducts
from gatewright.backends.sql.sky_objects import SqlObjects
from gatewright.backends.sqlite import SqliteDatabase
from gatewright.domains.classification import ClassifierState, Content, Method
from gatewright.domains.compute import JobFilter, JobState, Refusal
from gatewright.domains.discovery import (
    CandidateQuery,
    ChangeKind,
    Choice,
    Claim,
    Comment,
    Comparison,
    Finding,
    ObjectChange,
    Operator,
    Origin,
)
from gatewright.domains.processing import (
    Aside,
    Detection,
    Product,
    ProductKind,
    ProductState,
)
from gatewright.testing.job_table import active, admission

ALL = ("night",)
EVERY = CandidateQuery()
JSON = ["", "{", "nul", "7", '{"n": ', "[" * 100_000]
"""Texts that no record of this module may hold where it holds JSON."""

Damage = Callable[..., None]


@pytest.fixture
async def database(tmp_path: Path) -> AsyncIterator[Database]:
    opened = await open_migrated(tmp_path / "gateway.sqlite")
    yield opened
    await opened.close()


@pytest.fixture
def damage(tmp_path: Path) -> Damage:
    def run(text: str, *values: object) -> None:
        connection = sqlite3.connect(tmp_path / "gateway.sqlite", timeout=60)
        with connection:
            assert connection.execute(text, values).rowcount
        connection.close()

    return run


def finding(number: int, strength: float) -> Finding:
    """Return a detection; all of one number are at the same place."""
    return Finding(number, 10.0, 20.0, 3.0, 4.0, strength, 1.0, 1.0, {"fwhm": 2.5})


@pytest.fixture
async def candidates(database: Database) -> SqlCandidates:
    """Return a store with five candidates of one object, d.1 the strongest."""
    store = SqlCandidates(database)
    found = [finding(number, 100.0 - number) for number in range(1, 6)]
    await store.add(Origin("d", ["night"], 58340.5), found)
    return store


async def claimed(store: SqlCandidates, claim: Claim, limit: int) -> list[str]:
    """Return the candidates that a claim is given."""
    return [one.id for one in (await store.claim(ALL, EVERY, claim, limit)).items]


async def walked(store: SqlCandidates, limit: int) -> list[str]:
    """Return the candidates of all pages."""
    names: list[str] = []
    cursor: str | None = None
    while True:
        page = await store.page(ALL, EVERY, person="bob", limit=limit, cursor=cursor)
        names += [one.id for one in page.items]
        cursor = page.next
        if cursor is None:
            return names


@pytest.mark.parametrize(
    ("column", "text"),
    [
        *(("features", text) for text in [*JSON, '["fwhm"]', '{"fwhm": "x"}']),
        *(("ra", "x"), ("mjd", "x"), ("votes_real", "x"), ("flux", "")),
    ],
)
async def test_candidates(
    candidates: SqlCandidates,
    damage: Damage,
    caplog: pytest.LogCaptureFixture,
    column: str,
    text: str,
) -> None:
    damage(f"UPDATE candidate SET {column} = ? WHERE id IN ('d.1', 'd.2')", text)
    left = ["d.3", "d.4", "d.5"]
    for limit in (1, 2, 3, 4, 5, 6):
        assert await walked(candidates, limit) == left
    condition = Comparison("features.fwhm", Operator.MORE, 0.0)
    some = CandidateQuery(conditions=[condition])
    page = await candidates.page(ALL, some, person="bob", limit=9)
    assert [one.id for one in page.items] == left
    assert "candidate 'd.1' cannot be read" in caplog.text
    assert "candidate 'd.2' cannot be read" in caplog.text
    assert await candidates.candidate(ALL, "d.1", "bob") is None
    intact = await candidates.candidate(ALL, "d.3", "bob")
    assert intact is not None
    assert intact.finding == finding(3, 97.0)
    members = await candidates.members(ALL, intact.object, "bob", 9)
    assert [one.id for one in members] == left


async def test_claims_take_those_after_damaged_ones(
    candidates: SqlCandidates, damage: Damage
) -> None:
    """Nobody can vote on a damaged one: it must not be the only one that is given."""
    damage("UPDATE candidate SET features = '{' WHERE id IN ('d.1', 'd.2', 'd.4')")
    bob, eve = Claim("bob", 100.0, 200.0), Claim("eve", 100.0, 200.0)
    assert await claimed(candidates, bob, 1) == ["d.3"]
    assert await claimed(candidates, eve, 1) == ["d.5"]
    assert await claimed(candidates, bob, 9) == ["d.3"]


async def test_votes_and_comments(
    candidates: SqlCandidates, damage: Damage, caplog: pytest.LogCaptureFixture
) -> None:
    for person in ("bob", "eve"):
        await candidates.vote("d.1", person, Choice.REAL, 1.0)
        await candidates.comment(Comment(f"m-{person}", "d.1", person, "Seen.", 1.0))
    damage("UPDATE candidate_vote SET choice = 'perhaps' WHERE person = 'bob'")
    damage("UPDATE candidate_comment SET at = 'x' WHERE person = 'bob'")
    assert [one.person for one in (await candidates.votes("d.1", 9)).items] == ["eve"]
    assert [one.person for one in (await candidates.comments("d.1", 9)).items] == [
        "eve"
    ]
    assert "vote 'bob' cannot be read" in caplog.text
    assert "comment 'm-bob' cannot be read" in caplog.text
    found = await candidates.candidate(ALL, "d.1", "bob")
    assert found is not None
    assert found.mine is None
    assert "vote on the candidate 'd.1' cannot be read" in caplog.text
    assert len(await candidates.voted(ALL, "night", 10)) == 1
    damage("UPDATE candidate SET features = '{' WHERE id = 'd.1'")
    assert await candidates.voted(ALL, "night", 10) == []


@pytest.mark.parametrize("text", [*JSON, "[]", "{}", "[7]"])
async def test_surveys_of_candidates(
    candidates: SqlCandidates,
    damage: Damage,
    caplog: pytest.LogCaptureFixture,
    text: str,
) -> None:
    """Who may see candidates of unknown surveys is unknown: nobody does."""
    await candidates.add(Origin("e", ["night", "team"]), [finding(1, 5.0)])
    damage("UPDATE candidate_source SET surveys = ? WHERE number = 2", text)
    for visible in (ALL, ("night", "team")):
        page = await candidates.page(visible, EVERY, person="bob", limit=10)
        assert [one.id for one in page.items] == [f"d.{n}" for n in range(1, 6)]
        assert await candidates.candidate(visible, "e.1", "bob") is None
    assert "source 2 cannot be read" in caplog.text


@pytest.mark.parametrize(
    ("column", "text"),
    [
        *(("surveys", text) for text in [*JSON, "[]"]),
        *(("candidates", text) for text in JSON),
        *(("kind", "swap"), ("at", "x")),
    ],
)
async def test_changes_of_objects(
    candidates: SqlCandidates,
    database: Database,
    damage: Damage,
    caplog: pytest.LogCaptureFixture,
    column: str,
    text: str,
) -> None:
    objects = SqlObjects(database)
    one = await candidates.candidate(ALL, "d.1", "bob")
    assert one is not None
    split = ObjectChange(
        "c-1", ChangeKind.SPLIT, one.object, "o-2", ["night"], ["d.1"], "bob", 1.0
    )
    later = replace(split, id="c-2", candidates=["d.2"])
    for change in (split, later):
        assert await objects.move(change)
    damage(f"UPDATE object_change SET {column} = ? WHERE id = 'c-1'", text)
    assert (await objects.changes(one.object, 9)).items == [later]
    assert "object_change 'c-1' cannot be read" in caplog.text


@pytest.mark.parametrize(
    ("column", "text"),
    [
        *(("labels", text) for text in JSON),
        *(("method", "guess"), ("state", ""), ("created_at", "x")),
    ],
)
async def test_classifiers(
    database: Database,
    damage: Damage,
    caplog: pytest.LogCaptureFixture,
    column: str,
    text: str,
) -> None:
    store = SqlClassifiers(database)
    old = await store.begin("night", Method.INJECTION, "ann", 1.0, 2.0)
    new = await store.begin("night", Method.INJECTION, "ann", 3.0, 4.0)
    damage(f"UPDATE classifier SET {column} = ? WHERE id = ?", text, new.id)
    assert await store.classifiers(ALL) == [old]
    assert await store.classifier(new.id) is None
    assert f"classifier '{new.id}' cannot be read" in caplog.text
    assert await store.classifier(old.id) == old


PRODUCT = Product(
    id="d-1",
    kind=ProductKind.DIFFERENCE,
    state=ProductState.WORKING,
    request={"science": ["a"], "method": "zogy"},
    surveys=["night"],
    owner="ann",
    created_at=1.0,
    detections=(Detection(1, 1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0, {}, Aside.DIPOLE),),
)
READY = replace(PRODUCT, state=ProductState.READY, path="/d.fits", planes={"sci": 1})


@pytest.mark.parametrize(
    ("column", "text"),
    [
        *(("body", text) for text in [*JSON, "[]", "{}", '{"surveys": []}']),
        *(("kind", "sum"), ("state", ""), ("created_at", "x"), ("until", "x")),
    ],
)
async def test_products(
    database: Database,
    damage: Damage,
    caplog: pytest.LogCaptureFixture,
    column: str,
    text: str,
) -> None:
    """A damaged one can be made again, as one that was never made."""
    store = SqlProducts(database)
    other = replace(PRODUCT, id="d-2")
    assert await store.begin(other, 2.0)
    assert await store.begin(PRODUCT, 2.0)
    await store.end(READY)
    assert await store.product("d-1") == (READY, 2.0)
    damage(f"UPDATE product SET {column} = ? WHERE id = 'd-1'", text)
    assert await store.product("d-1") is None
    assert "product 'd-1' cannot be read" in caplog.text
    assert await store.product("d-2") == (other, 2.0)
    assert await store.begin(PRODUCT, 9.0)
    assert await store.product("d-1") == (PRODUCT, 9.0)


async def test_states_of_jobs(
    database: Database, damage: Damage, caplog: pytest.LogCaptureFixture
) -> None:
    """The job shows why it counts as failed, until its scheduler tells its state."""
    table = SqlJobTable(database)
    (jobs,) = await table.admit(admission())
    assert not isinstance(jobs, Refusal)
    (job,) = jobs
    await table.submitted({job.uuid: active("7")})
    damage("UPDATE jobs SET state = 'strolling'")
    page = await table.list("local", "ada", JobFilter(), 10, None)
    (shown,) = page.items
    assert shown.state is JobState.FAILED
    assert "damaged" in shown.reason
    record = f"state of job {job.number} cannot be read: 'strolling'"
    assert record in caplog.text
    assert caplog.records[-1].levelno == logging.ERROR
    (healed,) = await table.record("local", [active("7")])
    assert (healed.state, healed.reason) == (JobState.ACTIVE, "")


@pytest.mark.parametrize("column", ["submitted_at", "started_at", "ended_at"])
@pytest.mark.parametrize("value", ["x", 1e300])
async def test_times_of_jobs(
    database: Database,
    damage: Damage,
    caplog: pytest.LogCaptureFixture,
    column: str,
    value: object,
) -> None:
    table = SqlJobTable(database)
    await table.admit(admission())
    damage(f"UPDATE jobs SET {column} = ?", value)
    page = await table.list("local", "ada", JobFilter(), 10, None)
    assert not getattr(page.items[0], column)
    assert f"{column} of job {page.items[0].id} cannot be read" in caplog.text


async def test_over_http(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    images = tmp_path / "images"
    images.mkdir()
    survey = {"id": "night", "images": f"{images}/*.fits"}
    async with whole(tmp_path, {"surveys": [survey]}) as gateway:
        client = await gateway.client(OWNER)
        await _add_and_spoil(tmp_path / "state" / "gateway.sqlite")
        found = (await client.get("/api/v1/candidates?limit=1")).json()
        assert (found["candidates"], bool(found["next"])) == ([], True)
        found = (await client.get("/api/v1/candidates")).json()
        assert [one["id"] for one in found["candidates"]] == ["d.2"]
        name = found["candidates"][0]["object"]
        found = (await client.get("/api/v1/classifiers")).json()
        (intact,) = found["classifiers"]
        assert intact["version"] == 1
        for path, status in (
            ("candidates/d.1", 404),
            ("candidates/d.2", 200),
            (f"objects/{name}", 200),
            (f"objects/{name}/changes", 200),
            (f"classifiers/{intact['id']}", 200),
            (f"classifiers/{intact['id']}/report", 404),
            ("differences/d-1", 404),
        ):
            answer = await client.get(f"/api/v1/{path}")
            assert answer.status_code == status, (path, answer.text)
        (spoiled,) = re.findall("The classifier '(r-[^']+)' cannot", caplog.text)
        answer = await client.get(f"/api/v1/classifiers/{spoiled}")
        assert answer.status_code == 404
        # It scores nothing, and keeps no candidate from being recorded.
        classifiers = gateway.services.images.classifiers
        assert await classifiers.judges.judge("night", [{"fwhm": 2.5}]) is None
        assert f"judge of classifier '{intact['id']}' cannot be read" in caplog.text


async def _add_and_spoil(path: Path) -> None:
    """Add candidates, classifiers and a difference, and spoil some of them."""
    database = await SqliteDatabase.open(path, seconds=SECONDS)
    found: Sequence[Finding] = [finding(1, 9.0), finding(2, 8.0)]
    await SqlCandidates(database).add(Origin("d", ["night"], 58340.5), found)
    classifiers = SqlClassifiers(database)
    old = await classifiers.begin("night", Method.INJECTION, "ann", 1.0, 2.0)
    trained = replace(old, state=ClassifierState.READY, active=True)
    await classifiers.end(trained, Content("{", "{", "{"))
    await classifiers.begin("night", Method.INJECTION, "ann", 3.0, 4.0)
    await SqlProducts(database).begin(PRODUCT, 2.0)
    await database.close()
    connection = sqlite3.connect(path, timeout=60)
    with connection:
        connection.execute("UPDATE candidate SET features = '{' WHERE id = 'd.1'")
        connection.execute("UPDATE classifier SET method = 'guess' WHERE version = 2")
        connection.execute("UPDATE product SET body = '{'")
    connection.close()
