"""A gateway in multi-user mode: two Unix accounts, each with files and commands."""

import contextlib
import os
import signal
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.broker.centre import (
    FILE,
    IDLE_SECONDS,
    Centre,
    as_operator,
    run_command,
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
    """Yield one whose workers are there for as long as a test may look at them."""
    with started(gateway, group, admins, idle_seconds=600) as centre:
        yield centre


@pytest.fixture(scope="module")
def resting(gateway: Account, group: str, admins: str) -> Iterator[Centre]:
    """Yield one whose workers end soon when they have nothing to do."""
    with started(gateway, group, admins, idle_seconds=IDLE_SECONDS) as centre:
        yield centre


@pytest.fixture
def carol(accounts: Accounts, group: str) -> Account:
    """Return an account that has no worker of another centre's."""
    return accounts.user(group, password=PASSWORD)


def read_as(account: Account, path: Path) -> bool:
    """Return whether an account's own process may read a file."""
    done = subprocess.run(
        ["cat", path], user=account.uid, group=account.gid, extra_groups=[],
        capture_output=True, check=False,
    )  # fmt: skip
    return done.returncode == 0


def test_each_has_a_home_and_files_of_their_own(
    centre: Centre, ada: Account, bob: Account, gateway: Account
) -> None:
    for account in (ada, bob):
        with centre.signed_in(account) as client:
            assert client.get(FILE).json()["home"] == str(account.home)
            answer = client.put(f"{FILE}{account.home}/note", content=account.name)
            assert answer.status_code in {200, 201}, answer.text
            found = (account.home / "note").stat()
            assert (found.st_uid, found.st_gid) == (account.uid, account.gid)
            assert client.get(f"{FILE}{account.home}/note").text == account.name
            assert run_command(client, "id", "-un").strip() == account.name
            assert run_command(client, "pwd").strip() == str(account.home)
            groups = run("id", "-G", account.name)
            assert sorted(run_command(client, "id", "-G").split()) == sorted(
                groups.split()
            )
            told = client.get("/api/v1/session").json()
            assert (told["user"], told["role"]) == (account.name, "user")
            assert "admin" not in told["scopes"]


def test_neither_reads_the_other_s_private_files(
    centre: Centre, ada: Account, bob: Account
) -> None:
    with centre.signed_in(ada) as hers, centre.signed_in(bob) as his:
        assert hers.put(f"{FILE}{ada.home}/secret", content="hers").status_code in {
            200,
            201,
        }
        path = ada.home / "secret"
        path.chmod(0o600)
        ada.home.chmod(0o755)
        assert hers.get(f"{FILE}{path}").text == "hers"
        assert his.get(f"{FILE}{path}").status_code == 403
        assert his.put(f"{FILE}{path}", content="x").status_code == 403
        assert his.delete(f"{FILE}{path}").status_code == 403
        asked = {"command": ["cat", str(path)]}
        answer = his.post("/api/v1/command/here", json=asked).json()
        assert answer["exit_code"] != 0
        assert answer["stdout"] == ""
        assert path.read_text() == "hers"


def test_the_gateway_s_account_opens_nobody_s_private_file(
    centre: Centre, ada: Account, gateway: Account
) -> None:
    """Before, during and after the session; hers does, and its own file it opens."""
    path = ada.home / "private"
    path.write_text("hers")
    os.chown(path, ada.uid, ada.gid)
    path.chmod(0o600)
    ada.home.chmod(0o755)
    own = gateway.home / "own"
    own.write_text("its own")
    os.chown(own, gateway.uid, gateway.gid)
    own.chmod(0o600)
    assert read_as(ada, path)
    assert read_as(gateway, own)
    assert not read_as(gateway, path)
    with centre.signed_in(ada) as client:
        assert client.get(f"{FILE}{path}").text == "hers"
        assert workers_of(ada)
        assert not read_as(gateway, path)
        for pid in workers_of(ada):
            assert not read_as(gateway, Path(f"/proc/{pid}/environ"))
        assert client.delete("/api/v1/session").status_code == 204
    assert not read_as(gateway, path)


ATTACH = """
import ctypes, os, signal, subprocess, sys
pid = int(sys.argv[1])
if not pid:
    child = subprocess.Popen(["sleep", "60"], stdout=subprocess.DEVNULL)
    pid = child.pid
libc = ctypes.CDLL(None, use_errno=True)
failed = libc.ptrace(16, pid, None, None)  # PTRACE_ATTACH
try:
    open(f"/proc/{pid}/mem", "rb").close()
    opened = True
except OSError:
    opened = False
if not int(sys.argv[1]):
    # Not child.kill(): Popen takes a child that a debugger has stopped for ended.
    os.kill(child.pid, signal.SIGKILL)
print(int(not failed), int(opened))
"""


def attached(account: Account, pid: int) -> list[str]:
    """Return whether an account attaches a debugger to a process, and opens its memory.

    The process 0 is one that the account itself begins for it.
    """
    done = subprocess.run(
        ["python3", "-c", ATTACH, str(pid)], user=account.uid, group=account.gid,
        extra_groups=[], capture_output=True, text=True, check=True,
    )  # fmt: skip
    return done.stdout.split()


def test_nobody_attaches_a_debugger_to_a_worker(
    centre: Centre, ada: Account, bob: Account, gateway: Account
) -> None:
    """Neither the gateway's account, nor another person, nor its own person."""
    for account in (gateway, bob, ada):
        assert attached(account, 0) == ["1", "1"], "a process of its own it does"
    with centre.signed_in(ada) as client, centre.signed_in(ada) as other:

        def pieces() -> Iterator[bytes]:
            """Keep the worker, which has answered, for as long as it is tried."""
            yield b"begun"
            assert other.get(f"{FILE}{ada.home}/").status_code == 200
            for pid in workers_of(ada):
                found = [(one, attached(one, pid)) for one in (gateway, bob, ada)]
                tried.extend(found)
            yield b"ended"

        tried: list[tuple[Account, list[str]]] = []
        answer = client.put(f"{FILE}{ada.home}/kept", content=pieces())
        assert answer.status_code in {200, 201}, answer.text
    assert {account for account, _ in tried} == {gateway, bob, ada}
    assert all(found == ["0", "0"] for _, found in tried), tried


def test_a_worker_ends_when_idle_and_comes_again(
    resting: Centre, carol: Account
) -> None:
    with resting.signed_in(carol) as client:
        assert client.get(f"{FILE}{carol.home}/").status_code == 200
        wait_until(lambda: not workers_of(carol))
        assert client.get(f"{FILE}{carol.home}/").status_code == 200


def test_an_upload_keeps_its_worker(resting: Centre, carol: Account) -> None:
    """It comes in pieces over more than the idle time, until the worker was seen."""

    def pieces() -> Iterator[bytes]:
        yield b"first "
        wait_until(lambda: bool(workers_of(carol)))
        before = set(workers_of(carol))
        time.sleep(IDLE_SECONDS * 3)
        assert before & set(workers_of(carol))
        yield b"last"

    with resting.signed_in(carol) as client:
        answer = client.put(f"{FILE}{carol.home}/slow", content=pieces())
        assert answer.status_code in {200, 201}, answer.text
    assert (carol.home / "slow").read_text() == "first last"


def test_a_worker_that_was_killed_comes_again(centre: Centre, bob: Account) -> None:
    with centre.signed_in(bob) as client:
        assert client.get(f"{FILE}{bob.home}/").status_code == 200
        for pid in workers_of(bob):
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        wait_until(lambda: client.get(f"{FILE}{bob.home}/").status_code == 200)


def test_the_gateway_s_own_account_has_no_files(
    centre: Centre, gateway: Account
) -> None:
    """Its token is made by the operator; the key of the grants stays out of reach."""
    done = as_operator(centre, "token", "create", "--user", gateway.name)
    assert done.returncode == 0, done.stderr
    with centre.client(done.stdout.strip()) as client:
        assert client.get("/api/v1/session").json()["user"] == gateway.name
        answer = client.get(f"{FILE}{centre.folder}/grants.key")
        assert answer.status_code == 403, answer.text
        asked = {"command": ["id"]}
        assert client.post("/api/v1/command/here", json=asked).status_code == 403


def test_a_broker_that_ends_lets_workers_go_on(
    gateway: Account, group: str, admins: str, ada: Account, bob: Account
) -> None:
    with (
        started(gateway, group, admins, idle_seconds=600) as centre,
        centre.signed_in(ada) as hers,
        centre.signed_in(bob) as his,
    ):
        assert hers.get(f"{FILE}{ada.home}/").status_code == 200
        centre.broker.kill()
        centre.broker.wait(60)
        assert hers.get(f"{FILE}{ada.home}/").status_code == 200
        answer = his.get(f"{FILE}{bob.home}/")
        assert answer.status_code == 503
        assert "Retry-After" in answer.headers
        assert "broker does not run" in answer.text
        told = his.get("/health/ready")
        assert "broker" in told.text
