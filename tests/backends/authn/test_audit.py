"""The audit log of the requests, which authn keeps and the gateway only adds to."""

import asyncio
import contextlib
import logging
import sqlite3
from collections.abc import Awaitable
from dataclasses import replace

import pytest
from tests.backends.authn.conftest import ADMIN, PASSWORD, Kept, keeping
from tests.support.identity import World

from gatewright.backends.authn import KeptAudit
from gatewright.core.caller import visitor
from gatewright.core.disk import GIVES_ROOM_BACK
from gatewright.core.errors import InvalidRequest, Unavailable
from gatewright.domains.identity import AuditEntry, AuditSearch
from gatewright.domains.identity.audit import LOST_SECONDS

ENTRY = AuditEntry(
    1.5, "ada", "key", "PUT", "/api/v1/x", 0, "r1", "192.0.2.1", "a note"
)
DONE = replace(ENTRY, status=201)


async def test_records_have_the_time_of_authn_and_one_chain_with_its_commands(
    kept: Kept,
) -> None:
    intent = await kept.remote.audit.begin(ENTRY)
    kept.world.clock.go(5)
    await kept.remote.audit.record(DONE, intent=intent)
    command = AuditEntry(0.0, "olga", "", "CLI", "user add x", 200, "", "console")
    await kept.world.identity.audit.record(command)
    await kept.remote.audit.record(replace(DONE, status=403))
    records = await kept.world.identity.audit.after(0)
    assert [record.entry.status for record in records] == [201, 200, 403]
    assert records[0].entry == replace(DONE, at=kept.world.clock())
    assert (await kept.world.identity.audit.verify()).fault == ""


async def test_texts_of_any_length_fit_into_a_call(kept: Kept) -> None:
    long = "\N{GRINNING FACE}" * 100_000
    entry = AuditEntry(0.0, long, long, long, long, 200, long, long, long)
    await kept.remote.audit.record(entry)
    (record,) = await kept.world.identity.audit.after(0)
    assert len(record.entry.path) == 2048
    assert len(record.entry.user) == 256


async def test_the_longest_page_of_the_longest_records_fits_into_an_answer(
    kept: Kept,
) -> None:
    long = "\xff" * 3000
    entry = AuditEntry(0.0, long, long, "PUT", long, 200, long, long, long)
    async with asyncio.TaskGroup() as group:
        for _ in range(1000):
            group.create_task(kept.world.identity.audit.record(entry))
    new = await kept.remote.sessions.sign_in(visitor(), ADMIN.person.name, PASSWORD)
    caller = await kept.remote.sessions.caller(new.secret)
    assert caller is not None
    page = await kept.remote.audit.search(caller, AuditSearch(), 1000)
    assert len(page.items) == 1000


@pytest.mark.parametrize(
    "method",
    ["audit.after", "audit.verify", "audit.recover", "audit._log", "audit.append"],
)
async def test_the_gateway_has_no_other_way_to_the_log(kept: Kept, method: str) -> None:
    with pytest.raises(InvalidRequest, match="no such method"):
        await kept.remote.client.call(method, object)


async def test_an_intent_cannot_be_replaced_by_an_outcome(kept: Kept) -> None:
    """A gateway that was taken over ends the intent of another's change."""
    intent = await kept.remote.audit.begin(ENTRY)
    false = AuditEntry(0.0, "eve", "", "GET", "/nothing", 404, "r2", "::1", "")
    await kept.remote.audit.record(false, intent=intent)
    (record,) = await kept.world.identity.audit.after(0)
    assert (record.entry.user, record.entry.token) == ("ada", "key")
    assert (record.entry.method, record.entry.path) == ("PUT", "/api/v1/x")
    assert (record.entry.request_id, record.entry.address) == ("r1", "192.0.2.1")


async def test_requests_at_one_time_share_transactions(
    kept: Kept, monkeypatch: pytest.MonkeyPatch
) -> None:
    database, transactions, real = kept.world.database, 0, kept.world.database.run

    def counted(work: object) -> Awaitable[object]:
        nonlocal transactions
        transactions += 1
        return real(work)  # type: ignore[arg-type]  # passed on

    await kept.remote.client.ready()
    monkeypatch.setattr(database, "run", counted)
    async with asyncio.TaskGroup() as group:
        for _ in range(200):
            group.create_task(kept.remote.audit.record(DONE))
    assert transactions < 100
    assert len(await kept.world.identity.audit.after(0)) == 200
    assert (await kept.world.identity.audit.verify()).fault == ""


async def test_nothing_is_started_while_authn_is_stopped(own: World) -> None:
    async with keeping(own) as kept:
        intent = await kept.remote.audit.begin(ENTRY)
    for attempt in (
        kept.remote.audit.begin(ENTRY),
        kept.remote.audit.record(DONE, intent=intent),
    ):
        with pytest.raises(Unavailable, match="authn does not run") as caught:
            await attempt
        assert caught.value.retry_after
    await kept.remote.client.close()
    assert [one for one, _ in await own.identity.audit._log.intents(4e9)] == [intent]


async def test_a_deletion_may_use_the_room_that_is_kept_for_it(
    kept: Kept, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[bool] = []
    audit = kept.world.identity.audit

    async def begin(entry: AuditEntry) -> str:
        seen.append(GIVES_ROOM_BACK.get())
        return "i"

    async def record(entry: AuditEntry, *, intent: str = "") -> None:
        seen.append(GIVES_ROOM_BACK.get())

    monkeypatch.setattr(type(audit), "begin", lambda _, entry: begin(entry))
    monkeypatch.setattr(
        type(audit), "record", lambda _, entry, intent: record(entry, intent=intent)
    )
    for method in ("PUT", "DELETE"):
        entry = replace(ENTRY, method=method)
        await kept.remote.audit.record(
            entry, intent=await kept.remote.audit.begin(entry)
        )
    assert seen == [False, False, True, True]


async def test_lost_intents_and_the_end_of_the_chain_are_looked_after(
    kept: Kept, caplog: pytest.LogCaptureFixture
) -> None:
    looking = KeptAudit(kept.world.identity.audit)
    caplog.set_level(logging.INFO, "gatewright.backends.authn.audit")
    await looking.look_after()
    assert not caplog.records
    await kept.remote.audit.begin(ENTRY)
    kept.world.clock.go(LOST_SECONDS + 1)
    assert await looking.look_after() == 3600
    (record,) = await kept.world.identity.audit.after(0)
    assert (record.entry.user, record.entry.status) == ("ada", 0)
    assert caplog.messages == [f"The audit log has 1 records, head {record.hash}"]
    with contextlib.closing(
        sqlite3.connect(kept.world.state / "gateway.sqlite")
    ) as found:
        assert found.execute("SELECT count(*) FROM audit_record").fetchone() == (1,)
