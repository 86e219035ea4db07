"""Where a reader's function puts a large answer."""

from dataclasses import dataclass, field
from typing import BinaryIO

from gatewright.core.errors import TooLarge


@dataclass(slots=True)
class Output:
    """The outputs of one call; which of them are there depends on how it was made."""

    window: memoryview = field(default_factory=lambda: memoryview(bytearray()))
    """Writable bytes of ``ReaderPool.window``; empty for other calls."""
    length: int = 0
    """How many bytes of the window are filled; the function sets it."""
    file: BinaryIO | None = None
    """File of ``ReaderPool.file``, writable and seekable; None for other calls."""
    scratch: BinaryIO | None = None
    """Another such file beside it, for intermediate data; it is not sent."""

    def write(self, data: bytes | bytearray | memoryview) -> None:
        """Append bytes to the window.

        Raises
        ------
        TooLarge
            The window is full.
        """
        view = memoryview(data).cast("B")
        end = self.length + len(view)
        if end > len(self.window):
            raise TooLarge("The answer does not fit into one window.")
        self.window[self.length : end] = view
        self.length = end

    def required_files(self) -> tuple[BinaryIO, BinaryIO]:
        """Return file and scratch of a call that was made with them."""
        assert self.file is not None  # noqa: S101  # ReaderPool.file passes both
        assert self.scratch is not None  # noqa: S101
        return self.file, self.scratch
