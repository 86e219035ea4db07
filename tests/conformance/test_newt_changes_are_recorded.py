"""Both of NEWT's surfaces: what changes something, or is refused, leaves its record."""

import asyncio
import sqlite3
from collections.abc import AsyncIterator, Mapping
from functools import partial
from pathlib import Path
from typing import Any

import httpx
import pytest
from click.testing import CliRunner
from tests.support.identity import own_identity
from tests.support.whole import GUEST, OWNER, PASSWORD, Whole, whole

from gatewright.cli.main import main
from gatewright.core.config import Config
from gatewright.core.config_file import FILE_NAME
from gatewright.core.config_text import to_toml
from gatewright.domains.identity import AuditRecord
from gatewright.faces.newt import routes

PAGE = {"Origin": "http://127.0.0.1:8000", "X-Requested-With": "test"}
SCRIPT = {"data": {"jobscript": "#!/bin/sh\nsleep 60\n"}}
SIGN_IN = {"data": {"username": OWNER, "password": PASSWORD}}
RUN = {"data": {"executable": "/bin/true", "command": "/bin/true"}}
UNSAFE = {"POST", "PUT", "PATCH", "DELETE"}

ORDER: Mapping[str, Mapping[str, Any]] = {
    "POST /auth": SIGN_IN,
    "DELETE /auth": {},
    "POST /login": SIGN_IN,
    "DELETE /login": {},
    "POST /command/{system}": RUN,
    "POST /job/{system}": SCRIPT,
    "DELETE /job/{system}/{id}": {},
    "POST /queue/{system}": SCRIPT,
    "DELETE /queue/{system}/{id}": {},
    "POST /file/{system}": {"files": {"file": ("a", b"x")}},
    "PUT /file/{system}": {"content": b"x"},
    "PUT /file/{system}/{path:rest}": {"content": b"x"},
    "POST /file/{system}/{path:rest}": {"files": {"file": ("a", b"x")}},
    "POST /store": {"data": {"data": "{}"}},
    "POST /store/{name}": {"data": {"data": "{}"}},
    "PUT /store/{name}/{oid:int}": {"data": {"data": "{}"}},
    "POST /store/{name}/perms": {"data": {"data": "[]"}},
    "DELETE /store/{name}": {},
}
"""What there is, in an order in which it succeeds."""
REFUSED = {"PUT /file/{system}", "POST /file/{system}/{path:rest}"}
"""A folder cannot be written, nor anything be put into a file."""


def changing(urls: Mapping[str, Mapping[str, object]]) -> set[str]:
    return {
        f"{verb} {path.removeprefix('/api')}"
        for path, verbs in urls.items()
        for verb in UNSAFE & set(verbs)
        if not path.endswith("/")
    }


SURFACES = {"/newt": changing(routes.CLASSIC), "/newt/api": changing(routes.SECOND)}


@pytest.fixture
async def gateway(tmp_path: Path) -> AsyncIterator[Whole]:
    async with whole(tmp_path) as opened:
        yield opened


async def records(gateway: Whole, after: int = 0) -> list[AuditRecord]:
    return list(await own_identity(gateway.services).audit._log.after(after, 1000))


def filled(path: str, job: str = "1") -> str:
    values = {
        "{system}": "local", "{id}": job, "{path:rest}": "new", "{name}": "s",
        "{oid:int}": "0",
    }  # fmt: skip
    for name, value in values.items():
        path = path.replace(name, value)
    assert "{" not in path
    return path


def test_every_changing_url_is_known_here() -> None:
    assert set.union(*SURFACES.values()) == set(ORDER)


