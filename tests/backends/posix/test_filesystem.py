import asyncio
import errno
import os
import threading
import time
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest
from tests.support.app import caller
from tests.support.descriptors import descriptors
from tests.support.needs import missing
from tests.support.workers import in_thread
from typing_extensions import override

from gatewright.backends.posix import PosixFileSystem, plugin
from gatewright.backends.posix.plugin import PosixOptions
from gatewright.backends.worker import OneWorker, open_worker
from gatewright.core.concurrency import ConcurrencyLimit
from gatewright.core.errors import BackendFailed, Conflict, NotAllowed, StorageFull
from gatewright.domains.files import (
    ANY_STATE,
    Algorithm,
    Command,
    CommandService,
    FileService,
    FileSystem,
    FileType,
)
from gatewright.testing.files import get, names, put
from gatewright.testing.filesystem import FileSystemContract
from gatewright.testing.plugins import setting_for


class TestProcess(FileSystemContract):
    @pytest.fixture
    async def files(self, tmp_path: Path) -> AsyncIterator[FileSystem]:
        async with open_worker() as worker:
            yield PosixFileSystem(OneWorker(worker), os.fsencode(tmp_path))


class TestThread(FileSystemContract):
    @pytest.fixture
    async def files(self, tmp_path: Path) -> AsyncIterator[FileSystem]:
        async with open_worker(in_thread()) as worker:
            yield PosixFileSystem(OneWorker(worker), os.fsencode(tmp_path))


class _Below(PosixFileSystem):
    """The whole machine's files, seen by the tests as if below a folder."""

    def __init__(
        self,
        workers: OneWorker,
        folder: Path,
        limits: tuple[bytes, bytes] = (b"/", b"/"),
    ) -> None:
        super().__init__(workers, b"/", limits=limits)
        self._one, self._place = workers, folder

    @override
    def within(self, folder: bytes, destinations: bytes | None = None) -> "_Below":
        return _Below(self._one, self._place, (folder, destinations or folder))

    @override
    def _at(self, path: bytes, **more: object) -> dict[str, object]:
        arguments = super()._at(path, **more)
        below = os.fsencode(self._place).decode("latin-1")
        for key in ("path", "within", "destinations_within", "destination", "target"):
            given = str(arguments.get(key, ""))
            unlimited = "within" in key and given == "/"
            if given.startswith("/") and not unlimited:
                arguments[key] = below + given
        return arguments


class TestWholeMachine(FileSystemContract):
    @pytest.fixture
    async def files(self, tmp_path: Path) -> AsyncIterator[FileSystem]:
        async with open_worker(in_thread()) as worker:
            yield _Below(OneWorker(worker), tmp_path)


@pytest.fixture
async def files(tmp_path: Path) -> AsyncIterator[PosixFileSystem]:
    (tmp_path / "root").mkdir()
    async with open_worker(in_thread()) as worker:
        yield PosixFileSystem(OneWorker(worker), os.fsencode(tmp_path / "root"))


async def test_each_user_has_a_home_of_their_own(tmp_path: Path) -> None:
    async def homes(user: str) -> Path:
        if user == "eve":
            raise NotAllowed("You have no home on this system.")
        return tmp_path / "home" / user

    (tmp_path / "home/ada").mkdir(parents=True)
    async with (
        setting_for(PosixOptions, tmp_path, root=tmp_path) as setting,
        plugin.open(replace(setting, home=homes)) as system,
    ):
        limits = ConcurrencyLimit(9, "downloads"), ConcurrencyLimit(9, "uploads")
        files = FileService({"local": system.files}, 1000, *limits)
        assert await files.resolve(caller(), "local", b"~/x") == b"/home/ada/x"
        bob = replace(caller(), user="bob")
        assert await files.resolve(bob, "local", b"x") == b"/home/bob/x"
        with pytest.raises(NotAllowed, match="no home"):
            await files.system(replace(caller(), user="eve"), "local")
        assert system.commands is not None
        commands = CommandService({"local": system.commands}, 60, 1000)
        where = await commands.run(caller(), "local", Command((b"pwd",), b"~"))
    assert where.stdout == os.fsencode(tmp_path / "home/ada") + b"\n"


async def test_no_link_leads_out_of_the_root(
    files: PosixFileSystem, tmp_path: Path
) -> None:
    (tmp_path / "secret").write_text("secret")
    (tmp_path / "root/absolute").symlink_to(tmp_path / "secret")
    (tmp_path / "root/relative").symlink_to("../secret")
    (tmp_path / "root/folder").symlink_to("..")
    for path in (b"/absolute", b"/relative", b"/folder/secret"):
        with pytest.raises(NotAllowed):
            await files.open("ada", path)
        with pytest.raises(NotAllowed):
            await files.checksum("ada", path, Algorithm.SHA256)
        with pytest.raises(NotAllowed):
            await files.chmod("ada", path, 0o777)
    with pytest.raises(NotAllowed):
        await files.begin("ada", b"/folder/new")
    with pytest.raises(NotAllowed):
        await files.remove("ada", b"/folder/secret")
    with pytest.raises(NotAllowed):
        await files.move("ada", b"/folder/secret", b"/mine")
    with pytest.raises(NotAllowed):
        await files.link("ada", b"/mine", b"/folder/secret", symbolic=False)
    assert (await files.stat("ada", b"/relative")).target == b"../secret"
    await files.remove("ada", b"/folder")
    assert (tmp_path / "secret").read_text() == "secret"
    assert sorted(p.name for p in tmp_path.iterdir()) == ["root", "secret"]


