"""A gateway's real processes on loopback, with an application of the test's choice."""

import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from gatewright.core.config import Config

ROOT = Path(__file__).resolve().parents[2]
START_SECONDS = 120


@dataclass(slots=True)
class Serving:
    """A supervisor and what it said."""

    process: subprocess.Popen[str]
    """The supervisor."""
    url: str
    """Address of the gateway."""
    log: Path
    """What the processes wrote on standard error."""

    @property
    def port(self) -> int:
        """The port that it listens on."""
        return int(self.url.rpartition(":")[2])

    def children(self) -> list[int]:
        """Return the pids of the processes that serve, or are about to."""
        return self._named("gatewright")

    def standby(self) -> list[int]:
        """Return the pid of the process that stands by, once it is ready to."""
        return self._named("gw-standby")

    def _named(self, name: str) -> list[int]:
        pid = self.process.pid
        text = Path(f"/proc/{pid}/task/{pid}/children").read_text(encoding="ascii")
        return [int(child) for child in text.split() if name == _name(child)]

    def terminate(self, seconds: float = 90) -> int:
        """Stop it as an operator does; return its exit status."""
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(seconds)


@contextmanager
def serving(
    state: Path,
    factory: str,
    *,
    processes: int = 1,
    limits: Mapping[str, Any] | None = None,
    gateway: Mapping[str, Any] | None = None,
    stdin: int = subprocess.DEVNULL,
) -> Iterator[Serving]:
    """Run ``factory`` under the supervisor on a free port until the context ends."""
    config = Config.model_validate(
        {
            "gateway": {
                "listen": "127.0.0.1:0",
                "state": str(state / "state"),
                "processes": processes,
                **(gateway or {}),
            },
            "limits": dict(limits or {}),
        }
    )
    path = state / "config.json"
    path.write_text(config.model_dump_json())
    log = state / "server.log"
    with log.open("wb") as stderr:
        process = subprocess.Popen(
            [sys.executable, "-m", "tests.support.serving", str(path), factory],
            stdin=stdin,
            stdout=subprocess.PIPE,
            stderr=stderr,
            text=True,
            cwd=ROOT,
            env=_environment(),
        )
    try:
        yield Serving(process, _address(process, log), log)
    finally:
        if process.poll() is None:
            process.terminate()
        try:
            process.wait(90)
        finally:
            process.kill()
            assert process.stdout is not None
            process.stdout.close()


def _name(pid: str) -> str:
    try:
        return Path(f"/proc/{pid}/comm").read_text(encoding="utf-8").strip()
    except (FileNotFoundError, ProcessLookupError):
        return ""


def _environment() -> dict[str, str]:
    path = os.pathsep.join([str(ROOT / "src"), str(ROOT)])
    return os.environ | {"PYTHONPATH": path}


def _address(process: subprocess.Popen[str], log: Path) -> str:
    assert process.stdout is not None
    late = threading.Timer(START_SECONDS, process.kill)
    late.start()
    try:
        address = process.stdout.readline().strip()
    finally:
        late.cancel()
    if not address:
        raise RuntimeError(f"the server did not start:\n{log.read_text()}")
    return address


def main() -> int:
    """Serve the configuration and factory that the arguments name."""
    from gatewright.web.server.supervisor import serve

    def tell(url: str) -> None:
        sys.stdout.write(f"{url}\n")
        sys.stdout.flush()

    def load() -> Config:
        text = Path(sys.argv[1]).read_text(encoding="utf-8")
        return Config.model_validate_json(text)

    return serve(load, tell, factory=sys.argv[2])


if __name__ == "__main__":
    sys.exit(main())
