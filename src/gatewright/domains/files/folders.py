"""All that is in a folder, one after the other, for an archive of it.

Each entry is opened by its own path as the user, so the kernel decides about each. What
cannot be had is told in its place (`Missing`), never left out in silence.
"""

from collections.abc import AsyncGenerator, AsyncIterator, Iterator
from contextlib import aclosing
from dataclasses import dataclass, field
from typing import Final

from gatewright.core.errors import GatewayError, Unavailable
from gatewright.domains.files import path as paths
from gatewright.domains.files.model import Entry, FileType
from gatewright.domains.files.ports import FileSystem, OpenFile

SMALL: Final = 1 << 18
"""A file up to this size is read whole before it is told of."""
BLOCK: Final = 1 << 20
"""Larger files are read in blocks of this size."""
_PAGE = 1024
_LEAST_PAGE = 16
_NOT_PACKED = {
    FileType.PIPE: "It is a pipe, which holds no bytes.",
    FileType.SOCKET: "It is a socket, which holds no bytes.",
    FileType.DEVICE: "It is a device, which holds no bytes.",
}
_HIDDEN = "The permissions of its folder refuse to look at it."


@dataclass(frozen=True, slots=True)
class Member:
    """A file, folder or symbolic link within a folder."""

    path: bytes
    """Path below the folder; empty for the folder itself."""
    entry: Entry
    """What it is; ``size`` is the number of bytes that it gives."""
    content: bytes | None = b""
    """All its bytes; None for a file that is read by `blocks`."""
    file: OpenFile | None = None
    """That file, open until the next member is asked for."""

    async def blocks(self) -> AsyncIterator[bytes]:
        """Yield the bytes of a large file, exactly as many as its entry says.

        Raises
        ------
        Unavailable
            It was overwritten or became shorter meanwhile.
        """
        assert self.file is not None  # noqa: S101  # a small one has its content
        offset = 0
        while offset < self.entry.size:
            count = min(BLOCK, self.entry.size - offset)
            block = await self.file.read(offset, count)
            if not block or self.file.size_now() is None:
                raise Unavailable("A file was changed while the folder was read.")
            offset += len(block)
            yield block


@dataclass(frozen=True, slots=True)
class Missing:
    """An entry that cannot be had."""

    path: bytes
    """Path below the folder."""
    reason: str
    """A sentence for the user."""


@dataclass(slots=True)
class _Level:
    """A folder that is being gone through: the rest of a page, and what follows it."""

    path: bytes
    entries: Iterator[Entry] = field(default_factory=lambda: iter(()))
    next: bytes | None = b""


async def members(
    files: FileSystem, user: str, folder: bytes, entry: Entry
) -> AsyncGenerator[Member | Missing, None]:
    """Yield a folder and what is in it, folders before their content, names in order.

    Symbolic links are told of and not followed. A page of each folder above the present
    one is held, shorter ones the deeper it goes, so that no tree takes much memory.

    Parameters
    ----------
    files
        The file system.
    user
        Who reads.
    folder
        Plain path of the folder.
    entry
        The folder itself.

    Raises
    ------
    GatewayError
        Something transient, which is no fault of one entry (the worker has ended).
    """
    yield Member(b"", entry)
    levels = [_Level(b"")]
    while levels:
        level = levels[-1]
        found = next(level.entries, None)
        if found is not None:
            path = level.path + found.name
            if found.type is FileType.DIRECTORY:
                yield Member(path, found)
                levels.append(_Level(path + b"/"))
            elif found.type is FileType.LINK:
                yield Member(path, found, found.target)
            elif found.type is FileType.FILE:
                told = _file(files, user, folder, path)
                async with aclosing(told):
                    async for one in told:
                        yield one
            else:
                yield Missing(path, _NOT_PACKED.get(found.type, _HIDDEN))
        elif level.next is None:
            levels.pop()
        else:
            limit = max(_LEAST_PAGE, _PAGE // len(levels))
            try:
                page = await files.list(
                    user,
                    paths.plain(folder + b"/" + level.path),
                    after=level.next,
                    limit=limit,
                )
            except GatewayError as error:
                levels.pop()
                yield _missing(level.path, error)
            else:
                level.entries, level.next = iter(page.entries), page.next


async def _file(
    files: FileSystem, user: str, folder: bytes, path: bytes
) -> AsyncGenerator[Member | Missing, None]:
    """Yield a file, which is open meanwhile, or why it cannot be read."""
    try:
        opened = await files.open(user, paths.plain(folder + b"/" + path))
    except GatewayError as error:
        yield _missing(path, error)
        return
    entry = opened.entry
    try:
        if opened.descriptor is None:
            yield Missing(path, "It became a folder while the folder was read.")
        elif entry.size > SMALL:
            yield Member(path, entry, None, opened)
        else:
            yield await _small(opened, path)
    finally:
        opened.close()


async def _small(opened: OpenFile, path: bytes) -> Member | Missing:
    """Read a small file whole; one without a size (of ``/proc``) has what it gives."""
    entry, content = opened.entry, b""
    most = entry.size or SMALL + 1
    try:
        while len(content) < most:
            block = await opened.read(len(content), most - len(content))
            if not block:
                break
            content += block
        if opened.size_now() is None:
            return Missing(path, "It was changed while it was read.")
    except GatewayError as error:
        return _missing(path, error)
    if len(content) > SMALL:
        return Missing(path, "It does not tell its size, and it is large.")
    return Member(path, entry, content)


def _missing(path: bytes, error: GatewayError) -> Missing:
    if error.transient:
        raise error
    return Missing(path, error.text)
