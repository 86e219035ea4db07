"""Connections that do not behave, against a real server."""

import contextlib
import http.client
import json
import socket
import time
import urllib.error
import urllib.request
from collections.abc import Iterator

import pytest
from tests.support.serving import Serving, serving
from tests.support.workers import wait_until

from gatewright.core.errors import HeadersTooLarge
from gatewright.web.server.process import KEEP_ALIVE_SECONDS
from gatewright.web.server.protocol import refusal

FACTORY = "tests.support.plain_app:create"
LIMITS = {"body_bytes": 2048, "url_bytes": 4096}
PATIENT = {"header_seconds": 60.0, "body_stall_seconds": 60.0}
"""For what has to go well, however long a process pauses in between."""
HASTY = {"header_seconds": 5.0, "body_stall_seconds": 0.5}
"""For what is to be cut off, once what comes before has arrived."""
PATIENCE_SECONDS = 60.0
"""Whom the server closes by then, it closed for what is tested here."""
assert PATIENCE_SECONDS < KEEP_ALIVE_SECONDS


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Serving]:
    folder = tmp_path_factory.mktemp("protocol")
    with serving(folder, FACTORY, limits=LIMITS | PATIENT) as running:
        yield running


@pytest.fixture(scope="module")
def hasty(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Serving]:
    folder = tmp_path_factory.mktemp("hasty")
    with serving(folder, FACTORY, limits=LIMITS | HASTY) as running:
        yield running


@contextlib.contextmanager
def client(server: Serving, sent: bytes = b"") -> Iterator[socket.socket]:
    address = "127.0.0.1", server.port
    with socket.create_connection(address, timeout=PATIENCE_SECONDS) as sock:
        sock.sendall(sent)
        yield sock


def _all_of(sock: socket.socket) -> bytes:
    """Return all that comes until the connection ends in order."""
    return b"".join(iter(lambda: sock.recv(65536), b""))


def everything(sock: socket.socket) -> bytes:
    parts = []
    with contextlib.suppress(ConnectionResetError):
        while part := sock.recv(65536):
            parts.append(part)
    return b"".join(parts)


def one_answer(sock: socket.socket) -> bytes:
    """Return one answer, which says its length or comes in chunks."""
    answer = b""
    while b"\r\n\r\n" not in answer:
        answer += some(sock)
    head, _, body = answer.partition(b"\r\n\r\n")
    field = head.lower().partition(b"content-length:")[2]
    length = int(field.partition(b"\r\n")[0])
    while len(body) < length:
        body += some(sock)
    return head + b"\r\n\r\n" + body


def some(sock: socket.socket) -> bytes:
    part = sock.recv(65536)
    assert part, "the server closed the connection"
    return part


def status(answer: bytes) -> int:
    return int(answer.split(b" ", 2)[1]) if answer else 0


def test_two_hundred_half_open_headers_are_closed_and_nobody_waits(
    hasty: Serving,
) -> None:
    with contextlib.ExitStack() as stack:
        half = b"GET /about HTTP/1.1\r\nHost: h\r\nX-Slow: "
        open_ones = [stack.enter_context(client(hasty, half)) for _ in range(200)]
        quick = http.client.HTTPConnection("127.0.0.1", hasty.port, timeout=60)
        quick.request("GET", "/about")
        assert quick.getresponse().status == 200
        quick.close()
        answers = [everything(sock) for sock in open_ones]
    assert {status(answer) for answer in answers} == {408}
    assert all(b"application/problem+json" in answer for answer in answers)


