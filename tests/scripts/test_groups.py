"""Which tests one process of a parallel run has to itself."""

import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
TESTS = """
import os
import pytest


@pytest.fixture(scope="module")
def shared():
    return os.getpid()


@pytest.mark.parametrize("number", range(12))
def test_share(shared, number):
    print(f"shared {shared} {os.getpid()}")


@pytest.mark.xdist_group("marked")
@pytest.mark.parametrize("number", range(12))
def test_marked(number):
    print(f"marked {os.getpid()}")
"""


def test_tests_that_share_a_fixture_run_in_one_process(tmp_path: Path) -> None:
    """Two processes would each make the fixture of the module."""
    (tmp_path / "test_some.py").write_text(TESTS)
    options = ["-p", "tests.conftest", "-p", "no:cacheprovider", "-rP", "-n", "2"]
    done = subprocess.run(
        [sys.executable, "-m", "pytest", *options, "--dist", "loadgroup",
         "--rootdir", tmp_path, "-c", os.devnull, tmp_path],
        cwd=ROOT, env=os.environ | {"PYTHONPATH": f"{ROOT}:{ROOT / 'src'}"},
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert "24 passed" in done.stdout, done.stdout + done.stderr
    lines = done.stdout.splitlines()
    for kind in ("shared", "marked"):
        assert len({one for one in lines if one.startswith(f"{kind} ")}) == 1
