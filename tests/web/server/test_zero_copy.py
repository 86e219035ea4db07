"""Files sent in the kernel, over real sockets from a real server."""

import hashlib
import http.client
import os
import socket
import time
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO
from urllib.parse import urlencode

import pytest
from tests.support.plain_app import write_sparse
from tests.support.serving import Serving, serving

GIB = 1 << 30


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Serving]:
    with serving(tmp_path_factory.mktemp("s"), "tests.support.plain_app:create") as s:
        yield s


@pytest.fixture
def connection(server: Serving) -> Iterator[http.client.HTTPConnection]:
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=60)
    yield connection
    connection.close()


def url(path: Path, **query: int) -> str:
    return "/file?" + urlencode({"path": str(path), **query})


def resident(server: Serving) -> int:
    [child] = server.children()
    pages = Path(f"/proc/{child}/statm").read_text(encoding="ascii").split()[1]
    return int(pages) * os.sysconf("SC_PAGE_SIZE")


def test_the_extension_and_the_allocator_are_there(
    connection: http.client.HTTPConnection,
) -> None:
    connection.request("GET", "/about")
    answer = connection.getresponse().read().decode()
    assert '"extensions":["http.response.zerocopysend"]' in answer
    assert "MALLOC_MMAP_THRESHOLD_" in answer


@pytest.mark.parametrize("parts", [1, 3])
def test_bytes_are_the_files(
    tmp_path: Path, connection: http.client.HTTPConnection, parts: int
) -> None:
    content = os.urandom(9_000_001)
    path = tmp_path / "file"
    path.write_bytes(content)
    for offset, count in ((0, len(content)), (1, 1), (4_194_303, 3_000_000), (7, 0)):
        connection.request("GET", url(path, offset=offset, count=count, parts=parts))
        response = connection.getresponse()
        assert response.read() == content[offset : offset + count]


def test_one_gibibyte_with_marks_comes_whole(
    tmp_path: Path, connection: http.client.HTTPConnection
) -> None:
    path = tmp_path / "sparse"
    marks = {0: b"first", GIB // 2: b"middle", GIB - 4: b"last"}
    write_sparse(path, GIB, marks)
    connection.request("GET", url(path))
    response = connection.getresponse()
    digest = hashlib.sha1(usedforsecurity=False)
    size = 0
    while block := response.read(1 << 20):
        digest.update(block)
        size += len(block)
    assert size == GIB
    with path.open("rb") as file:
        expected = hashlib.file_digest(file, "sha1").hexdigest()
    assert digest.hexdigest() == expected


def test_memory_stays_flat_over_ten_gigabytes_by_ranges(
    tmp_path: Path, server: Serving, connection: http.client.HTTPConnection
) -> None:
    path = tmp_path / "large"
    size = 10_000_000_000
    offsets = [i * (size // 40) for i in range(40)]
    write_sparse(path, size, {o: o.to_bytes(8, "big") for o in offsets})
    connection.request("GET", url(path, count=8))
    connection.getresponse().read()
    before = resident(server)
    for offset in offsets:
        connection.request("GET", url(path, offset=offset, count=4 << 20))
        body = connection.getresponse().read()
        assert len(body) == 4 << 20
        assert int.from_bytes(body[:8], "big") == offset
    assert resident(server) - before < 8 << 20


def test_a_truncated_file_cuts_the_connection(
    tmp_path: Path, server: Serving, connection: http.client.HTTPConnection
) -> None:
    path = tmp_path / "shrunk"
    path.write_bytes(b"x" * 1_000_000)
    connection.request("GET", url(path, promised=2_000_000))
    response = connection.getresponse()
    with pytest.raises((http.client.IncompleteRead, ConnectionResetError)):
        response.read()
    assert "shrank" in server.log.read_text()


def test_head_sends_no_bytes_and_the_connection_goes_on(
    tmp_path: Path, connection: http.client.HTTPConnection
) -> None:
    path = tmp_path / "file"
    path.write_bytes(b"abc")
    for method, body in (("HEAD", b""), ("GET", b"abc"), ("HEAD", b"")):
        connection.request(method, url(path))
        response = connection.getresponse()
        assert response.headers["Content-Length"] == "3"
        assert response.read() == body


def test_pipelined_requests_are_answered_in_order(
    tmp_path: Path, server: Serving
) -> None:
    path = tmp_path / "file"
    content = os.urandom(300_000)
    path.write_bytes(content)
    targets = [url(path), "/slow?seconds=0.05", url(path, offset=299_990)]
    request = "".join(f"GET {t} HTTP/1.1\r\nHost: h\r\n\r\n" for t in targets)
    with socket.create_connection(("127.0.0.1", server.port), timeout=60) as client:
        client.sendall(request.encode())
        stream = client.makefile("rb")
        bodies = [_read_answer(stream) for _ in targets]
    assert bodies[0] == content
    assert bodies[1].startswith(b"slept")
    assert bodies[2] == content[299_990:]


def _read_answer(stream: BinaryIO) -> bytes:
    length = 0
    while (line := stream.readline()) not in {b"\r\n", b""}:
        name, _, value = line.partition(b":")
        if name.lower() == b"content-length":
            length = int(value)
    return bytes(stream.read(length))


def test_slow_readers_do_not_hold_up_others(tmp_path: Path, server: Serving) -> None:
    path = tmp_path / "large"
    write_sparse(path, 200_000_000, {})
    request = f"GET {url(path)} HTTP/1.1\r\nHost: h\r\n\r\n".encode()
    slow = [socket.create_connection(("127.0.0.1", server.port)) for _ in range(20)]
    try:
        for client in slow:
            client.sendall(request)
            client.recv(100)
        quick = http.client.HTTPConnection("127.0.0.1", server.port, timeout=60)
        quick.request("GET", "/about")
        assert quick.getresponse().status == 200
        quick.close()
    finally:
        for client in slow:
            client.close()
    _wait_for_descriptors(server)


def _wait_for_descriptors(server: Serving) -> None:
    """Wait until the closed downloads hold no descriptor of the server."""
    [child] = server.children()
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        names = [_target(p) for p in Path(f"/proc/{child}/fd").iterdir()]
        if not any(name.endswith("/large") for name in names):
            return
        time.sleep(0.05)
    pytest.fail("descriptors of ended downloads are still open")


def _target(link: Path) -> str:
    try:
        return str(link.readlink())
    except FileNotFoundError:
        return ""