def test_a_drip_of_header_bytes_wins_no_time(hasty: Serving) -> None:
    """If each byte began the time anew, it would go on as long as the drip does."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    with client(hasty, b"GET / HTTP/1.1\r\nX-Drip: ") as sock:
        sock.settimeout(0.1)
        answer = b""
        with contextlib.suppress(ConnectionError):
            while time.monotonic() < deadline:
                sock.sendall(b"a")
                with contextlib.suppress(TimeoutError):
                    answer += (part := sock.recv(4096))
                    if not part:
                        break
    assert status(answer) == 408


def test_a_connection_without_a_request_is_closed(hasty: Serving) -> None:
    with contextlib.ExitStack() as stack:
        for sock in [
            stack.enter_context(client(hasty, sent))
            for sent in (b"", b"\r\n", b"\r\n\r\n")
        ]:
            assert everything(sock) == b""


def test_empty_lines_on_an_idle_connection_do_not_keep_it(hasty: Serving) -> None:
    with client(hasty, b"GET /about HTTP/1.1\r\nHost: h\r\n\r\n") as sock:
        assert status(one_answer(sock)) == 200
        sock.sendall(b"\r\n")
        assert everything(sock) == b""


def test_a_connection_serves_many_requests(server: Serving) -> None:
    with client(server) as sock:
        for _ in range(3):
            sock.sendall(b"GET /slow?seconds=0 HTTP/1.1\r\nHost: h\r\n\r\n")
            assert status(one_answer(sock)) == 200


@pytest.mark.parametrize(
    ("request_bytes", "expected"),
    [
        (b"GET /" + b"a" * 5000 + b" HTTP/1.1\r\nHost: h\r\n\r\n", 414),
        (b"GET / HTTP/1.1\r\nHost: h\r\nX: " + b"a" * 70_000 + b"\r\n\r\n", 431),
        (b"GET / HTTP/1.1\r\n" + b"X: aaaaaaaaaa\r\n" * 6000 + b"\r\n", 431),
        (b"GET / HTTP/1.1\r\nX: " + b"a" * 200_000, 431),
        (b"nonsense\r\n\r\n", 400),
        (b"GET / HTTP/1.1\r\nHost: h\r\nX: a\x00b\r\n\r\n", 400),
        (b"GET /\xff HTTP/1.1\r\nHost: h\r\n\r\n", 400),
        (b"CONNECT h:80 HTTP/1.1\r\nHost: h\r\n\r\n", 400),
        (b"GET / HTTP/1.1\r\nHost: h\r\nContent-Length: x\r\n\r\n", 400),
        (b"GET / HTTP/9.9\r\nHost: h\r\n\r\n", 400),
        (b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03", 400),
    ],
)
def test_what_is_not_http_is_refused_and_closed(
    server: Serving, request_bytes: bytes, expected: int
) -> None:
    with client(server, request_bytes) as sock:
        answer = everything(sock)
    head, _, body = answer.partition(b"\r\n\r\n")
    assert status(answer) == expected
    assert b"Connection: close" in head
    assert json.loads(body)["status"] == expected


def test_a_stalled_body_ends_with_408(hasty: Serving) -> None:
    head = b"POST /echo HTTP/1.1\r\nHost: h\r\nContent-Length: 100\r\n\r\nabc"
    with client(hasty, head) as sock:
        answer = everything(sock)
    assert status(answer) == 408


def test_an_honest_body_is_read(server: Serving) -> None:
    head = b"POST /echo HTTP/1.1\r\nHost: h\r\nContent-Length: 3\r\n\r\nabc"
    with client(server, head) as sock:
        assert one_answer(sock).endswith(b'{"size":3}')


def test_a_body_is_counted_whatever_its_header_says(server: Serving) -> None:
    chunk = b"400\r\n" + b"x" * 1024 + b"\r\n"
    head = b"POST /echo HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n"
    with client(server, head + chunk * 3 + b"0\r\n\r\n") as sock:
        assert status(everything(sock)) == 413


def test_what_is_left_of_a_refused_body_has_a_time_limit(hasty: Serving) -> None:
    head = b"POST /missing HTTP/1.1\r\nHost: h\r\nContent-Length: 2000\r\n\r\n"
    with client(hasty, head) as sock:
        assert status(one_answer(sock)) == 404
        sock.sendall(b"a")
        assert everything(sock) == b""


def test_who_still_sends_a_refused_body_reads_the_answer(server: Serving) -> None:
    """Python's own client asks to close, and reads when it has sent all."""
    asked = urllib.request.Request(f"{server.url}/echo", data=bytes(16 << 20))
    for _ in range(5):
        with pytest.raises(urllib.error.HTTPError) as refused:
            urllib.request.urlopen(asked, timeout=PATIENCE_SECONDS)
        assert refused.value.code == 413
        assert json.loads(refused.value.read())["code"] == "too-large"


