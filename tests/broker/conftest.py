"""A broker of the tests, as root, with Unix accounts made for them and removed."""

import atexit
import grp
import json
import os
import pwd
import secrets
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from tests.support import needs
from tests.support.installed import Installed, install
from tests.support.leftovers import new_name, remove_leftovers
from tests.support.workers import wait_until

from gatewright.backends.broker import program, sign_in
from gatewright.backends.broker.asking import Broker
from gatewright.backends.broker.grants import KeyGranter, boot_id
from gatewright.backends.worker.starting import PROGRAM

PYTHON = "/usr/bin/python3"
PASSWORD = "correct horse battery"
ENDS_WITH_US = ("setpriv", "--pdeathsig", "KILL")
"""Before a command: a test that is killed leaves no process behind."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Keep these tests in one process: they change the machine's accounts.

    ``make test`` runs them beside nothing else, with the tests of the cluster.
    """
    for item in items:
        if Path(__file__).parent in item.path.parents:
            item.add_marker(pytest.mark.xdist_group("accounts"))


@dataclass(frozen=True, slots=True)
class Account:
    """A Unix account that was made for the tests."""

    name: str
    uid: int
    gid: int
    home: Path


@dataclass(slots=True)
class Accounts:
    """Makes Unix accounts and groups, and removes them."""

    made: list[tuple[str, ...]] = field(default_factory=list)

    def group(self) -> str:
        """Return a new group."""
        name = new_name()
        run("groupadd", name)
        self.made.append(("groupdel", name))
        return name

    def user(self, group: str | None, *options: str, password: str = "") -> Account:
        """Return a new account with a home, in a group if one is given."""
        name = new_name()
        groups = ("--groups", group) if group else ()
        run("useradd", "--create-home", "--shell", "/bin/bash", *groups, *options, name)
        self.made.append(("userdel", "--remove", "--force", name))
        if password:
            run("chpasswd", stdin=f"{name}:{password}\n")
        entry = pwd.getpwnam(name)
        return Account(name, entry.pw_uid, entry.pw_gid, Path(entry.pw_dir))

    def remove(self) -> None:
        """Remove all, the newest first."""
        for argv in reversed(self.made):
            run(*argv)
            with suppress(KeyError):  # that of an account whose first group changed
                run("groupdel", grp.getgrnam(argv[-1]).gr_name)


def run(*argv: str, stdin: str = "") -> str:
    """Run a command of the system and return what it printed."""
    path = needs.program(argv[0], "passwd")
    deadline = time.monotonic() + 60
    while True:
        done = subprocess.run(
            [path, *argv[1:]], input=stdin, capture_output=True, text=True, check=False
        )
        # Somebody else on the machine may be changing accounts just now.
        if "try again later" not in done.stderr or time.monotonic() > deadline:
            break
    assert done.returncode in {0, 12}, done.stderr  # 12: no mail spool to remove
    return done.stdout


@pytest.fixture(scope="session")
def accounts() -> Iterator[Accounts]:
    if os.geteuid() != 0:
        needs.missing("root, as whom the broker runs")
    needs.program("python3", "python3")
    remove_leftovers()
    made = Accounts()
    try:
        yield made
    finally:
        made.remove()


@cache
def installed() -> Installed:
    """Return a copy of the gateway that the accounts of the tests can run.

    It is made once for the session, and removed at its end.
    """
    folder = Path("/tmp") / new_name()
    atexit.register(shutil.rmtree, folder)
    return install(folder)


@pytest.fixture(scope="session")
def group(accounts: Accounts) -> str:
    """Return the group of those who may use the gateway."""
    return accounts.group()


@pytest.fixture(scope="session")
def admins(accounts: Accounts) -> str:
    """Return the group of those who administer the gateway."""
    return accounts.group()


@pytest.fixture(scope="session")
def gateway(accounts: Accounts) -> Account:
    """Return the account that the gateway runs as."""
    return accounts.user(None)


@pytest.fixture(scope="session")
def ada(accounts: Accounts, group: str) -> Account:
    return accounts.user(group, password=PASSWORD)


@pytest.fixture(scope="session")
def bob(accounts: Accounts, group: str) -> Account:
    return accounts.user(group, password=PASSWORD)


@dataclass(frozen=True, slots=True)
class RunningBroker:
    """A broker that was started by a test."""

    process: "subprocess.Popen[bytes]"
    folder: Path
    settings: dict[str, Any]
    key: bytes

    @property
    def path(self) -> Path:
        return Path(self.settings["socket"])

    def client(self) -> Broker:
        """Return what asks it, as the account of the test."""
        return Broker(self.path, KeyGranter(Path(self.settings["key"])))

    def connected(self) -> tuple[socket.socket, bytes]:
        """Return a connection and its challenge."""
        asking = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        asking.settimeout(60)
        try:
            asking.connect(str(self.path))
            return asking, asking.recv(4096)
        except BaseException:
            asking.close()
            raise


@contextmanager
def running(
    gateway: int, group: str, program: str | Path = program.__file__, **more: Any
) -> Iterator[RunningBroker]:
    """Start a broker for a gateway of this uid, and end it."""
    folder = Path("/run") / new_name()
    folder.mkdir(0o755)
    key = secrets.token_bytes(32)
    (folder / "key").touch(0o600)
    (folder / "key").write_bytes(key)
    os.chown(folder / "key", gateway, -1)
    settings = {
        "socket": str(folder / "socket"),
        "gateway": gateway,
        "authn": gateway,
        "authn_group": 0,
        "python": PYTHON,
        "worker": str(installed().of(PROGRAM)),
        "sign_in": str(installed().of(sign_in.__file__)),
        "service": "gatewright-none",
        "key": str(folder / "key"),
        "boot": boot_id(),
        "group": grp.getgrnam(group).gr_gid,
        "service_uid": 0,
        "minimum_uid": 1000,
        "per_user": 4,
        "workers": 16,
        "per_second": 1000,
    } | more
    log = folder / "log"
    with log.open("wb") as output:
        process = subprocess.Popen(
            [*ENDS_WITH_US, sys.executable, "-I", "-S", str(program),
             json.dumps(settings)],
            stdout=output, stderr=output,
        )  # fmt: skip
    try:
        wait_until(lambda: "is ready at" in log.read_text())
        yield RunningBroker(process, folder, settings, key)
        assert process.poll() is None, "the broker ended by itself"
    finally:
        process.terminate()
        process.wait(60)
        shutil.rmtree(folder)


@contextmanager
def acting_as(account: Account) -> Iterator[None]:
    """Do what follows with the effective ids of an account."""
    groups = os.getgroups()
    os.setgroups([account.gid])
    os.setegid(account.gid)
    os.seteuid(account.uid)
    try:
        yield
    finally:
        os.seteuid(0)
        os.setegid(0)
        os.setgroups(groups)


@pytest.fixture
def broker(gateway: Account, group: str) -> Iterator[RunningBroker]:
    with running(gateway.uid, group) as started:
        yield started
