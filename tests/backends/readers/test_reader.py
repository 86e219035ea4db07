"""A reader's loop, its messages and its filter, without a process of their own."""

import errno
import mmap
import os
import socket
import struct
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gatewright.backends.readers import Output, protocol, seccomp, zygote
from gatewright.backends.readers.protocol import (
    CALL,
    FILE,
    IN_SLOT,
    INLINE,
    WINDOW,
    Answer,
    Malformed,
    Order,
    Request,
    Setup,
    decode_answer,
    decode_fault,
    decode_result,
    encode,
    encode_fault,
)
from gatewright.backends.readers.reader import Reader, open_memory_record
from gatewright.backends.readers.ring import Ring, map_ring
from gatewright.core.errors import (
    BackendFailed,
    GatewayError,
    NotFound,
    TooLarge,
    Unavailable,
)
from gatewright.domains.processing import OutsideFrame

PROGRAM = "gatewright.testing.reader_program"
SLOT = 1 << 20


@pytest.fixture
def channel() -> Iterator[socket.socket]:
    """The gateway's end of a reader that runs in a thread."""
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    programs = zygote.import_programs([PROGRAM, "gatewright.absent"])
    assert list(programs) == [PROGRAM]
    memory = open_memory_record()
    ring = mmap.mmap(-1, 2 * SLOT)  # tracebacks in the log keep views of it
    with ours, theirs:
        reader = Reader(theirs, ring, programs, memory)
        thread = threading.Thread(target=reader.serve)
        thread.start()
        yield ours
        ours.close()
        thread.join()
    if memory is not None:
        os.close(memory)


def ask(
    channel: socket.socket, name: str, mode: int = CALL, **arguments: Any
) -> Answer:
    request = Request(7, f"{PROGRAM}:{name}", arguments, SLOT, SLOT, mode)
    channel.send(encode(request))
    return decode_answer(channel.recv(100_000), 7, SLOT)


def test_answers_within_a_message_and_in_a_slot(channel: socket.socket) -> None:
    small = ask(channel, "echo", a=1)
    assert small.kind == INLINE
    assert decode_result(small.body)["a"] == 1
    assert small.memory > 0
    large = ask(channel, "large", size=70_000)
    assert (large.kind, large.body) == (IN_SLOT, b"")
    assert ask(channel, "fill", WINDOW, value=3, size=500).length == 500
    with pytest.raises(TooLarge):
        raise decode_fault(ask(channel, "large", size=SLOT).body)


@pytest.mark.parametrize(
    ("name", "kind"),
    [("refuse", NotFound), ("fault", BackendFailed), ("absent", BackendFailed)],
)
def test_errors_are_sent(channel: socket.socket, name: str, kind: type) -> None:
    error = decode_fault(ask(channel, name).body)
    assert type(error) is kind


def test_a_failure_has_a_plain_message_and_a_full_log(
    channel: socket.socket, caplog: pytest.LogCaptureFixture
) -> None:
    told = decode_fault(ask(channel, "fault").body).text
    assert "could not be read" in told
    assert "RuntimeError" not in told
    assert "RuntimeError: unexpected" in caplog.text


def test_a_file_is_filled(channel: socket.socket, tmp_path: Path) -> None:
    with (tmp_path / "file").open("w+b") as file:
        request = Request(1, f"{PROGRAM}:write", {"data": b"abc"}, 0, SLOT, FILE)
        socket.send_fds(channel, [encode(request)], [file.fileno(), file.fileno()])
        assert decode_answer(channel.recv(1000), 1, SLOT).kind == INLINE
        assert os.pread(file.fileno(), 9, 0) == b"abc"


def test_outputs() -> None:
    output = Output(window=memoryview(bytearray(4)))
    output.write(b"abc")
    with pytest.raises(TooLarge):
        output.write(b"de")
    assert (bytes(output.window), output.length) == (b"abc\0", 3)
    assert len(Output().window) == 0


def test_a_ring_is_shared_and_lends_its_slots() -> None:
    ring = Ring(slots=2, slot_bytes=4096)
    shared = map_ring(os.dup(ring.descriptor))
    with pytest.raises(OSError, match="not permitted"):
        os.ftruncate(ring.descriptor, 100)
    slot = ring.take()
    shared[0:3] = b"abc"
    view = ring.lend(slot, 3)
    piece = view[1:]
    view.release()
    assert ring.free_slots == 1
    assert bytes(piece) == b"bc"
    del piece
    assert ring.free_slots == 2
    ring.close()
    shared.close()


