import pytest
from tests.support.identity import World

from gatewright.backends.sql import audit as sql_audit
from gatewright.core.caller import Caller, Role, visitor
from gatewright.core.errors import InvalidRequest, NotAllowed, NotSignedIn
from gatewright.domains.identity import (
    AuditEntry,
    AuditSearch,
    Outcome,
)
from gatewright.domains.identity.scopes import role_scopes


def entry(path: str, user: str = "ada", status: int = 201) -> AuditEntry:
    return AuditEntry(0.0, user, "", "PUT", path, status, "r", "192.0.2.1")


async def test_administrators_search(world: World) -> None:
    audit = world.identity.audit
    for path in ("/a", "/b\n", "/c"):
        await audit.record(entry(path))
    found = await audit.search(world.owner, AuditSearch(), 2)
    assert [record.entry.path for record in found.items] == ["/c", "/b\ufffd"]
    rest = await audit.search(world.owner, AuditSearch(), 2, found.next)
    assert [record.entry.path for record in rest.items] == ["/a"]
    assert rest.next is None


async def test_words_are_found_as_they_are_kept(world: World) -> None:
    audit = world.identity.audit
    await audit.record(entry("/b\n", user="\0"))
    for wanted in (
        AuditSearch(path="/b\n"),
        AuditSearch(user="\0"),
        AuditSearch(method="PUT", user="\0"),
    ):
        assert len((await audit.search(world.owner, wanted)).items) == 1
    for wanted in (AuditSearch(method="\ud800"), AuditSearch(user="\ud800")):
        assert (await audit.search(world.owner, wanted)).items == []


async def test_a_page_ends_where_it_has_looked_at_enough(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sql_audit, "_LOOKED_AT", 10)
    audit = world.identity.audit
    for number in range(25):
        await audit.record(entry(f"/{number}", user="ben" if number == 3 else "ada"))
    pages, cursor, more = [], None, True
    while more:
        page = await audit.search(world.owner, AuditSearch(user="ben"), 5, cursor)
        pages.append([record.number for record in page.items])
        cursor, more = page.next, page.next is not None
    assert pages == [[], [], [4]]


async def test_nobody_else_searches(world: World) -> None:
    audit = world.identity.audit
    guest = Caller("ada", role_scopes(Role.GUEST), role=Role.GUEST)
    with pytest.raises(NotAllowed):
        await audit.search(guest, AuditSearch())
    with pytest.raises(NotSignedIn):
        await audit.search(visitor(), AuditSearch())
    with pytest.raises(InvalidRequest):
        await audit.search(world.owner, AuditSearch(), 0)


@pytest.mark.parametrize(
    ("status", "outcome"),
    [(0, "unknown"), (200, "done"), (303, "done"), (404, "refused"), (503, "failed")],
)
def test_outcomes(status: int, outcome: str) -> None:
    assert Outcome.of(status) == outcome
    least, most = Outcome(outcome).statuses
    assert least <= status <= most
