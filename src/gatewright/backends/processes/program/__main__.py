"""Entry point of a runner, or of a host that starts runners.

Started in this way, the modules of this folder cannot be imported by their full names,
and nothing else of the project should be importable. So empty packages are registered
for the folders above.
"""

import os
import sys
from types import ModuleType

PACKAGE = "gatewright.backends.processes.program"
SERVE = "--serve"


def main(arguments: list[str]) -> int:
    """Run the job in a folder, or start the runners requested through a pipe."""
    if PACKAGE not in sys.modules:
        parts = PACKAGE.split(".")
        folder = os.path.dirname(os.path.abspath(__file__))  # noqa: PTH100, PTH120  # pathlib comes later
        for count in range(1, len(parts) + 1):
            module = ModuleType(".".join(parts[:count]))
            module.__path__ = [folder] if count == len(parts) else []
            sys.modules[module.__name__] = module
    from gatewright.backends.processes.program import host, runner

    if arguments[0] == SERVE:
        return host.serve(arguments[1])
    return runner.main(arguments[0])


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
