"""Answers from files that others may change."""

import os
from collections.abc import AsyncIterator, Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from starlette.requests import Request
from starlette.responses import Response
from tests.support.descriptors import all_closed

from gatewright.backends.posix.opened import OpenedFile
from gatewright.core.errors import Unavailable
from gatewright.domains.files import Entry
from gatewright.web.changing_files import changing_file_response

CONTENT = bytes(range(256)) * 4096  # 1 MiB

Open = Callable[[], OpenedFile]


@pytest.fixture
def path(tmp_path: Path) -> Path:
    (tmp_path / "file").write_bytes(CONTENT)
    return tmp_path / "file"


@pytest.fixture
async def opened(path: Path) -> AsyncIterator[Open]:
    """Yield a function that opens the file; fail if one is left open."""
    async with all_closed():
        with ThreadPoolExecutor(1) as threads:

            def open_file() -> OpenedFile:
                found = path.stat()
                entry = Entry(
                    b"file",
                    found.st_mode,
                    found.st_size,
                    found.st_mtime_ns,
                    found.st_ctime_ns,
                    "ada",
                    "ada",
                    found.st_dev,
                    found.st_ino,
                )
                return OpenedFile(entry, os.open(path, os.O_RDONLY), threads)

            yield open_file


async def answer(file: OpenedFile, ranges: str) -> Response:
    fields = [(b"range", ranges.encode())]
    return await changing_file_response(
        Request({"type": "http", "method": "GET", "headers": fields}),
        file,
        file.entry.size,
        media_type="text/plain",
        etag=file.entry.etag,
        modified_at=file.entry.modified_at,
        headers={},
    )


async def body_of(response: Response) -> tuple[int, bytes]:
    """Return the status and the body of a response that asks nothing of the client."""
    status, body = 0, b""

    async def receive() -> Any:
        raise AssertionError("Nothing is asked of the client.")

    async def send(message: Any) -> None:
        nonlocal status, body
        status = message.get("status", status)
        body += message.get("body", b"")

    await response({"type": "http", "method": "GET"}, receive, send)
    return status, body


async def test_a_small_range_is_read_before_the_answer_begins(
    path: Path, opened: Open
) -> None:
    file = opened()
    response = await answer(file, "bytes=1000-1999")
    assert file.descriptor is None  # closed already
    path.write_bytes(b"other")
    assert response.headers["content-range"] == f"bytes 1000-1999/{len(CONTENT)}"
    assert await body_of(response) == (206, CONTENT[1000:2000])


async def test_several_small_ranges_are_one_body(opened: Open) -> None:
    response = await answer(opened(), "bytes=0-9,-10")
    status, body = await body_of(response)
    assert status == 206
    assert CONTENT[:10] in body
    assert CONTENT[-10:] in body
    assert response.headers["content-length"] == str(len(body))


@pytest.mark.parametrize("now", [CONTENT[:100], CONTENT[::-1]])
async def test_a_range_of_a_file_that_was_overwritten_is_refused(
    path: Path, opened: Open, now: bytes
) -> None:
    file = opened()
    path.write_bytes(now)
    os.utime(path, ns=(1, 1))  # so that it differs within a tick of the clock, too
    with pytest.raises(Unavailable, match="being changed"):
        await answer(file, "bytes=1000-1999")
    assert file.descriptor is None
