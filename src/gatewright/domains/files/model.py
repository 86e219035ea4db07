"""The data model of files; names and paths are bytes, as in POSIX."""

import stat
from dataclasses import dataclass, field
from enum import StrEnum
from functools import lru_cache

import msgspec


class FileType(StrEnum):
    """Type of a directory entry."""

    FILE = "file"
    DIRECTORY = "directory"
    LINK = "link"
    PIPE = "pipe"
    SOCKET = "socket"
    DEVICE = "device"
    UNKNOWN = "unknown"


_TYPES = {
    stat.S_IFREG: FileType.FILE,
    stat.S_IFDIR: FileType.DIRECTORY,
    stat.S_IFLNK: FileType.LINK,
    stat.S_IFIFO: FileType.PIPE,
    stat.S_IFSOCK: FileType.SOCKET,
    stat.S_IFBLK: FileType.DEVICE,
    stat.S_IFCHR: FileType.DEVICE,
}


@lru_cache(1024)  # the entries of a folder have few modes
def _type_and_permissions(mode: int) -> tuple[FileType, str]:
    kind = _TYPES.get(stat.S_IFMT(mode), FileType.UNKNOWN)
    return kind, f"{stat.S_IMODE(mode):04o}"


class Algorithm(StrEnum):
    """Algorithm of a checksum."""

    SHA256 = "sha256"
    SHA512 = "sha512"
    SHA1 = "sha1"
    MD5 = "md5"
    BLAKE2B = "blake2b"


class Entry(msgspec.Struct, frozen=True, gc=False):
    """A directory entry with its metadata, as ``lstat`` or ``stat`` gives it.

    A page of a folder has up to a thousand of them, and a frozen dataclass takes ten
    times as long to create.
    """

    name: bytes
    """Name without its directory; empty for the root."""
    mode: int
    """``st_mode``: type and permission bits; 0 if it may not be examined."""
    size: int
    """Size in bytes."""
    modified_ns: int
    """Time of modification (mtime), nanoseconds since 1970; users can set it."""
    changed_ns: int
    """Time of change of content or attributes (ctime), nanoseconds since 1970; users
    cannot set it."""
    owner: str
    """Name of the owning account."""
    group: str
    """Name of the owning group."""
    device: int
    """Device number of its file system (``st_dev``)."""
    inode: int
    """Inode number."""
    links: int = 1
    """Number of hard links."""
    target: bytes | None = None
    """Target of a symbolic link, as text; None otherwise."""

    @property
    def type(self) -> FileType:
        """Type of the entry."""
        return _type_and_permissions(self.mode)[0]

    @property
    def permissions(self) -> str:
        """Permission bits in octal, four digits (``0644``)."""
        return _type_and_permissions(self.mode)[1]

    @property
    def modified_at(self) -> float:
        """Time of modification, seconds since 1970."""
        return self.modified_ns / 1e9

    @property
    def version(self) -> str:
        """Text that differs if the content does: device, inode, size and both times."""
        return "%x-%x-%x-%x-%x" % (  # noqa: UP031  # half the time of an f-string
            self.device,
            self.inode,
            self.size,
            self.modified_ns,
            self.changed_ns,
        )

    @property
    def etag(self) -> str:
        """The version as a strong entity tag (RFC 9110, section 8.8.3)."""
        return f'"{self.version}"'


@dataclass(frozen=True, slots=True)
class Listing:
    """A page of a directory listing, sorted by name."""

    entries: tuple[Entry, ...]
    """Entries of the page."""
    next: bytes | None
    """Name after which the next page begins; None on the last page."""


@dataclass(frozen=True, slots=True)
class Checksum:
    """A checksum of a whole file."""

    algorithm: Algorithm
    """Algorithm."""
    value: str
    """The checksum in hexadecimal."""
    size: int
    """Number of bytes that it covers."""


@dataclass(frozen=True, slots=True)
class Space:
    """Space on the file system that contains a path."""

    total: int
    """Size of the file system in bytes."""
    free: int
    """Bytes that ordinary users can still write."""


@dataclass(frozen=True, slots=True)
class Precondition:
    """Condition on the existing file under which a change is made."""

    create: bool = False
    """The name must not exist yet."""
    match: tuple[str, ...] | None = None
    """Versions, one of which the existing file must have (If-Match); ``*`` means any.
    """
    none_match: tuple[str, ...] | None = None
    """Versions, none of which the existing file may have (If-None-Match)."""


ANY_STATE = Precondition()


@dataclass(frozen=True, slots=True)
class Stored:
    """A file that was written."""

    entry: Entry
    """Its metadata."""
    created: bool
    """Whether the name did not exist before."""


@dataclass(frozen=True, slots=True)
class Home:
    """A system with files, and the caller's home directory on it."""

    name: str
    """Name of the system."""
    home: bytes
    """Path of the directory to which ``~`` and relative paths refer."""


@dataclass(frozen=True, slots=True)
class Command:
    """A command to run."""

    argv: tuple[bytes, ...]
    """Program and arguments; they do not pass through a shell."""
    directory: bytes
    """Working directory."""
    environment: dict[bytes, bytes] = field(default_factory=dict)
    """Environment variables that are added to those of the worker."""
    stdin: bytes = b""
    """Standard input."""
    seconds: float = 60.0
    """Time limit in seconds, after which the command is killed."""
    output_bytes: int = 1 << 20
    """Largest part of each output stream that is kept, in bytes."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """Result of a command."""

    exit_code: int
    """Exit code, or 128 + the number of the signal that ended the command."""
    stdout: bytes
    """Standard output, up to the limit."""
    stderr: bytes
    """Standard error, up to the limit."""
    stdout_truncated: bool = False
    """Whether standard output was longer than what was kept."""
    stderr_truncated: bool = False
    """Whether standard error was longer than what was kept."""
    timed_out: bool = False
    """Whether the command was killed because it exceeded its time limit."""
