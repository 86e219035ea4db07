"""The draw of docstrings: all are found, and a seed draws the same ones again."""

import subprocess
import sys
from pathlib import Path

import pytest

SCRIPT = Path(__file__).resolve().parents[2] / "scripts" / "random_docstrings.py"
SOURCE = '''"""A module."""


class Box:
    """A class."""

    def open(self):
        """Open it."""

    def _close(self):
        return None


async def wait():
    """Wait.

    For long.
    """
'''


def drawn(*arguments: str | Path) -> str:
    command = [sys.executable, str(SCRIPT), *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "part").mkdir()
    (tmp_path / "part" / "module.py").write_text(SOURCE)
    return tmp_path


def test_modules_classes_and_functions_are_drawn(folder: Path) -> None:
    said = drawn(folder)
    file = folder / "part" / "module.py"
    for place in ("1: module\nA", "4: Box\nA", "7: open\nOpen", "14: wait\nWait"):
        assert f"{file}:{place}" in said
    assert "Wait.\n\nFor long.\n" in said
    assert "_close" not in said
    assert "4 of 4 docstrings, seed 1." in said


def test_a_seed_draws_the_same_docstrings_again() -> None:
    core = SCRIPT.parents[1] / "src" / "gatewright" / "core"
    first = drawn("--seed", "7", "--count", "5", core)
    assert first == drawn("--seed", "7", "--count", "5", core)
    assert first != drawn("--seed", "8", "--count", "5", core)
    assert "\n5 of " in first


def test_they_are_those_of_the_source_unless_a_folder_is_named() -> None:
    said = drawn("--count", "3")
    places = [line for line in said.splitlines() if line.startswith("src/")]
    assert len(places) == 3
    assert "\n3 of " in said
