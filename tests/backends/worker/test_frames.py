import json
import os
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.support.descriptors import descriptors

from gatewright.backends.worker.program import frames
from gatewright.backends.worker.program.frames import Assembler, Frame, FrameError, pack
from gatewright.backends.worker.program.sockets import receive, rights

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: st.lists(inner, max_size=4),
    max_leaves=10,
)


@given(st.lists(JSON, max_size=6), st.data())
def test_frames_come_out_as_they_went_in(
    messages: list[object], data: st.DataObject
) -> None:
    sent = b"".join(map(pack, messages))
    assembler = Assembler()
    received: list[object] = []
    while sent:
        cut = data.draw(st.integers(1, len(sent)))
        assembler.feed(sent[:cut])
        sent = sent[cut:]
        while (frame := assembler.take()) is not None:
            assert frame[1] is None
            received.append(json.loads(frame[0]))
    assert received == messages


@given(st.binary(max_size=64))
def test_garbage_ends_the_protocol_or_waits_for_more(data: bytes) -> None:
    assembler = Assembler()
    try:
        assembler.feed(data)
        while (frame := assembler.take()) is not None:
            assert len(frame[0]) <= len(data)
    except FrameError:
        pass


def test_a_message_has_a_largest_size() -> None:
    with pytest.raises(FrameError):
        pack("x" * frames.MAXIMUM_BODY)
    assembler = Assembler()
    assembler.feed(frames.HEADER.pack(frames.MAXIMUM_BODY + 1, 0))
    with pytest.raises(FrameError):
        assembler.take()


@pytest.fixture
def pair() -> Iterator[tuple[socket.socket, socket.socket]]:
    ours, theirs = socket.socketpair()
    with ours, theirs:
        yield ours, theirs


def test_a_descriptor_comes_with_its_frame(
    pair: tuple[socket.socket, socket.socket], tmp_path: Path
) -> None:
    ours, theirs = pair
    (tmp_path / "file").write_text("content")
    descriptor = os.open(tmp_path / "file", os.O_RDONLY)
    theirs.sendall(pack("first"))
    theirs.sendmsg([pack("second", 1)], rights(descriptor))
    theirs.sendall(pack("third"))
    os.close(descriptor)
    assembler = Assembler()
    found: list[Frame] = []
    while len(found) < 3:
        assembler.feed(*receive(ours))
        while (frame := assembler.take()) is not None:
            found.append(frame)
    assert [body for body, _ in found] == [b'"first"', b'"second"', b'"third"']
    assert found[0][1] is found[2][1] is None
    assert found[1][1] is not None
    with os.fdopen(found[1][1]) as file:
        assert file.read() == "content"
        assert not os.get_inheritable(file.fileno())


def test_a_frame_lacks_the_descriptor_it_names() -> None:
    assembler = Assembler()
    assembler.feed(pack("none", 1))
    with pytest.raises(FrameError):
        assembler.take()


def test_a_frame_has_one_descriptor_at_most() -> None:
    assembler = Assembler()
    assembler.feed(frames.HEADER.pack(2, 2) + b"{}")
    with pytest.raises(FrameError):
        assembler.take()


def test_descriptors_without_frames_are_refused_and_given_back() -> None:
    assembler = Assembler()
    assembler.feed(b"", [101])
    with pytest.raises(FrameError):
        assembler.feed(b"", [102])
    assert assembler.leftover() == [101, 102]
    assert assembler.leftover() == []


def test_several_descriptors_at_once_are_closed(
    pair: tuple[socket.socket, socket.socket], tmp_path: Path
) -> None:
    ours, theirs = pair
    path = tmp_path / "file"
    with path.open("wb") as file:
        for count in (2, 5):
            socket.send_fds(theirs, [b"x"], [file.fileno()] * count)
            with pytest.raises(FrameError):
                receive(ours)
        opened = [n for n, name in descriptors().items() if name == str(path)]
        assert opened == [file.fileno()]
