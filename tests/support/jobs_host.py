"""A gateway process that serves jobs and may be killed at any moment.

``python -m tests.support.jobs_host CONFIG PORT`` serves the API as the user ``ada``.
"""

import asyncio
import contextlib
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx

from gatewright.core.config import Config

ROOT = Path(__file__).resolve().parents[2]
_START_SECONDS = 150.0


class Host:
    """The process, which can be killed and started again on its port."""

    def __init__(self, settings: Config, folder: Path) -> None:
        self._config = folder / "config.json"
        self._config.write_text(settings.model_dump_json())
        self._log = folder / "host.log"
        # Bound for as long as the host lives, so that nobody else is given the port
        # while no process listens on it.
        self._reserved = socket.socket()
        self._reserved.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self._reserved.bind(("127.0.0.1", 0))
        self._port = self._reserved.getsockname()[1]
        self._process: subprocess.Popen[bytes] | None = None
        self.url = f"http://127.0.0.1:{self._port}"

    def start(self) -> None:
        """Start the process; it answers a little later."""
        path = os.pathsep.join([str(ROOT / "src"), str(ROOT)])
        with self._log.open("ab") as log:
            self._process = subprocess.Popen(
                [
                    sys.executable,
                    "-m",
                    "tests.support.jobs_host",
                    str(self._config),
                    str(self._port),
                ],
                cwd=ROOT,
                env=os.environ | {"PYTHONPATH": path},
                stderr=log,
            )

    async def answers(self, client: httpx.AsyncClient) -> None:
        """Wait until it answers."""
        async with asyncio.timeout(_START_SECONDS):
            while True:
                with contextlib.suppress(httpx.TransportError):
                    if (await client.get("/jobs/local")).status_code == 200:
                        return
                await asyncio.sleep(0.05)

    def kill(self) -> None:
        """End it as a power cut would."""
        if self._process is not None:
            self._process.send_signal(signal.SIGKILL)
            self._process.wait()
            self._process = None

    def close(self) -> None:
        """End it, and let go of its port."""
        self.kill()
        self._reserved.close()


@contextmanager
def job_host(settings: Config, folder: Path) -> Iterator[Host]:
    """Yield a host that has been started, and kill it at last."""
    host = Host(settings, folder)
    host.start()
    try:
        yield host
    finally:
        host.close()


async def _serve(settings: Config, port: int) -> None:
    import uvicorn
    from tests.support.app import AsCaller, caller
    from tests.support.jobs import job_services

    from gatewright.faces.api import build

    async with job_services(settings) as services:
        app = AsCaller(build(services), services, caller("ada"))
        await uvicorn.Server(
            uvicorn.Config(app, port=port, log_level="warning", lifespan="off")
        ).serve()


if __name__ == "__main__":
    asyncio.run(
        _serve(
            Config.model_validate_json(Path(sys.argv[1]).read_text(encoding="utf-8")),
            int(sys.argv[2]),
        )
    )
