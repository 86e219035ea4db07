"""``make install`` heals what it finds, and says in a sentence what is not there."""

import os
import re
import runpy
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
BACKEND = """
import zipfile

def build_editable(directory, config_settings=None, metadata_directory=None):
    name = "thing-1-py3-none-any.whl"
    with zipfile.ZipFile(f"{directory}/{name}", "w") as wheel:
        about = "thing-1.dist-info"
        wheel.writestr("thing.py", "")
        wheel.writestr(
            f"{about}/METADATA", "Metadata-Version: 2.1\\nName: thing\\nVersion: 1\\n"
        )
        wheel.writestr(
            f"{about}/WHEEL",
            "Wheel-Version: 1.0\\nRoot-Is-Purelib: true\\nTag: py3-none-any\\n",
        )
        wheel.writestr(f"{about}/RECORD", "")
    return name
"""


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A small project that is installed as this one, from no registry."""
    folder = tmp_path / "project"
    (folder / "scripts").mkdir(parents=True)
    (folder / "requirements").mkdir()
    shutil.copy(ROOT / "Makefile", folder)
    shutil.copy(ROOT / "scripts" / "install.py", folder / "scripts")
    for name in ("build", "all"):
        (folder / "requirements" / f"{name}.txt").write_text("# nothing\n")
    (folder / "package-lock.json").write_text("{}")
    (folder / "hatch_build.py").write_text("")
    (folder / "backend.py").write_text(BACKEND)
    (folder / "pyproject.toml").write_text(
        '[build-system]\nrequires = []\nbuild-backend = "backend"\n'
        'backend-path = ["."]\n'
    )
    return folder


# Without what a make that runs this test would hand down.
ENVIRONMENT = {
    name: value
    for name, value in os.environ.items()
    if name not in {"MAKEFLAGS", "MFLAGS", "MAKELEVEL"}
}


def command(*arguments: str) -> list[str]:
    return ["make", f"PYTHON={sys.executable}", *arguments]


def make(project: Path, *arguments: str) -> str:
    done = subprocess.run(
        command(*arguments), cwd=project, capture_output=True, text=True,
        timeout=300, check=False, env=ENVIRONMENT,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def is_whole(project: Path) -> bool:
    python = project / ".venv" / "bin" / "python"
    return (
        subprocess.run([python, "-c", "import pip, thing"], check=False).returncode == 0
    )


def test_an_environment_is_made_once_and_says_what_is_done(project: Path) -> None:
    said = make(project, "install")
    assert re.search(
        r"^Making the environment \.venv with Python 3\.", said, re.MULTILINE
    )
    assert "Installing 0 packages that requirements/build.txt names" in said
    assert is_whole(project)
    assert "Making" not in make(project, "install")
    assert "Making" not in make(project, "test-install")


def test_an_environment_without_pip_is_made_anew(project: Path) -> None:
    subprocess.run(
        [sys.executable, "-m", "venv", "--without-pip", project / ".venv"], check=True
    )
    make(project, "install")
    assert is_whole(project)


def test_an_environment_of_a_python_that_is_gone_is_made_anew(project: Path) -> None:
    (project / ".venv" / "bin").mkdir(parents=True)
    (project / ".venv" / "bin" / "python").symlink_to("/usr/bin/python2.0")
    make(project, "install")
    assert is_whole(project)


def test_an_install_that_was_killed_begins_anew(project: Path) -> None:
    make(project, "install")
    (project / ".venv" / ".unfinished").touch()  # as a kill of the next one leaves it
    package = next((project / ".venv").glob("lib/*/site-packages/thing.py"))
    package.unlink()
    assert "Making the environment" in make(project, "test-install")
    assert is_whole(project)


def test_a_kill_while_the_environment_is_made_is_healed(project: Path) -> None:
    with subprocess.Popen(
        command("install"), cwd=project, stdout=subprocess.DEVNULL,
        start_new_session=True, env=ENVIRONMENT,
    ) as process:  # fmt: skip
        deadline = time.monotonic() + 60
        while not (project / ".venv" / "bin").exists():
            assert time.monotonic() < deadline
            time.sleep(0.01)
        os.killpg(process.pid, signal.SIGKILL)
    make(project, "install")
    assert is_whole(project)


def test_a_python_without_ensurepip_is_reported_and_leaves_nothing(
    project: Path,
) -> None:
    code = (
        "import sys, runpy; sys.modules['ensurepip'] = None; "
        "sys.argv = ['install.py', 'build', '.venv']; "
        "runpy.run_path('scripts/install.py', run_name='__main__')"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=project, capture_output=True, text=True,
        timeout=60, check=False,
    )  # fmt: skip
    assert done.returncode == 1
    assert "apt install python3-venv" in done.stderr
    assert len(done.stderr.splitlines()) == 1
    assert not (project / ".venv").exists()


def test_a_proxy_s_unknown_certificate_is_one_sentence(project: Path) -> None:
    bin_folder = project / ".venv" / "bin"
    bin_folder.mkdir(parents=True)
    (bin_folder / "python").write_text(
        '#!/bin/sh\n[ "$3" = --version ] && exit\n'
        'for i in 1 2 3; do echo "WARNING: CERTIFICATE_VERIFY_FAILED"; done\nexit 1\n'
    )
    (bin_folder / "python").chmod(0o755)
    done = subprocess.run(
        command("install"), cwd=project, capture_output=True, text=True, timeout=60,
        check=False, env=ENVIRONMENT,
    )  # fmt: skip
    assert done.returncode == 2
    told = [line for line in done.stderr.splitlines() if not line.startswith("make")]
    assert len(told) == 1
    assert "PIP_CERT and NODE_EXTRA_CA_CERTS" in told[0]


def test_an_unknown_certificate_of_the_npm_registry_is_one_sentence() -> None:
    must_succeed = runpy.run_path(str(ROOT / "hatch_build.py"))["must_succeed"]
    output = "npm error code SELF_SIGNED_CERT_IN_CHAIN\n" * 30
    failed = subprocess.CompletedProcess([], 1, stdout=output)
    with pytest.raises(SystemExit, match=r"^[^\n]*NODE_EXTRA_CA_CERTS[^\n]*$"):
        must_succeed("npm ci", failed)
