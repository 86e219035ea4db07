"""Files that others change while the gateway tells of them, through the real server."""

import os
import socket
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import httpx
import pytest
from tests.support.gateway import RunningGateway

SIZES = [1000, 300_000, 3 << 20, 12 << 20, 80 << 20]
MOMENT = 1_700_000_000_000_000_000


@pytest.fixture
def home(laptop: RunningGateway) -> Path:
    return laptop.state / "home"


@pytest.fixture
def client(laptop: RunningGateway) -> Iterator[httpx.Client]:
    with laptop.client(laptop.token()) as client:
        yield client


def overwrite(path: Path, byte: bytes) -> None:
    """Replace all bytes in place, and put the modification time back."""
    before = path.stat()
    with path.open("r+b") as file:
        for _ in range(0, before.st_size, 1 << 20):
            file.write(byte * min(1 << 20, before.st_size - file.tell()))
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))
    assert path.stat().st_mtime_ns == before.st_mtime_ns
    assert path.stat().st_size == before.st_size


def slow_answer(gateway: RunningGateway, token: str, name: str) -> socket.socket:
    """Ask for a file and return the connection when the answer begins."""
    where = urlsplit(gateway.url)
    connection = socket.create_connection((where.hostname, where.port or 80), 60)
    connection.sendall(
        b"GET /api/v1/files/local/%s HTTP/1.1\r\nHost: %s\r\n"
        b"Authorization: Bearer %s\r\nConnection: close\r\n\r\n"
        % (name.encode(), where.netloc.encode(), token.encode())
    )
    connection.recv(1, socket.MSG_PEEK)
    return connection


def body_of(connection: socket.socket) -> tuple[int, bytes]:
    """Return the length that an answer promised, and what came of its body."""
    text = bytearray()
    with connection:
        try:
            while part := connection.recv(1 << 20):
                text += part
        except ConnectionResetError:
            pass
    head, _, body = bytes(text).partition(b"\r\n\r\n")
    fields = dict(line.split(b": ", 1) for line in head.lower().split(b"\r\n")[1:])
    return int(fields[b"content-length"]), body


@pytest.mark.parametrize("size", SIZES)
def test_a_file_overwritten_in_place_is_never_sent_as_a_mixture(
    laptop: RunningGateway, home: Path, size: int
) -> None:
    path = home / "overwritten"
    path.write_bytes(b"A" * size)
    os.utime(path, ns=(MOMENT, MOMENT))
    token = laptop.token()
    waiting = [slow_answer(laptop, token, path.name) for _ in range(3)]
    overwrite(path, b"B")
    for connection in waiting:
        promised, body = body_of(connection)
        assert promised == size
        if len(body) == promised:
            assert len(set(body)) == 1, "a whole answer of mixed bytes"


def test_a_file_that_grows_is_sent_as_it_was(
    laptop: RunningGateway, home: Path
) -> None:
    path = home / "growing"
    path.write_bytes(b"A" * (40 << 20))
    connection = slow_answer(laptop, laptop.token(), path.name)
    for _ in range(10):
        with path.open("ab") as file:
            file.write(b"more")
    promised, body = body_of(connection)
    assert promised == 40 << 20
    assert body == b"A" * promised


def test_the_tag_changes_with_the_bytes_and_not_with_the_time(
    client: httpx.Client, home: Path
) -> None:
    path, url = home / "tagged", "/api/v1/files/local/tagged"
    path.write_bytes(b"AAAA")
    os.utime(path, ns=(MOMENT, MOMENT))
    tags = [client.head(url).headers["etag"]]
    for number in range(20):
        overwrite(path, b"%d" % (number % 10))
        tags.append(client.head(url).headers["etag"])
    assert len(set(tags)) == len(tags)
    assert client.head(url).headers["etag"] == tags[-1]
    old = client.get(url, headers={"Range": "bytes=2-", "If-Range": tags[0]})
    assert (old.status_code, old.text) == (200, "9999")
    refused = client.put(url, content=b"CCCC", headers={"If-Match": tags[0]})
    assert refused.status_code == 412
    assert path.read_bytes() == b"9999"
    taken = client.put(url, content=b"CCCC", headers={"If-Match": tags[-1]})
    assert taken.status_code == 200
