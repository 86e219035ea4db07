"""The count of functions that are used in a single place of a single file."""

import subprocess
import sys
from pathlib import Path

SCRIPT = Path(__file__).resolve().parents[2] / "scripts" / "small_helpers.py"
SOURCE = '''
from other import elsewhere

__all__ = ["exported"]

def public():
    """Uses each of them."""
    return _once() + _twice() + _twice() + Kept()._method() + alone() + shared()

def _once():
    return exported() + elsewhere() + handler() + public()

async def _twice():
    return public()

def _never():
    return 3

def alone():
    return 5

def shared():
    return 6

def exported():
    return 7

@route("/")
def handler():
    return 8

class Kept:
    def __init__(self):
        self._method = self._method

    def _method(self):
        return 4

    def once(self):
        return self.twice() + self.once()
'''
OTHER = """
from part import shared

def elsewhere():
    return shared

def contract():
    return 1
"""


def count(folder: Path, *options: str) -> subprocess.CompletedProcess[str]:
    (folder / "part.py").write_text(SOURCE)
    (folder / "testing").mkdir(exist_ok=True)
    (folder / "testing" / "other.py").write_text(OTHER)
    return subprocess.run(
        [sys.executable, str(SCRIPT), *options, str(folder)],
        capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip


def test_private_and_public_functions_of_a_single_place_are_counted(
    tmp_path: Path,
) -> None:
    """Not those that are imported, exported, decorated, methods, or used twice."""
    done = count(tmp_path, "--list")
    assert done.stdout.splitlines() == [
        f"{tmp_path}/part.py:10: _once (private, 2 lines)",
        f"{tmp_path}/part.py:19: alone (public, 2 lines)",
        (
            "1 private (7.7 %) and 1 public (7.7 %) of 13 are used in a single place; "
            "the median function has 2 lines."
        ),
        (
            "Without testing, 1 private (9.1 %) and 1 public (9.1 %) of 11 are used in "
            "a single place."
        ),
    ]
    assert done.returncode == 0


def test_a_bound_that_is_passed_without_testing_is_an_error(tmp_path: Path) -> None:
    for option, kind in (("--at-most", "private"), ("--public-at-most", "public")):
        assert count(tmp_path, option, "9.5").returncode == 0
        refused = count(tmp_path, option, "9")
        assert refused.returncode == 1
        assert f"At most 9 % may be {kind} ones" in refused.stdout
