"""A gateway in multi-user mode: two Unix accounts, each with files and commands."""

import contextlib
import grp
import os
import pwd
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest
from tests.broker.conftest import (
    ENDS_WITH_US,
    PASSWORD,
    PYTHON,
    Account,
    Accounts,
    installed,
    run,
)
from tests.support import needs
from tests.support.leftovers import new_name
from tests.support.workers import is_running, wait_until

IDLE_SECONDS = 1.0
SERVICE = """auth required pam_unix.so
account required pam_unix.so
"""


@dataclass(frozen=True, slots=True)
class Centre:
    """A broker and a gateway, as processes of root and of the gateway's account."""

    folder: Path
    url: str
    broker: "subprocess.Popen[bytes]"

    def client(self, token: str = "") -> httpx.Client:
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        return httpx.Client(base_url=self.url, headers=headers, timeout=120)

    def asking(self) -> httpx.Client:
        """Return a client that is a page of the gateway's."""
        client = self.client()
        client.headers.update(
            {"Sec-Fetch-Site": "same-origin", "X-Requested-With": "test"}
        )
        return client

    @contextmanager
    def signed_in(self, account: Account) -> Iterator[httpx.Client]:
        """Yield a client with a session of a person, who gave the password."""
        with self.asking() as client:
            answer = sign_in(client, account.name, PASSWORD)
            assert answer.status_code == 201, answer.text
            yield client


def sign_in(client: httpx.Client, name: str, password: str) -> httpx.Response:
    return client.post("/api/v1/session", json={"user": name, "password": password})


def read_as(account: Account, path: Path) -> bool:
    """Return whether an account's own process may read a file."""
    done = subprocess.run(
        ["cat", path], user=account.uid, group=account.gid, extra_groups=[],
        capture_output=True, check=False,
    )  # fmt: skip
    return done.returncode == 0


@pytest.fixture(scope="module")
def centre(gateway: Account, group: str, admins: str) -> Iterator[Centre]:
    with started(gateway, group, admins) as centre:
        yield centre


@contextmanager
def started(
    gateway: Account, group: str, admins: str, idle_seconds: float = IDLE_SECONDS
) -> Iterator[Centre]:
    """Start a broker and a gateway, and end them."""
    version = run("python3", "-c", "import sys; print(sys.version_info[:2])").strip()
    if version != str(sys.version_info[:2]):
        needs.missing(f"Python {sys.version_info[:2]} as {PYTHON}, which all may run")
    folder = Path("/run") / new_name()
    folder.mkdir(0o755)
    service = Path("/etc/pam.d") / folder.name
    service.write_text(SERVICE)
    (folder / "state").mkdir()
    os.chown(folder / "state", gateway.uid, gateway.gid)
    config = folder / "gatewright.toml"
    config.write_text(
        f"""
[gateway]
listen = "127.0.0.1:0"
state = "{folder}/state"

[identity]
mode = "multi-user"
login = ["pam", "local"]

[identity.pam]
admins = "{admins}"

[broker]
socket = "{folder}/broker.sock"
key = "{folder}/grants.key"
gateway = "{gateway.name}"
group = "{group}"
pam_service = "{folder.name}"
idle_seconds = {idle_seconds}

[[systems]]
name = "here"
scheduler = "none"
"""
    )
    environment = environment_of(gateway)
    log = folder / "broker.log"
    broker = begin(log, config, "broker", sys.executable, environment, 0)
    served = None
    try:
        wait_until(
            lambda: "is ready at" in log.read_text() or broker.poll() is not None
        )
        assert broker.poll() is None, log.read_text()
        log = folder / "gateway.log"
        served = begin(log, config, "serve", PYTHON, environment, gateway.uid)
        wait_until(
            lambda: "is ready at" in log.read_text() or served.poll() is not None
        )
        assert served.poll() is None, log.read_text()
        line = next(one for one in log.read_text().splitlines() if "is ready at" in one)
        yield Centre(folder, line.split()[-1], broker)
    finally:
        for process in (served, broker):
            if process is not None:
                process.terminate()
                process.wait(60)
        service.unlink()
        run("rm", "-r", str(folder))


def begin(
    log: Path, config: Path, command: str, python: str, environment: dict[str, str],
    uid: int,
) -> "subprocess.Popen[bytes]":  # fmt: skip
    with log.open("wb") as output:
        return subprocess.Popen(
            [*ENDS_WITH_US, python, "-m", "gatewright", command,
             "--config", str(config)],
            stdout=output, stderr=output, env=environment, user=uid,
            group=pwd.getpwuid(uid).pw_gid, extra_groups=[], cwd="/",
        )  # fmt: skip


def environment_of(gateway: Account) -> dict[str, str]:
    return {
        "PATH": os.environ["PATH"],
        "PYTHONPATH": installed().python_path,
        "HOME": str(gateway.home),
    }


def workers_of(account: Account) -> list[int]:
    """Return the processes of an account."""
    return [
        int(entry.name)
        for entry in Path("/proc").iterdir()
        if entry.name.isdigit() and uid_of(entry) == account.uid
    ]


