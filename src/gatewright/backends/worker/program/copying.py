"""Copies files, links and folders through descriptors, without following links."""

import errno
import os
import stat

from gatewright.backends.worker.program import parts
from gatewright.backends.worker.program.entries import look
from gatewright.backends.worker.program.stopping import Stop
from gatewright.backends.worker.program.trees import Place

_DEEPEST = 200
_BLOCK = 16 << 20
_READ_FOLDER = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
_READ_FILE = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
_NEW_FILE = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC


def copy_tree(source: Place, destination: Place, stop: Stop, depth: int = 0) -> None:
    """Copy a file, link or folder to a place where nothing exists.

    Raises ENXIO for a pipe, socket or device, ELOOP for a tree that is too deep, and
    ECANCELED if it was cancelled. What was copied until then remains.
    """
    stop.check()
    found, target = look(*source)
    if depth > _DEEPEST:
        raise OSError(errno.ELOOP, "too deep")
    if target is not None:
        os.symlink(target, destination[1], dir_fd=destination[0])
    elif stat.S_ISDIR(found.st_mode):
        _copy_folder(source, destination, found, stop, depth)
    elif stat.S_ISREG(found.st_mode):
        _copy_file(source, destination, found, stop)
    else:
        raise OSError(errno.ENXIO, "not a file")


def _copy_folder(
    source: Place, destination: Place, found: os.stat_result, stop: Stop, depth: int
) -> None:
    os.mkdir(destination[1], 0o700, dir_fd=destination[0])
    reading = os.open(source[1], _READ_FOLDER, dir_fd=source[0])
    try:
        writing = os.open(destination[1], _READ_FOLDER, dir_fd=destination[0])
        try:
            for name in sorted(os.listdir(reading)):  # noqa: PTH208  # by descriptor
                if not parts.is_part(name):
                    raw_name = os.fsencode(name)
                    copy_tree((reading, raw_name), (writing, raw_name), stop, depth + 1)
            os.fchmod(writing, stat.S_IMODE(found.st_mode))
        finally:
            os.close(writing)
    finally:
        os.close(reading)


def _copy_file(
    source: Place, destination: Place, found: os.stat_result, stop: Stop
) -> None:
    reading = os.open(source[1], _READ_FILE, dir_fd=source[0])
    try:
        writing = os.open(destination[1], _NEW_FILE, 0o600, dir_fd=destination[0])
        try:
            _copy_bytes(reading, writing, stop)
            os.fchmod(writing, stat.S_IMODE(found.st_mode) & 0o777)
            os.fsync(writing)
        finally:
            os.close(writing)
    finally:
        os.close(reading)


def _copy_bytes(reading: int, writing: int, stop: Stop) -> None:
    """Copy all bytes within the kernel, or through memory where that fails (proc)."""
    offset = 0
    try:
        while count := os.sendfile(writing, reading, offset, _BLOCK):
            offset += count
            stop.check()
    except OSError as error:
        if offset or error.errno != errno.EINVAL:
            raise
        while block := os.read(reading, _BLOCK):
            os.write(writing, block)
            stop.check()
