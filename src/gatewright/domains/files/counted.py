"""Open files that count towards their user's limit until they are closed."""

from gatewright.core.concurrency import ConcurrencyLimit, Slot
from gatewright.core.errors import TooManyRequests
from gatewright.domains.files.model import Entry
from gatewright.domains.files.ports import FileSystem, OpenFile


async def open_counted(
    limit: ConcurrencyLimit, files: FileSystem, user: str, path: bytes
) -> OpenFile:
    """Open a file that counts towards the user's limit until it is closed.

    Folders do not count.

    Raises
    ------
    TooManyRequests
        The user has as many files open as are allowed.
    GatewayError
        As `FileSystem.open`.
    """
    opened = await files.open(user, path)
    if opened.descriptor is None:  # a folder, which is listed and not sent
        return opened
    try:
        return CountedFile(opened, limit.acquire(user))
    except TooManyRequests:
        opened.close()
        raise


class CountedFile:
    """An `OpenFile` that lowers its user's count of open files when it is closed."""

    def __init__(self, opened: OpenFile, slot: Slot) -> None:
        self._opened = opened
        self._slot = slot

    @property
    def entry(self) -> Entry:
        return self._opened.entry

    @property
    def descriptor(self) -> int | None:
        return self._opened.descriptor

    async def read(self, offset: int, count: int) -> bytes:
        return await self._opened.read(offset, count)

    def size_now(self) -> int | None:
        return self._opened.size_now()

    def close(self) -> None:
        self._opened.close()
        self._slot.release()
