"""The tail of a file."""

import pytest
from tests.domains.files.memory import ADA, ENTRY, Memory, Opened

from gatewright.core.errors import (
    Conflict,
)
from gatewright.domains.files import (
    FileService,
)


@pytest.mark.parametrize(
    ("content", "lines", "expected"),
    [
        (b"", 3, b""),
        (b"\n", 3, b"\n"),
        (b"a", 3, b"a"),
        (b"a\nb\nc\n", 2, b"b\nc\n"),
        (b"a\nb\nc", 2, b"b\nc"),
        (b"a\nb\nc\n", 9, b"a\nb\nc\n"),
        (b"a\r\nb\r\n", 1, b"b\r\n"),
        (b"\n\n\n", 2, b"\n\n"),
        (b"x" * 200_000 + b"\ny\n", 1, b"y\n"),
        (b"1\n" * 100_000, 70_000, b"1\n" * 70_000),
    ],
)
async def test_tail(
    files: FileService, memory: Memory, content: bytes, lines: int, expected: bytes
) -> None:
    memory.opened = Opened(content)
    entry, text = await files.tail(ADA, "local", b"/a", lines)
    assert text == expected
    assert entry.size == len(content)
    assert memory.opened.closed


async def test_a_tail_is_bounded(files: FileService, memory: Memory) -> None:
    memory.opened = Opened(b"x" * (6 << 20))
    _, text = await files.tail(ADA, "local", b"/a", 1)
    assert len(text) == 4 << 20


class WithoutSize(Opened):
    """A file as those of /proc are: its size is 0, whatever it holds."""

    def __init__(self, content: bytes) -> None:
        super().__init__(content)
        self.entry = ENTRY


async def test_the_tail_of_a_file_without_size(
    files: FileService, memory: Memory
) -> None:
    memory.opened = WithoutSize(b"one\ntwo\nthree\n" * 10_000)
    _, text = await files.tail(ADA, "local", b"/a", 2)
    assert text == b"two\nthree\n"
    memory.opened = WithoutSize(b"")
    assert (await files.tail(ADA, "local", b"/a", 2))[1] == b""


async def test_a_folder_has_no_tail(files: FileService, memory: Memory) -> None:
    memory.opened = Opened(None)
    with pytest.raises(Conflict):
        await files.tail(ADA, "local", b"/a", 1)
    assert memory.opened.closed
