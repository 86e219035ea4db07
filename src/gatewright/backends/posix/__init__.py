"""The files of this machine, and commands on it, through the user's worker."""

from gatewright.backends.posix.commands import PosixCommands
from gatewright.backends.posix.filesystem import PosixFileSystem
from gatewright.backends.posix.launcher import WorkerLauncher
from gatewright.backends.posix.workers import OneWorker, Workers

__all__ = [
    "OneWorker",
    "PosixCommands",
    "PosixFileSystem",
    "WorkerLauncher",
    "Workers",
]
