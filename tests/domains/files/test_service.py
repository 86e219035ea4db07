"""The service over a file system that keeps everything in memory."""

import asyncio
from collections.abc import AsyncIterator, Iterable, Sequence

import pytest
from tests.support.app import caller

from gatewright.core.caller import Caller, Role, visitor
from gatewright.core.errors import (
    Conflict,
    GatewayError,
    InvalidRequest,
    NotAllowed,
    NotFound,
    NotSignedIn,
    StorageFull,
    TooLarge,
    TooManyRequests,
)
from gatewright.core.turns import Turns
from gatewright.domains.files import (
    Algorithm,
    Entry,
    FileService,
    Home,
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


@pytest.fixture
def memory() -> Memory:
    return Memory()


@pytest.fixture
def files(memory: Memory) -> FileService:
    turns = Turns(3, "downloads"), Turns(2, "uploads")
    return FileService({"local": memory}, 4 << 20, *turns)  # type: ignore[dict-item]


ADA = caller()


async def body(blocks: Iterable[bytes]) -> AsyncIterator[bytes]:
    for block in blocks:
        yield block


async def test_systems(files: FileService) -> None:
    assert files.names == ["local"]
    assert await files.systems(ADA) == [Home("local", b"/home/ada")]
    assert await files.system(ADA, "local") == Home("local", b"/home/ada")
    with pytest.raises(NotFound):
        await files.system(ADA, "other")
    with pytest.raises(NotSignedIn):
        await files.systems(visitor())


async def test_paths_begin_at_home(files: FileService) -> None:
    assert await files.resolve(ADA, "local", b"~") == b"/home/ada"
    assert await files.resolve(ADA, "local", b"~/a//b/") == b"/home/ada/a/b"
    assert await files.resolve(ADA, "local", b"a") == b"/home/ada/a"
    assert await files.resolve(ADA, "local", b"") == b"/home/ada"
    assert await files.resolve(ADA, "local", b"/a/./~") == b"/a/~"


@pytest.mark.parametrize(
    "path", [b"/..", b"/a/../b", b"/a\0", b"/" + b"a/" * 2048, b"/" + b"a" * 4095]
)
async def test_paths_that_are_refused(files: FileService, path: bytes) -> None:
    with pytest.raises(InvalidRequest):
        await files.stat(ADA, "local", path)
    with pytest.raises(InvalidRequest):
        await files.copy(ADA, "local", b"/a", path)


async def test_what_is_asked_of_the_port(files: FileService, memory: Memory) -> None:
    await files.stat(ADA, "local", b"a//b/", follow=True)
    await files.list(ADA, "local", b"", after=b"x", limit=3)
    await files.checksum(ADA, "local", b"/a", Algorithm.MD5)
    await files.mkdir(ADA, "local", b"/a", parents=True)
    await files.move(ADA, "local", b"/a", b"b", replace=True)
    await files.copy(ADA, "local", b"/a", b"~/b")
    await files.remove(ADA, "local", b"/a", recursive=True, match=("v",))
    await files.link(ADA, "local", b"/a", b"../up")
    await files.link(ADA, "local", b"/a", b"b", symbolic=False)
    await files.chmod(ADA, "local", b"/a", 0o600)
    assert memory.asked == [
        ("stat", "ada", b"/a/b", True),
        ("list", "ada", b"/", b"x", 3),
        ("checksum", "ada", b"/a", Algorithm.MD5),
        ("mkdir", "ada", b"/a", True),
        ("move", "ada", b"/a", b"/home/ada/b", True),
        ("copy", "ada", b"/a", b"/home/ada/b", False),
        ("remove", "ada", b"/a", True, ("v",)),
        ("link", "ada", b"/a", b"../up", True),
        ("link", "ada", b"/a", b"/home/ada/b", False),
        ("chmod", "ada", b"/a", 0o600),
    ]


async def test_the_root_stays(files: FileService) -> None:
    for change in (
        files.remove(ADA, "local", b"/", recursive=True),
        files.move(ADA, "local", b"//", b"/a"),
        files.move(ADA, "local", b"/a", b"/."),
        files.put(ADA, "local", b"/", body([])),
    ):
        with pytest.raises(NotAllowed):
            await change


async def test_links_need_a_target(files: FileService) -> None:
    for target in (b"", b"a\0"):
        with pytest.raises(InvalidRequest):
            await files.link(ADA, "local", b"/a", target)


async def test_scopes(files: FileService, memory: Memory) -> None:
    reader = Caller("ada", frozenset({"files:read"}), role=Role.OWNER)
    writer = Caller("ada", frozenset({"files:write"}), role=Role.OWNER)
    await files.stat(reader, "local", b"/a")
    await files.mkdir(writer, "local", b"/a")
    for refused in (
        files.mkdir(reader, "local", b"/a"),
        files.put(reader, "local", b"/a", body([])),
        files.stat(writer, "local", b"/a"),
        files.copy(writer, "local", b"/a", b"/b"),
        files.tail(writer, "local", b"/a", 1),
    ):
        with pytest.raises(NotAllowed):
            await refused
    assert [name for name, *_ in memory.asked] == ["stat", "mkdir"]


def narrow(*scopes: str) -> Caller:
    return Caller("ada", frozenset(scopes), role=Role.OWNER)


async def test_a_token_of_a_folder(files: FileService, memory: Memory) -> None:
    """What it asks for is looked up beneath the folder, and nothing else is asked."""
    ada = narrow("files:read:/data", "files:read:/data/in", "files:write:/out")
    await files.stat(ada, "local", b"/data//x")
    await files.list(ada, "local", b"/data/in", after=b"", limit=1)
    await files.copy(ada, "local", b"/data/x", b"/out/x")
    await files.move(ada, "local", b"/out/x", b"/out/y")
    await files.link(ada, "local", b"/out/z", b"/out/y", symbolic=False)
    assert await files.systems(ada) == [Home("local", b"/home/ada")]
    assert await files.system(ada, "local") == Home("local", b"/home/ada")
    assert memory.asked == [
        ("within", b"/data", None),
        ("stat", "ada", b"/data/x", False),
        ("within", b"/data/in", None),
        ("list", "ada", b"/data/in", b"", 1),
        ("within", b"/data", b"/out"),
        ("copy", "ada", b"/data/x", b"/out/x", False),
        ("within", b"/out", b"/out"),
        ("move", "ada", b"/out/x", b"/out/y", False),
        ("within", b"/out", None),
        ("link", "ada", b"/out/z", b"/out/y", False),
    ]


async def test_one_side_of_a_copy_is_narrowed(
    files: FileService, memory: Memory
) -> None:
    await files.copy(narrow("files:read", "files:write:/o"), "local", b"/x", b"/o/x")
    await files.copy(narrow("files:write", "files:read:/i"), "local", b"/i/x", b"/x")
    limits = [asked[1:] for asked in memory.asked if asked[0] == "within"]
    assert limits == [(b"/", b"/o"), (b"/i", b"/")]


async def test_a_token_of_a_folder_goes_no_further(
    files: FileService, memory: Memory
) -> None:
    ada = narrow("files:read:/data", "files:write:/out")
    for refused in (
        files.stat(ada, "local", b"/"),
        files.stat(ada, "local", b"/datax"),
        files.open(ada, "local", b"/out/x"),
        files.checksum(ada, "local", b"/home", Algorithm.SHA256),
        files.space(ada, "local", b"/"),
        files.tail(ada, "local", b"/x", 1),
        files.put(ada, "local", b"/data/x", body([])),
        files.mkdir(ada, "local", b"/out"),
        files.mkdir(ada, "local", b"~/x"),
        files.remove(ada, "local", b"/out/", recursive=True),
        files.chmod(ada, "local", b"/out", 0o777),
        files.move(ada, "local", b"/data/x", b"/out/x"),
        files.move(ada, "local", b"/out/x", b"/data/x"),
        files.move(ada, "local", b"/out/x", b"y"),
        files.copy(ada, "local", b"/out/x", b"/out/y"),
        files.copy(ada, "local", b"/data/x", b"/data/y"),
        files.link(ada, "local", b"/data/x", b"y"),
        files.link(ada, "local", b"/out/x", b"y"),
    ):
        with pytest.raises(NotAllowed):
            await refused
    for refused in (
        files.stat(ada, "local", b"/data/../etc"),
        files.put(ada, "local", b"/out/../x", body([])),
    ):
        with pytest.raises(InvalidRequest):
            await refused
    assert {asked[0] for asked in memory.asked} <= {"within"}
    with pytest.raises(NotAllowed, match="“/data” only"):
        await files.stat(ada, "local", b"/x")
    with pytest.raises(NotAllowed):
        await files.systems(narrow("files:write:/out"))


async def test_the_root_is_not_copied(files: FileService, memory: Memory) -> None:
    with pytest.raises(NotAllowed):
        await files.copy(ADA, "local", b"/", b"/x")
    assert memory.asked == []


async def test_a_body_is_written_in_large_blocks(
    files: FileService, memory: Memory
) -> None:
    blocks = [bytes([n]) * 65_536 for n in range(40)]
    stored = await files.put(ADA, "local", b"/a/b", body(blocks), length=40 * 65_536)
    assert stored.created
    assert b"".join(memory.writing.writes) == b"".join(blocks)
    assert [len(w) for w in memory.writing.writes] == [1 << 20, 1 << 20, 1 << 19]
    assert memory.writing.ended == "committed"
    assert memory.asked == [("begin", "ada", b"/a/b")]


async def test_an_empty_body(files: FileService, memory: Memory) -> None:
    await files.put(ADA, "local", b"/a", body([b""]))
    assert memory.writing.ended == "committed"
    memory.writing = Writing(0)
    await files.put(ADA, "local", b"/a", body([]), length=0)
    assert memory.asked[-1] == ("begin", "ada", b"/a")


@pytest.mark.parametrize(
    ("blocks", "length", "error"),
    [
        ([], (4 << 20) + 1, TooLarge),
        ([bytes(3 << 20), bytes(2 << 20)], None, TooLarge),
        ([b"x"], 2, InvalidRequest),
        ([b"xx"], 1, InvalidRequest),
    ],
)
async def test_bodies_that_leave_nothing(
    files: FileService,
    memory: Memory,
    blocks: list[bytes],
    length: int | None,
    error: type[GatewayError],
) -> None:
    with pytest.raises(error):
        await files.put(ADA, "local", b"/a", body(blocks), length=length)
    assert memory.writing.ended in {"", "aborted"}


async def test_no_room(files: FileService, memory: Memory) -> None:
    memory.writing.free = 10
    with pytest.raises(StorageFull):
        await files.put(ADA, "local", b"/a", body([b"x" * 11]), length=11)
    memory.writing = Writing(5)
    with pytest.raises(StorageFull):
        await files.put(ADA, "local", b"/a", body([b"x" * 11]))
    assert memory.writing.ended == "aborted"


async def test_a_body_that_fails_or_is_cancelled(
    files: FileService, memory: Memory
) -> None:
    begun = asyncio.Event()

    async def failing() -> AsyncIterator[bytes]:
        yield b"x"
        begun.set()
        await asyncio.sleep(60)

    task = asyncio.create_task(files.put(ADA, "local", b"/a", failing()))
    await begun.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert memory.writing.ended == "aborted"


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


async def test_the_room_of_a_path(files: FileService) -> None:
    assert await files.space(ADA, "local", b"/a") == Space(1 << 40, 1 << 30)


async def test_a_folder_has_no_tail(files: FileService, memory: Memory) -> None:
    memory.opened = Opened(None)
    with pytest.raises(Conflict):
        await files.tail(ADA, "local", b"/a", 1)
    assert memory.opened.closed


async def test_each_user_has_so_many_files_open(
    files: FileService, memory: Memory
) -> None:
    memory.opened = Opened(b"content")
    opened = [await files.open(ADA, "local", b"/a") for _ in range(3)]
    assert (await opened[0].read(0, 3), opened[0].descriptor) == (b"con", 7)
    assert opened[0].entry.size == opened[0].size_now() == 7
    for asked in (files.open(ADA, "local", b"/a"), files.tail(ADA, "local", b"/a", 1)):
        with pytest.raises(TooManyRequests):
            await asked
    bob = caller("bob")
    (await files.open(bob, "local", b"/a")).close()
    for one in opened[:2]:
        one.close()
        one.close()
    for _ in range(3):
        await files.tail(ADA, "local", b"/a", 1)
    memory.opened = Opened(None)
    for _ in range(5):
        await files.open(ADA, "local", b"/folder")  # holds nothing


async def test_a_file_that_cannot_be_opened_counts_for_nothing(
    files: FileService, memory: Memory, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def none(user: str, path: bytes) -> Opened:
        raise NotFound

    monkeypatch.setattr(memory, "open", none)
    for _ in range(5):
        with pytest.raises(NotFound):
            await files.open(ADA, "local", b"/a")


async def test_each_user_has_so_many_uploads(
    files: FileService, memory: Memory
) -> None:
    go = asyncio.Event()

    async def slow() -> AsyncIterator[bytes]:
        yield b"x"
        await go.wait()

    begun = [
        asyncio.create_task(files.put(ADA, "local", b"/a", slow())) for _ in range(2)
    ]
    while len(memory.asked) < 2:
        await asyncio.sleep(0)
    with pytest.raises(TooManyRequests):
        await files.put(ADA, "local", b"/a", body([b"x"]))
    await files.put(caller("bob"), "local", b"/a", body([b"x"]))
    go.set()
    await asyncio.gather(*begun)
    await files.put(ADA, "local", b"/a", body([b"x"]))
