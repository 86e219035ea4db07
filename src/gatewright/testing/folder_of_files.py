"""Contract tests of `FileSystem.within`, which keeps a token inside a folder."""

import pytest

from gatewright.core.errors import NotAllowed
from gatewright.domains.files import FileSystem, FileType
from gatewright.testing.files import get, names, put


class FolderContract:
    """Tests that every file system passes; `FileSystemContract` includes them."""

    async def test_a_folder_is_not_left(self, files: FileSystem, user: str) -> None:
        await files.mkdir(user, b"/in/deep", parents=True)
        await put(files, user, b"/in/file", b"mine")
        await put(files, user, b"/secret", b"secret")
        await files.link(user, b"/in/up", b"..")
        await files.link(user, b"/in/link", b"../secret")
        some = files.within(b"/in")
        assert await some.home(user) == await files.home(user)
        assert await get(some, user, b"/in/file") == b"mine"
        assert await names(some, user, b"/in") == [b"deep", b"file", b"link", b"up"]
        for path in (b"/secret", b"/in/link", b"/in/up/secret", b"/in/up", b"/inx"):
            with pytest.raises(NotAllowed):
                await some.open(user, path)
        for path in (b"/x", b"/in/up/x"):
            with pytest.raises(NotAllowed):
                await some.mkdir(user, path)
            with pytest.raises(NotAllowed):
                await some.begin(user, path)
            with pytest.raises(NotAllowed):
                await some.move(user, b"/in/file", path)
        with pytest.raises(NotAllowed):
            await some.remove(user, b"/in/up/secret")
        with pytest.raises(NotAllowed):
            await some.chmod(user, b"/in/link", 0o777)
        with pytest.raises(NotAllowed):
            await some.link(user, b"/in/hard", b"/secret", symbolic=False)
        assert await names(files, user) == [b"in", b"secret"]

    async def test_what_is_in_a_folder_is_changed(
        self, files: FileSystem, user: str
    ) -> None:
        await files.mkdir(user, b"/in")
        some = files.within(b"/in")
        await some.mkdir(user, b"/in/a/b", parents=True)
        assert (await put(some, user, b"/in/a/x", b"x")).created
        assert (await some.move(user, b"/in/a/x", b"/in/y")).name == b"y"
        assert (await some.stat(user, b"/in")).type is FileType.DIRECTORY
        await some.remove(user, b"/in/a", recursive=True)
        assert await names(files, user, b"/in") == [b"y"]

    async def test_no_link_gets_another_name_in_a_folder(
        self, files: FileSystem, user: str
    ) -> None:
        await files.mkdir(user, b"/in/deep", parents=True)
        await files.link(user, b"/in/link", b"../secret")
        some = files.within(b"/in")
        for refused in (
            some.move(user, b"/in/link", b"/in/file", replace=True),
            some.copy(user, b"/in/link", b"/in/file"),
            some.link(user, b"/in/file", b"/in/link", symbolic=False),
            files.within(b"/", b"/in").copy(user, b"/in/link", b"/in/file"),
        ):
            with pytest.raises(NotAllowed):
                await refused
        await some.move(user, b"/in/deep", b"/in/other")
        assert await names(files, user, b"/in") == [b"link", b"other"]
        await some.remove(user, b"/in/link")

    async def test_a_copy_between_two_folders(
        self, files: FileSystem, user: str
    ) -> None:
        await files.mkdir(user, b"/in")
        await files.mkdir(user, b"/out")
        await put(files, user, b"/in/x", b"x")
        some = files.within(b"/in", b"/out")
        await some.copy(user, b"/in/x", b"/out/y")
        assert await get(files, user, b"/out/y") == b"x"
        with pytest.raises(NotAllowed):
            await some.copy(user, b"/in/x", b"/in/y")
        with pytest.raises(NotAllowed):
            await some.copy(user, b"/out/y", b"/out/z")
