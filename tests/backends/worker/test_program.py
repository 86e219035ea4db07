"""Parts of the worker's program, in this process and in one that is measured."""

import asyncio
import contextlib
import errno
import fcntl
import json
import os
import resource
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from tests.support.descriptors import descriptors
from tests.support.workers import LocalLauncher, acting, in_thread, wait_until

from gatewright.backends.posix import PosixFileSystem
from gatewright.backends.worker import (
    OneWorker,
    RunningWorker,
    Worker,
    client,
    open_worker,
)
from gatewright.backends.worker.program import entries, launcher, parts, writing
from gatewright.backends.worker.program.frames import PROTOCOL, Assembler, pack
from gatewright.backends.worker.program.launcher import Launcher
from gatewright.backends.worker.program.limits import SpawnLimits, lowered
from gatewright.backends.worker.program.server import Server
from gatewright.backends.worker.program.sockets import receive
from gatewright.backends.worker.program.writing import Writings
from gatewright.backends.worker.starting import Child
from gatewright.core.errors import Conflict, NotFound, TooLarge, Unavailable


class Measured:
    """Starts the worker's program as an ordinary module, which coverage can see."""

    def start(self) -> tuple[socket.socket, RunningWorker]:
        ours, theirs = socket.socketpair()
        program = [sys.executable, "-m", "gatewright.backends.worker.program"]
        with theirs:
            process = subprocess.Popen(
                [*program, str(theirs.fileno())],
                pass_fds=[theirs.fileno()],
                stdin=subprocess.DEVNULL,
                start_new_session=True,
            )
        return ours, Child(process)


