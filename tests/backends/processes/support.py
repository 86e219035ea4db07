"""Shepherds that coverage measures, and a scheduler on a folder."""

import os
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from gatewright.backends.processes import LocalLauncher, ProcessScheduler
from gatewright.domains.compute import Capabilities

CAPABILITIES = Capabilities(cores=2, memory_bytes=1 << 30, queues=("default",))
_MAIN = """
import sys
from gatewright.backends.processes.shepherd import main
sys.exit(main(sys.argv[2]))
"""


def measured() -> dict[str, Any]:
    """Return the arguments that let coverage, where it runs, see the shepherds."""
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
