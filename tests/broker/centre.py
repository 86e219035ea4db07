"""A broker and a gateway of the tests, each a process of its own account."""

import os
import pwd
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx
from tests.broker.conftest import (
    ENDS_WITH_US,
    PASSWORD,
    PYTHON,
    Account,
    installed,
    run,
)
from tests.support import needs
from tests.support.leftovers import new_name
from tests.support.workers import is_running, wait_until

IDLE_SECONDS = 1.0
SERVICE = """auth required pam_unix.so nodelay
account required pam_unix.so
"""
"""Without the two seconds that PAM waits after a wrong password, as a site has them."""


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
