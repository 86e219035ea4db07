"""The files of this machine, and commands on it, through the user's worker."""

from gatewright.backends.posix.commands import PosixCommands
from gatewright.backends.posix.filesystem import PosixFileSystem
from gatewright.backends.posix.plugin import plugin

__all__ = ["PosixCommands", "PosixFileSystem", "plugin"]
