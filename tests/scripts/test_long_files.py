"""Files that are too long are named, and make the check fail."""

import subprocess
import sys
from pathlib import Path

SCRIPT = Path(__file__).resolve().parents[2] / "scripts" / "long_files.py"


def test_files_over_the_bound_are_named(tmp_path: Path) -> None:
    (tmp_path / "vendor").mkdir()
    for name, lines in {
        "test_a.py": 6,
        "b.mjs": 5,
        "c.txt": 9,
        "vendor/d.js": 9,
    }.items():
        (tmp_path / name).write_text("x\n" * lines)
    done = subprocess.run(
        [sys.executable, str(SCRIPT), "--at-most", "5", str(tmp_path)],
        capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip
    assert done.returncode == 1
    first, last = done.stdout.splitlines()
    assert "test_a.py has 6 lines" in first
    assert last.startswith("1 of 2 files have more than 5 lines; the longest has 6")
    (tmp_path / "test_a.py").unlink()
    again = subprocess.run(
        [sys.executable, str(SCRIPT), "--at-most", "5", str(tmp_path)], check=False
    )
    assert again.returncode == 0
