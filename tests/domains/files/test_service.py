"""The service over a file system that keeps everything in memory."""

import pytest
from tests.domains.files.memory import ADA, Memory, Opened, body
from tests.support.app import caller

from gatewright.core.caller import visitor
from gatewright.core.errors import (
    InvalidRequest,
    NotAllowed,
    NotFound,
    NotSignedIn,
    TooManyRequests,
)
from gatewright.domains.files import (
    Algorithm,
    FileService,
    Home,
    Space,
)


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


async def test_the_root_is_not_copied(files: FileService, memory: Memory) -> None:
    with pytest.raises(NotAllowed):
        await files.copy(ADA, "local", b"/", b"/x")
    assert memory.asked == []


async def test_the_room_of_a_path(files: FileService) -> None:
    assert await files.space(ADA, "local", b"/a") == Space(1 << 40, 1 << 30)


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
