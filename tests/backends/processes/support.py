"""Runners that coverage measures, and a scheduler on a folder."""

import asyncio
import os
import subprocess
import sys
import threading
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from gatewright.backends.processes import ProcessScheduler
from gatewright.backends.worker import meaning
from gatewright.core.errors import BackendFailed
from gatewright.domains.compute import Capabilities

CAPABILITIES = Capabilities(cores=2, memory_bytes=1 << 30, queues=("default",))
_MAIN = """
import sys
from gatewright.backends.processes.program.__main__ import main
sys.exit(main(sys.argv[2:]))
"""


class LocalLauncher:
    """Starts processes from this one, as whoever it runs as."""

    async def launch(
        self,
        user: str,
        argv: Sequence[str],
        environment: Mapping[str, str],
        directory: str,
    ) -> int:
        return await asyncio.to_thread(self._launch, argv, environment, directory)

    async def mode(self, user: str, path: str) -> int:
        try:
            return (await asyncio.to_thread(os.stat, path)).st_mode
        except OSError as error:
            raise meaning(error.errno or 0) from error

    def _launch(
        self, argv: Sequence[str], environment: Mapping[str, str], directory: str
    ) -> int:
        try:
            child = subprocess.Popen(
                argv,
                env=environment,
                cwd=directory,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                start_new_session=True,
            )
        except OSError as error:
            raise BackendFailed("A process could not be started.") from error
        # Somebody has to take its exit status, or it stays as a zombie.
        threading.Thread(target=child.wait, name="runner", daemon=True).start()
        return child.pid


def measured() -> dict[str, Any]:
    """Return the arguments that let coverage, where it runs, see the runners."""
    if "COVERAGE_PROCESS_CONFIG" not in os.environ:
        return {}
    interpreter: Sequence[str] = (sys.executable, "-c", _MAIN)
    environment: Mapping[str, str] = {
        name: value
        for name, value in os.environ.items()
        if name.startswith(("COVERAGE", "PYTHON", "PATH"))
    }
    return {"interpreter": interpreter, "environment": environment}


def scheduler_on(folder: Path, **more: Any) -> ProcessScheduler:
    """Return a scheduler of two cores whose spool is in a folder."""
    return ProcessScheduler(
        folder / "spool",
        CAPABILITIES,
        LocalLauncher(),
        **{"grace_seconds": 0.5, **measured(), **more},
    )
