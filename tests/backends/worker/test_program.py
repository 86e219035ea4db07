"""Parts of the worker's program, in this process and in one that is measured."""

import asyncio
import contextlib
import errno
import json
import os
import socket
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from tests.support.descriptors import descriptors
from tests.support.workers import acting

from gatewright.backends.worker import (
    Worker,
    open_worker,
)
from gatewright.backends.worker.program.frames import PROTOCOL, Assembler, pack
from gatewright.backends.worker.program.server import Server
from gatewright.backends.worker.program.sockets import receive
from gatewright.core.errors import TooLarge, Unavailable


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


def test_a_passed_descriptor_is_closed_before_the_next_answer(
    pair: tuple[socket.socket, socket.socket], monkeypatch: pytest.MonkeyPatch
) -> None:
    order = []
    passed, other = os.pipe()
    answered = threading.Event()
    close = os.close

    def slow_close(descriptor: int) -> None:
        if descriptor == passed:
            answered.wait(1)  # the next answer may come now, and must not
            order.append("closed")
        close(descriptor)

    monkeypatch.setattr(os, "close", slow_close)
    quick = {"give": lambda _: (None, passed), "next": lambda _: None}
    talk = Talk(pair, quick=quick)
    talk.ask(id=1, op="give")
    talk.answer()
    talk.ask(id=2, op="next")
    talk.answer()
    order.append("answered")
    answered.set()
    talk.end()
    close(other)
    assert order == ["closed", "answered"]


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
