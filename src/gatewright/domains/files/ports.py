"""What the domain needs of the places where files are."""

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
    """A regular file that is open for reading, or a folder."""

    @property
    def entry(self) -> Entry:
        """What was opened, links followed."""

    @property
    def descriptor(self) -> int | None:
        """Descriptor of the file, None for a folder; owned by this object."""

    async def read(self, offset: int, count: int) -> bytes:
        """Return up to ``count`` bytes from ``offset``, fewer at the file's end."""

    def size_now(self) -> int | None:
        """Return the size that the file has now, 0 where its file system tells none.

        None says that somebody has overwritten or shortened it since it was opened or
        last asked about. Bytes that were added at its end are no such change.
        """

    def close(self) -> None:
        """Close the descriptor; safe to repeat."""


class Writing(Protocol):
    """A file that is being written, and not visible before it is committed."""

    @property
    def free(self) -> int:
        """Bytes that may still be written where it is, as it began."""

    async def write(self, blocks: Sequence[bytes]) -> None:
        """Append bytes (`StorageFull` when there is no room)."""

    async def commit(
        self, condition: Precondition, modified_ns: int | None = None
    ) -> Stored:
        """Make it durable and give it its name in one step.

        ``modified_ns`` is the time of last change that it shall have, in nanoseconds
        since 1970; by default that of the writing.

        `AlreadyExists` and `PreconditionFailed` say that the condition does not hold.
        """

    async def abort(self) -> None:
        """Remove it; safe to repeat, and after a commit it does nothing."""


class FileSystem(Protocol):
    """The files of one system, reached as one of its users.

    Paths are plain (see `gatewright.domains.files.path`). Errors are those of
    `core.errors`: `NotFound`, `NotAllowed` (permissions), `AlreadyExists`, `Conflict`
    (a folder where a file is needed and the reverse, a folder that is not empty),
    `InvalidRequest` (names that are too long), `StorageFull`, `Unavailable`,
    `TimedOut`.
    """

    async def home(self, user: str) -> bytes:
        """Return the plain path of the folder where a user's relative paths begin.

        `NotAllowed` says that the user has none.
        """

    def within(self, folder: bytes, destinations: bytes | None = None) -> "FileSystem":
        """Return the same files by the same paths, of which none leaves a folder.

        What leads out of it, a link too, is `NotAllowed`, and so is another name for
        a symbolic link in it. ``destinations`` is the folder that the destination of a
        copy does not leave, where it is another one.
        """

    async def stat(self, user: str, path: bytes, *, follow: bool = False) -> Entry:
        """Return what a path names, or (``follow``) what its link leads to."""

    async def open(self, user: str, path: bytes) -> OpenFile:
        """Open a file for reading; of a folder, only its entry is known."""

    async def list(
        self, user: str, path: bytes, *, after: bytes, limit: int
    ) -> Listing:
        """Return the names of a folder that follow ``after`` in their order."""

    async def checksum(self, user: str, path: bytes, algorithm: Algorithm) -> Checksum:
        """Read a whole file and return its checksum."""

    async def space(self, user: str, path: bytes) -> Space:
        """Return the room on the file system of a path that exists."""

    async def begin(self, user: str, path: bytes) -> Writing:
        """Begin to write a file whole; what is there stays until the commit.

        Of a symbolic link the target is written, as a shell does, and keeps its place.
        `Conflict` says that there is something that cannot be replaced so: a folder, a
        pipe, a socket, a device, or a link that leads to one or to nothing.
        """

    async def mkdir(self, user: str, path: bytes, *, parents: bool = False) -> Entry:
        """Make a folder (``parents``: and those above, and no error if it is there)."""

    async def move(
        self, user: str, path: bytes, destination: bytes, *, replace: bool = False
    ) -> Entry:
        """Give another name; `AlreadyExists` unless ``replace``."""

    async def copy(
        self, user: str, path: bytes, destination: bytes, *, replace: bool = False
    ) -> Entry:
        """Copy a file, link or folder with all in it, whole or not at all."""

    async def remove(
        self,
        user: str,
        path: bytes,
        *,
        recursive: bool = False,
        match: tuple[str, ...] | None = None,
    ) -> None:
        """Remove a file, link or empty folder (``recursive``: with all in it)."""

    async def link(
        self, user: str, path: bytes, target: bytes, *, symbolic: bool = True
    ) -> Entry:
        """Make a symbolic link with the text ``target``, or a hard link to it."""

    async def chmod(self, user: str, path: bytes, mode: int) -> Entry:
        """Set the permission bits."""


class CommandRunner(Protocol):
    """Runs programs on one system as one of its users."""

    async def home(self, user: str) -> bytes:
        """Return the plain path of the folder where a user's relative paths begin."""

    async def run(self, user: str, command: Command) -> Outcome:
        """Run a command to its end or its time's; what it leaves is killed."""
