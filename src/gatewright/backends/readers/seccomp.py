"""A seccomp filter that forbids sockets, new processes and changes to other files.

Landlock limits which files are opened. It does not limit system calls that change a
file by its path (mode, owner, times, attributes, length), nor those that change the
priority or the limits of the user's other processes.

Source: ``linux/seccomp.h`` and seccomp(2). A forbidden call returns EPERM. ``clone3``
returns ENOSYS, so that threads are created by ``clone``, whose flags a filter can see.
"""

import ctypes
import errno
import platform
import struct
from collections.abc import Iterable

_PR_SET_SECCOMP = 22
_MODE_FILTER = 2
_ALLOW = 0x7FFF0000
_ERRNO = 0x00050000
_KILL = 0x80000000
_PRLIMIT = {"x86_64": 302, "aarch64": 261}
_LOAD, _JUMP_EQUAL, _JUMP_SET, _RETURN = 0x20, 0x15, 0x45, 0x06
_NUMBER_AT, _ARCHITECTURE_AT, _FIRST_ARGUMENT_AT = 0, 4, 16
_CLONE_THREAD = 0x00010000
_X32 = 0x40000000

_ARCHITECTURES = {"x86_64": 0xC000003E, "aarch64": 0xC00000B7}
_CLONE = {"x86_64": 56, "aarch64": 220}
_CLONE3 = 435
_DENIED = {
    # socket connect accept bind listen socketpair fork vfork execve kill ptrace
    # rt_sigqueueinfo tkill tgkill unshare setns mount umount2 pivot_root accept4
    # keyctl request_key add_key perf_event_open rt_tgsigqueueinfo process_vm_readv
    # process_vm_writev bpf execveat userfaultfd; chmod fchmod chown fchown lchown
    # fchownat fchmodat truncate; utime utimes futimesat utimensat; setxattr lsetxattr
    # fsetxattr removexattr lremovexattr fremovexattr; setpriority sched_setparam
    # sched_setscheduler sched_setaffinity sched_setattr ioprio_set migrate_pages
    # move_pages; semget shmget shmat shmctl msgget mq_open; where a machine has them
    "x86_64": [
        *(41, 42, 43, 49, 50, 53, 57, 58, 59, 62, 101),
        *(129, 200, 234, 272, 308, 165, 166, 155, 288),
        *(250, 249, 248, 298, 297, 310, 311, 321, 322, 323),
        *(90, 91, 92, 93, 94, 260, 268, 76, 132, 235, 261, 280),
        *(188, 189, 190, 197, 198, 199, 141, 142, 144, 203, 314, 251, 256, 279),
        *(64, 29, 30, 31, 68, 240),
    ],
    "aarch64": [
        *(198, 203, 202, 200, 201, 199, 221, 129, 117),
        *(138, 130, 131, 97, 268, 40, 39, 41, 242),
        *(219, 218, 217, 241, 240, 270, 271, 280, 281, 282),
        *(52, 53, 54, 55, 45, 88),
        *(5, 6, 7, 14, 15, 16, 140, 118, 119, 122, 274, 30, 238, 239),
        *(190, 194, 196, 195, 186, 180),
    ],
}
# pidfd_send_signal, io_uring_setup, pidfd_open, pidfd_getfd, process_madvise,
# fchmodat2, setxattrat, removexattrat
_DENIED_EVERYWHERE = [424, 425, 434, 438, 440, 452, 463, 466]


class _Program(ctypes.Structure):
    _fields_ = [("length", ctypes.c_ushort), ("filter", ctypes.c_char_p)]


def restrict() -> bool:
    """Install the filter for this process; return whether the kernel accepted it."""
    machine = platform.machine()
    if machine not in _ARCHITECTURES:
        return False
    code = program(machine)
    wanted = _Program(len(code) // 8, code)
    libc = ctypes.CDLL(None, use_errno=True)
    answer = libc.prctl(_PR_SET_SECCOMP, _MODE_FILTER, ctypes.byref(wanted), 0, 0)
    return bool(answer == 0)


def program(machine: str) -> bytes:
    """Return the filter for a machine type as classic BPF instructions."""
    denied = [*_DENIED[machine], *_DENIED_EVERYWHERE]
    # Programs of 32-bit pointers call by other numbers than those that are denied.
    x32 = [_step(_JUMP_SET, _X32, 0, 1), _step(_RETURN, _KILL)]
    if machine != "x86_64":
        x32 = []
    steps = [
        _step(_LOAD, _ARCHITECTURE_AT),
        _step(_JUMP_EQUAL, _ARCHITECTURES[machine], 1, 0),
        _step(_RETURN, _KILL),
        _step(_LOAD, _NUMBER_AT),
        *x32,
        *_refuse(denied, errno.EPERM),
        *_refuse([_CLONE3], errno.ENOSYS),
        # prlimit is allowed for the process 0, which is the caller itself.
        _step(_JUMP_EQUAL, _PRLIMIT[machine], 0, 4),
        _step(_LOAD, _FIRST_ARGUMENT_AT),
        _step(_JUMP_EQUAL, 0, 0, 1),
        _step(_RETURN, _ALLOW),
        _step(_RETURN, _ERRNO | errno.EPERM),
        _step(_JUMP_EQUAL, _CLONE[machine], 1, 0),
        _step(_RETURN, _ALLOW),
        _step(_LOAD, _FIRST_ARGUMENT_AT),
        _step(_JUMP_SET, _CLONE_THREAD, 0, 1),
        _step(_RETURN, _ALLOW),
        _step(_RETURN, _ERRNO | errno.EPERM),
    ]
    return b"".join(steps)


def _step(code: int, value: int, if_true: int = 0, if_false: int = 0) -> bytes:
    return struct.pack("=HBBI", code, if_true, if_false, value)


def _refuse(numbers: Iterable[int], error: int) -> list[bytes]:
    refusal = _step(_RETURN, _ERRNO | error)
    return [
        step
        for number in numbers
        for step in (_step(_JUMP_EQUAL, number, 0, 1), refusal)
    ]
