"""Which tests the daily check takes for what changed."""

import runpy
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parents[2]
CHECK = runpy.run_path(str(ROOT / "scripts" / "check.py"))
FILES = {
    "src/gatewright/__init__.py": "",
    "src/gatewright/app.py": "def run():\n    from gatewright.domains import sea",
    "src/gatewright/domains/__init__.py": "",
    "src/gatewright/domains/sea/__init__.py": "import math",
    "src/gatewright/domains/sky/__init__.py": "from gatewright.domains.sky import star",
    "src/gatewright/domains/sky/star.py": "a = 1",
    "src/gatewright/faces/dap/wire.py": "",
    "tests/conftest.py": "",
    "tests/domains/sea/test_depth.py": "import gatewright.domains.sea",
    "tests/domains/sky/test_light.py": "from gatewright.domains.sky import a",
    "tests/faces/dap/test_routes.py": "from tests.support import app",
    "tests/scripts/test_one.py": "NAME = 'one.sh'",
    "tests/support/app.py": "from gatewright.app import run",
    "tests/test_app.py": "from tests.support.app import run",
}


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    for name, text in FILES.items():
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return tmp_path


@pytest.mark.parametrize(
    ("changed", "expected"),
    [
        (
            "src/gatewright/domains/sea/__init__.py",
            [
                (0, "tests/domains/sea/test_depth.py"),
                (3, "tests/faces/dap/test_routes.py"),
                (3, "tests/test_app.py"),
            ],
        ),
        (
            "src/gatewright/domains/sky/star.py",
            [(0, "tests/domains/sky/test_light.py")],
        ),
        ("src/gatewright/faces/dap/wire.py", [(0, "tests/faces/dap/test_routes.py")]),
        ("scripts/one.sh", [(0, "tests/scripts/test_one.py")]),
        ("tests/test_app.py", [(0, "tests/test_app.py")]),
        ("docs/unknown.md", []),
    ],
)
def test_tests_are_found_by_imports_the_nearest_first(
    tree: Path, changed: str, expected: Any
) -> None:
    found = CHECK["reached"](tree, [changed])
    assert [one for one in found if one[0] < 4] == expected


def test_a_conftest_reaches_all_below_it(tree: Path) -> None:
    found = {path for _, path in CHECK["reached"](tree, ["tests/conftest.py"])}
    assert found == {name for name in FILES if "/test_" in name}


def test_near_and_quick_files_are_taken_first_while_there_is_time() -> None:
    near = [(1, "far.py"), (0, "slow.py"), (0, "quick.py"), (2, "small.py")]
    taken = {"far.py": 9.0, "slow.py": 4.0, "quick.py": 1.0, "small.py": 1.0}
    assert CHECK["within"](7.0, near, taken) == ["quick.py", "slow.py", "small.py"]


def test_durations_are_read_from_the_records_of_all_steps(tmp_path: Path) -> None:
    """Those of the tests with accounts and a cluster are in a record of their own."""
    rest, cluster = tmp_path / "tests.xml", tmp_path / "tests-cluster.xml"
    assert CHECK["recorded"](rest, cluster) == {}
    rest.write_text(
        '<testsuites><testsuite><testcase classname="tests.web.test_a" name="b" '
        'time="1.5"/><testcase classname="tests.web.test_a.TestIt" name="c" time="2"/>'
        "</testsuite></testsuites>"
    )
    assert CHECK["recorded"](rest, cluster) == {"tests/web/test_a.py": 3.5}
    cluster.write_text(
        '<testsuites><testsuite><testcase classname="tests.broker.test_d" name="e" '
        'time="4"/></testsuite></testsuites>'
    )
    both = {"tests/web/test_a.py": 3.5, "tests/broker/test_d.py": 4.0}
    assert CHECK["recorded"](rest, cluster) == both
    step = (ROOT / "scripts" / "test.sh").read_text(encoding="utf-8")
    for record in CHECK["RECORDS"]:
        assert f"--junit-xml {record.relative_to(ROOT)}" in step
