"""The file system of this machine, accessed through each user's worker."""

from gatewright.backends.posix.filesystem import PosixFileSystem
from gatewright.backends.posix.plugin import plugin

__all__ = ["PosixFileSystem", "plugin"]
