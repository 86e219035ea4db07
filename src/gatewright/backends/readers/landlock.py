"""Restricts a process to certain paths with Landlock (Linux 5.13), through ctypes.

Structures and numbers are those of ``linux/landlock.h``, ABI 1 and later.
"""

import contextlib
import ctypes
import os
import stat
import struct
import sys
import sysconfig
from collections.abc import Sequence

_CREATE_RULESET, _ADD_RULE, _RESTRICT_SELF = 444, 445, 446
_GET_VERSION = 1
_RULE_PATH_BENEATH = 1
_EXECUTE, _WRITE_FILE, _READ_FILE, _READ_DIR = 1, 2, 4, 8
_ACTIONS_BY_VERSION = {1: 13, 2: 14}
_LATEST_ACTIONS = 15
_libc = ctypes.CDLL(None, use_errno=True)


def version() -> int:
    """Return the Landlock ABI version of the kernel; 0 without Landlock."""
    return max(0, int(_libc.syscall(_CREATE_RULESET, None, 0, _GET_VERSION)))


def program_folders() -> list[bytes]:
    """Return the folders of Python, its libraries and this package."""
    here = os.path.dirname(os.path.abspath(__file__)).partition("/backends/")[0]  # noqa: PTH100, PTH120  # a library's own path as text
    folders = {sys.prefix, sys.base_prefix, here, "/lib", "/lib64", "/usr/lib"}
    folders |= {"/usr/share/zoneinfo", "/dev/null", "/dev/urandom", "/etc/localtime"}
    folders |= set(sysconfig.get_paths().values()) | {p for p in sys.path if p}
    return [os.fsencode(folder) for folder in sorted(folders)]


def restrict(paths: Sequence[bytes]) -> bool:
    """Allow this process only to read below ``paths``.

    Returns whether the kernel enforces it.
    """
    abi = version()
    if not abi:
        return False
    handled = (1 << _ACTIONS_BY_VERSION.get(abi, _LATEST_ACTIONS)) - 1
    attributes = struct.pack("Q", handled)
    ruleset = int(_libc.syscall(_CREATE_RULESET, attributes, len(attributes), 0))
    if ruleset < 0:
        return False
    try:
        for path in paths:
            # What is not there cannot be read, and needs no rule.
            with contextlib.suppress(OSError):
                descriptor = os.open(path, os.O_PATH | os.O_CLOEXEC)
                try:
                    folder = stat.S_ISDIR(os.fstat(descriptor).st_mode)
                    rights = _READ_FILE | (_READ_DIR if folder else 0)
                    rule = struct.pack("=Qi", rights, descriptor)
                    _libc.syscall(_ADD_RULE, ruleset, _RULE_PATH_BENEATH, rule, 0)
                finally:
                    os.close(descriptor)
        return bool(_libc.syscall(_RESTRICT_SELF, ruleset, 0) == 0)
    finally:
        os.close(ruleset)
