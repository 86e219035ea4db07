"""Decodes the answers of a worker, with a check of the type of each member."""

import msgspec

from gatewright.core.errors import BackendFailed
from gatewright.domains.files import Entry


class Row(msgspec.Struct, array_like=True, forbid_unknown_fields=True):
    """Metadata of a file, in the order of the message."""

    name: str
    mode: int
    size: int
    modified_ns: int
    changed_ns: int
    owner: str
    group: str
    device: int
    inode: int
    links: int
    target: str | None


class ListAnswer(msgspec.Struct):
    """A page of a directory listing."""

    rows: list[Row]
    next: str | None


class ChecksumAnswer(msgspec.Struct):
    """A checksum, with the metadata of its file."""

    value: str
    row: Row
    bytes: int


class SpaceAnswer(msgspec.Struct):
    """Space on a file system, in bytes."""

    total: int
    free: int


class BeginAnswer(msgspec.Struct):
    """Token of a file that is being written, and the bytes that are free for it."""

    token: str
    free: int


class CommitAnswer(msgspec.Struct):
    """Metadata of a file that was written, and whether its name is new."""

    row: Row
    created: bool


_LARGEST = 1 << 63
_LATEST = _LARGEST * 10**9


def entry(row: Row) -> Entry:
    """Return a row as an entry.

    Raises
    ------
    BackendFailed
        A number is impossible, or a name has a character that stands for no byte.
    """
    if not (
        0 <= row.mode < _LARGEST
        and 0 <= row.size < _LARGEST
        and 0 <= row.device < _LARGEST
        and 0 <= row.inode < _LARGEST
        and 0 <= row.links < _LARGEST
        and -_LATEST <= row.modified_ns <= _LATEST
        and -_LATEST <= row.changed_ns <= _LATEST
    ):
        raise BackendFailed("The worker described an impossible file.")
    return Entry(
        raw(row.name),
        row.mode,
        row.size,
        row.modified_ns,
        row.changed_ns,
        row.owner,
        row.group,
        row.device,
        row.inode,
        row.links,
        None if row.target is None else raw(row.target),
    )


def raw(text: str) -> bytes:
    """Return the bytes that a text of the message stands for (Latin-1).

    Raises
    ------
    BackendFailed
        The text has a character that stands for no byte.
    """
    try:
        return text.encode("latin-1")
    except UnicodeEncodeError as error:
        raise BackendFailed("The worker sent an impossible file name.") from error