@pytest.mark.parametrize("surface", SURFACES)
async def test_what_succeeds_has_one_record(gateway: Whole, surface: str) -> None:
    token, browser = await gateway.client(OWNER), await gateway.client(**PAGE)
    job = ""
    for operation, more in ORDER.items():
        if operation not in SURFACES[surface]:
            continue
        before = len(await records(gateway))
        method, _, path = operation.partition(" ")
        target = f"{surface}{filled(path, job)}"
        client = browser if path in {"/auth", "/login"} else token
        answer = await client.request(method, target, **more)
        ok = operation not in REFUSED
        assert answer.is_success is ok, f"{operation}: {answer.text}"
        (record,) = await records(gateway, before)
        entry = record.entry
        assert (entry.method, entry.path) == (method, target)
        assert entry.status == answer.status_code
        if more is SIGN_IN:
            assert (entry.user, entry.note) == ("", f"signed in: {OWNER}")
        else:
            assert entry.user == OWNER
        job = job_of(answer) if SCRIPT is more else job
    assert (await own_identity(gateway.services).audit.verify()).fault == ""


def job_of(answer: httpx.Response) -> str:
    body = answer.json()
    return str(body.get("output", body)["jobid"])


@pytest.mark.parametrize("surface", SURFACES)
@pytest.mark.parametrize("who", [OWNER, GUEST, ""])
async def test_what_is_refused_has_one_record(
    gateway: Whole, surface: str, who: str
) -> None:
    client = await gateway.client(who)
    for operation in sorted(SURFACES[surface]):
        before = len(await records(gateway))
        method, _, path = operation.partition(" ")
        target = f"{surface}{filled(path)}"
        answer = await client.request(method, target, content=b"\xff")
        (record,) = await records(gateway, before)
        entry = record.entry
        assert (entry.method, entry.path, entry.user) == (method, target, who)
        assert entry.status == answer.status_code
        assert entry.request_id == answer.headers["x-request-id"]


async def test_a_wrong_password_has_a_record_with_the_account(gateway: Whole) -> None:
    client = await gateway.client(**PAGE)
    for name, told in ((OWNER, OWNER), ("my-password", "a name that is no account")):
        before = len(await records(gateway))
        form = {"username": name, "password": "wrong"}
        assert (await client.post("/newt/auth", data=form)).json()["auth"] is False
        (record,) = await records(gateway, before)
        assert record.entry.note == f"sign-in refused: {told}"


async def test_a_foreign_page_is_refused_with_a_record(gateway: Whole) -> None:
    client = await gateway.client(**PAGE)
    form = SIGN_IN["data"]
    assert (await client.post("/newt/auth", data=form)).is_success
    asked = {"user": OWNER, "password": PASSWORD}
    assert (await client.post("/api/v1/session", json=asked)).is_success
    before = len(await records(gateway))
    foreign = {"Origin": "https://elsewhere.example"}
    for target in ("/newt/command/local", "/api/v1/tokens"):
        answer = await client.post(target, json={}, headers=foreign)
        assert answer.status_code == 403
    found = [(r.entry.path, r.entry.status) for r in await records(gateway, before)]
    assert found == [("/newt/command/local", 403), ("/api/v1/tokens", 403)]


@pytest.mark.parametrize(
    ("tamper", "fault"),
    [
        ("UPDATE audit_record SET status = 500 WHERE number = 2", "Record 2 or"),
        ("UPDATE audit_record SET account = 'eve' WHERE number = 1", "Record 1 or"),
        ("DELETE FROM audit_record WHERE number = 2", "Record 2 is gone"),
        ("DELETE FROM audit_record WHERE number = 3", "is gone"),
    ],
)
async def test_tampering_is_found_by_the_command(
    tmp_path: Path, tamper: str, fault: str
) -> None:
    async with whole(tmp_path) as gateway:
        client = await gateway.client(OWNER)
        for number in range(3):
            put = await client.put("/api/v1/store/c/k", json={"n": number})
            assert put.is_success
        head = (await records(gateway))[-1].hash
    state = tmp_path / "state"
    config = Config.model_validate({"gateway": {"state": str(state)}})
    (state / FILE_NAME).write_text(to_toml(config))
    typed = ["audit", "verify", "--state", str(state), "--head", head]
    verify = partial(CliRunner().invoke, main, typed)
    assert (await asyncio.to_thread(verify)).exit_code == 0
    connection = sqlite3.connect(state / "gateway.sqlite")
    with connection:
        connection.execute(tamper)
    connection.close()
    done = await asyncio.to_thread(verify)
    assert done.exit_code == 1
    assert fault in done.output
