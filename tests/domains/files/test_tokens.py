"""Scopes and tokens of a folder."""

import pytest
from tests.domains.files.memory import Memory, body

from gatewright.core.caller import Caller, Role
from gatewright.core.errors import (
    InvalidRequest,
    NotAllowed,
)
from gatewright.domains.files import (
    Algorithm,
    FileService,
    Home,
)


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
    with pytest.raises(NotAllowed, match="restricted to “/data”"):
        await files.stat(ada, "local", b"/x")
    with pytest.raises(NotAllowed):
        await files.systems(narrow("files:write:/out"))
