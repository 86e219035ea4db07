"""A file that is open, and that counts among its user's until it is closed."""

from gatewright.core.errors import TooManyRequests
from gatewright.core.turns import Turn, Turns
from gatewright.domains.files.model import Entry
from gatewright.domains.files.ports import FileSystem, OpenFile


async def open_counted(
    turns: Turns, files: FileSystem, user: str, path: bytes
) -> OpenFile:
    """Open a file, which has a turn of the user's until it is closed.

    Raises
    ------
    TooManyRequests
        The user has as many files open as they may.
    GatewayError
        As `FileSystem.open`.
    """
    opened = await files.open(user, path)
    if opened.descriptor is None:  # a folder, which is listed and not sent
        return opened
    try:
        return CountedFile(opened, turns.take(user))
    except TooManyRequests:
        opened.close()
        raise


class CountedFile:
    """The port `OpenFile` over another; it gives back its turn when it is closed."""

    def __init__(self, opened: OpenFile, turn: Turn) -> None:
        self._opened = opened
        self._turn = turn

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
        self._turn.give_back()
