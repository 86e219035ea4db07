"""The lane of tests with a real Slurm: one cluster for all of them, never in parallel.

``make test`` runs this folder as a step of its own.
"""

import contextlib
import os
import pwd
import shutil
import subprocess
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from tests.support import needs
from tests.support.leftovers import new_name, remove_leftovers

SCRIPT = Path(__file__).resolve().parents[2] / "scripts" / "slurm-testbed.sh"
FOLDER = Path(__file__).parent


@dataclass(frozen=True, slots=True)
class Cluster:
    """A cluster that was started by ``scripts/slurm-testbed.sh``."""

    folder: Path
    """Where all of it is."""
    conf: Path
    """Its settings, for ``SLURM_CONF``."""
    users: tuple[str, ...]
    """Unix users that have an account there, made for it."""

    def run(self, *argv: str, user: str | None = None, stdin: str = "") -> str:
        """Run a command of Slurm's, as one of the users, and return what it printed."""
        done = subprocess.run(
            argv, check=False, capture_output=True, text=True, input=stdin, user=user,
            env={"PATH": os.environ["PATH"], "SLURM_CONF": str(self.conf)}, cwd="/",
            timeout=60,
        )  # fmt: skip
        assert done.returncode == 0, done.stderr
        return done.stdout

    def answers(self) -> bool:
        """Return whether the controller answers."""
        return self._succeeds("scontrol", "ping")

    def counts(self) -> bool:
        """Return whether the accounting database answers."""
        return self._succeeds("sacctmgr", "--noheader", "show", "cluster")

    def _succeeds(self, *argv: str) -> bool:
        done = subprocess.run(
            argv, check=False, capture_output=True, timeout=60,
            env={"PATH": os.environ["PATH"], "SLURM_CONF": str(self.conf)},
        )  # fmt: skip
        return done.returncode == 0

    def clear(self) -> None:
        """Cancel all jobs, and wait until none takes anything any more."""
        self.run("bash", "-c", "squeue -h -o %A | xargs -r scancel --quiet")
        deadline = time.monotonic() + 120
        while told := self.run("squeue", "--noheader"):
            assert time.monotonic() < deadline, told
            time.sleep(0.1)

    def resume(self) -> None:
        """Put back the node if it is drained or down, as an operator does.

        A controller that was killed gives ids again, and drains a node on which a job
        of the same id still runs. A node can also come back by itself just before, and
        then Slurm refuses the order.
        """
        for node in self._away():
            order = ("scontrol", "update", f"NodeName={node}", "State=RESUME")
            assert self._succeeds(*order) or node not in self._away(), node

    def _away(self) -> set[str]:
        told = self.run("sinfo", "--noheader", "--states=drain,down", "--format=%n")
        return set(told.split())

    def end(self, daemon: str, signal: str = "KILL") -> None:
        """End one of the daemons."""
        _testbed("end", self.folder, daemon, signal)

    def begin(self, daemon: str) -> None:
        """Start one of the daemons again."""
        _testbed("begin", self.folder, daemon)


def _testbed(verb: str, folder: Path, *more: str) -> str:
    done = subprocess.run(
        [SCRIPT, verb, folder, *more],
        check=False, capture_output=True, text=True, timeout=300,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr[-8000:]
    return done.stdout


@pytest.fixture(scope="session")
def cluster() -> Iterator[Cluster]:
    """Yield the cluster of the session."""
    with started() as one:
        yield one


@contextlib.contextmanager
def started() -> Iterator[Cluster]:
    """Start a cluster, yield it, and stop it."""
    if os.geteuid() != 0:
        needs.missing("root, as whom the test cluster runs jobs of several users")
    needs.program("slurmctld", "slurmctld")
    needs.program("mariadbd", "mariadb-server")
    remove_leftovers()
    parent = Path("/tmp") / new_name()
    parent.mkdir(0o755)
    folder = parent / "c"
    try:
        told = _testbed("start", folder)
        lines = dict(line.split("=", 1) for line in told.splitlines())
        users = tuple(lines["SLURM_USERS"].split())
        yield Cluster(folder, Path(lines["SLURM_CONF"]), users)
    finally:
        # Also after a test, a fixture or the start has failed: nothing of it is left.
        if folder.exists():
            _testbed("stop", folder)
    assert not folder.exists()
    assert not set(users) & {person.pw_name for person in pwd.getpwall()}
    # Of those that were killed just now, some may still be ending.
    deadline = time.monotonic() + 60
    while left := list(_processes_with(os.fsencode(folder))):
        assert time.monotonic() < deadline, left
        time.sleep(0.1)
    shutil.rmtree(parent)


def _processes_with(text: bytes) -> Iterator[str]:
    """Yield the commands of processes that name a text, or have it as a variable."""
    for process in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            command = (process / "cmdline").read_bytes()
            if text in command + (process / "environ").read_bytes():
                yield os.fsdecode(command)
