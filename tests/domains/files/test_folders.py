"""What is told of a folder, over a file system that is a dictionary."""

import stat
from collections.abc import Iterator

import pytest
from tests.support.app import caller

from gatewright.core.concurrency import ConcurrencyLimit
from gatewright.core.errors import (
    BackendFailed,
    Conflict,
    GatewayError,
    NotAllowed,
    NotFound,
    Unavailable,
)
from gatewright.domains.files import (
    Entry,
    FileService,
    Listing,
    Member,
    Missing,
)
from gatewright.domains.files.folders import BLOCK, SMALL

ADA = caller()
KINDS = {dict: stat.S_IFDIR, str: stat.S_IFLNK, int: 0}


def entry_of(path: bytes, found: object) -> Entry:
    mode = found if isinstance(found, int) else KINDS.get(type(found), stat.S_IFREG)
    size = len(found) if isinstance(found, bytes) else 0
    target = found.encode() if isinstance(found, str) else None
    name = path.rpartition(b"/")[2]
    return Entry(name, mode, size, 0, 0, "ada", "ada", 1, 2, target=target)


class Opened:
    """A file whose content may be of another size, or change, or fail."""

    def __init__(self, entry: Entry, found: object) -> None:
        self.entry = entry
        self.content = found if isinstance(found, bytes) else b""
        self.descriptor = None if isinstance(found, dict) else 7
        self.overwritten = False
        self.failure: GatewayError | None = None
        self.closed = False

    async def read(self, offset: int, count: int) -> bytes:
        if self.failure is not None:
            raise self.failure
        return self.content[offset : offset + count]

    def size_now(self) -> int | None:
        return None if self.overwritten else len(self.content)

    def close(self) -> None:
        self.closed = True


class Folders:
    """A file system: folders are dictionaries, files bytes, links text."""

    def __init__(self, root: dict[bytes, object]) -> None:
        self.root = root
        self.refused: dict[bytes, GatewayError] = {}
        self.opened: dict[bytes, Opened] = {}
        self.limits: list[int] = []

    def at(self, path: bytes) -> object:
        found: object = self.root
        for part in path.split(b"/")[1:]:
            if part:
                assert isinstance(found, dict)
                found = found[part]
        return found

    async def open(self, user: str, path: bytes) -> Opened:
        found = self.at(path)
        if path in self.refused and not isinstance(found, dict):
            raise self.refused[path]
        if path not in self.opened:
            self.opened[path] = Opened(entry_of(path, found), found)
        return self.opened[path]

    async def list(
        self, user: str, path: bytes, *, after: bytes, limit: int
    ) -> Listing:
        self.limits.append(limit)
        if path in self.refused:
            raise self.refused[path]
        found = self.at(path)
        assert isinstance(found, dict)
        names = sorted(name for name in found if name > after)
        more = names[limit - 1] if len(names) > limit else None
        return Listing(
            tuple(entry_of(name, found[name]) for name in names[:limit]), more
        )


@pytest.fixture
def folders() -> Folders:
    return Folders({})


@pytest.fixture
def service(folders: Folders) -> Iterator[FileService]:
    limits = ConcurrencyLimit(1, "downloads"), ConcurrencyLimit(1, "uploads")
    yield FileService({"local": folders}, 1, *limits)  # type: ignore[dict-item]
    assert all(one.closed for one in folders.opened.values())


async def told(service: FileService, path: bytes = b"/") -> list[Member | Missing]:
    _, found = await service.members(ADA, "local", path)
    return [one async for one in found]


async def test_an_archive_lists_all_entries_in_order(
    folders: Folders, service: FileService
) -> None:
    folders.root[b"f"] = {b"b": {b"x": b"in"}, b"a": b"first", b"c": {}, b"d": "a"}
    found = [one for one in await told(service, b"/f") if isinstance(one, Member)]
    assert [(one.path, one.content) for one in found] == [
        (b"", b""),
        (b"a", b"first"),
        (b"b", b""),
        (b"b/x", b"in"),
        (b"c", b""),
        (b"d", b"a"),
    ]
    assert found[0].entry.name == b"f"


async def test_a_large_folder_comes_in_pages(
    folders: Folders, service: FileService
) -> None:
    many: dict[bytes, object] = {b"%05d" % number: b"" for number in range(3000)}
    folders.root |= {b"deep": {b"er": many}, **many}
    found = [one.path for one in await told(service)]
    below = [b"deep/er/" + name for name in many]
    assert found == [b"", *many, b"deep", b"deep/er", *below]
    of_the_top, of_the_deepest = folders.limits[1], folders.limits[-1]
    assert of_the_top > of_the_deepest > 1


