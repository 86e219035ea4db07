"""Helpers for tests of file systems."""

from gatewright.domains.files import ANY_STATE, FileSystem, Precondition, Stored


async def put(
    files: FileSystem,
    user: str,
    path: bytes,
    content: bytes,
    condition: Precondition = ANY_STATE,
) -> Stored:
    """Write a whole file."""
    writing = await files.begin(user, path)
    try:
        await writing.write([content])
        return await writing.commit(condition)
    finally:
        await writing.abort()


async def get(files: FileSystem, user: str, path: bytes) -> bytes:
    """Read a whole file."""
    opened = await files.open(user, path)
    try:
        return await opened.read(0, opened.entry.size)
    finally:
        opened.close()


async def names(files: FileSystem, user: str, path: bytes = b"/") -> list[bytes]:
    """Return the names in a folder."""
    page = await files.list(user, path, after=b"", limit=1000)
    return [entry.name for entry in page.entries]
