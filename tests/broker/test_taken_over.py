"""A gateway that was taken over acts for nobody who has not just asked.

The attack is ``taken_over.py``, run as the gateway's account with all that it can read
and reach. Beside each refusal stands its control: for a person who has just asked, or
as the account that may, the same attempt succeeds.
"""

import json
import os
import select
import sqlite3
import subprocess
from collections.abc import Iterator
from contextlib import ExitStack, closing
from pathlib import Path
from typing import Any

import pytest
from tests.broker.centre import (
    FILE,
    Centre,
    as_operator,
    begin,
    environment_of,
    sign_in,
    started,
)
from tests.broker.conftest import PASSWORD, PYTHON, Account

ATTACK = Path(__file__).with_name("taken_over.py")


@pytest.fixture(scope="module")
def centre(gateway: Account, group: str, admins: str) -> Iterator[Centre]:
    with started(gateway, group, admins) as centre:
        yield centre


def secret_of(account: Account) -> Path:
    """Return a file that only its person may read."""
    path = account.home / "secret"
    path.write_text(f"of {account.name}")
    os.chown(path, account.uid, account.gid)
    path.chmod(0o600)
    account.home.chmod(0o700)
    return path


def attack(
    centre: Centre, attacker: Account, victim: Account, *more: str
) -> "subprocess.Popen[str]":
    return subprocess.Popen(
        [PYTHON, "-c", ATTACK.read_text(encoding="utf-8"), centre.folder, victim.name,
         secret_of(victim), *more],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd="/",
        user=attacker.uid, group=attacker.gid, extra_groups=[],
        env=environment_of(attacker.home),
    )  # fmt: skip


def outcomes(process: "subprocess.Popen[str]") -> dict[str, Any]:
    told, _ = process.communicate(timeout=300)
    assert process.returncode == 0
    found: dict[str, Any] = {}
    for line in told.splitlines():
        found |= json.loads(line)
    return found


def test_nothing_is_had_of_who_has_not_asked(
    centre: Centre, gateway: Account, ada: Account, bob: Account
) -> None:
    """Bob has not, while the control, ada, is about to."""
    with centre.signed_in(ada) as hers:
        absent = outcomes(attack(centre, gateway, bob))
        assert absent == {
            "worker with a ticket": "refused: person-absent",
            "worker without a ticket": "refused: person-absent",
            "the key of the grants": "refused: unavailable",
            "a grant of its own": "no grant",
            "the check of passwords": "no form",
            "the database of authn": "refused: PermissionError",
            "another record for what was begun": "told",
            "audit.append": "refused: invalid-request",
            "audit.after": "refused: invalid-request",
            "audit.search": "refused: not-signed-in",
            "tokens.issue": "refused: not-signed-in",
            "sessions.of": "refused: not-signed-in",
            "users.page": "refused: not-signed-in",
        }
        assert hers.get(f"{FILE}{secret_of(ada)}").text == f"of {ada.name}"
        asked = outcomes(attack(centre, gateway, ada))
        assert asked["worker with a ticket"] == f"of {ada.name}"
        # A worker does nothing for a grant alone, nor has who asked given more away.
        assert asked["worker without a ticket"] == "refused: not-signed-in"
        assert {k: v for k, v in asked.items() if "ticket" not in k} == {
            k: v for k, v in absent.items() if "ticket" not in k
        }


def test_the_account_of_authn_has_what_the_gateway_s_is_refused(
    centre: Centre, ada: Account, bob: Account
) -> None:
    """The control of the rest; and another person reaches neither of the sockets."""
    with centre.signed_in(ada):
        found = outcomes(attack(centre, centre.keeper, ada))
    assert found["the database of authn"] >= 1
    assert found["the check of passwords"].startswith("ok ")
    found = outcomes(attack(centre, bob, ada))
    assert all("refused" in str(outcome) for outcome in found.values()), found


def test_what_was_recorded_stays_recorded(
    gateway: Account, group: str, admins: str, ada: Account
) -> None:
    """The gateway's account can add to the log, and has no way to what is in it."""
    with started(gateway, group, admins) as centre, centre.signed_in(ada) as hers:
        assert hers.put("/api/v1/store/notes/a", json=1).is_success
        assert hers.put(f"{FILE}/etc/passwd", content=b"x").status_code == 403
        before = recorded(centre)
        assert [(one["user"], one["path"], one["status"]) for one in before] == [
            ("", "/api/v1/session", 201),
            (ada.name, "/api/v1/store/notes/a", 201),
            (ada.name, f"{FILE}/etc/passwd", 403),
        ]
        assert all(one["request_id"] and one["address"] for one in before)
        found = outcomes(attack(centre, gateway, ada))
        assert found["another record for what was begun"] == "told"
        after = recorded(centre)
        assert after[: len(before)] == before
        (false,) = after[len(before) :]
        assert (false["user"], false["path"]) == (ada.name, "/begun")
        refused = as_operator(centre, "audit", "verify", account=gateway)
        assert f"runuser -u {centre.keeper.name}" in refused.stderr
        with closing(sqlite3.connect(centre.folder / "state/gateway.sqlite")) as own:
            assert own.execute("SELECT count(*) FROM audit_record").fetchone() == (0,)
            assert own.execute("SELECT count(*) FROM audit_intent").fetchone() == (0,)
        verified = as_operator(centre, "audit", "verify")
        assert verified.stdout == f"4 records, head {after[-1]['hash']}\n"
        assert_tampering_shows(centre, *verified.stdout.split()[::3])


def recorded(centre: Centre) -> list[dict[str, Any]]:
    told = as_operator(centre, "audit", "list")
    assert told.returncode == 0, told.stderr
    return [json.loads(line) for line in told.stdout.splitlines()]


