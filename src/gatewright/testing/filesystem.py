"""Contract tests of `FileSystem`; subclass them and provide two fixtures.

``files`` yields the file system, whose root ``/`` is an empty folder that the tests may
fill; ``user`` is the account to act as.
"""

import asyncio
import hashlib

import pytest

from gatewright.core.errors import (
    AlreadyExists,
    Conflict,
    GatewayError,
    InvalidRequest,
    NotFound,
    PreconditionFailed,
)
from gatewright.domains.files import (
    Algorithm,
    FileSystem,
    FileType,
    Precondition,
    Stored,
)
from gatewright.testing.files import get, names, put
from gatewright.testing.folder_of_files import FolderContract

NAMES = (
    b"plain",
    b"-rf",
    b"a b",
    b"new\nline",
    b"tab\tand\rreturn",
    b"\xff\xfe not utf-8",
    "é".encode(),
    "e\u0301".encode(),
    "\U0001f680".encode(),
    "\u202egnp.exe".encode(),
    b"100%",
    b"%2F",
    b'"quoted"; x',
    b"\\",
    b"~",
    b"...",
    b"x" * 255,
)


class FileSystemContract(FolderContract):
    """Tests that every file system passes."""

    @pytest.fixture
    def user(self) -> str:
        return "ada"

    @pytest.mark.parametrize("name", NAMES)
    async def test_names_go_round_unharmed(
        self, files: FileSystem, user: str, name: bytes
    ) -> None:
        path = b"/" + name
        await put(files, user, path, b"content of " + name)
        assert await names(files, user) == [name]
        assert (await files.stat(user, path)).name == name
        assert await get(files, user, path) == b"content of " + name
        await files.remove(user, path)
        assert await names(files, user) == []

    async def test_what_is_written_is_read(self, files: FileSystem, user: str) -> None:
        content = bytes(range(256)) * 20_000
        stored = await put(files, user, b"/data", content)
        assert stored.created
        assert stored.entry.type is FileType.FILE
        assert stored.entry.size == len(content)
        opened = await files.open(user, b"/data")
        try:
            assert opened.entry.version == stored.entry.version
            assert await opened.read(1_000_000, 10) == content[1_000_000:1_000_010]
            assert await opened.read(len(content), 10) == b""
        finally:
            opened.close()
            opened.close()

    async def test_nothing_is_seen_before_the_commit(
        self, files: FileSystem, user: str
    ) -> None:
        writing = await files.begin(user, b"/data")
        await writing.write([b"half"])
        assert await names(files, user) == []
        await writing.abort()
        await writing.abort()
        assert await names(files, user) == []
        with pytest.raises(NotFound):
            await files.stat(user, b"/data")

    async def test_a_new_content_replaces_the_old_and_keeps_its_mode(
        self, files: FileSystem, user: str
    ) -> None:
        first = await put(files, user, b"/data", b"one")
        await files.chmod(user, b"/data", 0o750)
        second = await put(files, user, b"/data", b"two!")
        assert not second.created
        assert second.entry.version != first.entry.version
        assert second.entry.permissions == "0750"
        assert await get(files, user, b"/data") == b"two!"

    async def test_conditions_of_a_write(self, files: FileSystem, user: str) -> None:
        create = Precondition(create=True)
        version = (await put(files, user, b"/data", b"one", create)).entry.version
        with pytest.raises(AlreadyExists):
            await put(files, user, b"/data", b"two", create)
        for refused in (
            Precondition(match=("1-2-3-4",)),
            Precondition(none_match=(version,)),
            Precondition(none_match=("*",)),
        ):
            with pytest.raises(PreconditionFailed):
                await put(files, user, b"/data", b"two", refused)
        with pytest.raises(PreconditionFailed):
            await put(files, user, b"/none", b"two", Precondition(match=("*",)))
        assert await get(files, user, b"/data") == b"one"
        assert await names(files, user) == [b"data"]
        await put(files, user, b"/data", b"two", Precondition(match=(version,)))
        await put(files, user, b"/data", b"3", Precondition(none_match=(version,)))
        await put(files, user, b"/data", b"4", Precondition(match=("*",)))
        assert await get(files, user, b"/data") == b"4"

    async def test_of_many_creations_one_succeeds(
        self, files: FileSystem, user: str
    ) -> None:
        create = Precondition(create=True)
        results = await asyncio.gather(
            *(put(files, user, b"/data", b"%d" % n, create) for n in range(8)),
            return_exceptions=True,
        )
        assert sum(isinstance(one, Stored) for one in results) == 1
        assert sum(isinstance(one, AlreadyExists) for one in results) == 7
        assert await names(files, user) == [b"data"]

    async def test_of_many_replacements_of_a_version_one_succeeds(
        self, files: FileSystem, user: str
    ) -> None:
        version = (await put(files, user, b"/data", b"")).entry.version
        match = Precondition(match=(version,))
        results = await asyncio.gather(
            *(put(files, user, b"/data", b"%d" % n, match) for n in range(8)),
            return_exceptions=True,
        )
        assert sum(isinstance(one, Stored) for one in results) == 1
        assert sum(isinstance(one, PreconditionFailed) for one in results) == 7

    async def test_a_folder_is_no_file(self, files: FileSystem, user: str) -> None:
        made = await files.mkdir(user, b"/folder")
        assert made.type is FileType.DIRECTORY
        opened = await files.open(user, b"/folder")
        assert opened.descriptor is None
        assert opened.entry.type is FileType.DIRECTORY
        opened.close()
        with pytest.raises(Conflict):
            await files.begin(user, b"/folder")
        with pytest.raises(Conflict):
            await files.checksum(user, b"/folder", Algorithm.SHA256)

    async def test_a_file_is_no_folder(self, files: FileSystem, user: str) -> None:
        await put(files, user, b"/data", b"")
        with pytest.raises(Conflict):
            await files.list(user, b"/data", after=b"", limit=10)
        with pytest.raises(Conflict):
            await files.stat(user, b"/data/inner")

    async def test_pages_stay_right_while_the_folder_changes(
        self, files: FileSystem, user: str
    ) -> None:
        for number in range(10):
            await files.mkdir(user, b"/%02d" % number)
        first = await files.list(user, b"/", after=b"", limit=4)
        assert [e.name for e in first.entries] == [b"00", b"01", b"02", b"03"]
        assert first.next == b"03"
        await files.remove(user, b"/03")
        await files.remove(user, b"/05")
        await files.mkdir(user, b"/00a")
        await files.mkdir(user, b"/04a")
        rest = await files.list(user, b"/", after=first.next, limit=100)
        seen = [entry.name for entry in rest.entries]
        assert seen == [b"04", b"04a", b"06", b"07", b"08", b"09"]
        assert rest.next is None

    async def test_folders_are_made_with_those_above(
        self, files: FileSystem, user: str
    ) -> None:
        with pytest.raises(NotFound):
            await files.mkdir(user, b"/a/b/c")
        await files.mkdir(user, b"/a/b/c", parents=True)
        await files.mkdir(user, b"/a/b/c", parents=True)
        with pytest.raises(AlreadyExists):
            await files.mkdir(user, b"/a")
        assert await names(files, user, b"/a") == [b"b"]

    async def test_parents_do_not_hide_a_file_in_the_way(
        self, files: FileSystem, user: str
    ) -> None:
        await put(files, user, b"/a", b"")
        with pytest.raises(Conflict):
            await files.mkdir(user, b"/a", parents=True)

    async def test_move(self, files: FileSystem, user: str) -> None:
        await put(files, user, b"/one", b"1")
        await put(files, user, b"/two", b"2")
        with pytest.raises(AlreadyExists):
            await files.move(user, b"/one", b"/two")
        await files.move(user, b"/one", b"/two", replace=True)
        moved = await files.move(user, b"/two", b"/three")
        assert moved.name == b"three"
        assert await names(files, user) == [b"three"]
        assert await get(files, user, b"/three") == b"1"

    async def test_a_folder_does_not_move_into_itself(
        self, files: FileSystem, user: str
    ) -> None:
        await files.mkdir(user, b"/a")
        with pytest.raises(GatewayError) as caught:
            await files.move(user, b"/a", b"/a/b")
        assert caught.value.status == 400

    async def test_copy_a_folder_whole(self, files: FileSystem, user: str) -> None:
        await files.mkdir(user, b"/a/b", parents=True)
        await put(files, user, b"/a/b/data", b"content")
        await files.link(user, b"/a/link", b"b/data")
        await files.chmod(user, b"/a/b/data", 0o600)
        await files.copy(user, b"/a", b"/copy")
        assert await get(files, user, b"/copy/b/data") == b"content"
        assert (await files.stat(user, b"/copy/b/data")).permissions == "0600"
        assert (await files.stat(user, b"/copy/link")).target == b"b/data"
        with pytest.raises(AlreadyExists):
            await files.copy(user, b"/a/b/data", b"/copy")
        assert await names(files, user) == [b"a", b"copy"]

    async def test_copy_a_folder_into_itself_ends(
        self, files: FileSystem, user: str
    ) -> None:
        await files.mkdir(user, b"/a")
        await put(files, user, b"/a/data", b"content")
        await files.copy(user, b"/a", b"/a/copy")
        assert await names(files, user, b"/a") == [b"copy", b"data"]
        assert await names(files, user, b"/a/copy") == [b"data"]

    async def test_copy_replaces_only_when_told(
        self, files: FileSystem, user: str
    ) -> None:
        await put(files, user, b"/one", b"1")
        await put(files, user, b"/two", b"2")
        with pytest.raises(AlreadyExists):
            await files.copy(user, b"/one", b"/two")
        await files.copy(user, b"/one", b"/two", replace=True)
        assert await get(files, user, b"/two") == b"1"

    async def test_remove(self, files: FileSystem, user: str) -> None:
        await files.mkdir(user, b"/a/b", parents=True)
        stored = await put(files, user, b"/a/data", b"content")
        await files.link(user, b"/a/out", b"..")
        with pytest.raises(Conflict):
            await files.remove(user, b"/a")
        with pytest.raises(PreconditionFailed):
            await files.remove(user, b"/a/data", match=("0-0-0-0",))
        await files.remove(user, b"/a/data", match=(stored.entry.version,))
        with pytest.raises(NotFound):
            await files.remove(user, b"/a/data")
        await files.remove(user, b"/a", recursive=True)
        assert await names(files, user) == []

    async def test_links(self, files: FileSystem, user: str) -> None:
        await put(files, user, b"/data", b"content")
        link = await files.link(user, b"/link", b"data")
        assert (link.type, link.target) == (FileType.LINK, b"data")
        followed = await files.stat(user, b"/link", follow=True)
        assert (followed.type, followed.size) == (FileType.FILE, 7)
        assert await get(files, user, b"/link") == b"content"
        hard = await files.link(user, b"/hard", b"/data", symbolic=False)
        assert (hard.type, hard.links) == (FileType.FILE, 2)
        with pytest.raises(AlreadyExists):
            await files.link(user, b"/link", b"data")
        await files.link(user, b"/round", b"round")
        with pytest.raises(InvalidRequest):
            await files.open(user, b"/round")

    async def test_writing_to_a_link_writes_its_target(
        self, files: FileSystem, user: str
    ) -> None:
        await files.mkdir(user, b"/v2")
        await put(files, user, b"/v2/data", b"content")
        await files.chmod(user, b"/v2/data", 0o640)
        await files.link(user, b"/v2/last", b"../v2/data")
        await files.link(user, b"/link", b"v2/last")
        opened = await files.open(user, b"/link")
        opened.close()
        seen = Precondition(match=(opened.entry.version,))
        stored = await put(files, user, b"/link", b"new", seen)
        assert (stored.created, stored.entry.name) == (False, b"link")
        assert stored.entry.permissions == "0640"
        assert await get(files, user, b"/v2/data") == b"new"
        assert (await files.stat(user, b"/link")).target == b"v2/last"
        assert (await files.stat(user, b"/v2/last")).target == b"../v2/data"
        assert await names(files, user, b"/v2") == [b"data", b"last"]
        opened = await files.open(user, b"/link")
        opened.close()
        assert opened.entry.version == stored.entry.version
        with pytest.raises(PreconditionFailed):
            await put(files, user, b"/link", b"old", seen)
        with pytest.raises(AlreadyExists):
            await put(files, user, b"/link", b"old", Precondition(create=True))

    async def test_links_to_what_cannot_be_written_stay(
        self, files: FileSystem, user: str
    ) -> None:
        await files.mkdir(user, b"/folder")
        for target in (b"folder", b"none", b"folder/none"):
            await files.link(user, b"/link", target)
            with pytest.raises(Conflict):
                await files.begin(user, b"/link")
            assert (await files.stat(user, b"/link")).target == target
            await files.remove(user, b"/link")
        await files.link(user, b"/round", b"round")
        with pytest.raises(InvalidRequest):
            await files.begin(user, b"/round")
        assert await names(files, user, b"/folder") == []

    async def test_the_tag_that_a_reader_of_a_link_has_is_good_for_deleting_it(
        self, files: FileSystem, user: str
    ) -> None:
        stored = await put(files, user, b"/data", b"content")
        await files.link(user, b"/link", b"data")
        with pytest.raises(PreconditionFailed):
            await files.remove(user, b"/link", match=("0-0-0-0-0",))
        await files.remove(user, b"/link", match=(stored.entry.version,))
        assert await names(files, user) == [b"data"]
        link = await files.link(user, b"/link", b"none")
        await files.remove(user, b"/link", match=(link.version,))

    async def test_a_time_of_change_is_kept(self, files: FileSystem, user: str) -> None:
        moment = 1_500_000_000_250_000_000
        writing = await files.begin(user, b"/data")
        await writing.write([b"content"])
        stored = await writing.commit(Precondition(), moment)
        assert stored.entry.modified_ns == moment
        assert (await files.stat(user, b"/data")).version == stored.entry.version

    @pytest.mark.parametrize("algorithm", Algorithm)
    async def test_checksum(
        self, files: FileSystem, user: str, algorithm: Algorithm
    ) -> None:
        await put(files, user, b"/data", b"content" * 500_000)
        found = await files.checksum(user, b"/data", algorithm)
        expected = hashlib.new(algorithm, b"content" * 500_000).hexdigest()
        assert (found.value, found.size) == (expected, 3_500_000)

    async def test_space(self, files: FileSystem, user: str) -> None:
        space = await files.space(user, b"/")
        assert 0 < space.free <= space.total

    async def test_names_that_are_too_long(self, files: FileSystem, user: str) -> None:
        with pytest.raises(InvalidRequest):
            await files.mkdir(user, b"/" + b"x" * 256)
        with pytest.raises(InvalidRequest):
            await files.begin(user, b"/" + b"x" * 256)

    async def test_what_is_not_there(self, files: FileSystem, user: str) -> None:
        for path in (b"/none", b"/none/inner"):
            with pytest.raises(NotFound):
                await files.open(user, path)
            with pytest.raises(NotFound):
                await files.stat(user, path)
            with pytest.raises(NotFound):
                await files.list(user, path, after=b"", limit=1)
        with pytest.raises(NotFound):
            await files.begin(user, b"/none/inner")
        with pytest.raises(NotFound):
            await files.space(user, b"/none")
