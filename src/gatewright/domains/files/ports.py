"""Ports of the files domain: file systems and command runners."""

from collections.abc import Sequence
from typing import Protocol

from gatewright.domains.files.model import (
    Algorithm,
    Checksum,
    Command,
    Entry,
    Listing,
    Outcome,
    Precondition,
    Space,
    Stored,
)


class OpenFile(Protocol):
    """A regular file that is open for reading, or a directory."""

    @property
    def entry(self) -> Entry:
        """Metadata of what was opened, after following links."""

    @property
    def descriptor(self) -> int | None:
        """File descriptor, which this object closes; None for a directory."""

    async def read(self, offset: int, count: int) -> bytes:
        """Return up to ``count`` bytes from ``offset``.

        Fewer at the end of the file.
        """

    def size_now(self) -> int | None:
        """Return the current size; 0 for files without a size, such as in ``/proc``.

        None if the file was overwritten or truncated since it was opened or since the
        last call. Bytes appended at its end do not count as a change.
        """

    def close(self) -> None:
        """Close the file; further calls do nothing."""


class Writing(Protocol):
    """A file that is being written; it has no name until it is committed."""

    @property
    def free(self) -> int:
        """Bytes that were free on its file system when writing began."""

    async def write(self, blocks: Sequence[bytes]) -> None:
        """Append bytes; raises `StorageFull` if there is no space."""

    async def commit(
        self, condition: Precondition, modified_ns: int | None = None
    ) -> Stored:
        """Make the file durable and give it its name in one atomic step.

        ``modified_ns`` sets its time of modification, in nanoseconds since 1970.

        Raises
        ------
        AlreadyExists, PreconditionFailed
            The condition does not hold.
        """

    async def abort(self) -> None:
        """Remove the file; does nothing after a commit or an earlier call."""


class FileSystem(Protocol):
    """The files of one system, accessed with the rights of one of its users.

    Paths are plain (see `gatewright.domains.files.path`). Errors are those of
    `core.errors`: `NotFound`, `NotAllowed` (permissions), `AlreadyExists`, `Conflict`
    (a directory where a file is needed or the reverse, a directory that is not empty),
    `InvalidRequest` (a name that is too long), `StorageFull`, `Unavailable`,
    `TimedOut`.
    """

    async def home(self, user: str) -> bytes:
        """Return the plain path of a user's home directory.

        Raises
        ------
        NotAllowed
            The user has none.
        """

    def within(self, folder: bytes, destinations: bytes | None = None) -> "FileSystem":
        """Return a view of the file system in which no path can leave a folder.

        Paths are the same. A path that leads out of the folder, also through a link, is
        refused with `NotAllowed`, and so is a hard link to a symbolic link.
        ``destinations`` is the folder for destinations of moves and copies, if it is
        another one.
        """

    async def stat(self, user: str, path: bytes, *, follow: bool = False) -> Entry:
        """Return the metadata of a path; ``follow`` follows a symbolic link."""

    async def open(self, user: str, path: bytes) -> OpenFile:
        """Open a file for reading; a directory has only its entry."""

    async def list(
        self, user: str, path: bytes, *, after: bytes, limit: int
    ) -> Listing:
        """Return a page of a directory.

        It has up to ``limit`` entries, whose names sort after ``after``.
        """

    async def checksum(self, user: str, path: bytes, algorithm: Algorithm) -> Checksum:
        """Return the checksum of a whole file."""

    async def space(self, user: str, path: bytes) -> Space:
        """Return the space on the file system that contains a path."""

    async def begin(self, user: str, path: bytes) -> Writing:
        """Begin to write a whole file, which replaces an existing one on commit.

        If the path is a symbolic link, its target is written and the link stays, as in
        a shell.

        Raises
        ------
        Conflict
            The path is something that cannot be replaced: a directory, pipe, socket or
            device, or a link to one of these or to nothing.
        """

    async def mkdir(self, user: str, path: bytes, *, parents: bool = False) -> Entry:
        """Create a directory.

        With ``parents``, missing parents are created too, and an existing directory is
        no error.
        """

    async def move(
        self, user: str, path: bytes, destination: bytes, *, replace: bool = False
    ) -> Entry:
        """Rename a file or directory; `AlreadyExists` unless ``replace`` is given."""

    async def copy(
        self, user: str, path: bytes, destination: bytes, *, replace: bool = False
    ) -> Entry:
        """Copy a file, link or directory with its contents, entirely or not at all."""

    async def remove(
        self,
        user: str,
        path: bytes,
        *,
        recursive: bool = False,
        match: tuple[str, ...] | None = None,
    ) -> None:
        """Remove a file, link or empty directory.

        ``recursive`` removes a directory with its contents. ``match`` are the versions,
        one of which it must have.
        """

    async def link(
        self, user: str, path: bytes, target: bytes, *, symbolic: bool = True
    ) -> Entry:
        """Create a symbolic link with the text ``target``, or a hard link to it."""

    async def chmod(self, user: str, path: bytes, mode: int) -> Entry:
        """Set the permission bits."""


class CommandRunner(Protocol):
    """Runs commands on one system with the rights of one of its users."""

    async def home(self, user: str) -> bytes:
        """Return the plain path of a user's home directory."""

    async def run(self, user: str, command: Command) -> Outcome:
        """Run a command to its end or time limit, then kill what it left running."""
