"""The files of this machine, through the user's worker."""

from gatewright.backends.posix.filesystem import PosixFileSystem
from gatewright.backends.posix.plugin import plugin

__all__ = ["PosixFileSystem", "plugin"]
