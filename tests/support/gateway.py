"""A real gateway as a process: the command that users type, on a free port."""

import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO

import httpx
from click.testing import CliRunner

from gatewright.cli.main import main

SOURCE = Path(__file__).resolve().parents[2] / "src"


@dataclass(slots=True)
class RunningGateway:
    """A gateway that was started by a test."""

    process: subprocess.Popen[str]
    """The command's process."""
    url: str
    """Its address."""
    sign_in_url: str
    """Its single-use sign-in link (demo only)."""
    state: Path
    """Its state folder."""
    log: Path
    """What it wrote to its standard error."""

    def token(self, *scopes: str, user: str = "demo") -> str:
        """Return a new token, made by the command."""
        asked = [part for scope in scopes for part in ("--scope", scope)]
        return command_here(
            "token", "create", "--state", str(self.state), "--user", user, *asked
        ).strip()

    def add_user(self, name: str, password: str, role: str = "guest") -> None:
        """Add an account by the command."""
        command_here(
            "user", "add", "--state", str(self.state), name, "--password-stdin",
            "--role", role, stdin=password,
        )  # fmt: skip

    def client(self, token: str = "") -> httpx.Client:
        """Return a client of the gateway, with a token if one is given."""
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        return httpx.Client(base_url=self.url, headers=headers, timeout=60)

    def kill(self) -> None:
        """Kill the whole process group as a power cut would, and wait for it."""
        os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait(30)

    def stop(self) -> int:
        """Ask it to stop, and return its exit status."""
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
        return self.process.wait(90)


def environment() -> dict[str, str]:
    """Return the environment in which the commands are run."""
    return os.environ | {"PYTHONPATH": str(SOURCE)}


def command(*arguments: str, stdin: str = "") -> str:
    """Run ``gatewright`` and return what it printed."""
    done = subprocess.run(
        [sys.executable, "-m", "gatewright", *arguments],
        input=stdin, capture_output=True, text=True, timeout=120,
        env=environment(), check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return done.stdout


def command_here(*arguments: str, stdin: str = "") -> str:
    """Run ``gatewright`` in this process, and return what it printed.

    A process of its own would import the services again, which takes a second. The
    command has an event loop of its own, so that it runs in another thread.
    """
    with ThreadPoolExecutor(1) as thread:
        work = thread.submit(
            CliRunner().invoke, main, arguments, stdin, catch_exceptions=False
        )
    done = work.result()
    assert done.exit_code == 0, done.output
    return done.stdout


@contextmanager
def running(arguments: Sequence[str], state: Path) -> Iterator[RunningGateway]:
    """Start ``gatewright`` with the arguments, and stop it at the end."""
    log = state.parent / f"{state.name}.log"
    with log.open("ab") as errors:
        process = subprocess.Popen(
            [sys.executable, "-m", "gatewright", *arguments],
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=errors, text=True,
            start_new_session=True, env=environment(),
        )  # fmt: skip
    assert process.stdout is not None
    try:
        wanted = 2 if arguments[0] == "demo" else 1
        lines = _first_lines(process.stdout, wanted)
        assert len(lines) == wanted, f"it ended at once: {log.read_text()[-3000:]}"
        url = _address(r"Gatewright is ready at (\S+)", lines[0])
        sign_in = _address(r"Sign in at (\S+)", lines[1]) if wanted == 2 else ""
        gateway = RunningGateway(process, url, sign_in, state, log)
        yield gateway
    finally:
        if process.poll() is None:
            process.send_signal(signal.SIGTERM)
        try:
            process.wait(90)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait(10)
        process.stdout.close()


def _first_lines(stream: IO[str], wanted: int) -> list[str]:
    lines: list[str] = []
    while len(lines) < wanted and (line := stream.readline()):
        lines.append(line.strip())
    return lines


def _address(pattern: str, line: str) -> str:
    found = re.fullmatch(pattern, line)
    assert found, line
    return found[1]


@contextmanager
def demo(state: Path, *arguments: str) -> Iterator[RunningGateway]:
    """Start ``gatewright demo`` on a free port, and stop it at the end."""
    with running(
        ["demo", "--port", "0", "--state", str(state), *arguments], state
    ) as gateway:
        yield gateway
