"""A gateway in multi-user mode: two Unix accounts, each with files and commands."""

import os
import pwd
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest
from tests.broker.conftest import PASSWORD, PYTHON, Account, Accounts, run
from tests.support import needs
from tests.support.workers import is_running, wait_until

from gatewright.backends.broker import program

ROOT = Path(__file__).resolve().parents[2]
SITE = next(Path(path) for path in sys.path if path.endswith("site-packages"))
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

    def signed_in(self, account: Account) -> httpx.Client:
        """Return a client with a session of a person, who gave the password."""
        client = self.client()
        client.headers |= {"Sec-Fetch-Site": "same-origin", "X-Requested-With": "test"}
        answer = sign_in(client, account.name, PASSWORD)
        assert answer.status_code in {200, 201}, answer.text
        return client


def sign_in(client: httpx.Client, name: str, password: str) -> httpx.Response:
    return client.post("/api/v1/session", json={"username": name, "password": password})


@pytest.fixture(scope="module")
def centre(accounts: Accounts, gateway: Account, group: str) -> Iterator[Centre]:
    with started(accounts, gateway, group) as centre:
        yield centre


@contextmanager
def started(accounts: Accounts, gateway: Account, group: str) -> Iterator[Centre]:
    """Start a broker and a gateway, and end them."""
    version = run("python3", "-c", "import sys; print(sys.version_info[:2])").strip()
    if version != str(sys.version_info[:2]):
        needs.missing(f"Python {sys.version_info[:2]} as {PYTHON}, which all may run")
    folder = Path(run("mktemp", "-d", "/run/gwc-XXXXXX").strip())
    folder.chmod(0o755)
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
login = ["pam"]

[broker]
socket = "{folder}/broker.sock"
key = "{folder}/grants.key"
gateway = "{gateway.name}"
group = "{group}"
pam_service = "{folder.name}"
idle_seconds = 1

[[systems]]
name = "here"
scheduler = "none"
"""
    )
    environment = {
        "PATH": os.environ["PATH"],
        "PYTHONPATH": f"{ROOT / 'src'}:{SITE}",
        "HOME": str(gateway.home),
    }
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
        print(log.read_text())
        service.unlink()
        run("rm", "-r", str(folder))


def begin(
    log: Path, config: Path, command: str, python: str, environment: dict[str, str],
    uid: int,
) -> "subprocess.Popen[bytes]":  # fmt: skip
    with log.open("wb") as output:
        return subprocess.Popen(
            [python, "-m", "gatewright", command, "--config", str(config)],
            stdout=output, stderr=output, env=environment, user=uid,
            group=pwd.getpwuid(uid).pw_gid, extra_groups=[], cwd="/",
        )  # fmt: skip


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


def test_each_has_a_home_and_files_of_their_own(
    centre: Centre, ada: Account, bob: Account, gateway: Account
) -> None:
    for account in (ada, bob):
        with centre.signed_in(account) as client:
            answer = client.put("/api/v1/files/here/~/note", content=account.name)
            assert answer.status_code in {200, 201}, answer.text
            found = (account.home / "note").stat()
            assert (found.st_uid, found.st_gid) == (account.uid, account.gid)
            (account.home / "note").chmod(0o600)
            assert client.get("/api/v1/files/here/~/note").text == account.name
            done = client.post("/api/v1/commands/here", json={"argv": ["id", "-un"]})
            assert done.json()["stdout"].strip() == account.name, done.text
