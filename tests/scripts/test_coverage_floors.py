"""The floor of 100 % is held under every module that it is meant for."""

import re
from pathlib import Path

import pytest
from coverage.files import GlobMatcher, prep_patterns

ROOT = Path(__file__).resolve().parents[2]
SOURCE = ROOT / "src" / "gatewright"
HELD = sorted(
    {
        *(SOURCE / "domains").rglob("*.py"),
        *SOURCE.rglob("wire.py"),
        *SOURCE.rglob("wire/**/*.py"),
    }
)


@pytest.fixture(scope="module")
def floor() -> GlobMatcher:
    """What ``coverage report`` is told to include."""
    script = (ROOT / "scripts" / "test.sh").read_text(encoding="utf-8")
    found = re.search(r"--include '([^']+)'", script)
    assert found is not None
    return GlobMatcher(prep_patterns(found[1].split(",")))


def test_domains_and_wire_modules_are_held(floor: GlobMatcher) -> None:
    assert [path for path in HELD if not floor.match(str(path))] == []


def test_a_wire_module_at_any_depth_is_held(floor: GlobMatcher) -> None:
    assert floor.match(str(SOURCE / "faces" / "dap" / "dap4" / "wire.py"))
    assert floor.match(str(SOURCE / "faces" / "a" / "b" / "c" / "wire" / "d.py"))


def test_others_are_not_held(floor: GlobMatcher) -> None:
    assert not floor.match(str(SOURCE / "app.py"))
    assert not floor.match(str(SOURCE / "faces" / "dap" / "dap2" / "model.py"))
