"""Restricts a reader process before it opens any file.

What the kernel supports is used, and the result is reported: without Landlock there are
still the resource limits, without seccomp still Landlock.
"""

import ctypes
import os
import resource
import signal
from collections.abc import Sequence

from gatewright.backends.readers import landlock, seccomp

_PR_SET_PDEATHSIG = 1
_PR_SET_DUMPABLE = 4
_PR_SET_NO_NEW_PRIVS = 38
_DESCRIPTORS = 256
_libc = ctypes.CDLL(None, use_errno=True)


def _prctl(option: int, value: int) -> bool:
    return bool(_libc.prctl(option, value, 0, 0, 0) == 0)


def die_with_parent(parent: int) -> None:
    """Ask the kernel to kill this process when its parent ends (prctl(2))."""
    _prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != parent:
        os._exit(1)


def limit(memory_bytes: int, file_bytes: int) -> None:
    """Set hard limits of address space, file size, descriptors and core files."""
    for kind, most in (
        (resource.RLIMIT_AS, memory_bytes),
        (resource.RLIMIT_FSIZE, file_bytes),
        (resource.RLIMIT_NOFILE, _DESCRIPTORS),
        (resource.RLIMIT_CORE, 0),
    ):
        hard = resource.getrlimit(kind)[1]
        bound = most if hard == resource.RLIM_INFINITY else min(most, hard)
        resource.setrlimit(kind, (bound, bound))


def enter(folders: Sequence[bytes]) -> dict[str, bool]:
    """Give up privileges, paths and system calls; return which steps took effect.

    ``folders`` and the Python installation stay readable. Nothing stays writable except
    descriptors that are passed in.
    """
    return {
        "no_new_privileges": _prctl(_PR_SET_NO_NEW_PRIVS, 1),
        "not_dumpable": _prctl(_PR_SET_DUMPABLE, 0),
        "landlock": landlock.restrict([*folders, *landlock.program_folders()]),
        "seccomp": seccomp.restrict(),
    }
