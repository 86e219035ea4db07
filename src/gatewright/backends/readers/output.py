"""Where a reader function puts a large answer."""

from dataclasses import dataclass, field
from typing import BinaryIO

from gatewright.core.errors import TooLarge


@dataclass(slots=True)
class Output:
    """The outputs of one call; which of them exist depends on the kind of call."""

    window: memoryview = field(default_factory=lambda: memoryview(bytearray()))
    """Writable shared memory, for calls of ``ReaderPool.window``; empty for others."""
    length: int = 0
    """Number of bytes in the window that are filled; the function sets it."""
    file: BinaryIO | None = None
    """File for calls of ``ReaderPool.file``, writable and seekable; None for others."""
    scratch: BinaryIO | None = None
    """Second such file, for intermediate data that is not sent."""

    def write(self, data: bytes | bytearray | memoryview) -> None:
        """Append bytes to the window.

        Raises
        ------
        TooLarge
            The window is full.
        """
        view = memoryview(data).cast("B")
        self.room(len(view))[:] = view

    def room(self, length: int) -> memoryview:
        """Return the next bytes of the window, which the function fills itself.

        Raises
        ------
        TooLarge
            The window has fewer bytes left.
        """
        end = self.length + length
        if end > len(self.window):
            raise TooLarge("The answer does not fit into one window.")
        begin, self.length = self.length, end
        return self.window[begin:end]

    def required_files(self) -> tuple[BinaryIO, BinaryIO]:
        """Return ``file`` and ``scratch`` of a call that has them."""
        assert self.file is not None  # noqa: S101  # ReaderPool.file passes both
        assert self.scratch is not None  # noqa: S101
        return self.file, self.scratch
