"""Creates or completes the environment ``.venv`` with progress messages, for ``make``.

``install.py build`` installs the packages in ``requirements/build.txt`` and Gatewright
from this folder; ``install.py all`` installs those in ``requirements/all.txt``. An
incomplete environment (from a Python without pip, or after a kill) is created anew. The
script needs only Python's standard library, and tells in one sentence what the machine
lacks.
"""

import fcntl
import importlib.util
import shutil
import subprocess
import sys
import threading
import time
from contextlib import suppress
from pathlib import Path
from typing import NoReturn

ROOT = Path(__file__).resolve().parents[1]
SECONDS_BETWEEN_WORDS = 4.0
UNTRUSTED = ("CERTIFICATE_VERIFY_FAILED", "SELF_SIGNED_CERT", "UNABLE_TO_GET_ISSUER")
"""Error texts of pip and npm for a certificate that they do not trust."""
PROXY = (
    "The package registry's certificate is not trusted, as behind a proxy with one of "
    "its own: name the file of that certificate in PIP_CERT and NODE_EXTRA_CA_CERTS, "
    "and try again."
)


def main() -> None:
    """Install the group in the first argument into the environment in the second."""
    group, venv = sys.argv[1], Path(sys.argv[2]).absolute()
    # If two commands run at the same time, the second one waits for the first.
    with (ROOT / "pyproject.toml").open("rb") as locked:
        fcntl.flock(locked, fcntl.LOCK_EX)
        made = make_environment(venv)
        unfinished(venv).touch()
        if made or group == "build":
            install(venv, "build", editable=True)
        if group != "build":
            install(venv, group, editable=False)
        unfinished(venv).unlink()


def unfinished(venv: Path) -> Path:
    """Return the path of the file that marks an environment as incomplete."""
    return venv / ".unfinished"


def make_environment(venv: Path) -> bool:
    """Create a virtual environment unless a complete one exists; tell if it did."""
    if not unfinished(venv).exists() and has_pip(venv):
        return False
    version = sys.version.split()[0]
    if importlib.util.find_spec("ensurepip") is None:
        stop(
            f"Python {version} here cannot create environments, since its module "
            "ensurepip is not installed: on Debian and Ubuntu “apt install "
            "python3-venv” installs it. Then try again."
        )
    shutil.rmtree(venv, ignore_errors=True)
    say(f"Making the environment {venv.name} with Python {version}")
    run([sys.executable, "-m", "venv", str(venv)])
    return True


def has_pip(venv: Path) -> bool:
    """Return whether a virtual environment exists and has a working pip."""
    command = [str(venv / "bin" / "python"), "-m", "pip", "--version"]
    try:
        return subprocess.run(command, capture_output=True, check=False).returncode == 0
    except OSError:
        return False


def install(venv: Path, group: str, *, editable: bool) -> None:
    """Install the packages of ``requirements/GROUP.txt``, then perhaps this folder."""
    requirements = ROOT / "requirements" / f"{group}.txt"
    python = str(venv / "bin" / "python")
    pip = [python, "-m", "pip", "--disable-pip-version-check", "install"]
    pip += ["--progress-bar", "off"]
    lines = requirements.read_text(encoding="utf-8").splitlines()
    count = sum(line[:1].isalnum() for line in lines)
    say(f"Installing {count} packages that requirements/{group}.txt names")
    run([*pip, "--no-compile", "--require-hashes", "-r", str(requirements)])
    # Compile on all cores while Node builds.
    compiling = [python, "-W", "ignore", "-m", "compileall", "-q", "-j", "0"]
    compiling += ["-x", "/(tests|share)/", str(venv / "lib")]
    with subprocess.Popen(compiling, stdout=subprocess.DEVNULL) as compiler:
        if editable:
            say("Building the browser's modules with Node")
            run([python, "hatch_build.py"])
            run([*pip, "--no-deps", "--no-build-isolation", "--editable", "."])
        while compiler.poll() is None:
            with suppress(subprocess.TimeoutExpired):
                compiler.wait(SECONDS_BETWEEN_WORDS)
            if compiler.poll() is None:
                say("  compiling the packages …")


def run(command: list[str]) -> None:
    """Run a command that must succeed, printing its progress every few seconds."""
    began = time.monotonic()
    heard: list[str] = []
    with subprocess.Popen(
        command, cwd=ROOT, text=True, errors="replace",
        stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
    ) as process:  # fmt: skip
        assert process.stdout is not None
        listening = threading.Thread(target=heard.extend, args=(process.stdout,))
        listening.start()
        while listening.is_alive():
            listening.join(SECONDS_BETWEEN_WORDS)
            if listening.is_alive():
                last = heard[-1].strip()[:60] if heard else "…"
                say(f"  {time.monotonic() - began:.0f} s {last}")
    if process.returncode:
        text = "".join(heard)
        if any(word in text for word in UNTRUSTED):
            stop(PROXY)
        stop(f"{text}\nThis did not succeed: {' '.join(command)}")


def say(words: str) -> None:
    """Print a line and flush it."""
    print(words, flush=True)


def stop(words: str) -> NoReturn:
    """Exit with status 1 and a message."""
    sys.exit(words)


if __name__ == "__main__":
    main()