async def test_a_large_file_comes_in_blocks(
    folders: Folders, service: FileService
) -> None:
    content = bytes(range(256)) * (BLOCK // 128) + b"end"
    folders.root[b"large"] = content
    _, found = await service.members(ADA, "local", b"/")
    async for one in found:
        if one.path:
            assert isinstance(one, Member)
            assert one.content is None
            blocks = [block async for block in one.blocks()]
            assert (b"".join(blocks), len(blocks)) == (content, 3)


@pytest.mark.parametrize("shorter", [True, False])
async def test_a_large_file_that_changes_breaks_off(
    folders: Folders, service: FileService, *, shorter: bool
) -> None:
    folders.root[b"large"] = bytes(2 * BLOCK)
    _, found = await service.members(ADA, "local", b"/")
    await anext(found)
    large = await anext(found)
    assert isinstance(large, Member)
    blocks = large.blocks()
    assert await anext(blocks) == bytes(BLOCK)
    opened = folders.opened[b"/large"]
    opened.content = b"" if shorter else opened.content
    opened.overwritten = not shorter
    with pytest.raises(Unavailable):
        await anext(blocks)
    await found.aclose()


async def test_files_that_cannot_be_read_are_listed(
    folders: Folders, service: FileService
) -> None:
    folders.root |= {
        b"closed": {b"a": b"a"},
        b"device": stat.S_IFBLK,
        b"gone": b"gone",
        b"hidden": 0,
        b"ok": b"ok",
        b"pipe": stat.S_IFIFO,
        b"private": b"private",
        b"socket": stat.S_IFSOCK,
    }
    folders.refused = {
        b"/closed": NotAllowed("Not yours."),
        b"/gone": NotFound("Gone."),
        b"/private": NotAllowed("Private."),
    }
    missing = {one.path: one for one in await told(service) if isinstance(one, Missing)}
    assert {path: one.reason for path, one in missing.items()} == {
        b"closed/": "Not yours.",
        b"device": "It is a device, which holds no bytes.",
        b"gone": "Gone.",
        b"hidden": "The permissions of its folder do not allow access to it.",
        b"pipe": "It is a pipe, which holds no bytes.",
        b"private": "Private.",
        b"socket": "It is a socket, which holds no bytes.",
    }


async def test_small_files_that_change_or_fail_are_listed(
    folders: Folders, service: FileService
) -> None:
    names = (b"failing", b"folder", b"overwritten", b"proc", b"sys", b"unsized")
    folders.root |= dict.fromkeys(names, b"content")
    files = {name: await folders.open("ada", b"/" + name) for name in names}
    files[b"failing"].failure = BackendFailed("The disk failed.")
    files[b"folder"].descriptor = None
    files[b"overwritten"].overwritten = True
    for name, content in ((b"proc", b"text"), (b"unsized", bytes(SMALL + 9))):
        files[name].entry = entry_of(name, b"")
        files[name].content = content
    files[b"sys"].entry = entry_of(b"sys", bytes(4096))
    found = {one.path: one for one in await told(service)}
    assert {
        path: one.content if isinstance(one, Member) else one.reason
        for path, one in found.items()
    } == {
        b"": b"",
        b"failing": "The disk failed.",
        b"folder": "It became a folder while the folder was read.",
        b"overwritten": "It was changed while it was read.",
        b"proc": b"text",
        b"sys": b"content",
        b"unsized": "Its size is unknown, and it is larger than 256 KiB.",
    }


async def test_what_is_no_fault_of_an_entry_ends_it(
    folders: Folders, service: FileService
) -> None:
    folders.root[b"a"] = b"a"
    folders.refused[b"/a"] = Unavailable("The worker has ended.")
    with pytest.raises(Unavailable):
        await told(service)


async def test_a_path_that_is_too_long_is_listed(
    folders: Folders, service: FileService
) -> None:
    name = b"n" * 2000
    folders.root[name] = {name: {name: b"deep", b"d" * 100: {}}}
    missing = [one for one in await told(service) if isinstance(one, Missing)]
    assert [(len(one.path), one.reason) for one in missing] == [
        (4103, "A path is at most 4095 bytes long."),
        (6002, "A path is at most 4095 bytes long."),
    ]


async def test_only_a_folder_that_may_be_listed(
    folders: Folders, service: FileService
) -> None:
    folders.root |= {b"file": b"content", b"closed": {}}
    with pytest.raises(Conflict):
        await told(service, b"/file")
    folders.refused[b"/closed"] = NotAllowed("Not yours.")
    with pytest.raises(NotAllowed):
        await told(service, b"/closed")
