"""The service through which faces read and change files of the systems."""

from collections.abc import AsyncGenerator, AsyncIterable, Mapping
from typing import Final

from gatewright.core.caller import Caller, Scope
from gatewright.core.concurrency import ConcurrencyLimit
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
    """Reads and changes files with the rights of the caller's account.

    Methods check the caller's scope and the folders to which a token is restricted,
    raise `NotFound` for a system without files, and otherwise the errors of
    `gatewright.domains.files.ports.FileSystem`.

    Parameters
    ----------
    systems
        File systems by the names of their systems.
    upload_bytes
        Largest file that may be written, bytes.
    downloads, uploads
        Limits of each user's open downloads and uploads.
    """

    def __init__(
        self,
        systems: Mapping[str, FileSystem],
        upload_bytes: int,
        downloads: ConcurrencyLimit,
        uploads: ConcurrencyLimit,
    ) -> None:
        self._systems = dict(systems)
        self._upload_bytes = upload_bytes
        self.downloads = downloads
        """Limits of each user's open downloads, including archives made of folders."""
        self._uploads = uploads

    @property
    def names(self) -> list[str]:
        """Names of the systems that have files."""
        return list(self._systems)

    async def systems(self, caller: Caller) -> list[Home]:
        """Return the systems that have files, with the caller's home on each."""
        reach.require_any(caller)
        return [await self.system(caller, name) for name in self._systems]

    async def system(self, caller: Caller, system: str) -> Home:
        """Return one system, with the caller's home on it."""
        reach.require_any(caller)
        return Home(system, await self._files(system).home(caller.user))

    async def resolve(self, caller: Caller, system: str, path: bytes) -> bytes:
        """Return a plain path; ``~`` and relative paths refer to the caller's home."""
        return paths.resolve(path, await self._files(system).home(caller.user))

    async def stat(
        self, caller: Caller, system: str, path: bytes, *, follow: bool = False
    ) -> Entry:
        """Return the metadata of a path; ``follow`` follows a symbolic link."""
        files, plain = self._reading(caller, system, path)
        return await files.stat(caller.user, plain, follow=follow)

    async def open(self, caller: Caller, system: str, path: bytes) -> OpenFile:
        """Open a file for reading; a folder is returned without a descriptor.

        The file counts as a download of the caller until it is closed.
        `TooManyRequests` says that the caller has too many of them open.
        """
        files, plain = self._reading(caller, system, path)
        return await open_counted(self.downloads, files, caller.user, plain)

    async def list(
        self, caller: Caller, system: str, path: bytes, *, after: bytes, limit: int
    ) -> Listing:
        """Return a page of a folder: ``limit`` entries whose names follow ``after``."""
        files, plain = self._reading(caller, system, path)
        return await files.list(caller.user, plain, after=after, limit=limit)

    async def members(
        self, caller: Caller, system: str, path: bytes
    ) -> tuple[Entry, AsyncGenerator[Member | Missing, None]]:
        """Return a folder, and an iterator over its contents (see `folders.members`).

        Raises
        ------
        Conflict
            The path is a file.
        NotAllowed
            The caller may not list the folder.
        """
        files, plain = self._reading(caller, system, path)
        opened = await files.open(caller.user, plain)
        opened.close()
        if opened.entry.type is not FileType.DIRECTORY:
            raise Conflict("This is a file; an archive can only be made of a folder.")
        await files.list(caller.user, plain, after=b"", limit=1)
        return opened.entry, members(files, caller.user, plain, opened.entry)

    async def checksum(
        self, caller: Caller, system: str, path: bytes, algorithm: Algorithm
    ) -> Checksum:
        """Return the checksum of a whole file."""
        files, plain = self._reading(caller, system, path)
        return await files.checksum(caller.user, plain, algorithm)

    async def space(self, caller: Caller, system: str, path: bytes) -> Space:
        """Return the space on the file system that contains a path."""
        files, plain = self._reading(caller, system, path)
        return await files.space(caller.user, plain)

    async def tail(
        self, caller: Caller, system: str, path: bytes, lines: int
    ) -> tuple[Entry, bytes]:
        """Return a file's metadata and its last lines, at most about 4 MiB."""
        opened = await self.open(caller, system, path)
        try:
            if opened.descriptor is None:
                raise Conflict("This is a folder; only a file has last lines.")
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
        """Write a whole file, or nothing at all; a symbolic link's target is written.

        Parameters
        ----------
        body
            The content; if it raises, nothing is written.
        length
            Announced number of bytes; None if none was announced.
        condition
            Condition on the existing file.
        digests
            Digests that the content must have.
        modified_ns
            Time of modification to set, nanoseconds since 1970; None for the current
            time.

        Raises
        ------
        TooLarge, StorageFull
            The file is above the limit, or there is no space for it.
        InvalidRequest
            The content has another length or digest than announced.
        Conflict
            The path is something other than a file, or a link that leads to none.
        PreconditionFailed
            The condition does not hold.
        TooManyRequests
            The caller has too many uploads in progress.
        """
        files, plain = self._changing(caller, system, path)
        self._check_length(length)
        with self._uploads.acquire(caller.user):
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
        """Write the body in blocks of 1 MiB or more; check its length and digests."""
        if length is not None and length > writing.free:
            raise StorageFull(f"There is space for only {writing.free} bytes.")
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
        """Create a folder; ``parents`` also creates missing parents."""
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
        """Rename a file or folder.

        A relative destination starts at the caller's home.
        """
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
        """Copy a file or folder; a relative destination starts at the caller's home."""
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
        """Remove a file, a link or an empty folder; ``recursive`` a whole folder.

        ``match`` are the versions, one of which it must have.
        """
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
        """Create a link; the text of a symbolic link is kept as it is.

        Tokens that are restricted to folders cannot create symbolic links
        (`NotAllowed`).
        """
        files, plain = self._changing(caller, system, path)
        if b"\0" in target or not target:
            raise InvalidRequest("A link needs a target, without NUL bytes.")
        if not symbolic:
            target = await self.resolve(caller, system, target)
        elif caller.folders(Scope.FILES_WRITE):
            raise NotAllowed(
                "A token that is restricted to a folder cannot create symbolic links, "
                "which could lead out of it."
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
        """Return the file system and target path for a move or copy out of a folder."""
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
    """Return the last lines of an open file, read from its end.

    A line ends with a newline; bytes after the last newline count as a line too. A file
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