async def test_the_program_as_a_module(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("_START_SECONDS", "_END_SECONDS"):  # coverage takes its time
        monkeypatch.setattr(client, name, 90.0)
    async with open_worker(Measured()) as worker:
        await worker.call("ping", {}, type(None), seconds=90)
        files = PosixFileSystem(OneWorker(worker), os.fsencode(tmp_path))
        await files.mkdir("ada", b"/folder")
        pid = await worker.launch(["sleep", "300"], None, tmp_path)
        os.kill(pid, signal.SIGKILL)
        with pytest.raises(NotFound):
            await worker.launch(["none"], {}, tmp_path)
    assert (tmp_path / "folder").is_dir()


async def test_orders_for_the_launcher(tmp_path: Path) -> None:
    starter = LocalLauncher()
    async with open_worker(in_thread(starter)) as worker:
        assert await worker.launch(["a", b"\xff"], {"X": "é"}, tmp_path) == 4242
        await worker.launch(["b"], None, tmp_path)
    first, second = starter.orders
    assert first == {
        "argv": ["a", "\xff"],
        "directory": str(tmp_path),
        "environment": {"X": "\xc3\xa9"},
    }
    assert second["environment"]["PATH"] == os.environ["PATH"]  # type: ignore[index]


def test_the_launcher_answers_orders(tmp_path: Path) -> None:
    ours, theirs = socket.socketpair()
    code = (
        "import socket, sys; from gatewright.backends.worker.program import launcher;"
        "launcher.serve(socket.socket(fileno=int(sys.argv[1])))"
    )
    process = subprocess.Popen(
        [sys.executable, "-c", code, str(theirs.fileno())], pass_fds=[theirs.fileno()]
    )
    theirs.close()
    with ours, process:
        starter = Launcher(ours)
        order = {
            "argv": ["sh", "-c", "echo $$ > new; mv new pid"],
            "directory": str(tmp_path),
            "environment": {"PATH": os.environ["PATH"]},
        }
        pid = starter.launch(order)
        wait_until((tmp_path / "pid").exists)
        assert int((tmp_path / "pid").read_text()) == pid
        with pytest.raises(FileNotFoundError):
            starter.launch({**order, "argv": ["none"]})
        ours.shutdown(socket.SHUT_WR)
    assert process.returncode == 0


def test_a_launcher_that_is_gone() -> None:
    ours, theirs = socket.socketpair()
    with ours:
        theirs.close()
        with pytest.raises(OSError, match=r"."):
            Launcher(ours).launch({})
    ours, theirs = socket.socketpair()
    with ours, theirs:
        theirs.shutdown(socket.SHUT_WR)
        with pytest.raises(OSError, match="launcher"):
            Launcher(ours).launch({})
    ours, theirs = socket.socketpair()
    with theirs:
        ours.sendall(b"\0\0\0\x09{}")
        ours.close()
        launcher.serve(theirs)


def test_limits_are_lowered_and_given_back() -> None:
    kind = resource.RLIMIT_CORE
    first = resource.getrlimit(kind)
    limits = SpawnLimits({kind: (0, first[1])})
    try:
        assert resource.getrlimit(kind)[0] == 0
        with limits.restored():
            assert resource.getrlimit(kind) == first
        assert resource.getrlimit(kind)[0] == 0
    finally:
        resource.setrlimit(kind, first)
    wanted = lowered()
    assert wanted[resource.RLIMIT_NOFILE][0] <= 1024
    assert wanted[kind] == (0, first[1])


def test_people_without_a_name() -> None:
    assert entries.owner(0) == "root"
    assert entries.owner(3_999_999_999) == entries.group(3_999_999_999) == "3999999999"


@pytest.fixture
def pair() -> Iterator[tuple[socket.socket, socket.socket]]:
    ours, theirs = socket.socketpair()
    with ours, theirs:
        yield ours, theirs


class Talk:
    """A server in a thread, and one who talks to it."""

    def __init__(
        self, pair: tuple[socket.socket, socket.socket], **groups: Any
    ) -> None:
        self.sock, theirs = pair
        self.frames = Assembler()
        stopping = threading.Event()
        quick, lasting = groups.get("quick", {}), groups.get("lasting", {})
        server = Server(theirs, quick, [lasting], stopping)
        self.thread = threading.Thread(target=server.serve)
        self.thread.start()
        assert self.answer()["protocol"] == PROTOCOL

    def ask(self, **message: object) -> None:
        self.sock.sendall(pack(message))

    def answer(self) -> Any:
        while (frame := self.frames.take()) is None:
            self.frames.feed(*receive(self.sock))
        return json.loads(frame[0])

    def end(self) -> None:
        with contextlib.suppress(OSError):
            self.sock.shutdown(socket.SHUT_WR)
        self.thread.join(60)
        assert not self.thread.is_alive()


def test_answers_that_are_too_long(pair: tuple[socket.socket, socket.socket]) -> None:
    talk = Talk(pair, quick={"long": lambda _: "x" * (1 << 20)})
    talk.ask(id=1, op="long")
    assert talk.answer() == {"id": 1, "errno": errno.EMSGSIZE}
    talk.end()


def test_too_many_lasting_operations(
    pair: tuple[socket.socket, socket.socket],
) -> None:
    go = threading.Event()
    talk = Talk(pair, lasting={"wait": lambda _: go.wait(60)})
    for number in range(40):
        talk.ask(id=number, op="wait")
    refused = [talk.answer() for _ in range(8)]
    assert {answer["errno"] for answer in refused} == {errno.EAGAIN}
    go.set()
    assert sorted(talk.answer()["id"] for _ in range(32)) == list(range(32))
    talk.end()


def test_the_operation_in_hand_is_finished(
    pair: tuple[socket.socket, socket.socket],
) -> None:
    begun, go = threading.Event(), threading.Event()

    def wait(_: object) -> str:
        begun.set()
        go.wait(60)
        return "done"

    talk = Talk(pair, quick={"wait": wait})
    talk.ask(id=1, op="wait")
    assert begun.wait(60)
    talk.sock.shutdown(socket.SHUT_WR)
    go.set()
    assert talk.answer() == {"id": 1, "ok": "done"}
    talk.end()


@pytest.mark.parametrize("data", [b"\xff" * 50, b"\0\0\0\x02\x01{}"])
def test_a_gateway_that_breaks_the_protocol_ends_the_worker(
    pair: tuple[socket.socket, socket.socket], data: bytes
) -> None:
    talk = Talk(pair)
    talk.sock.sendall(data)
    talk.thread.join(60)
    assert not talk.thread.is_alive()


def test_descriptors_that_no_frame_claims_are_closed(
    pair: tuple[socket.socket, socket.socket], tmp_path: Path
) -> None:
    talk = Talk(pair)
    path = tmp_path / "x"
    with path.open("wb") as file:
        socket.send_fds(talk.sock, [b"\0"], [file.fileno()])
    talk.end()
    assert str(path) not in descriptors().values()


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


async def until_waiting(worker: Worker, count: int) -> None:
    """Wait until so many requests of a worker wait, and its socket takes no more."""
    async with asyncio.timeout(60):
        while (
            worker._connection is None
            or len(worker._connection._pending) < count
            or not worker._connection._blocked
        ):
            await asyncio.sleep(0.01)


async def test_requests_wait_for_a_worker_that_is_slow_to_read() -> None:
    count, size = 60, 900_000
    go = threading.Event()

    def target(sock: socket.socket) -> None:
        sock.sendall(pack({"protocol": PROTOCOL, "pid": 1}))
        go.wait(60)
        frames, left = Assembler(), count
        while left:
            frames.feed(*receive(sock))
            while (frame := frames.take()) is not None:
                left -= 1
                sock.sendall(pack({"id": json.loads(frame[0])["id"], "ok": left}))

    async with open_worker(acting(target)) as worker:
        more = {"more": "x" * size}
        calls = [
            asyncio.create_task(worker.call("stat", more, int, seconds=120))
            for _ in range(count)
        ]
        await until_waiting(worker, count)
        go.set()
        assert sorted(await asyncio.gather(*calls)) == list(range(count))


async def test_a_worker_that_never_reads_is_left(tmp_path: Path) -> None:
    go = threading.Event()

    def target(sock: socket.socket) -> None:
        sock.sendall(pack({"protocol": PROTOCOL, "pid": 1}))
        go.wait(60)

    async with open_worker(acting(target)) as worker:
        more = {"more": "x" * 900_000}
        calls = [
            asyncio.create_task(worker.call("stat", more, int, seconds=120))
            for _ in range(5)
        ]
        await until_waiting(worker, 5)
        assert worker._connection is not None
        worker._connection.end()
        go.set()
        for call in calls:
            with pytest.raises(Unavailable):
                await call
        with pytest.raises(TooLarge):
            await worker.call("stat", {"more": "x" * (1 << 20)}, int)


async def test_a_process_that_does_not_end_is_killed(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(client, "_END_SECONDS", 0.05)
    async with open_worker() as worker:
        await worker.call("ping", {}, type(None))
        assert worker.pid is not None
        os.kill(worker.pid, signal.SIGSTOP)
    await Worker().close()


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
