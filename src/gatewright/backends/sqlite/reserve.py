"""Room beside the database that is kept for deletions on a full disk.

A deletion writes before it frees anything (the audit log, the document's change), so
on a full disk nobody could make room through the gateway. A file of a fixed size holds
that room; it is removed when a deletion needs it, and made again when there is room.
"""

import os
from contextlib import suppress
from pathlib import Path
from typing import Final

RESERVE_BYTES: Final = 1 << 20
"""Enough for the writes of some fifty deletions."""
_MARGIN = 1 << 20
"""Room that is left for others when the reserve is made again."""


class Reserve:
    """The reserve of one database; several processes may share it.

    Parameters
    ----------
    database
        The database file, beside which the reserve is.
    """

    def __init__(self, database: Path) -> None:
        self._path = database.with_name(f"{database.name}-reserve")
        self.spent = False
        """Whether the room was given back and there was none to make it again."""
        self.keep()

    def give_back(self) -> None:
        """Let the disk have the room."""
        self._path.unlink(missing_ok=True)
        self.spent = True

    def keep(self) -> None:
        """Take the room, if the disk has so much and some more."""
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
