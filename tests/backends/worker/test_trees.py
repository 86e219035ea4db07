import ctypes
import errno
import os
import threading
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from gatewright.backends.worker.program import changing, trees
from gatewright.backends.worker.program.trees import (
    Beneath,
    open_beneath,
    tree,
    walk_beneath,
)

Look = Callable[[int, bytes, int], int]
RENAME_EXCHANGE = 2
TRIES = int(os.environ.get("GATEWRIGHT_SOAK_RACES", "4000"))
"""Races with an attacker; ``make soak`` runs more."""


@pytest.fixture
def root(tmp_path: Path) -> Path:
    (tmp_path / "secret").write_text("secret")
    root = tmp_path / "root"
    (root / "folder/inner").mkdir(parents=True)
    (root / "folder/file").write_text("mine")
    (root / "out").symlink_to("..")
    (root / "absolute").symlink_to("/")
    (root / "link").symlink_to("folder/file")
    return root


def read(look: Look, root: Path, path: bytes) -> bytes:
    folder = os.open(root, os.O_PATH)
    try:
        with os.fdopen(look(folder, path, os.O_RDONLY), "rb") as file:
            return file.read()
    finally:
        os.close(folder)


@pytest.mark.parametrize("look", [open_beneath, walk_beneath])
def test_what_is_beneath_is_found(look: Look, root: Path) -> None:
    assert read(look, root, b"folder/file") == b"mine"
    assert read(look, root, b"./folder//file") == b"mine"


@pytest.mark.parametrize("look", [open_beneath, walk_beneath])
@pytest.mark.parametrize(
    "path",
    [
        b"..",
        b"../secret",
        b"folder/../../secret",
        b"out/secret",
        b"absolute/etc/passwd",
        b"absolute",
        b"out",
        b"none",
        b"folder/file/x",
    ],
)
def test_what_is_not_beneath_is_refused(look: Look, root: Path, path: bytes) -> None:
    with pytest.raises(OSError, match=r".") as caught:
        read(look, root, path)
    expected = {errno.EXDEV, errno.ELOOP, errno.ENOENT, errno.ENOTDIR}
    assert caught.value.errno in expected


def test_a_nul_ends_no_path(root: Path) -> None:
    with pytest.raises(OSError, match="NUL"):
        read(open_beneath, root, b"folder/file\0")


def test_links_within_are_followed_where_the_kernel_helps(root: Path) -> None:
    assert read(open_beneath, root, b"link") == b"mine"
    with pytest.raises(OSError, match=r"."):
        read(walk_beneath, root, b"link")


def test_a_walk_stands_for_no_link(root: Path) -> None:
    folder = os.open(root, os.O_PATH)
    try:
        for flags in (os.O_PATH, os.O_PATH | os.O_DIRECTORY):
            with pytest.raises(OSError, match=r"."):
                walk_beneath(folder, b"out", flags)
        os.close(walk_beneath(folder, b"", os.O_PATH | os.O_DIRECTORY))
    finally:
        os.close(folder)


def test_an_old_kernel_is_walked(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def unknown(*_: object) -> int:
        raise OSError(errno.ENOSYS, "openat2")

    monkeypatch.setattr(trees, "open_beneath", unknown)
    below = tree(os.fsencode(root))
    os.close(below.open(b"/folder/file", os.O_RDONLY))
    with pytest.raises(OSError, match=r"."):
        below.open(b"/out/secret", os.O_RDONLY)


def test_a_root_is_whole_or_a_folder() -> None:
    assert isinstance(tree(b"/tmp"), Beneath)
    assert not isinstance(tree(b"/"), Beneath)


def test_a_folder_of_a_tree_is_reached_by_the_tree_s_paths(root: Path) -> None:
    (root / "folder/up").symlink_to("../..")
    (root / "folder/beside").symlink_to("../link")
    (root / "folder/here").symlink_to("file")
    one = tree(os.fsencode(root), b"/folder/")
    for path in (b"/folder/file", b"/folder/here", b"/folder//file/"):
        os.close(one.open(path, os.O_RDONLY))
    os.close(one.folder(b"/folder"))
    with one.place(b"/folder") as (_, name):
        assert name == b"."
    assert one.above(b"/folder/a/b/c") == [b"/folder", b"/folder/a", b"/folder/a/b"]
    assert tree(b"/").above(b"/a/b/c") == [b"/a", b"/a/b"]
    for path in (b"/link", b"/folderx", b"/", b"", b"/folder/up/secret", b"file"):
        with pytest.raises(OSError, match=r"."):
            one.open(path, os.O_RDONLY)
    with pytest.raises(OSError, match=r".") as caught:
        one.open(b"/folder/beside", os.O_RDONLY)
    assert caught.value.errno == errno.EXDEV


def test_a_folder_of_a_tree_does_not_lead_out_of_it(root: Path) -> None:
    (root / "away").symlink_to("/etc")
    with pytest.raises(OSError, match=r".") as caught:
        tree(os.fsencode(root), b"/away").open(b"/away/passwd", os.O_RDONLY)
    assert caught.value.errno == errno.EXDEV


@pytest.mark.parametrize("look", [open_beneath, walk_beneath])
def test_no_race_of_links_reaches_outside(look: Look, root: Path) -> None:
    """An attacker swaps a folder and a link out meanwhile."""
    outside = root.parent / "outside"
    outside.mkdir()
    (outside / "file").write_text("secret")
    (root / "evil").symlink_to(outside)
    done = threading.Event()

    def flip() -> None:
        libc = ctypes.CDLL(None)
        one, other = (os.fsencode(root / name) for name in ("folder", "evil"))
        while not done.is_set():
            libc.renameat2(-100, one, -100, other, RENAME_EXCHANGE)

    attacker = threading.Thread(target=flip)
    attacker.start()
    seen = {b"mine": 0, b"refused": 0}
    deadline = time.monotonic() + TRIES / 30
    try:
        while sum(seen.values()) < TRIES or not seen[b"mine"]:
            assert time.monotonic() < deadline, f"so far: {seen}"
            try:
                seen[read(look, root, b"folder/file")] += 1
            except OSError:
                seen[b"refused"] += 1
    finally:
        done.set()
        attacker.join()
    assert set(seen) == {b"mine", b"refused"}


def test_rename_where_one_step_is_not_known(root: Path) -> None:
    def at(name: str) -> tuple[None, bytes]:
        return None, os.fsencode(root / name)

    changing.rename_in_steps(at("folder/file"), at("file"))
    assert (root / "file").read_text() == "mine"
    (root / "other").write_text("other")
    with pytest.raises(FileExistsError):
        changing.rename_in_steps(at("file"), at("other"))
    changing.rename_in_steps(at("folder"), at("moved"))
    with pytest.raises(FileExistsError):
        changing.rename_in_steps(at("moved"), at("other"))
    assert (root / "moved/inner").is_dir()