def test_errors_go_round() -> None:
    error = Unavailable("Later.\udcff", retry_after=3, reason="busy")
    back = decode_fault(encode_fault(error))
    assert type(back) is Unavailable
    assert (back.text, back.retry_after, back.details) == (
        "Later.?",
        3,
        {"reason": "busy"},
    )
    # A class of a domain arrives as the one that it is a kind of.
    assert type(decode_fault(encode_fault(OutsideFrame("x")))) is NotFound
    unknown = msgspec.msgpack.encode(["SystemExit", "x", None, {}])
    assert type(decode_fault(unknown)) is BackendFailed
    assert type(decode_fault(msgspec.msgpack.encode(["Mapping", "x"]))) is BackendFailed


@given(st.binary(max_size=200))
def test_no_bytes_are_more_than_malformed(data: bytes) -> None:
    for decode in (decode_result, decode_fault):
        try:
            decode(data)
        except Malformed:
            continue
    try:
        answer = decode_answer(data, 1, SLOT)
    except Malformed:
        return
    assert answer.id == 1
    assert 0 <= answer.length <= SLOT


@pytest.mark.parametrize(
    "message",
    [[2, 0], [1, 9], [1, 0, -1], [1, 0, SLOT + 1], [1, 0, 2**63], ["x"], {}, None],
)
def test_answers_that_no_reader_sends(message: object) -> None:
    with pytest.raises(Malformed):
        decode_answer(msgspec.msgpack.encode(message), 1, SLOT)
    with pytest.raises(Malformed):
        decode_result(b"\x81" * 100_000)


def test_orders_and_setups_go_round() -> None:
    order = Order("folders", 3, [b"/data\xff"])
    assert protocol.decode_order(encode(order)) == order
    setup = Setup(["a"], [b"b"], 1, 2)
    assert protocol.decode_setup(encode(setup)) == setup


def run_filter(machine: str, architecture: int, number: int, argument: int) -> int:
    """Interpret the filter as the kernel would (classic BPF)."""
    data = struct.pack("=IIQQ", number, architecture, 0, argument)
    code = seccomp.program(machine)
    steps = [struct.unpack_from("=HBBI", code, at) for at in range(0, len(code), 8)]
    at = accumulator = 0
    while True:
        kind, yes, no, value = steps[at]
        at += 1
        if kind == 0x06:
            return int(value)
        if kind == 0x20:
            (accumulator,) = struct.unpack_from("=I", data, value)
            continue
        met = accumulator == value if kind == 0x15 else bool(accumulator & value)
        at += yes if met else no


ALLOW, KILL = 0x7FFF0000, 0x80000000
EPERM, ENOSYS = 0x00050000 | errno.EPERM, 0x00050000 | errno.ENOSYS
THREAD = 0x00010000


@pytest.mark.parametrize(
    ("machine", "architecture", "number", "argument", "outcome"),
    [
        *(("x86_64", 0xC000003E, n, 0, ALLOW) for n in (0, 1, 17, 46, 47, 257, 9)),
        *(("x86_64", 0xC000003E, n, 0, EPERM) for n in (41, 57, 59, 62, 101, 425)),
        *(("x86_64", 0xC000003E, n, 0, EPERM) for n in (90, 268, 452, 188, 203)),
        ("x86_64", 0xC000003E, 302, 0, ALLOW),
        ("x86_64", 0xC000003E, 302, 4711, EPERM),
        ("x86_64", 0xC000003E, 56, THREAD, ALLOW),
        ("x86_64", 0xC000003E, 56, 17, EPERM),
        ("x86_64", 0xC000003E, 435, 0, ENOSYS),
        ("x86_64", 0xC000003E, 0x40000000 | 41, 0, KILL),
        ("x86_64", 0x40000003, 11, 0, KILL),
        *(("aarch64", 0xC00000B7, n, 0, EPERM) for n in (198, 221, 129, 117)),
        *(("aarch64", 0xC00000B7, n, 0, ALLOW) for n in (63, 64, 67, 211, 212)),
        ("aarch64", 0xC00000B7, 261, 0, ALLOW),
        ("aarch64", 0xC00000B7, 261, 4711, EPERM),
        *(("aarch64", 0xC00000B7, n, 0, EPERM) for n in (52, 53, 88, 5, 122)),
        ("aarch64", 0xC00000B7, 220, THREAD, ALLOW),
        ("aarch64", 0xC00000B7, 220, 17, EPERM),
    ],
)
def test_what_the_filter_refuses(
    machine: str, architecture: int, number: int, argument: int, outcome: int
) -> None:
    assert run_filter(machine, architecture, number, argument) == outcome


def test_an_unknown_machine_has_no_filter(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("platform.machine", lambda: "abacus")
    assert seccomp.restrict() is False


def test_the_errors_that_a_reader_may_raise_are_known() -> None:
    assert issubclass(type(decode_fault(encode_fault(GatewayError("x")))), GatewayError)
