"""What is made with the wheel: its bill of materials and its hashed requirements."""

import hashlib
import json
import re
import runpy
import subprocess
import sys
from pathlib import Path

import pytest
from cyclonedx.schema import SchemaVersion
from cyclonedx.validation.json import JsonStrictValidator

ROOT = Path(__file__).resolve().parents[2]
REQUIREMENT = re.compile(r"^([\w.-]+)==([^\s;\\]+)", re.MULTILINE)


@pytest.fixture
def bill(tmp_path: Path) -> Path:
    """The bill of materials of a wheel."""
    wheel = tmp_path / "gatewright-1.2.3-py3-none-any.whl"
    wheel.write_bytes(b"a wheel")
    made = runpy.run_path(str(ROOT / "scripts" / "wheel.py"))["beside"](wheel)
    assert isinstance(made, Path)
    return made


def test_the_bill_of_materials_is_cyclonedx(bill: Path) -> None:
    assert bill.name == "gatewright-1.2.3.cdx.json"
    validator = JsonStrictValidator(SchemaVersion.V1_6)
    assert validator.validate_str(bill.read_text()) is None


def test_it_has_what_is_locked_and_nothing_else(bill: Path) -> None:
    made = json.loads(bill.read_text())
    told = {component["purl"] for component in made["components"]}
    assert len(told) == len(made["components"])
    run = REQUIREMENT.findall((ROOT / "requirements" / "run.txt").read_text())
    python = {f"pkg:pypi/{name}@{version}" for name, version in run}
    assert {one for one in told if one.startswith("pkg:pypi/")} == python
    assert any(one.startswith("pkg:pypi/fastapi@") for one in told)
    pages = {one for one in told if one.startswith("pkg:npm/")}
    for name in ("lit", "ol", "uplot", "world-atlas"):
        assert any(one.startswith(f"pkg:npm/{name}@") for one in pages)
    assert not any("axe-core" in one or "typescript" in one for one in pages)


def test_it_names_the_wheel_by_its_bytes(bill: Path) -> None:
    own = json.loads(bill.read_text())["metadata"]["component"]
    assert own["version"] == "1.2.3"
    digest = hashlib.sha256(b"a wheel").hexdigest()
    assert own["hashes"] == [{"alg": "SHA-256", "content": digest}]


def test_the_requirements_beside_it_have_hashes_and_are_met(bill: Path) -> None:
    beside = bill.with_name("gatewright-1.2.3-requirements.txt")
    check_hashes(beside)


def test_the_manual_installs_with_hashes_only() -> None:
    manual = (ROOT / "docs" / "how-to" / "operate.md").read_text()
    commands = re.findall(
        r"^\S*/bin/pip install (.*?)\s*(?:#.*)?$", manual, re.MULTILINE
    )
    assert commands
    files = [re.fullmatch(r"--require-hashes -r (\S+)", one) for one in commands]
    assert any(files)
    for command, found in zip(commands, files, strict=True):
        if found is None:  # Gatewright itself: nothing comes from a registry
            assert command.startswith("--no-deps --no-build-isolation ")
        elif not found[1].startswith("dist/"):
            check_hashes(ROOT / found[1].removeprefix("gatewright/"))


def check_hashes(file: Path) -> None:
    """Let pip say that a file is complete and hashed: all of it is installed here."""
    done = subprocess.run(
        [
            sys.executable, "-m", "pip", "--disable-pip-version-check", "install",
            "--dry-run", "--no-index", "--require-hashes", "-r", str(file),
        ],
        capture_output=True, text=True, timeout=300, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    text = file.read_text()
    assert "://" not in text
    lines = text.replace("\\\n", " ").splitlines()
    assert all("==" in line and "--hash=sha256:" in line for line in lines)
