"""JSON descriptions of files, folders and file systems."""

from collections.abc import Iterable
from functools import lru_cache

from pydantic import BaseModel, Field

from gatewright.core.clock import timestamp
from gatewright.core.errors import InvalidRequest
from gatewright.core.pages import decode_cursor, encode_cursor
from gatewright.domains.files import Checksum, Entry, FileType, Home, Space
from gatewright.web.paths import encode_path

_EARLIEST, _LATEST = -62_135_596_800.0, 253_402_300_799.0
_KEPT_TIMES = 8192


class EntryAnswer(BaseModel):
    """A file, folder or link."""

    name: str = Field(description="Name; bytes that are not UTF-8 show as “\ufffd”.")
    path: str = Field(
        description="Path from the system's root, percent-encoded: what a URL takes.",
        examples=["/runs/output.txt"],
    )
    type: FileType = Field(description="Type of the entry.")
    size: int = Field(description="Size in bytes.", examples=[1024])
    modified_at: str = Field(description="Last change of content, RFC 3339 in UTC.")
    mode: str = Field(description="Permission bits in octal.", examples=["0644"])
    owner: str = Field(description="Name of the owning user.")
    group: str = Field(description="Name of the owning group.")
    etag: str = Field(description="Version of the content, for “If-Match”.")
    target: str | None = Field(description="Where a symbolic link points.")


class FolderPage(BaseModel):
    """A page of a folder's entries."""

    entries: list[EntryAnswer] = Field(description="Entries, sorted by name.")
    next: str | None = Field(description="Cursor of the next page, null on the last.")


class SpaceAnswer(BaseModel):
    """Size and free space of a file system."""

    total: int = Field(description="Size in bytes.")
    free: int = Field(description="Free space in bytes.")


class SystemAnswer(BaseModel):
    """A system with files, and the caller's home folder on it."""

    name: str = Field(description="Name of the system.", examples=["local"])
    home: str = Field(description="Home folder, for “~” and relative paths.")
    space: SpaceAnswer | None = Field(None, description="Space on the home's disk.")


class SystemList(BaseModel):
    """The systems that have files."""

    systems: list[SystemAnswer] = Field(description="The systems.")
    next: str | None = Field(description="Always null.")


class ChecksumAnswer(BaseModel):
    """A checksum of a whole file."""

    algorithm: str = Field(description="Hash function.", examples=["sha256"])
    checksum: str = Field(description="The checksum in hexadecimal.")
    size: int = Field(description="Size of the file in bytes.")

    @classmethod
    def of(cls, found: Checksum) -> dict[str, object]:
        """Return a checksum as JSON values."""
        return {
            "algorithm": found.algorithm,
            "checksum": found.value,
            "size": found.size,
        }


def system_answer(home: Home, space: Space | None = None) -> dict[str, object]:
    """Return a system's name, home folder and disk space as JSON values."""
    answer: dict[str, object] = {"name": home.name, "home": encode_path(home.home)}
    if space is not None:
        answer["space"] = {"total": space.total, "free": space.free}
    return answer


def entry_answer(path: bytes, entry: Entry) -> dict[str, object]:
    """Return the metadata of a file, folder or link as JSON values.

    ``path`` is normalized and percent-encoded in the result.
    """
    return _answer(encode_path(b"/" + b"/".join(_parts(path))), entry)


def _parts(path: bytes) -> list[bytes]:
    return [part for part in path.split(b"/") if part not in {b"", b"."}]


def _answer(path: str, entry: Entry) -> dict[str, object]:
    return {
        "name": _text(entry.name),
        "path": path,
        "type": entry.type,
        "size": entry.size,
        "modified_at": _time(entry.modified_ns),
        "mode": entry.permissions,
        "owner": entry.owner,
        "group": entry.group,
        "etag": entry.etag,
        "target": None if entry.target is None else _text(entry.target),
    }


@lru_cache(_KEPT_TIMES)  # the same files are listed again and again
def _time(nanoseconds: int) -> str:
    """Return nanoseconds since 1970 as RFC 3339 text.

    Times outside the years 1 to 9999 are clamped, since RFC 3339 has no others.
    """
    return timestamp(min(max(nanoseconds / 1e9, _EARLIEST), _LATEST))


def folder_page(folder: bytes, entries: Iterable[Entry]) -> list[dict[str, object]]:
    """Return the entries of a folder as JSON values."""
    # The folder's own path is normalized and encoded once, not for each entry.
    start = "".join(f"/{encode_path(part)}" for part in _parts(folder)) + "/"
    return [_answer(start + encode_path(entry.name), entry) for entry in entries]


def cursor_of(name: bytes | None) -> str | None:
    """Return the cursor of the page that begins after a name; None if there is none."""
    return None if name is None else encode_cursor(name.decode("latin-1"))


def name_after(cursor: str | None) -> bytes:
    """Return the name that a page begins after; empty for the first page.

    Raises
    ------
    InvalidRequest
        The cursor is not one of a folder.
    """
    if cursor is None:
        return b""
    (name,) = decode_cursor(cursor, str)
    try:
        return str(name).encode("latin-1")
    except UnicodeEncodeError as error:
        raise InvalidRequest("The cursor is not one of this listing.") from error


def _text(name: bytes) -> str:
    return name.decode("utf-8", "replace")
