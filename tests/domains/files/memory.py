"""A file system that notes what it is asked."""

from collections.abc import AsyncIterator, Iterable, Sequence

from tests.support.app import caller

from gatewright.core.errors import (
    StorageFull,
)
from gatewright.domains.files import (
    Entry,
    Precondition,
    Space,
    Stored,
)

ENTRY = Entry(b"x", 0o100644, 0, 0, 0, "ada", "ada", 1, 2)


class Opened:
    def __init__(self, content: bytes | None) -> None:
        self.content = content
        self.closed = False
        size = len(content or b"")
        self.entry = Entry(b"x", 0o100644, size, 0, 0, "ada", "ada", 1, 2)
        self.descriptor = None if content is None else 7

    def size_now(self) -> int | None:
        return len(self.content or b"")

    async def read(self, offset: int, count: int) -> bytes:
        assert self.content is not None
        return self.content[offset : offset + count]

    def close(self) -> None:
        self.closed = True


class Writing:
    def __init__(self, room: int) -> None:
        self.room = self.free = room
        self.writes: list[bytes] = []
        self.ended = ""

    async def write(self, blocks: Sequence[bytes]) -> None:
        self.writes.append(b"".join(blocks))
        if sum(map(len, self.writes)) > self.room:
            raise StorageFull

    async def commit(
        self, condition: Precondition, modified_ns: int | None = None
    ) -> Stored:
        self.ended = "committed"
        self.modified_ns = modified_ns
        return Stored(ENTRY, not condition.match)

    async def abort(self) -> None:
        self.ended = self.ended or "aborted"


class Memory:
    """Records what it is asked."""

    async def home(self, user: str) -> bytes:
        return b"/home/" + user.encode()

    def __init__(self) -> None:
        self.asked: list[tuple[object, ...]] = []
        self.opened = Opened(b"")
        self.writing = Writing(1 << 30)
        self.free = 1 << 30

    def within(self, folder: bytes, destinations: bytes | None = None) -> "Memory":
        self.asked.append(("within", folder, destinations))
        return self

    def __getattr__(self, name: str) -> object:
        async def ask(*given: object, **named: object) -> Entry:
            self.asked.append((name, *given, *named.values()))
            return ENTRY

        return ask

    async def open(self, user: str, path: bytes) -> Opened:
        self.asked.append(("open", user, path))
        return self.opened

    async def begin(self, user: str, path: bytes) -> Writing:
        self.asked.append(("begin", user, path))
        return self.writing

    async def space(self, user: str, path: bytes) -> Space:
        self.asked.append(("space", user, path))
        return Space(1 << 40, self.free)


ADA = caller()


async def body(blocks: Iterable[bytes]) -> AsyncIterator[bytes]:
    for block in blocks:
        yield block
