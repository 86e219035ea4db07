"""The page ``docs/how-to/multi-user.md``: its commands are run, with names of the test.

What installs the machine's packages and what asks systemd is not: the gateway of this
folder stands for the one that the page installs, and the units are verified elsewhere
(``tests/broker/test_packaging.py``).
"""

import json
import os
import shlex
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

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
from tests.cluster.conftest import Cluster
from tests.docs.blocks import Block, blocks_of
from tests.support.go import WAIT_FOR_GO
from tests.support.leftovers import new_name
from tests.support.workers import wait_until

ROOT = Path(__file__).resolve().parents[2]
PAGE = ROOT / "docs" / "how-to" / "multi-user.md"


@pytest.fixture
def place() -> Iterator[Path]:
    """Yield a folder of root's that everybody may read."""
    folder = Path("/run") / new_name()
    folder.mkdir(0o755)
    yield folder
    run("rm", "-r", str(folder))


@pytest.fixture
def people() -> Iterator[tuple[Account, Account]]:
    """Yield two Unix users."""
    accounts = Accounts()
    try:
        yield (
            accounts.user(None, password=PASSWORD),
            accounts.user(None, password=PASSWORD),
        )
    finally:
        accounts.remove()


class Reader:
    """Runs what the page says, with the names and folders of the test."""

    def __init__(self, place: Path, people: tuple[Account, Account]) -> None:
        self.place = place
        self.name = new_name()
        ada, ben = people
        self.names = {
            "/var/lib/gatewright": f"{place}/state",
            "/var/lib/gatewright-authn": f"{place}/authn",
            "/run/gatewright": f"{place}/run",
            "/run/gatewright-authn": f"{place}/run-authn",
            "/etc/gatewright": f"{place}/etc",
            "/etc/pam.d/gatewright": f"/etc/pam.d/{self.name}",
            "gatewright-users": f"{self.name}-u",
            "nologin gatewright\n": f"nologin {self.name}\n",
            "nologin gatewright-authn\n": f"nologin {self.name}-a\n",
            "nologin gatewright-slurm\n": f"nologin {self.name}-s\n",
            'service_account = "gatewright-slurm"': (
                f'service_account = "{self.name}-s"'
            ),
            "-o gatewright -g gatewright": f"-o {self.name} -g {self.name}",
            "-o gatewright-authn -g gatewright-authn": (
                f"-o {self.name}-a -g {self.name}-a"
            ),
            "-u gatewright": f"-u {self.name}",
            "-u gatewright-authn": f"-u {self.name}-a",
            'gateway = "gatewright"': f'gateway = "{self.name}"',
            "127.0.0.1:8000": "127.0.0.1:0",
            "groups GROUP ada": f"groups GROUP {ada.name}",
            "username=ada": f"username={ada.name}",
            "username=ben": f"username={ben.name}",
            "--user ben": f"--user {ben.name}",
        }
        for one, account in (("ada", ada), ("ben", ben)):
            line = f"--groups gatewright-users {one}"
            self.names[line] = f"--groups {self.name}-u {account.name}"

    def text(self, block: Block) -> str:
        """Return the text of a block with the names of the test."""
        text = block.text
        for ours in sorted(self.names, key=len, reverse=True):
            text = text.replace(ours, self.names[ours])
        return text

    def shell(self, text: str, **variables: str) -> str:
        """Run it in the repository's folder, and return what it prints."""
        done = subprocess.run(
            ["bash", "-euo", "pipefail", "-c", text], check=False,
            capture_output=True, text=True, cwd=ROOT,
            env={**os.environ, "PATH": self.path, **variables},
        )  # fmt: skip
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    @property
    def path(self) -> str:
        return f"{self.place}/bin:{os.environ['PATH']}:/usr/sbin:/sbin"

    @contextmanager
    def accounts(self, block: Block) -> Iterator[None]:
        """Make the page's accounts, group and service, and remove them."""
        try:
            self.shell(self.text(block))
            yield
        finally:
            Path(f"/etc/pam.d/{self.name}").unlink(missing_ok=True)
            run("userdel", self.name)
            run("userdel", f"{self.name}-a")
            run("userdel", f"{self.name}-s")
            run("groupdel", f"{self.name}-u")

    @contextmanager
    def started(self, line: str) -> Iterator[str]:
        """Start a line of the page in the background; yield what it says when ready."""
        assert line.endswith(" &")
        log = self.place / f"log-{len(list(self.place.iterdir()))}"
        with log.open("wb") as output:
            process = subprocess.Popen(
                [*ENDS_WITH_US, *shlex.split(line.removesuffix(" &"))],
                stdout=output, stderr=output, cwd="/",
                env={**os.environ, "PATH": self.path},
            )  # fmt: skip
        try:
            wait_until(
                lambda: "is ready at" in log.read_text() or process.poll() is not None
            )
            assert process.poll() is None, log.read_text()
            yield next(
                one for one in log.read_text().splitlines() if "is ready at" in one
            )
        finally:
            process.terminate()
            process.wait(60)


