"""Test processes that ask for the npm packages at the same time share one install."""

import io
import json
import subprocess
import sys
import tarfile
from pathlib import Path

import pytest
from tests.browser.node import ROOT, install

_PACKAGES = 40
"""So many that an install takes a while: another would surely come in between."""

_ASK = """
import sys
from pathlib import Path
from tests.browser.node import install
print("ready", flush=True)
sys.stdin.readline()
print(install(Path(sys.argv[1])))
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder whose package-lock.json names packages that are files beside it."""
    names = [f"part-{i}" for i in range(_PACKAGES)]
    for name in names:
        _write_package(tmp_path / f"{name}.tgz", name)
    wanted = {name: f"file:{name}.tgz" for name in names}
    whole = {"name": "parts", "version": "1.0.0"}
    entries = {
        f"node_modules/{name}": {"version": "1.0.0", "resolved": where}
        for name, where in wanted.items()
    }
    lock = {
        **whole,
        "lockfileVersion": 3,
        "packages": {"": {**whole, "dependencies": wanted}, **entries},
    }
    about = json.dumps({**whole, "dependencies": wanted})
    (tmp_path / "package.json").write_text(about)
    (tmp_path / "package-lock.json").write_text(json.dumps(lock))
    (tmp_path / ".npmrc").write_text("offline=true\naudit=false\nfund=false\n")
    return tmp_path


def _write_package(path: Path, name: str) -> None:
    body = json.dumps({"name": name, "version": "1.0.0"}).encode()
    with tarfile.open(path, "w:gz") as archive:
        member = tarfile.TarInfo("package/package.json")
        member.size = len(body)
        archive.addfile(member, io.BytesIO(body))


def test_processes_that_ask_at_the_same_time_install_once(folder: Path) -> None:
    asking = [
        subprocess.Popen(
            [sys.executable, "-c", _ASK, str(folder)],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd=ROOT,
        )
        for _ in range(2)
    ]  # fmt: skip
    for one in asking:
        assert one.stdout is not None
        assert one.stdout.readline() == "ready\n"
    for one in asking:
        assert one.stdin is not None
        one.stdin.write("now\n")
        one.stdin.flush()
    told = sorted(one.communicate(timeout=150)[0].strip() for one in asking)
    assert told == ["False", "True"]
    found = {path.parent.name for path in folder.glob("node_modules/*/package.json")}
    assert found == {f"part-{i}" for i in range(_PACKAGES)}


def test_a_lock_that_changed_is_installed_anew(folder: Path) -> None:
    assert install(folder)
    assert not install(folder)
    with (folder / "package-lock.json").open("a") as lock:
        lock.write("\n")
    assert install(folder)