def test_who_sends_a_refused_body_without_end_is_cut_off(hasty: Serving) -> None:
    head = b"POST /missing HTTP/1.1\r\nHost: h\r\nContent-Length: 2000\r\n"
    with client(hasty, head + b"Connection: close\r\n\r\n") as sock:
        assert status(everything(sock)) == 404
        with pytest.raises(ConnectionError):
            _drip(sock)


def _drip(sock: socket.socket) -> None:
    while True:
        sock.sendall(b"a")
        time.sleep(0.05)


def test_a_broken_chunk_ends_the_request(server: Serving) -> None:
    head = b"POST /echo HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n"
    with client(server, head + b"nonsense\r\n") as sock:
        assert status(everything(sock)) == 400


def test_nonsense_after_a_request_does_not_spoil_its_answer(server: Serving) -> None:
    good = b"GET /slow?seconds=0.2 HTTP/1.1\r\nHost: h\r\n\r\n"
    with client(server, good + b"nonsense\r\n\r\n") as sock:
        answer = everything(sock)
    assert status(answer) == 200
    assert b"slept" in answer
    assert answer.count(b"HTTP/1.1") == 1


def test_an_upgrade_is_passed_over(server: Serving) -> None:
    request = (
        b"GET /about HTTP/1.1\r\nHost: h\r\nConnection: Upgrade, close\r\n"
        b"Upgrade: websocket\r\n\r\n"
    )
    with client(server, request) as sock:
        assert status(everything(sock)) == 200


def test_an_internal_error_gives_no_details(server: Serving) -> None:
    with client(
        server, b"GET /fail HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n"
    ) as s:
        answer = everything(s)
    assert status(answer) == 500
    assert b"secret" not in answer
    # It is logged when its answer has been sent.
    written = server.log.read_bytes
    wait_until(lambda: b"a secret of the machine" in written(), PATIENCE_SECONDS)


def test_a_client_of_http_1_0_gets_a_body_that_ends_with_the_connection(
    server: Serving,
) -> None:
    """RFC 9112, section 6.1: no Transfer-Encoding for a client of HTTP/1.0."""
    with client(server, b"GET /parts HTTP/1.0\r\n\r\n") as sock:
        head, _, body = everything(sock).partition(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 200 ")
    fields = head.lower().split(b"\r\n")[1:]
    assert not [field for field in fields if field.startswith(b"transfer-encoding")]
    assert b"connection: close" in fields
    assert body == b"first,second"


def test_a_failure_resets_the_connection_of_an_http_1_0_client(server: Serving) -> None:
    """A part of a body must not look like the whole of it."""
    asked = b"GET /parts?fail= HTTP/1.0\r\n\r\n"
    with client(server, asked) as sock, pytest.raises(ConnectionResetError):
        _all_of(sock)


def test_a_client_of_http_1_1_gets_chunks(server: Serving) -> None:
    asked = b"GET /parts HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"
    with client(server, asked) as sock:
        head, _, body = everything(sock).partition(b"\r\n\r\n")
    assert b"transfer-encoding: chunked" in head.lower()
    assert body == b"6\r\nfirst,\r\n6\r\nsecond\r\n0\r\n\r\n"


def test_a_refusal_is_a_whole_answer() -> None:
    head, _, body = refusal(HeadersTooLarge()).partition(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 431 Request Header Fields Too Large")
    assert f"Content-Length: {len(body)}".encode() in head
