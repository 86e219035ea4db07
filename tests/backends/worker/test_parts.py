"""Files in the making, the locks of folders, and conflicts of a copy."""

import errno
import fcntl
import os
import threading
from pathlib import Path

import pytest
from tests.support.workers import in_thread

from gatewright.backends.posix import PosixFileSystem
from gatewright.backends.worker import (
    OneWorker,
    open_worker,
)
from gatewright.backends.worker.program import parts, writing
from gatewright.backends.worker.program.writing import Writings
from gatewright.core.errors import Conflict, NotFound


def test_parts_are_locked_by_their_writers(tmp_path: Path) -> None:
    folder = os.open(tmp_path, os.O_RDONLY)
    descriptor, name = parts.create(folder, b"x")
    (tmp_path / (parts.PREFIX + "folder")).mkdir()
    (tmp_path / (parts.PREFIX + "old")).touch()
    found = [path.name for path in tmp_path.iterdir()]
    parts.reap(folder, [*found, parts.PREFIX + "gone"])
    left = {path.name for path in tmp_path.iterdir()}
    assert left == {os.fsdecode(name), parts.PREFIX + "folder"}
    os.close(descriptor)
    parts.reap(folder, [os.fsdecode(name)])
    os.close(folder)
    assert [path.name for path in tmp_path.iterdir()] == [parts.PREFIX + "folder"]


def test_files_in_the_making_are_bounded_and_removed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(writing, "_MOST_AT_ONCE", 2)
    writings = Writings()
    arguments = {"root": str(tmp_path), "path": "/x"}
    for _ in range(2):
        os.close(writings.begin(arguments)[1])
    with pytest.raises(OSError, match="too many"):
        writings.begin(arguments)
    assert len(list(tmp_path.iterdir())) == 2
    writings.close()
    assert list(tmp_path.iterdir()) == []


def test_a_folder_that_takes_the_name_meanwhile(tmp_path: Path) -> None:
    writings = Writings()
    answer, descriptor = writings.begin({"root": "/", "path": str(tmp_path / "x")})
    os.close(descriptor)
    (tmp_path / "x").mkdir()
    with pytest.raises(IsADirectoryError):
        writings.commit({"token": answer["token"], "size": 0})
    assert [path.name for path in tmp_path.iterdir()] == ["x"]


def test_a_folder_s_lock_is_waited_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(writing, "_LOCK_SECONDS", 0.05)
    holder = os.open(tmp_path, os.O_RDONLY)
    fcntl.flock(holder, fcntl.LOCK_EX)
    name = os.fsencode(tmp_path / "x")
    with pytest.raises(BlockingIOError), writing.locked_folder(None, name):
        pass
    monkeypatch.setattr(writing, "_LOCK_SECONDS", 60.0)
    timer = threading.Timer(0.02, lambda: fcntl.flock(holder, fcntl.LOCK_UN))
    timer.start()
    with writing.locked_folder(None, name):
        pass
    timer.join()
    os.close(holder)


def test_file_systems_without_locks(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object) -> None:
        raise OSError(errno.ENOLCK, "no locks")

    monkeypatch.setattr(fcntl, "flock", refuse)
    with writing.locked_folder(None, os.fsencode(tmp_path / "x")):
        entered = True
    assert entered


def test_a_folder_that_may_not_be_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object, **__: object) -> int:
        raise PermissionError

    monkeypatch.setattr(os, "open", refuse)
    with writing.locked_folder(None, os.fsencode(tmp_path / "x")):
        entered = True
    assert entered


async def test_conflicts_of_a_copy(tmp_path: Path) -> None:
    async with open_worker(in_thread()) as worker:
        files = PosixFileSystem(OneWorker(worker), os.fsencode(tmp_path))
        deep = b"/d" * 250
        await files.mkdir("ada", deep, parents=True)
        with pytest.raises(Exception, match="deep"):
            await files.copy("ada", b"/d", b"/copy")
        (tmp_path / "file").write_text("x")
        (tmp_path / "folder").mkdir()
        with pytest.raises(Conflict):
            await files.copy("ada", b"/file", b"/folder", replace=True)
        assert sorted(p.name for p in tmp_path.iterdir()) == ["d", "file", "folder"]
        with pytest.raises(NotFound):
            await files.chmod("ada", b"/none", 0o600)
