"""Reserves disk space for deletions when the disk is full.

A deletion writes before it frees anything (the audit log, the document's change), so on
a full disk nobody could delete documents. A reserve file of fixed size occupies the
needed space. It is deleted when a deletion needs the space, and created again when
there is enough.
"""

import os
from contextlib import suppress
from pathlib import Path
from typing import Final

RESERVE_BYTES: Final = 1 << 20
"""Size of the reserve file in bytes, enough for the writes of some fifty deletions."""
_MARGIN = 1 << 20
"""Free bytes that must remain after the reserve file is created again."""


class Reserve:
    """The reserve file of one database; several processes may share it.

    Parameters
    ----------
    database
        The database file, beside which the reserve file is stored.
    """

    def __init__(self, database: Path) -> None:
        self._path = database.with_name(f"{database.name}-reserve")
        self.spent = False
        """Whether the reserve file was deleted and could not be created again."""
        self.keep()

    def give_back(self) -> None:
        """Delete the reserve file.

        The database can then write deletions on a full disk.
        """
        self._path.unlink(missing_ok=True)
        self.spent = True

    def keep(self) -> None:
        """Create the reserve file, if the disk has enough space for it and a margin."""
        with suppress(OSError):
            if self._path.exists():
                self.spent = False
                return
            volume = os.statvfs(self._path.parent)
            if volume.f_bavail * volume.f_frsize < RESERVE_BYTES + _MARGIN:
                return
            with self._path.open("wb") as file:
                try:
                    os.posix_fallocate(file.fileno(), 0, RESERVE_BYTES)
                except OSError:  # another took the room meanwhile
                    self._path.unlink(missing_ok=True)
                    raise
            self.spent = False
