"""The worker's rows as entries; every member's type is checked on the way."""

import msgspec

from gatewright.core.errors import BackendFailed
from gatewright.domains.files import Entry


class Row(msgspec.Struct, array_like=True, forbid_unknown_fields=True):
    """What a worker tells of a file, in the order of the wire."""

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
    """A page of a folder."""

    rows: list[Row]
    next: str | None


class ChecksumAnswer(msgspec.Struct):
    """A checksum, and the file it is of."""

    value: str
    row: Row
    bytes: int


class SpaceAnswer(msgspec.Struct):
    """Room on a file system."""

    total: int
    free: int


class BeginAnswer(msgspec.Struct):
    """Name of a file in the making, and the room that there is for it."""

    token: str
    free: int


class CommitAnswer(msgspec.Struct):
    """A file that was written."""

    row: Row
    created: bool


_LARGEST = 1 << 63
_LATEST = _LARGEST * 10**9


def entry(row: Row) -> Entry:
    """Return a row as an entry.

    Raises
    ------
    BackendFailed
        A number that no file has, or a name with characters that stand for no byte.
    """
    latest = max(abs(row.modified_ns), abs(row.changed_ns))
    numbers = (row.mode, row.size, row.device, row.inode, row.links)
    if min(numbers) < 0 or max(numbers) >= _LARGEST or latest > _LATEST:
        raise BackendFailed("The worker told of a file that cannot be.")
    return Entry(
        name=raw(row.name),
        mode=row.mode,
        size=row.size,
        modified_ns=row.modified_ns,
        changed_ns=row.changed_ns,
        owner=row.owner,
        group=row.group,
        device=row.device,
        inode=row.inode,
        links=row.links,
        target=None if row.target is None else raw(row.target),
    )


def raw(text: str) -> bytes:
    """Return the bytes that a text of the wire stands for."""
    try:
        return text.encode("latin-1")
    except UnicodeEncodeError as error:
        raise BackendFailed("The worker told of a name that cannot be.") from error
