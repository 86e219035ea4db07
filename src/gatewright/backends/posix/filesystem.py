"""Implements the port `FileSystem` with the user's worker."""

import os

from gatewright.backends.posix.opened import OpenedFile
from gatewright.backends.posix.rows import (
    BeginAnswer,
    ChecksumAnswer,
    ListAnswer,
    Row,
    SpaceAnswer,
    entry,
    raw,
)
from gatewright.backends.posix.writing import PosixWriting
from gatewright.backends.worker import (
    LASTING_SECONDS,
    Home,
    Workers,
    at_the_root,
    close_in_thread,
    latin,
)
from gatewright.core.errors import BackendFailed
from gatewright.domains.files import (
    Algorithm,
    Checksum,
    Entry,
    Listing,
    OpenFile,
    Space,
    Writing,
)


class PosixFileSystem:
    """The files below one folder of this machine.

    Parameters
    ----------
    workers
        The workers of the users.
    root
        Folder that is the root of all paths; nothing outside can be reached.
    home
        Returns a user's home directory as a path relative to the root.
    limits
        Two folders, relative to the root, that paths and the destinations of copies and
        moves cannot leave; ``/`` for no limit.
    """

    def __init__(
        self,
        workers: Workers,
        root: bytes,
        home: Home = at_the_root,
        limits: tuple[bytes, bytes] = (b"/", b"/"),
    ) -> None:
        self._workers = workers
        self._root = root
        self._home = home
        within, destinations_within = map(latin, limits)
        self._fixed = {
            "root": latin(root),
            "within": within,
            "destinations_within": destinations_within,
        }

    async def home(self, user: str) -> bytes:
        return await self._home(user)

    def within(
        self, folder: bytes, destinations: bytes | None = None
    ) -> "PosixFileSystem":
        limits = (folder, folder if destinations is None else destinations)
        return PosixFileSystem(self._workers, self._root, self._home, limits)

    async def stat(self, user: str, path: bytes, *, follow: bool = False) -> Entry:
        return await self._entry(user, "stat", path, follow=follow)

    async def open(self, user: str, path: bytes) -> OpenFile:
        worker = self._workers.of(user)
        row, descriptor = await worker.call_for_descriptor("open", self._at(path), Row)
        try:
            return OpenedFile(entry(row), descriptor, worker.threads)
        except BaseException:
            if descriptor is not None:
                close_in_thread(descriptor, worker.threads)
            raise

    async def list(
        self, user: str, path: bytes, *, after: bytes, limit: int
    ) -> Listing:
        arguments = self._at(path, after=latin(after), limit=limit)
        answer = await self._workers.of(user).call("list", arguments, ListAnswer)
        if len(answer.rows) > limit:
            raise BackendFailed("The worker listed more entries than requested.")
        following = None if answer.next is None else raw(answer.next)
        return Listing(tuple(entry(row) for row in answer.rows), following)

    async def checksum(self, user: str, path: bytes, algorithm: Algorithm) -> Checksum:
        arguments = self._at(path, algorithm=algorithm.value)
        answer = await self._workers.of(user).call(
            "checksum", arguments, ChecksumAnswer, seconds=LASTING_SECONDS
        )
        return Checksum(algorithm, answer.value, answer.bytes)

    async def space(self, user: str, path: bytes) -> Space:
        answer = await self._workers.of(user).call("space", self._at(path), SpaceAnswer)
        return Space(answer.total, answer.free)

    async def begin(self, user: str, path: bytes) -> Writing:
        worker = self._workers.of(user)
        answer, descriptor = await worker.call_for_descriptor(
            "begin", self._at(path), BeginAnswer, access=os.O_RDWR
        )
        if descriptor is None:
            raise BackendFailed("The worker passed no file for writing.")
        return PosixWriting(worker, answer.token, descriptor, answer.free)

    async def mkdir(self, user: str, path: bytes, *, parents: bool = False) -> Entry:
        return await self._entry(user, "mkdir", path, parents=parents)

    async def move(
        self, user: str, path: bytes, destination: bytes, *, replace: bool = False
    ) -> Entry:
        return await self._lasting_entry(
            user, "move", path, destination=latin(destination), replace=replace
        )

    async def copy(
        self, user: str, path: bytes, destination: bytes, *, replace: bool = False
    ) -> Entry:
        return await self._lasting_entry(
            user, "copy", path, destination=latin(destination), replace=replace
        )

    async def remove(
        self,
        user: str,
        path: bytes,
        *,
        recursive: bool = False,
        match: tuple[str, ...] | None = None,
    ) -> None:
        arguments = self._at(path, recursive=recursive, match=match)
        await self._workers.of(user).call(
            "remove", arguments, type(None), seconds=LASTING_SECONDS
        )

    async def link(
        self, user: str, path: bytes, target: bytes, *, symbolic: bool = True
    ) -> Entry:
        return await self._entry(
            user, "link", path, target=latin(target), symbolic=symbolic
        )

    async def chmod(self, user: str, path: bytes, mode: int) -> Entry:
        return await self._entry(user, "chmod", path, mode=mode)

    async def _entry(
        self, user: str, operation: str, path: bytes, **more: object
    ) -> Entry:
        worker = self._workers.of(user)
        return entry(await worker.call(operation, self._at(path, **more), Row))

    async def _lasting_entry(
        self, user: str, operation: str, path: bytes, **more: object
    ) -> Entry:
        worker = self._workers.of(user)
        row = await worker.call(
            operation, self._at(path, **more), Row, seconds=LASTING_SECONDS
        )
        return entry(row)

    def _at(self, path: bytes, **more: object) -> dict[str, object]:
        return {**self._fixed, "path": latin(path), **more}
