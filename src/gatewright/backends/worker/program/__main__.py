"""Start of the worker process: ``python -I -S FOLDER DESCRIPTOR``.

Run in this way the modules beside this file cannot be found by their full names, and
nothing else of the project shall be: empty packages stand for those above this folder.
"""

import os
import sys
from types import ModuleType

PACKAGE = "gatewright.backends.worker.program"


def _stand_in(folder: str) -> None:
    """Make the full name of this folder importable, with nothing above it."""
    parts = PACKAGE.split(".")
    for count in range(1, len(parts) + 1):
        module = ModuleType(".".join(parts[:count]))
        module.__path__ = [folder] if count == len(parts) else []
        sys.modules[module.__name__] = module


def main(arguments: list[str]) -> None:
    """Serve the socket whose descriptor is the one argument, until its end."""
    if PACKAGE not in sys.modules:
        _stand_in(os.path.dirname(os.path.abspath(__file__)))  # noqa: PTH100, PTH120  # pathlib would double the start-up time
    from gatewright.backends.worker.program.process import run

    run(int(arguments[0]))


if __name__ == "__main__":
    main(sys.argv[1:])
