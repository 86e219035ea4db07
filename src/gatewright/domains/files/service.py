"""Files of the systems, for a caller who has the scope."""

from collections.abc import AsyncGenerator, AsyncIterable, Mapping
from typing import Final

from gatewright.core.caller import Caller, Scope
from gatewright.core.errors import (
    AlreadyExists,
    Conflict,
    InvalidRequest,
    NotAllowed,
    NotFound,
    PreconditionFailed,
    StorageFull,
    TooLarge,
)
from gatewright.core.turns import Turns
from gatewright.domains.files import path as paths
from gatewright.domains.files import reach
from gatewright.domains.files.counted import open_counted
from gatewright.domains.files.digests import Digests
from gatewright.domains.files.folders import Member, Missing, members
from gatewright.domains.files.model import (
    ANY_STATE,
    Algorithm,
    Checksum,
    Entry,
    FileType,
    Home,
    Listing,
    Precondition,
    Space,
    Stored,
)
from gatewright.domains.files.ports import FileSystem, OpenFile, Writing

WRITE_BLOCK: Final = 1 << 20
_TAIL_BLOCK = 1 << 16
_TAIL_MOST = 4 << 20


class FileService:
    """Reads and changes files as the caller.

    Parameters
    ----------
    systems
        File systems by the names of their systems.
    upload_bytes
        Largest file that may be written.
    downloads, uploads
        Turns of each user for files that are open, and for files in the making.
    """

    def __init__(
        self,
        systems: Mapping[str, FileSystem],
        upload_bytes: int,
        downloads: Turns,
        uploads: Turns,
    ) -> None:
        self._systems = dict(systems)
        self._upload_bytes = upload_bytes
        self.downloads = downloads
        """Turns of each user for what is sent: files, and what is made of them."""
        self._uploads = uploads

    @property
    def names(self) -> list[str]:
        """Names of the systems that have files."""
        return list(self._systems)

    async def systems(self, caller: Caller) -> list[Home]:
        """Return the systems that have files."""
        reach.require_any(caller)
        return [await self.system(caller, name) for name in self._systems]

    async def system(self, caller: Caller, system: str) -> Home:
        """Return one system (`NotFound` if it has no files)."""
        reach.require_any(caller)
        return Home(system, await self._files(system).home(caller.user))

    async def resolve(self, caller: Caller, system: str, path: bytes) -> bytes:
        """Return a plain path; ``~`` and relative paths begin at the caller's home."""
        return paths.resolve(path, await self._files(system).home(caller.user))

    async def stat(
        self, caller: Caller, system: str, path: bytes, *, follow: bool = False
    ) -> Entry:
        """Return what a path names."""
        files, plain = self._reading(caller, system, path)
        return await files.stat(caller.user, plain, follow=follow)

    async def open(self, caller: Caller, system: str, path: bytes) -> OpenFile:
        """Open a file for reading; a folder comes back without a descriptor.

        The file counts among the caller's downloads until it is closed
        (`TooManyRequests` above their number).
        """
        files, plain = self._reading(caller, system, path)
        return await open_counted(self.downloads, files, caller.user, plain)

    async def list(
        self, caller: Caller, system: str, path: bytes, *, after: bytes, limit: int
    ) -> Listing:
        """Return a page of a folder."""
        files, plain = self._reading(caller, system, path)
        return await files.list(caller.user, plain, after=after, limit=limit)

    async def members(
        self, caller: Caller, system: str, path: bytes
    ) -> tuple[Entry, AsyncGenerator[Member | Missing, None]]:
        """Return a folder and what yields all that is in it (see `folders.members`).

        Raises
        ------
        Conflict
            It is a file.
        NotAllowed
            The folder itself may not be listed.
        """
        files, plain = self._reading(caller, system, path)
        opened = await files.open(caller.user, plain)
        opened.close()
        if opened.entry.type is not FileType.DIRECTORY:
            raise Conflict("This is a file; an archive is made of a folder.")
        await files.list(caller.user, plain, after=b"", limit=1)
        return opened.entry, members(files, caller.user, plain, opened.entry)

    async def checksum(
        self, caller: Caller, system: str, path: bytes, algorithm: Algorithm
    ) -> Checksum:
        """Return the checksum of a whole file."""
        files, plain = self._reading(caller, system, path)
        return await files.checksum(caller.user, plain, algorithm)

    async def space(self, caller: Caller, system: str, path: bytes) -> Space:
        """Return the room on the file system of a path."""
        files, plain = self._reading(caller, system, path)
        return await files.space(caller.user, plain)

    async def tail(
        self, caller: Caller, system: str, path: bytes, lines: int
    ) -> tuple[Entry, bytes]:
        """Return the last lines of a file, at most 4 MiB of them."""
        opened = await self.open(caller, system, path)
        try:
            if opened.descriptor is None:
                raise Conflict("This is a folder, and a file is needed.")
            return opened.entry, await last_lines(opened, lines)
        finally:
            opened.close()

    async def put(
        self,
        caller: Caller,
        system: str,
        path: bytes,
        body: AsyncIterable[bytes],
        *,
        length: int | None = None,
        condition: Precondition = ANY_STATE,
        digests: Mapping[Algorithm, bytes] | None = None,
        modified_ns: int | None = None,
    ) -> Stored:
        """Write a whole file, or nothing at all; of a symbolic link, its target.

        Parameters
        ----------
        body
            The bytes; when it raises, nothing is written.
        length
            Number of bytes that were announced, if it was said.
        condition
            What must be true of the file that is there.
        digests
            Digests that the bytes must have.
        modified_ns
            Time of last change that the file shall have, nanoseconds since 1970.

        Raises
        ------
        TooLarge, StorageFull
            The file is above the limit, or there is no room for it.
        InvalidRequest
            The body has another length or digest than was announced.
        Conflict
            There is something that is no file, or a link that leads to none.
        PreconditionFailed
            The condition does not hold, also that of creation alone.
        TooManyRequests
            The caller has too many uploads under way.
        """
        files, plain = self._changing(caller, system, path)
        self._check_length(length)
        with self._uploads.take(caller.user):
            writing = await files.begin(caller.user, plain)
            try:
                await self._write(writing, body, length, Digests(digests or {}))
                return await writing.commit(condition, modified_ns)
            except AlreadyExists as error:
                await writing.abort()
                # A condition of the client's that fails is answered as one.
                raise PreconditionFailed(error.text) from error
            except BaseException:
                await writing.abort()
                raise

    def _check_length(self, length: int | None) -> None:
        if length is not None and length > self._upload_bytes:
            raise TooLarge(
                f"A file may have at most {self._upload_bytes} bytes.",
                limit=self._upload_bytes,
            )

    async def _write(
        self,
        writing: Writing,
        body: AsyncIterable[bytes],
        length: int | None,
        digests: Digests,
    ) -> None:
        """Write what comes, in blocks of 1 MiB or more, and check that it is whole."""
        if length is not None and length > writing.free:
            raise StorageFull(f"There is room for {writing.free} bytes only.")
        total, held = 0, 0
        blocks: list[bytes] = []
        async for block in body:
            total += len(block)
            self._check_length(total)
            blocks.append(block)
            held += len(block)
            if held >= WRITE_BLOCK:
                await digests.add(blocks)
                await writing.write(blocks)
                blocks, held = [], 0
        if blocks:
            await digests.add(blocks)
            await writing.write(blocks)
        if length is not None and total != length:
            raise InvalidRequest("The body has another length than was announced.")
        digests.check()

    async def mkdir(
        self, caller: Caller, system: str, path: bytes, *, parents: bool = False
    ) -> Entry:
        """Make a folder."""
        files, plain = self._changing(caller, system, path)
        return await files.mkdir(caller.user, plain, parents=parents)

    async def move(
        self,
        caller: Caller,
        system: str,
        path: bytes,
        destination: bytes,
        *,
        replace: bool = False,
    ) -> Entry:
        """Give a file or folder another name; the destination may be relative."""
        folder, source = reach.changing(caller, path)
        files, target = await self._towards(caller, system, folder, destination)
        return await files.move(caller.user, source, target, replace=replace)

    async def copy(
        self,
        caller: Caller,
        system: str,
        path: bytes,
        destination: bytes,
        *,
        replace: bool = False,
    ) -> Entry:
        """Copy a file or folder; the destination may be relative."""
        folder, source = reach.reading(caller, path)
        reach.check_not_root(source)
        files, target = await self._towards(caller, system, folder, destination)
        return await files.copy(caller.user, source, target, replace=replace)

    async def remove(
        self,
        caller: Caller,
        system: str,
        path: bytes,
        *,
        recursive: bool = False,
        match: tuple[str, ...] | None = None,
    ) -> None:
        """Remove a file, a link, an empty folder, or a folder with all in it."""
        files, plain = self._changing(caller, system, path)
        await files.remove(caller.user, plain, recursive=recursive, match=match)

    async def link(
        self,
        caller: Caller,
        system: str,
        path: bytes,
        target: bytes,
        *,
        symbolic: bool = True,
    ) -> Entry:
        """Make a link. A symbolic link's text is kept as it is."""
        files, plain = self._changing(caller, system, path)
        if b"\0" in target or not target:
            raise InvalidRequest("A link needs a target, without NUL bytes.")
        if not symbolic:
            target = await self.resolve(caller, system, target)
        elif caller.folders(Scope.FILES_WRITE):
            raise NotAllowed(
                "A token that is narrowed to a folder makes no symbolic links: others "
                "would follow them out of it."
            )
        return await files.link(caller.user, plain, target, symbolic=symbolic)

    async def chmod(self, caller: Caller, system: str, path: bytes, mode: int) -> Entry:
        """Set the permission bits of a file or folder."""
        files, plain = self._changing(caller, system, path)
        return await files.chmod(caller.user, plain, mode)

    def _reading(
        self, caller: Caller, system: str, path: bytes
    ) -> tuple[FileSystem, bytes]:
        folder, plain = reach.reading(caller, path)
        return _within(self._files(system), folder), plain

    def _changing(
        self, caller: Caller, system: str, path: bytes
    ) -> tuple[FileSystem, bytes]:
        folder, plain = reach.changing(caller, path)
        return _within(self._files(system), folder), plain

    async def _towards(
        self, caller: Caller, system: str, folder: bytes | None, destination: bytes
    ) -> tuple[FileSystem, bytes]:
        """Return what moves or copies out of a folder to a destination."""
        resolved = await self.resolve(caller, system, destination)
        to, target = reach.changing(caller, resolved)
        files = self._files(system)
        if folder is not None or to is not None:
            files = files.within(folder or b"/", to or b"/")
        return files, target

    def _files(self, system: str) -> FileSystem:
        files = self._systems.get(system)
        if files is None:
            raise NotFound(f"There is no system “{system}” with files.")
        return files


def _within(files: FileSystem, folder: bytes | None) -> FileSystem:
    return files if folder is None else files.within(folder)


async def last_lines(opened: OpenFile, lines: int) -> bytes:
    """Return the last lines of an open file, reading from its end.

    A line ends with a newline; bytes after the last newline are a line too. A file
    without a size (in ``/proc``) is read from its beginning.
    """
    end = opened.entry.size
    if not end:
        text, offset = b"", 0
        while block := await opened.read(offset, _TAIL_BLOCK):
            text = (text + block)[-_TAIL_MOST:]
            offset += len(block)
        return _cut(text, lines)
    start, blocks, newlines = end, list[bytes](), 0
    while start > 0 and newlines <= lines and end - start < _TAIL_MOST:
        count = min(_TAIL_BLOCK, start)
        start -= count
        blocks.append(await opened.read(start, count))
        newlines += blocks[-1].count(b"\n")
    return _cut(b"".join(reversed(blocks)), lines)


def _cut(text: bytes, lines: int) -> bytes:
    ending = b"\n" if text.endswith(b"\n") else b""
    parts = text.removesuffix(b"\n").split(b"\n")
    return b"\n".join(parts[-lines:]) + ending
