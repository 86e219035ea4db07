"""Entry point of the worker process: ``python -I -S FOLDER DESCRIPTOR``.

Started in this way, the modules of this folder cannot be imported by their full names,
and nothing else of the project should be importable. So empty packages are registered
for the folders above.
"""

import os
import sys
from types import ModuleType

PACKAGE = "gatewright.backends.worker.program"


def _stand_in(folder: str) -> None:
    """Make the full name of this folder importable, with empty packages above it."""
    parts = PACKAGE.split(".")
    for count in range(1, len(parts) + 1):
        module = ModuleType(".".join(parts[:count]))
        module.__path__ = [folder] if count == len(parts) else []
        sys.modules[module.__name__] = module


def main(arguments: list[str]) -> None:
    """Serve the socket with the given descriptor until it is closed.

    After the descriptor, ``tickets`` may follow: the worker acts only with tickets. If
    ``launcher`` follows, the process starts programs for its worker instead.
    """
    if PACKAGE not in sys.modules:
        _stand_in(os.path.dirname(os.path.abspath(__file__)))  # noqa: PTH100, PTH120  # pathlib would double the start-up time
    if arguments[1:] == ["launcher"]:
        from gatewright.backends.worker.program import launcher

        launcher.run(int(arguments[0]))
        return
    from gatewright.backends.worker.program.process import run

    run(int(arguments[0]), tickets=arguments[1:] == ["tickets"])


if __name__ == "__main__":
    main(sys.argv[1:])
