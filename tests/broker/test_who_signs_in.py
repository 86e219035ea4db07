"""Who signs in to a gateway of several Unix accounts, and what changes of them do."""

import grp
import os
from collections.abc import Iterator

import pytest
from tests.broker.centre import (
    FILE,
    Centre,
    as_operator,
    run_command,
    sign_in,
    started,
    workers_of,
)
from tests.broker.conftest import (
    PASSWORD,
    Account,
    Accounts,
    run,
)
from tests.support.workers import wait_until


@pytest.fixture(scope="module")
def centre(gateway: Account, group: str, admins: str) -> Iterator[Centre]:
    with started(gateway, group, admins) as centre:
        yield centre


@pytest.mark.parametrize("name", ["root", "nobody-here", "daemon", "../x"])
def test_nobody_else_signs_in(centre: Centre, name: str) -> None:
    with centre.asking() as client:
        assert sign_in(client, name, PASSWORD).status_code == 401


def test_a_wrong_password_does_not_sign_in(
    centre: Centre, accounts: Accounts, group: str
) -> None:
    account = accounts.user(group, password=PASSWORD)
    with centre.asking() as client:
        for password in ("wrong", ""):
            assert sign_in(client, account.name, password).status_code == 401
        assert sign_in(client, account.name, PASSWORD).status_code == 201


def test_who_is_not_in_the_group_does_not_sign_in(
    centre: Centre, accounts: Accounts
) -> None:
    account = accounts.user(None, password=PASSWORD)
    with centre.asking() as client:
        assert sign_in(client, account.name, PASSWORD).status_code == 401


def test_an_expired_password_is_said(
    centre: Centre, accounts: Accounts, group: str
) -> None:
    account = accounts.user(group, password=PASSWORD)
    run("chage", "--lastday", "0", account.name)
    with centre.asking() as client:
        answer = sign_in(client, account.name, PASSWORD)
        assert answer.status_code == 403
        assert "password has expired" in answer.text
        assert sign_in(client, account.name, "wrong").status_code == 401


def test_an_expired_account_is_said(
    centre: Centre, accounts: Accounts, group: str
) -> None:
    account = accounts.user(group, password=PASSWORD)
    run("usermod", "--expiredate", "1", account.name)
    with centre.asking() as client:
        answer = sign_in(client, account.name, PASSWORD)
    assert answer.status_code == 403
    assert "account is closed" in answer.text


def test_a_shell_that_is_taken_away_ends_what_is_run(
    centre: Centre, accounts: Accounts, group: str
) -> None:
    account = accounts.user(group, password=PASSWORD)
    with centre.signed_in(account) as client:
        assert client.get(f"{FILE}{account.home}/").status_code == 200
        run("usermod", "--shell", "/usr/sbin/nologin", account.name)
        wait_until(lambda: not workers_of(account))
        answer = client.get(f"{FILE}{account.home}/")
        assert answer.status_code == 403
        assert "no login shell" in answer.text


def test_a_home_that_is_missing_is_said(
    centre: Centre, accounts: Accounts, group: str
) -> None:
    """Its files are not there, nothing runs in it, and the rest is reached."""
    account = accounts.user(group, password=PASSWORD)
    away = account.home.with_name(f"{account.home.name}-away")
    account.home.rename(away)
    try:
        with centre.signed_in(account) as client:
            assert client.get(f"{FILE}{account.home}/").status_code == 404
            answer = client.post("/api/v1/command/here", json={"command": ["id"]})
            assert answer.status_code == 404, answer.text
            assert f"no folder “{account.home}”" in answer.json()["detail"]
            assert client.get(f"{FILE}/tmp/").status_code == 200
    finally:
        away.rename(account.home)


def test_a_group_that_is_new_is_had_by_the_next_worker(
    centre: Centre, accounts: Accounts, group: str
) -> None:
    account, shared = accounts.user(group, password=PASSWORD), accounts.group()
    path = centre.folder / shared
    path.write_text("ours")
    os.chown(path, 0, grp.getgrnam(shared).gr_gid)
    path.chmod(0o640)
    with centre.signed_in(account) as client:
        assert client.get(f"{FILE}{path}").status_code == 403
        run("usermod", "--append", "--groups", shared, account.name)
        wait_until(lambda: not workers_of(account))
        assert client.get(f"{FILE}{path}").text == "ours"
        run("gpasswd", "--delete", account.name, shared)
        wait_until(lambda: not workers_of(account))
        assert client.get(f"{FILE}{path}").status_code == 403


def test_who_leaves_the_group_while_signed_in_has_nothing_more(
    centre: Centre, accounts: Accounts, group: str
) -> None:
    account = accounts.user(group, password=PASSWORD)
    with centre.signed_in(account) as client:
        assert client.get(f"{FILE}{account.home}/").status_code == 200
        run("gpasswd", "--delete", account.name, group)
        wait_until(lambda: not workers_of(account))
        answer = client.get(f"{FILE}{account.home}/")
        # Within a minute the account here is gone, and the session with it.
        assert answer.status_code in {401, 403}
        assert "not in the group" in answer.text or "sign in" in answer.text.lower()
        with centre.asking() as again:
            assert sign_in(again, account.name, PASSWORD).status_code == 401


def test_an_administrator_is_not_the_gateway_s_account(
    centre: Centre, accounts: Accounts, group: str, admins: str, gateway: Account
) -> None:
    """NEWT knows both by their numbers of the machine, and the group by its own."""
    account = accounts.user(group, password=PASSWORD)
    run("usermod", "--append", "--groups", admins, account.name)
    with centre.signed_in(account) as client:
        told = client.get("/api/v1/session").json()
        assert told["role"] == "owner"
        assert "admin" in told["scopes"]
        shape = client.get(f"/newt/account/user/{account.name}").json()
        assert (shape["username"], shape["id"]) == (account.name, account.uid)
        for one in (account, gateway):
            shape = client.get(f"/newt/account/user/id/{one.uid}").json()
            assert shape["username"] == one.name
        gid = grp.getgrnam(group).gr_gid
        shape = client.get(f"/newt/account/group/id/{gid}").json()
        assert (shape["name"], shape["id"]) == (group, gid)
        assert account.name in shape["users"]
        assert run_command(client, "id", "-un").strip() == account.name


def test_a_local_account_does_not_act_as_the_unix_account_of_its_name(
    centre: Centre, gateway: Account, accounts: Accounts, group: str
) -> None:
    """An owner is refused; a guest of the name keeps nothing from being told."""
    account = accounts.user(group, password=PASSWORD)
    add = ("user", "add", account.name, "--password-stdin")
    done = as_operator(centre, *add, "--role", "owner", stdin="another word")
    assert done.returncode == 1
    assert "no local account is an owner" in done.stderr
    done = as_operator(centre, *add, stdin="another word")
    assert done.returncode == 0, done.stderr
    with centre.asking() as client:
        answer = sign_in(client, account.name, PASSWORD)
        assert answer.status_code == 403
        assert "another account of the gateway has your name" in answer.text
        assert sign_in(client, account.name, "another word").status_code == 201
        assert client.get(f"{FILE}{account.home}/").status_code == 403
        command = {"command": ["id"]}
        assert client.post("/api/v1/command/here", json=command).status_code == 403
    done = as_operator(centre, "user", "remove", account.name)
    assert done.returncode == 0, done.stderr
    with centre.signed_in(account) as client:
        assert run_command(client, "id", "-un").strip() == account.name
