"""A broker, an authn and a gateway of the tests, each a process of its own account."""

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

import httpx
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
SERVICE = """auth required pam_unix.so nodelay
account required pam_unix.so
"""
"""Without the two seconds that PAM waits after a wrong password, as a site has them."""


@dataclass(frozen=True, slots=True)
class Centre:
    """A broker, an authn and a gateway, as processes of root and two accounts."""

    folder: Path
    url: str
    broker: "subprocess.Popen[bytes]"
    authn: "subprocess.Popen[bytes]"
    keeper: Account
    """The account of authn."""
    serve: "subprocess.Popen[bytes]"
    """The gateway."""

    @property
    def config(self) -> Path:
        return self.folder / "gatewright.toml"

    @property
    def log(self) -> str:
        return (self.folder / "serve.log").read_text(encoding="utf-8")

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
    def restarted(self, gateway: Account) -> Iterator["Centre"]:
        """Start another gateway in the place of one that has ended."""
        log = self.folder / "serve-again.log"
        serve = begin(log, self.config, "serve", PYTHON, gateway)
        try:
            yield replace(self, url=ready(log, serve).split()[-1], serve=serve)
        finally:
            serve.terminate()
            serve.wait(60)

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
    gateway: Account,
    group: str,
    admins: str,
    idle_seconds: float = IDLE_SECONDS,
    asked_seconds: float = 60.0,
    more: str = "",
) -> Iterator[Centre]:
    """Start a broker, an authn and a gateway, and end them.

    ``more`` is more configuration.
    """
    version = run("python3", "-c", "import sys; print(sys.version_info[:2])").strip()
    if version != str(sys.version_info[:2]):
        needs.missing(f"Python {sys.version_info[:2]} as {PYTHON}, which all may run")
    folder = Path("/run") / new_name()
    folder.mkdir(0o755)
    service = Path("/etc/pam.d") / folder.name
    service.write_text(SERVICE)
    (folder / "state").mkdir()
    os.chown(folder / "state", gateway.uid, gateway.gid)
    accounts = Accounts()
    keeper = accounts.user(None)
    (folder / "authn").mkdir(0o755)
    os.chown(folder / "authn", keeper.uid, keeper.gid)
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

[authn]
account = "{keeper.name}"
socket = "{folder}/authn/socket"
state = "{folder}/authn/state"
asked_seconds = {asked_seconds}

[[systems]]
name = "here"
scheduler = "none"
{more}"""
    )
    begun: list[subprocess.Popen[bytes]] = []
    try:
        for command, python, account in (
            ("broker", sys.executable, None),
            ("authn", PYTHON, keeper),
            ("serve", PYTHON, gateway),
        ):
            begun.append(
                begin(folder / f"{command}.log", config, command, python, account)
            )
        line = ready(folder / "serve.log", begun[-1])
        broker, authn, serve = begun
        yield Centre(folder, line.split()[-1], broker, authn, keeper, serve)
    finally:
        for process in reversed(begun):
            process.terminate()
            process.wait(60)
        service.unlink()
        run("rm", "-r", str(folder))
        accounts.remove()


def begin(
    log: Path, config: Path, command: str, python: str, account: Account | None
) -> "subprocess.Popen[bytes]":
    """Start a command of ``gatewright`` as an account, or root, and wait for it."""
    home = account.home if account else Path("/root")
    with log.open("wb") as output:
        process = subprocess.Popen(
            [*ENDS_WITH_US, python, "-m", "gatewright", command,
             "--config", str(config)],
            stdout=output, stderr=output, env=environment_of(home), cwd="/",
            user=account.uid if account else 0, extra_groups=[],
            group=account.gid if account else 0,
        )  # fmt: skip
    ready(log, process)
    return process


def ready(log: Path, process: "subprocess.Popen[bytes]") -> str:
    """Wait until a process says that it is ready, and return the line."""
    wait_until(lambda: "is ready at" in log.read_text() or process.poll() is not None)
    assert process.poll() is None, log.read_text()
    return next(one for one in log.read_text().splitlines() if "is ready at" in one)


def environment_of(home: Path) -> dict[str, str]:
    return {
        "PATH": os.environ["PATH"],
        "PYTHONPATH": installed().python_path,
        "HOME": str(home),
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
    centre: Centre, *command: str, stdin: str = "", account: Account | None = None
) -> "subprocess.CompletedProcess[str]":
    """Run a command of ``gatewright`` as authn's account, or as another."""
    own = account or centre.keeper
    return subprocess.run(
        [PYTHON, "-m", "gatewright", *command, "--config", str(centre.config)],
        input=stdin, capture_output=True, text=True, check=False, cwd="/",
        user=own.uid, group=own.gid, extra_groups=[], env=environment_of(own.home),
    )  # fmt: skip