async def test_pipes_and_sockets_are_not_opened(
    files: PosixFileSystem, tmp_path: Path
) -> None:
    os.mkfifo(tmp_path / "root/pipe")
    assert (await files.stat("ada", b"/pipe")).type is FileType.PIPE
    with pytest.raises(Conflict):
        await files.open("ada", b"/pipe")
    with pytest.raises(Conflict):
        await files.copy("ada", b"/pipe", b"/other")
    assert await names(files, "ada") == [b"pipe"]


async def test_what_a_dead_writer_left_is_reaped(
    files: PosixFileSystem, tmp_path: Path
) -> None:
    left = tmp_path / "root/.gatewright-part-0123"
    left.write_text("half")
    writing = await files.begin("ada", b"/data")
    assert await names(files, "ada") == []
    assert not left.exists()
    assert len(list((tmp_path / "root").iterdir())) == 1
    await writing.write([b"whole"])
    await writing.commit(ANY_STATE)
    assert await get(files, "ada", b"/data") == b"whole"


async def test_a_large_folder_in_pages(files: PosixFileSystem, tmp_path: Path) -> None:
    folder = tmp_path / "root/many"
    folder.mkdir()
    source = folder / "000000"
    source.touch()
    for number in range(1, 6_000):
        os.link(source, folder / f"{number:06}")
    seen: list[bytes] = []
    after: bytes | None = b""
    while after is not None:
        page = await files.list("ada", b"/many", after=after, limit=2000)
        seen += [entry.name for entry in page.entries]
        after = page.next
    assert seen == [b"%06d" % number for number in range(6_000)]


async def test_a_page_fits_into_a_message(
    files: PosixFileSystem, tmp_path: Path
) -> None:
    for number in range(300):
        (tmp_path / f"root/{number:03}").symlink_to("\N{SNOWMAN}" * 1300)
    seen = 0
    after: bytes | None = b""
    while after is not None:
        page = await files.list("ada", b"/", after=after, limit=1000)
        seen += len(page.entries)
        after = page.next
        assert len(page.entries) < 100
    assert seen == 300


async def test_a_full_disk(tmp_path: Path) -> None:
    small = tmp_path / "small"
    small.mkdir()
    if os.system(f"mount -t tmpfs -o size=1m none {small} 2>/dev/null"):
        missing("the right to mount a small tmpfs")
    try:
        async with open_worker(in_thread()) as worker:
            files = PosixFileSystem(OneWorker(worker), os.fsencode(small))
            with pytest.raises(StorageFull):
                await put(files, "ada", b"/big", bytes(3 << 20))
            assert await names(files, "ada") == []
            assert list(small.iterdir()) == []
            await put(files, "ada", b"/small", b"fits")
            other = PosixFileSystem(OneWorker(worker), os.fsencode(tmp_path))
            moved = await other.move("ada", b"/small/small", b"/moved")
            assert moved.size == 4
            assert list(small.iterdir()) == []
    finally:
        os.system(f"umount --lazy {small}")  # a thread may still close a file there


async def test_a_file_that_shrinks_while_it_is_written(
    files: PosixFileSystem, tmp_path: Path
) -> None:
    writing = await files.begin("ada", b"/data")
    await writing.write([b"content"])
    (part,) = (tmp_path / "root").iterdir()
    os.truncate(part, 3)
    with pytest.raises(BackendFailed):
        await writing.commit(ANY_STATE)
    assert list((tmp_path / "root").iterdir()) == []


async def test_a_disk_that_is_full_when_a_file_is_closed_is_reported(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A file system of a network may write, and find no room, only then."""

    def full(descriptor: int) -> None:
        close(descriptor)
        raise OSError(errno.EDQUOT, "quota")

    close = os.close
    async with open_worker() as worker:
        files = PosixFileSystem(OneWorker(worker), os.fsencode(tmp_path))
        writing = await files.begin("ada", b"/data")
        await writing.write([b"x"])
        with monkeypatch.context() as patch:
            patch.setattr(os, "close", full)
            with pytest.raises(StorageFull):
                await writing.commit(ANY_STATE)
        await writing.abort()
        assert list(tmp_path.iterdir()) == []


async def test_the_room_of_a_file_that_is_given_up_is_free_at_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def late(descriptor: int, blocks: list[bytes]) -> None:
        begun.set()
        time.sleep(0.3)
        os.write(descriptor, b"x")

    begun = threading.Event()
    monkeypatch.setattr("gatewright.backends.posix.writing._write_all", late)
    monkeypatch.setattr("gatewright.backends.posix.writing._CLOSING_SECONDS", 60.0)
    async with open_worker() as worker:
        files = PosixFileSystem(OneWorker(worker), os.fsencode(tmp_path))
        writing = await files.begin("ada", b"/data")
        assert f"{tmp_path}/" in str(descriptors())
        under_way = asyncio.create_task(writing.write([b"x"]))
        assert await asyncio.to_thread(begun.wait, 60)
        under_way.cancel()
        await writing.abort()
        assert f"{tmp_path}/" not in str(descriptors())