def uid_of(entry: Path) -> int:
    try:
        return entry.stat().st_uid if is_running(int(entry.name)) else -1
    except FileNotFoundError:
        return -1


FILE = "/api/v1/files/here"


def run_command(client: httpx.Client, *argv: str) -> str:
    answer = client.post("/api/v1/command/here", json={"command": list(argv)})
    assert answer.status_code == 200, answer.text
    return str(answer.json()["stdout"])


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
import ctypes, subprocess, sys
pid = int(sys.argv[1])
if not pid:
    child = subprocess.Popen(["sleep", "60"])
    pid = child.pid
libc = ctypes.CDLL(None, use_errno=True)
failed = libc.ptrace(16, pid, None, None)  # PTRACE_ATTACH
try:
    open(f"/proc/{pid}/mem", "rb").close()
    opened = True
except OSError:
    opened = False
if not int(sys.argv[1]):
    child.kill()
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


def test_a_worker_ends_when_idle_and_comes_again(centre: Centre, ada: Account) -> None:
    with centre.signed_in(ada) as client:
        assert client.get(f"{FILE}{ada.home}/").status_code == 200
        wait_until(lambda: not workers_of(ada))
        assert client.get(f"{FILE}{ada.home}/").status_code == 200


def test_an_upload_keeps_its_worker(centre: Centre, ada: Account) -> None:
    """It comes in pieces over more than the idle time, until the worker was seen."""

    def pieces() -> Iterator[bytes]:
        yield b"first "
        wait_until(lambda: bool(workers_of(ada)))
        before = set(workers_of(ada))
        time.sleep(IDLE_SECONDS * 3)
        assert before & set(workers_of(ada))
        yield b"last"

    with centre.signed_in(ada) as client:
        answer = client.put(f"{FILE}{ada.home}/slow", content=pieces())
        assert answer.status_code in {200, 201}, answer.text
    assert (ada.home / "slow").read_text() == "first last"


def test_a_worker_that_was_killed_comes_again(centre: Centre, bob: Account) -> None:
    with centre.signed_in(bob) as client:
        assert client.get(f"{FILE}{bob.home}/").status_code == 200
        for pid in workers_of(bob):
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        wait_until(lambda: client.get(f"{FILE}{bob.home}/").status_code == 200)


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
    """NEWT shows a number of the machine for the gateway's own account alone."""
    account = accounts.user(group, password=PASSWORD)
    run("usermod", "--append", "--groups", admins, account.name)
    with centre.signed_in(account) as client:
        told = client.get("/api/v1/session").json()
        assert told["role"] == "owner"
        assert "admin" in told["scopes"]
        shape = client.get(f"/newt/account/user/{account.name}").json()
        assert (shape["username"], shape["id"]) == (account.name, None)
        shape = client.get(f"/newt/account/user/id/{gateway.uid}").json()
        assert shape["username"] == gateway.name
        assert run_command(client, "id", "-un").strip() == account.name


def test_a_local_account_does_not_act_as_the_unix_account_of_its_name(
    centre: Centre, gateway: Account, accounts: Accounts, group: str
) -> None:
    """An owner is refused; a guest of the name keeps nothing from being told."""
    account = accounts.user(group, password=PASSWORD)
    add = ("user", "add", account.name, "--password-stdin")
    done = as_operator(centre, gateway, *add, "--role", "owner", stdin="another word")
    assert done.returncode == 1
    assert "no local account is an owner" in done.stderr
    done = as_operator(centre, gateway, *add, stdin="another word")
    assert done.returncode == 0, done.stderr
    with centre.asking() as client:
        answer = sign_in(client, account.name, PASSWORD)
        assert answer.status_code == 403
        assert "another account of the gateway has your name" in answer.text
        assert sign_in(client, account.name, "another word").status_code == 201
        assert client.get(f"{FILE}{account.home}/").status_code == 403
        command = {"command": ["id"]}
        assert client.post("/api/v1/command/here", json=command).status_code == 403
    done = as_operator(centre, gateway, "user", "remove", account.name)
    assert done.returncode == 0, done.stderr
    with centre.signed_in(account) as client:
        assert run_command(client, "id", "-un").strip() == account.name


def as_operator(
    centre: Centre, gateway: Account, *command: str, stdin: str = ""
) -> "subprocess.CompletedProcess[str]":
    """Run a command of ``gatewright`` as the gateway's account."""
    config = ("--config", str(centre.folder / "gatewright.toml"))
    return subprocess.run(
        [PYTHON, "-m", "gatewright", *command, *config], input=stdin,
        capture_output=True, text=True, check=False, cwd="/", user=gateway.uid,
        group=gateway.gid, extra_groups=[], env=environment_of(gateway),
    )  # fmt: skip


def test_the_gateway_s_own_account_has_no_files(
    centre: Centre, gateway: Account
) -> None:
    """Its token is made by the operator; the key of the grants stays out of reach."""
    done = as_operator(centre, gateway, "token", "create", "--user", gateway.name)
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
        assert "broker is away" in answer.text
        told = his.get("/health/ready")
        assert "broker" in told.text
