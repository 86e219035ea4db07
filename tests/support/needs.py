"""What a test needs of the machine: skipped by name, or failed where all is required.

``GATEWRIGHT_REQUIRE_ALL=1`` turns every such skip into a failure.
"""

import os
import shutil
from pathlib import Path
from typing import NoReturn

import pytest

SHARED = Path(__file__).resolve().parents[2].parent / "shared"


def missing(what: str) -> NoReturn:
    """Skip the test by the name of what is missing, or fail where all is required."""
    if os.environ.get("GATEWRIGHT_REQUIRE_ALL") == "1":
        pytest.fail(f"required and missing: {what}", pytrace=False)
    pytest.skip(f"missing: {what}")


def program(name: str, package: str) -> str:
    """Return the path of a program of a Debian package."""
    path = shutil.which(name, path=os.environ.get("PATH", "") + ":/usr/sbin:/sbin")
    return path or missing(f"the program {name} (Debian package {package})")


def shared_data(*parts: str) -> Path:
    """Return a file or folder of ``../shared/data``."""
    path = SHARED.joinpath("data", *parts)
    return path if path.exists() else missing(f"../shared/data/{'/'.join(parts)}")


def shared_collection(*parts: str) -> Path:
    """Return a file or folder of ``../shared/collections``."""
    path = SHARED.joinpath("collections", *parts)
    return (
        path if path.exists() else missing(f"../shared/collections/{'/'.join(parts)}")
    )
