"""Runs all benchmarks, or those that are named: ``python -m bench download``."""

import importlib
import os
import pkgutil
import sys
from pathlib import Path

_SUPPORT = "support"


def names() -> list[str]:
    """Return the names of the benchmarks: all modules here except the shared ones."""
    modules = pkgutil.iter_modules([str(Path(__file__).parent)])
    own = {"__main__", _SUPPORT}
    return sorted(m.name for m in modules if m.name not in own and not m.ispkg)


def main() -> int:
    """Run the benchmarks; return the number of those that failed."""
    # An installed gateway has its modules compiled, and so have those that start here.
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
    failed = []
    for name in sys.argv[1:] or names():
        print(f"== {name}", flush=True)
        try:
            importlib.import_module(f"bench.{name}").main()
        except Exception as error:  # noqa: BLE001  # the next bench runs all the same
            failed.append(name)
            print(f"{name} failed: {error!r}", flush=True)
    return len(failed)


if __name__ == "__main__":
    sys.exit(main())
