"""What the files of a system are made of; names and paths are bytes."""

import stat
from dataclasses import dataclass, field
from enum import StrEnum


class FileType(StrEnum):
    """What an entry of a folder is."""

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


class Algorithm(StrEnum):
    """How a checksum is computed."""

    SHA256 = "sha256"
    SHA512 = "sha512"
    SHA1 = "sha1"
    MD5 = "md5"
    BLAKE2B = "blake2b"


@dataclass(frozen=True, slots=True)
class Entry:
    """One name in a folder, and what it stands for."""

    name: bytes
    """Name without its folder; empty for the root."""
    mode: int
    """Type and permission bits, as ``st_mode``; 0 where one may not look."""
    size: int
    """Size in bytes."""
    modified_ns: int
    """Time of the last change of content, nanoseconds since 1970, as it was set."""
    changed_ns: int
    """Time of the last change of content or attributes, which nobody can set back."""
    owner: str
    """Name of the user it belongs to on the machine."""
    group: str
    """Name of the group it belongs to."""
    device: int
    """Number of the file system it is on."""
    inode: int
    """Number of the file in that file system."""
    links: int = 1
    """Names that the file has."""
    target: bytes | None = None
    """Text of a symbolic link."""

    @property
    def type(self) -> FileType:
        """What it is."""
        return _TYPES.get(stat.S_IFMT(self.mode), FileType.UNKNOWN)

    @property
    def permissions(self) -> str:
        """Permission bits in octal, four digits (``0644``)."""
        return f"{stat.S_IMODE(self.mode):04o}"

    @property
    def modified_at(self) -> float:
        """Time of the last change of content, seconds since 1970."""
        return self.modified_ns / 1e9

    @property
    def version(self) -> str:
        """What tells one content from another: device, inode, size and both times."""
        numbers = (
            self.device,
            self.inode,
            self.size,
            self.modified_ns,
            self.changed_ns,
        )
        return "-".join(f"{number:x}" for number in numbers)

    @property
    def etag(self) -> str:
        """The version as a strong entity tag (RFC 9110, section 8.8.3)."""
        return f'"{self.version}"'


@dataclass(frozen=True, slots=True)
class Listing:
    """A page of a folder, in the order of names."""

    entries: tuple[Entry, ...]
    """The entries of the page."""
    next: bytes | None
    """Name after which the next page begins; None on the last."""


@dataclass(frozen=True, slots=True)
class Checksum:
    """A checksum of a whole file."""

    algorithm: Algorithm
    """How it was computed."""
    value: str
    """The checksum in hexadecimal."""
    size: int
    """Number of bytes that it covers."""


@dataclass(frozen=True, slots=True)
class Space:
    """Room on the file system that a folder is on."""

    total: int
    """Size in bytes."""
    free: int
    """Bytes that its users may still write."""


@dataclass(frozen=True, slots=True)
class Precondition:
    """State in which a file must be for a change to be made."""

    create: bool = False
    """Nothing of the name may be there."""
    match: tuple[str, ...] | None = None
    """Versions of which one must be there; ``*`` for any."""
    none_match: tuple[str, ...] | None = None
    """Versions of which none may be there."""


ANY_STATE = Precondition()


@dataclass(frozen=True, slots=True)
class Stored:
    """A file that was written."""

    entry: Entry
    """The file as it is now."""
    created: bool
    """Whether nothing of that name was there before."""


@dataclass(frozen=True, slots=True)
class Home:
    """A system with files, and where the caller's home is on it."""

    name: str
    """Name of the system."""
    home: bytes
    """Path of the folder that ``~`` and relative paths mean."""


@dataclass(frozen=True, slots=True)
class Command:
    """A program to run to its end."""

    argv: tuple[bytes, ...]
    """The program and its arguments; no shell reads them."""
    directory: bytes
    """Folder to run in."""
    environment: dict[bytes, bytes] = field(default_factory=dict)
    """Variables beside those of the worker."""
    stdin: bytes = b""
    """What the command may read."""
    seconds: float = 60.0
    """Longest time it may run."""
    output_bytes: int = 1 << 20
    """Most of each output stream that is kept."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """How a command ended."""

    exit_code: int
    """Exit code; 128 and the number of the signal for a command that one ended."""
    stdout: bytes
    """What it wrote, up to the cap."""
    stderr: bytes
    """What it wrote as errors, up to the cap."""
    stdout_truncated: bool = False
    """Whether it wrote more than was kept."""
    stderr_truncated: bool = False
    """Whether it wrote more errors than were kept."""
    timed_out: bool = False
    """Whether it was killed because its time was over."""
