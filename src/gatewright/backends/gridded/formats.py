"""What a format of gridded data gives: how it is known, and open sources of arrays.

Both run in reader processes. A package of another format has an object like
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
    """An open source of arrays: one file, many files, or a store of chunks.

    The methods may raise BackendFailed: the source is damaged.
    """

    @property
    def description(self) -> Description:
        """All that it says but for its arrays' values, with its version when opened."""
        ...

    def version(self) -> Version:
        """Return the version of what is open, as it is now."""
        ...

    def read(
        self, variable: str, slab: Hyperslab, target: npt.NDArray[np.generic]
    ) -> None:
        """Read a piece of a variable into an array of its shape.

        The array is C-contiguous; numbers are converted to its type. A CHAR variable
        is read into one of type ``S1``.
        """
        ...

    def strings(self, variable: str, slab: Hyperslab) -> list[bytes]:
        """Return a piece of a STRING variable, in row-major order."""
        ...

    def close(self) -> None:
        """Let go of it."""
        ...


class Format(Protocol):
    """A format of gridded data.

    The places of a source are the paths that the configuration names, one or more.
    The methods may raise NotFound: there is nothing at a place.
    """

    def recognises(self, places: Sequence[bytes]) -> bool:
        """Return whether a source looks like this format, from its first bytes."""
        ...

    def version(self, places: Sequence[bytes]) -> Version:
        """Return the version of a source, without opening it.

        It is another text whenever the values may be others.
        """
        ...

    def open(self, places: Sequence[bytes]) -> GriddedFile:
        """Open a source.

        Raises
        ------
        BackendFailed
            It is damaged, or not of this format.
        """
        ...


def version_of(status: os.stat_result) -> Version:
    """Return the version of a file from its status.

    The time of the last change of the status is in it: that of the content can be set
    back after a change.
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
        There is no file that can be read.
    """
    try:
        status = os.stat(place)  # noqa: PTH116  # the path is bytes
    except (OSError, ValueError) as error:
        raise NotFound("The file of this data set is not there.") from error
    if not stat.S_ISREG(status.st_mode):
        raise NotFound("The source of this data set is not a file.")
    return version_of(status)


def open_descriptor(place: bytes) -> int:
    """Return an open descriptor of a file.

    Raises
    ------
    NotFound
        There is no file that can be read.
    """
    try:
        return os.open(place, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK)
    except (OSError, ValueError) as error:
        raise NotFound("The file of this data set cannot be opened.") from error


def first_bytes(place: bytes, count: int) -> bytes:
    """Return the first bytes of a file; none of a folder.

    Raises
    ------
    NotFound
        There is no file that can be read.
    """
    descriptor = open_descriptor(place)
    try:
        if not stat.S_ISREG(os.fstat(descriptor).st_mode):
            return b""
        return os.pread(descriptor, count, 0)
    finally:
        os.close(descriptor)
