"""A copy of the gateway that other Unix accounts can run."""

import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

SCRIPT = Path(__file__).resolve().parents[2] / "scripts" / "readable-copy.sh"


@dataclass(frozen=True, slots=True)
class Installed:
    """The gateway's source and the packages that it imports, owned by root."""

    source: Path
    packages: Path

    @property
    def python_path(self) -> str:
        return f"{self.source}:{self.packages}"

    def of(self, file: str | Path) -> Path:
        """Return the copy of a file of the gateway's package."""
        return self.source / Path(file).relative_to(Path(__file__).parents[2] / "src")


def install(folder: Path) -> Installed:
    """Copy the gateway to a new folder, as root."""
    done = subprocess.run(
        [SCRIPT, folder], check=False, capture_output=True, text=True, timeout=300,
        env={**os.environ, "PYTHON": sys.executable},
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    source, packages = done.stdout.strip().split(":")
    return Installed(Path(source), Path(packages))
