"""Finds the paths of a configuration that are missing or not accessible.

The gateway starts without them and serves the rest, so they are warnings, not errors.
"""

import errno
import glob
import os
import shutil
import socket
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from typing_extensions import override

from gatewright.core import systems
from gatewright.core.config import Config, SurveySource, System

STATE = "state folder"
"""What the folder is for without which the gateway does not start."""


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

    It checks the state folder, folders and files of systems, sources of data sets,
    images and catalogues of surveys, and programs of identity providers.
    """
    if why := _state_fault(config.gateway.state):
        yield Absent(STATE, str(config.gateway.state), why)
    for system in config.systems:
        yield from _absent_of(system)
    for dataset in config.datasets:
        if why := _fault(dataset.source):
            yield Absent(f"data set “{dataset.id}”", str(dataset.source), why)
    for survey in config.surveys:
        yield from _absent_of_survey(survey)
    for provider in config.identity.providers:
        for name in provider.program[:1]:
            if shutil.which(name) is None:
                why = _fault(Path(name)) or "it may not be run"
                yield Absent(f"program of “{provider.name}”", name, why)


def _absent_of_survey(survey: SurveySource) -> Iterator[Absent]:
    """Yield what is not there of one survey: its images, its catalogue of stars."""
    found = glob.iglob(survey.images, recursive=True)  # noqa: PTH207  # absolute
    if next(found, None) is None:
        why = "no file has such a path"
        yield Absent(f"survey “{survey.id}”", survey.images, why)
    if survey.catalogue is not None and (why := _fault(survey.catalogue.file)):
        what = f"catalogue of survey “{survey.id}”"
        yield Absent(what, str(survey.catalogue.file), why)


def _absent_of(system: System) -> Iterator[Absent]:
    """Yield what is not there of one system."""
    home, paths = system.home, systems.existing_paths(system)
    for name, path in paths.items():
        if why := _fault(path):
            yield Absent(f"{name} of system “{system.name}”", str(path), why)
    if home is None:
        return
    why = _folder_fault(home)
    root = paths.get("root")
    if not why and root is not None and not home.is_relative_to(root):
        why = f"it is not below its root {root}, which is used instead"
    if why:
        yield Absent(f"home of system “{system.name}”", str(home), why)


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


def _fault(path: Path) -> str:
    """Return why a file or folder cannot be read, or an empty text if it can."""
    if path.is_dir():
        return _folder_fault(path)
    try:
        path.open("rb").close()
    except OSError as error:
        return str(error.strerror)
    return ""


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