def assert_tampering_shows(centre: Centre, records: str, head: str) -> None:
    """Change, remove, reorder and cut the log as root, and have it checked."""
    log = centre.folder / "authn/state/gateway.sqlite"
    for change, fault in (
        ("UPDATE audit_record SET account = 'eve' WHERE number = 2", "Record 2"),
        ("DELETE FROM audit_record WHERE number = 3", "Record 3 is gone"),
        (
            """
            UPDATE audit_record SET number = -number WHERE number IN (2, 3);
            UPDATE audit_record SET number = 5 + number WHERE number < 0
            """,
            "Record 2",
        ),
        ("DELETE FROM audit_record WHERE number = 4", "Record 4 is gone"),
    ):
        with closing(sqlite3.connect(log, timeout=60)) as opened:
            opened.execute("CREATE TEMP TABLE kept AS SELECT * FROM audit_record")
            opened.executescript(change)
            told = as_operator(
                centre, "audit", "verify", "--head", head, "--records", records
            )
            assert told.returncode == 1
            assert fault in told.stderr
            opened.execute("DELETE FROM audit_record")
            opened.execute("INSERT INTO audit_record SELECT * FROM kept")
            opened.commit()
    assert as_operator(centre, "audit", "verify", "--head", head).returncode == 0


def test_a_worker_that_it_holds_on_to_ends_with_the_asking(
    gateway: Account, group: str, admins: str, ada: Account
) -> None:
    with (
        started(gateway, group, admins, asked_seconds=2.0) as centre,
        centre.signed_in(ada) as hers,
    ):
        process = attack(centre, gateway, ada, "hold")
        assert process.stdout is not None
        while not select.select([process.stdout], [], [], 0.2)[0]:
            assert hers.get("/api/v1/session").json()["user"] == ada.name
        assert json.loads(process.stdout.readline()) == {"got": f"of {ada.name}"}
        assert outcomes(process)["held"] == "refused: not-signed-in"


def test_what_a_person_leaves_behind_is_of_no_other_use(
    gateway: Account, group: str, admins: str, ada: Account, bob: Account
) -> None:
    """Her intent goes on without her; it is the control of all that is refused."""
    with (
        started(gateway, group, admins, asked_seconds=2.0) as centre,
        centre.signed_in(ada) as hers,
    ):
        process = attack(centre, gateway, ada, bob.name)
        assert process.stdout is not None
        while not select.select([process.stdout], [], [], 0.2)[0]:
            assert hers.get("/api/v1/session").json()["user"] == ada.name
        assert "signed" in json.loads(process.stdout.readline())
        assert hers.delete("/api/v1/session").status_code == 204
        assert outcomes(process) == {
            "the very request": ada.name,
            "another command": "refused: person-absent",
            "another input": "refused: person-absent",
            "a file": "refused: person-absent",
            "another person": "refused: person-absent",
            "a grant in another name": "refused: person-absent",
            "after the end": "refused: person-absent",
        }


def test_the_gateway_keeps_no_session_and_no_token(
    centre: Centre, gateway: Account, ada: Account
) -> None:
    """Neither in its database nor in its log; and its account makes none."""
    made = as_operator(centre, "token", "create", "--user", gateway.name)
    token = made.stdout.strip()
    with centre.signed_in(ada) as client, centre.client(token) as program:
        assert program.get("/api/v1/session").json()["user"] == gateway.name
        secret = client.cookies["gw_session"]
        assert client.get(f"{FILE}{ada.home}/").status_code == 200
        for path in (centre.folder / "state").rglob("*"):
            text = path.read_bytes() if path.is_file() else b""
            assert secret.encode() not in text
            assert token.partition(".")[2].encode() not in text
        assert secret not in centre.log
    for command in (
        ("token", "create", "--user", ada.name),
        ("user", "link", ada.name),
    ):
        done = as_operator(centre, *command, account=gateway)
        assert done.returncode == 1
        assert f"runuser -u {centre.keeper.name}" in done.stderr


def test_without_authn_requests_wait_and_nothing_is_lost(
    gateway: Account, group: str, admins: str, ada: Account
) -> None:
    with (
        started(gateway, group, admins) as centre,
        centre.signed_in(ada) as hers,
        centre.asking() as visitor,
        ExitStack() as stack,
    ):
        made = hers.post("/api/v1/tokens", json={}).json()["token"]
        program = stack.enter_context(centre.client(made))
        assert hers.get(f"{FILE}{ada.home}/").status_code == 200
        centre.authn.kill()
        centre.authn.wait(60)
        for answer in (
            hers.get("/api/v1/session"),
            hers.get(f"{FILE}{ada.home}/"),
            hers.put("/api/v1/store/notes/a", json=1),
            sign_in(visitor, ada.name, PASSWORD),
            program.get("/api/v1/session"),
        ):
            assert answer.status_code == 503, answer.text
            assert int(answer.headers["Retry-After"]) >= 1
            assert "authn does not run" in answer.text
        assert visitor.get("/api/v1/session").json()["user"] is None
        assert '"authn"' in visitor.get("/health/ready").text
        log = centre.folder / "authn.log"
        again = begin(log, centre.config, "authn", PYTHON, centre.keeper)
        try:
            assert hers.get("/api/v1/session").json()["user"] == ada.name
            assert hers.get(f"{FILE}{ada.home}/").status_code == 200
            assert hers.put("/api/v1/store/notes/a", json=1).is_success
            assert program.get("/api/v1/session").json()["user"] == ada.name
            assert sign_in(visitor, ada.name, PASSWORD).status_code == 201
        finally:
            again.terminate()
            again.wait(60)
