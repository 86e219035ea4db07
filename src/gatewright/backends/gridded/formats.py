"""The interface of a format of gridded data: recognising and opening sources.

Both run in reader processes. A package with another format has an object like
:class:`Format`, and an entry point in ``gatewright.array_readers`` that names it
(:class:`gatewright.backends.plugin.ArrayReaderPlugin`).
"""

import os
import stat
from collections.abc import Sequence
from typing import Protocol

import numpy as np
import numpy.typing as npt

from gatewright.core.errors import NotFound
from gatewright.domains.arrays import Description, Hyperslab, Version


class GriddedFile(Protocol):
    """An open source of arrays: one file, many files, or a chunk store.

    All methods may raise BackendFailed if the source is damaged.
    """

    @property
    def description(self) -> Description:
        """Metadata of the source, with its version when it was opened."""
        ...

    def version(self) -> Version:
        """Return the current version of what is open."""
        ...

    def read(
        self, variable: str, slab: Hyperslab, target: npt.NDArray[np.generic]
    ) -> None:
        """Read a hyperslab of a variable into an array of the hyperslab's shape.

        The array is C-contiguous; numbers are converted to its type. A CHAR variable is
        read into an array of type ``S1``.
        """
        ...

    def strings(self, variable: str, slab: Hyperslab) -> list[bytes]:
        """Return a hyperslab of a STRING variable, in row-major order."""
        ...

    def close(self) -> None:
        """Close the source."""
        ...


class Format(Protocol):
    """A format of gridded data.

    The places of a source are the paths that the configuration names, one or more. All
    methods may raise NotFound if there is nothing at a place.
    """

    def recognises(self, places: Sequence[bytes]) -> bool:
        """Return whether a source has this format, judged by its first bytes."""
        ...

    def version(self, places: Sequence[bytes]) -> Version:
        """Return the version of a source, without opening it.

        It must change whenever the values may have changed.
        """
        ...

    def open(self, places: Sequence[bytes]) -> GriddedFile:
        """Open a source.

        Raises
        ------
        BackendFailed
            The source is damaged or not of this format.
        """
        ...


def version_of(status: os.stat_result) -> Version:
    """Return the version of a file from its status.

    It includes the time of the status change (ctime), since the time of modification
    can be set back after a change.
    """
    numbers = (
        *(status.st_dev, status.st_ino, status.st_size),
        *(status.st_mtime_ns, status.st_ctime_ns),
    )
    return Version("-".join(f"{number:x}" for number in numbers))


def file_version(place: bytes) -> Version:
    """Return the version of the file at a path.

    Raises
    ------
    NotFound
        There is no readable file.
    """
    try:
        status = os.stat(place)  # noqa: PTH116  # the path is bytes
    except (OSError, ValueError) as error:
        raise NotFound("The file of this data set is not there.") from error
    if not stat.S_ISREG(status.st_mode):
        raise NotFound("The source of this data set is not a file.")
    return version_of(status)


def open_descriptor(place: bytes) -> int:
    """Open a file for reading, and return its file descriptor.

    Raises
    ------
    NotFound
        The file cannot be opened.
    """
    try:
        return os.open(place, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK)
    except (OSError, ValueError) as error:
        raise NotFound("The file of this data set cannot be opened.") from error


def first_bytes(place: bytes, count: int) -> bytes:
    """Return the first ``count`` bytes of a file; none for a folder.

    Raises
    ------
    NotFound
        There is no readable file.
    """
    descriptor = open_descriptor(place)
    try:
        if not stat.S_ISREG(os.fstat(descriptor).st_mode):
            return b""
        return os.pread(descriptor, count, 0)
    finally:
        os.close(descriptor)