def test_the_page_leads_to_jobs_of_two_people(
    cluster: Cluster, people: tuple[Account, Account], place: Path
) -> None:
    blocks = [one for one in blocks_of(PAGE) if one.language in {"sh", "toml"}]
    install, accounts, settings, check, units, start, use, look, token, end, log = (
        blocks
    )
    assert "pip install" in install.text
    assert "systemctl" in units.text
    assert "audit verify" in log.text
    assert end.text.split() == [
        "scripts/multi-user-testbed.sh", "start", "/tmp/gateway", "ada", "ben",
    ]  # fmt: skip
    ada, ben = people
    reader = Reader(place, people)
    (place / "bin").mkdir()
    (place / "bin" / "gatewright").write_text(
        f"#!/bin/sh\nexport PYTHONPATH={installed().python_path}\n"
        f'exec {PYTHON} -m gatewright "$@"\n'
    )
    (place / "bin" / "gatewright").chmod(0o755)
    for one in people:
        cluster.run("sacctmgr", "-Q", "-i", "add", "user", one.name, "Account=science")
    with reader.accounts(accounts):
        # What differs on this machine: folders, PAM's service, and the cluster.
        text = reader.text(settings).replace(
            "[broker]\n",
            f'[broker]\nsocket = "{place}/run/socket"\nkey = "{place}/run/key"\n'
            f'pam_service = "{reader.name}"\n',
        )
        text += f'conf = "{cluster.conf}"\ninterval = 0.5\n'
        text += (
            f'[authn]\nsocket = "{place}/run-authn/socket"\n'
            f'account = "{reader.name}-a"\nstate = "{place}/authn"\n'
        )
        (place / "etc" / "gatewright.toml").write_text(text)
        assert reader.shell(reader.text(check))
        broker, authn, gateway = reader.text(start).strip().splitlines()
        with (
            reader.started(broker),
            reader.started(authn),
            reader.started(gateway) as ready,
        ):
            url = ready.split()[-1]
            given = {"URL": url, "ADA": PASSWORD, "BEN": PASSWORD}
            folder = place / "desk"
            folder.mkdir(0o700)
            text = reader.text(use).replace("sleep 20", WAIT_FOR_GO.strip())
            told = reader.shell(f"cd {folder}\n{text}", **given)
            assert told.count('"status": "OK"') == 2, told
            wait_until(
                lambda: (
                    {ada.name, ben.name}
                    <= {
                        row["user"]
                        for row in json.loads(
                            reader.shell(f"cd {folder}\n{look.text}", URL=url)
                        )
                    }
                )
            )
            for one in people:
                (one.home / "go").touch()
            told = reader.shell(reader.text(token), URL=url)
            record, _, rest = told.partition("}" + ben.name)
            assert '"state":"completed"' in record
            assert '"status": 404' in rest
            assert ada.name not in told
