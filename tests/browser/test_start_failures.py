"""What keeps the browser tests from starting is told by one of them."""

import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


def test_what_keeps_every_test_from_starting_is_reported_once(tmp_path: Path) -> None:
    node = tmp_path / "node"
    node.write_text("#!/bin/sh\necho no such library >&2\nexit 127\n")
    node.chmod(0o755)
    done = subprocess.run(
        [
            sys.executable, "-m", "pytest", "-n2", "-p", "no:cacheprovider",
            f"--basetemp={tmp_path / 'temp'}", "tests/browser/test_pages.py",
        ],
        cwd=ROOT, capture_output=True, text=True, check=False, timeout=300,
        env=os.environ | {"PLAYWRIGHT_NODEJS_PATH": str(node)},
    )  # fmt: skip
    summary = done.stdout.splitlines()
    assert done.returncode == 1, done.stdout
    assert "1 error" in summary[-1], summary
    assert "passed" not in summary[-1], summary
    told = [line for line in summary if line.startswith("ERROR tests/browser")]
    assert len(told) == 1, summary
    skipped = [line for line in summary if line.startswith("SKIPPED")]
    assert all("nothing here starts" in line for line in skipped), skipped
