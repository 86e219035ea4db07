"""A package of somebody else, installed beside the gateway as pip would."""

import os
import re
import subprocess
import sys
import tomllib
from collections.abc import Mapping
from pathlib import Path

import pytest

_BLOCK = re.compile(r'```\w+ title="([^"]+)"\n(.*?)```', re.DOTALL)


def blocks(page: str) -> Mapping[str, str]:
    """Return the files that a page below ``docs/how-to`` shows, by name."""
    docs = Path(__file__).resolve().parents[2] / "docs" / "how-to"
    return dict(_BLOCK.findall((docs / page).read_text(encoding="utf-8")))


def install(
    files: Mapping[str, str], folder: Path, monkeypatch: pytest.MonkeyPatch
) -> Path:
    """Install a package in a folder of its own, and return that.

    Its entry points are those of its ``pyproject.toml``. This process, and those that
    it starts, find it until the test ends.
    """
    folder.mkdir()
    for name, text in files.items():
        (folder / name).write_text(text, encoding="utf-8")
        monkeypatch.delitem(sys.modules, name.removesuffix(".py"), raising=False)
    project = tomllib.loads(files["pyproject.toml"])["project"]
    title = project["name"].replace("-", "_")
    info = folder / f"{title}-{project['version']}.dist-info"
    info.mkdir()
    (info / "METADATA").write_text(
        f"Metadata-Version: 2.1\nName: {project['name']}\n"
        f"Version: {project['version']}\n"
    )
    groups = project["entry-points"].items()
    (info / "entry_points.txt").write_text(
        "".join(
            f"[{group}]\n" + "".join(f"{name} = {of}\n" for name, of in points.items())
            for group, points in groups
        )
    )
    monkeypatch.syspath_prepend(str(folder))
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join(sys.path))
    return folder


def run_tests(folder: Path, module: str, *options: str) -> str:
    """Run the tests that an installed package has of itself; return the last line."""
    (folder / "pytest.ini").write_text("[pytest]\nasyncio_mode = auto\n")
    done = subprocess.run(
        [
            sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider",
            "-p", "pytest_asyncio.plugin", *options, str(folder / module),
        ],
        cwd=folder, capture_output=True, text=True, timeout=300, check=False,
        env=os.environ | {"PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"},
    )  # fmt: skip
    assert done.returncode == 0, done.stdout[-3000:]
    return done.stdout.strip().rpartition("\n")[2]
