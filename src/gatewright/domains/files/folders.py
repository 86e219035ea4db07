"""Walks through a folder and all that it contains, to make an archive of it.

Each entry is opened by its own path as the user, so that the kernel checks the
permissions of each. An entry that cannot be read is reported (`Missing`) and never
silently left out.
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
"""Size in bytes up to which a file is read whole before it is yielded."""
BLOCK: Final = 1 << 20
"""Size in bytes of the blocks in which larger files are read."""
_PAGE = 1024
_LEAST_PAGE = 16
_NOT_PACKED = {
    FileType.PIPE: "It is a pipe, which holds no bytes.",
    FileType.SOCKET: "It is a socket, which holds no bytes.",
    FileType.DEVICE: "It is a device, which holds no bytes.",
}
_HIDDEN = "The permissions of its folder do not allow access to it."


@dataclass(frozen=True, slots=True)
class Member:
    """A folder, a file or a symbolic link found in a walk through a folder."""

    path: bytes
    """Path relative to the folder; empty for the folder itself."""
    entry: Entry
    """Its metadata; ``size`` is the number of bytes that it yields."""
    content: bytes | None = b""
    """Content of a small file, or target of a link; None if `blocks` yields the
    content."""
    file: OpenFile | None = None
    """The open file that `blocks` reads, until the next member is requested."""

    async def blocks(self) -> AsyncIterator[bytes]:
        """Yield the content of a large file, exactly as many bytes as its entry says.

        Raises
        ------
        Unavailable
            The file was overwritten or truncated while it was read.
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
    """An entry that cannot be read."""

    path: bytes
    """Path relative to the folder."""
    reason: str
    """A sentence for the user that says why."""


@dataclass(slots=True)
class _Level:
    """A folder of the walk: the rest of a page, and where the next page begins."""

    path: bytes
    entries: Iterator[Entry] = field(default_factory=lambda: iter(()))
    next: bytes | None = b""


async def members(
    files: FileSystem, user: str, folder: bytes, entry: Entry
) -> AsyncGenerator[Member | Missing, None]:
    """Yield a folder and its contents: folders before their content, sorted by name.

    Symbolic links are yielded and not followed. Of each folder above the current one,
    one page of entries is kept, which is shorter at greater depth, so that the memory
    does not grow with the tree.

    Parameters
    ----------
    files
        The file system.
    user
        Account that reads.
    folder
        Plain path of the folder.
    entry
        Metadata of the folder.

    Raises
    ------
    GatewayError
        An error that does not concern a single entry, such as the end of the worker.
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
    """Open a file and yield it, or the reason why it cannot be read.

    The file is closed when the generator goes on.
    """
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
    """Return a small file with its content.

    One that claims size 0 is read to its end.
    """
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
        return Missing(path, "Its size is unknown, and it is larger than 256 KiB.")
    return Member(path, entry, content)


def _missing(path: bytes, error: GatewayError) -> Missing:
    if error.transient:
        raise error
    return Missing(path, error.text)
