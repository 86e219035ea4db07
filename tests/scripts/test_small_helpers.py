"""The count of private functions that are named once in their file."""

import subprocess
import sys
from pathlib import Path

SCRIPT = Path(__file__).resolve().parents[2] / "scripts" / "small_helpers.py"
SOURCE = '''
def public():
    """Uses each of them."""
    return _once() + _twice() + _twice() + Kept()._method()

def _once():
    return 1

async def _twice():
    return 2

def _never():
    return 3

class Kept:
    def __init__(self):
        self._method = self._method

    def _method(self):
        return 4
'''


def count(folder: Path, *options: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, str(SCRIPT), *options, str(folder)],
        capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip


def test_private_functions_that_are_named_once_are_counted(tmp_path: Path) -> None:
    (tmp_path / "part.py").write_text(SOURCE)
    done = count(tmp_path, "--list")
    assert done.stdout.splitlines() == [
        f"{tmp_path}/part.py:6: _once (2 lines)",
        (
            "1 of 6 functions (16.7 %) are private and named once in their file; "
            "the median function has 2 lines."
        ),
    ]
    assert done.returncode == 0


def test_a_bound_that_is_passed_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "part.py").write_text(SOURCE)
    assert count(tmp_path, "--at-most", "17").returncode == 0
    refused = count(tmp_path, "--at-most", "16")
    assert refused.returncode == 1
    assert "At most 16 %" in refused.stdout
