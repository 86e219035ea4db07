"""Finds the paths of a configuration that are missing or not accessible.

The gateway starts without them and serves the rest, so they are warnings, not errors.
"""

import errno
import glob
import os
import socket
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from typing_extensions import override

from gatewright.core.config import Config


@dataclass(frozen=True, slots=True)
class Absent:
    """A path of the configuration that cannot be used."""

    what: str
    """What the path is for, such as ``data set “era5”``."""
    path: str
    """The path or glob pattern, absolute."""
    why: str
    """Reason in the words of the operating system, such as ``No such file or
    directory``."""

    @override
    def __str__(self) -> str:
        return f"{self.what}: {self.path}: {self.why}"


def absent(config: Config) -> Iterator[Absent]:
    """Yield the paths of a configuration that are missing or not accessible.

    It checks the state folder, homes of systems, sources of data sets and images of
    surveys.
    """
    if why := _state_fault(config.gateway.state):
        yield Absent("state folder", str(config.gateway.state), why)
    for system in config.systems:
        if system.home is not None and (why := _folder_fault(system.home)):
            yield Absent(f"home of system “{system.name}”", str(system.home), why)
    for dataset in config.datasets:
        source = dataset.source
        why = _folder_fault(source) if source.is_dir() else ""
        if not source.is_dir():
            try:
                source.open("rb").close()
            except OSError as error:
                why = str(error.strerror)
        if why:
            yield Absent(f"data set “{dataset.id}”", str(dataset.source), why)
    for survey in config.surveys:
        found = glob.iglob(survey.images, recursive=True)  # noqa: PTH207  # absolute
        if next(found, None) is None:
            why = "no file has such a path"
            yield Absent(f"survey “{survey.id}”", survey.images, why)


def away(config: Config) -> Iterator[Absent]:
    """Yield the processes beside the gateway, in multi-user mode, that do not listen.

    One whose socket is not open to this process counts as there.
    """
    if not config.multi_user:
        return
    for name, path, kind in (
        ("broker", config.broker.socket, socket.SOCK_SEQPACKET),
        ("authn", config.authn.socket, socket.SOCK_STREAM),
    ):
        with socket.socket(socket.AF_UNIX, kind) as asking:
            number = asking.connect_ex(str(path))
        if number not in {0, errno.EACCES, errno.EAGAIN}:
            yield Absent(f"“gatewright {name}”", str(path), os.strerror(number))


def _folder_fault(folder: Path) -> str:
    """Return why a folder cannot be listed, or an empty text if it can."""
    try:
        with os.scandir(folder):
            return ""
    except OSError as error:
        return str(error.strerror)


def _state_fault(folder: Path) -> str:
    """Return why a folder cannot be created or written, or an empty text if it can."""
    there = folder
    while not there.exists() and there != there.parent:
        there = there.parent
    try:
        with tempfile.TemporaryFile(dir=there):
            return ""
    except OSError as error:
        return str(error.strerror)
