"""Parts of a sparse file of 100 GB, which nobody could send or keep as a whole."""

import random
import resource
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from tests.support.descendants import descendants, is_worker
from tests.support.gateway import RunningGateway

pytestmark = pytest.mark.xdist_group("laptop")
SIZE = 100_000_000_000
PART = 1 << 20
MOST_GROWTH = 64 << 20
"""Bytes of memory that sending such parts may take."""


@pytest.fixture
def large(laptop: RunningGateway) -> Iterator[Path]:
    path = laptop.state / "home" / "large"
    with path.open("wb") as file:
        file.truncate(SIZE)
    yield path
    path.unlink()


def write_marks(path: Path) -> list[int]:
    """Write random bytes at the begin, in the middle, at the end and at 20 places."""
    chance = random.Random(15)
    starts = [0, SIZE // 2, SIZE - PART, *(chance.randrange(SIZE) for _ in range(20))]
    starts = [min(start, SIZE - PART) for start in starts]
    with path.open("r+b") as file:
        for start in starts:
            file.seek(start)
            file.write(chance.randbytes(PART))
    return starts


def memory_of(gateway: RunningGateway) -> int:
    """Return the resident bytes of the processes that serve files."""
    return sum(
        int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * resource.getpagesize()
        for pid in descendants(gateway.process.pid)
        if is_worker(pid) or Path(f"/proc/{pid}/comm").read_text() == "gatewright\n"
    )


def test_its_parts_are_right_and_take_no_memory(
    laptop: RunningGateway, large: Path
) -> None:
    starts = write_marks(large)
    with laptop.client(laptop.token()) as client, large.open("rb") as file:
        url = "/api/v1/files/local/large"
        head = client.head(url)
        assert head.headers["content-length"] == str(SIZE)
        assert head.headers["accept-ranges"] == "bytes"
        check_part(client, url, file.read(PART), f"bytes=0-{PART - 1}", 0)
        before = memory_of(laptop)
        for start in starts:
            file.seek(start)
            here = f"bytes={start}-{start + PART - 1}"
            check_part(client, url, file.read(PART), here, start)
        file.seek(SIZE - PART)
        check_part(client, url, file.read(PART), f"bytes=-{PART}", SIZE - PART)
        assert memory_of(laptop) - before < MOST_GROWTH
        beyond = client.get(url, headers={"Range": f"bytes={SIZE}-"})
        assert beyond.status_code == 416
        assert beyond.headers["content-range"] == f"bytes */{SIZE}"
        same = {"Range": "bytes=0-9", "If-Range": head.headers["etag"]}
        assert client.get(url, headers=same).status_code == 206
        # Of another version the whole file would come, of which only the head is read.
        other = {"Range": "bytes=0-9", "If-Range": '"another"'}
        with client.stream("GET", url, headers=other) as answer:
            assert answer.status_code == 200
            assert answer.headers["content-length"] == str(SIZE)


def check_part(
    client: httpx.Client, url: str, expected: bytes, wanted: str, start: int
) -> None:
    """Compare a part that is asked for with the bytes of the file."""
    answer = client.get(url, headers={"Range": wanted})
    assert answer.status_code == 206
    last = start + len(expected) - 1
    assert answer.headers["content-range"] == f"bytes {start}-{last}/{SIZE}"
    assert answer.content == expected
