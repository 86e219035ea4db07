"""What a configuration names and this machine does not have, or does not let one use.

The gateway starts without it and serves the rest, so this is told and nothing refused.
"""

import glob
import os
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from typing_extensions import override

from gatewright.core.config import Config


@dataclass(frozen=True, slots=True)
class Absent:
    """Something that is named and cannot be used."""

    what: str
    """What it is for, such as ``data set “era5”``."""
    path: str
    """The path, or pattern of paths, as it is looked up."""
    why: str
    """What is the matter, such as ``No such file or directory``."""

    @override
    def __str__(self) -> str:
        return f"{self.what}: {self.path}: {self.why}"


def absent(config: Config) -> Iterator[Absent]:
    """Yield what a configuration names and cannot be used: it looks at every path."""
    if why := _state_fault(config.gateway.state):
        yield Absent("state folder", str(config.gateway.state), why)
    for system in config.systems:
        if system.home is not None and (why := _folder_fault(system.home)):
            yield Absent(f"home of system “{system.name}”", str(system.home), why)
    for dataset in config.datasets:
        if why := _source_fault(dataset.source):
            yield Absent(f"data set “{dataset.id}”", str(dataset.source), why)
    for survey in config.surveys:
        found = glob.iglob(survey.images, recursive=True)  # noqa: PTH207  # absolute
        if next(found, None) is None:
            why = "no file has such a path"
            yield Absent(f"survey “{survey.id}”", survey.images, why)


def _folder_fault(folder: Path) -> str:
    """Return why a folder cannot be listed, nothing if it can."""
    try:
        with os.scandir(folder):
            return ""
    except OSError as error:
        return str(error.strerror)


def _source_fault(source: Path) -> str:
    """Return why a file, or the folder of a store, cannot be read."""
    if source.is_dir():
        return _folder_fault(source)
    try:
        with source.open("rb"):
            return ""
    except OSError as error:
        return str(error.strerror)


def _state_fault(folder: Path) -> str:
    """Return why nothing can be written in a folder, or it cannot be made."""
    there = folder
    while not there.exists() and there != there.parent:
        there = there.parent
    try:
        with tempfile.TemporaryFile(dir=there):
            return ""
    except OSError as error:
        return str(error.strerror)
