"""An archive of a folder that changes while it is sent, through the real server."""

import os
from pathlib import Path

import httpx
import pytest
from tests.support.gateway import RunningGateway

SIZE = 96 << 20  # more than the buffers on the way hold


@pytest.mark.parametrize("kind", ["zip", "tar", "tar.gz"])
def test_it_never_ends_normally_when_a_file_becomes_shorter(
    laptop: RunningGateway, kind: str
) -> None:
    folder: Path = laptop.state / "home" / "archived"
    folder.mkdir(exist_ok=True)
    block = os.urandom(1 << 20)
    with (folder / "large").open("wb") as file:
        for _ in range(SIZE >> 20):
            file.write(block)
    url = f"/api/v1/files/local/archived?view=archive&format={kind}"
    with (
        laptop.client(laptop.token()) as client,
        client.stream("GET", url) as answer,
    ):
        assert answer.status_code == 200
        pieces = answer.iter_raw()
        assert next(pieces)
        os.truncate(folder / "large", 1000)
        with pytest.raises(httpx.RemoteProtocolError):
            assert sum(map(len, pieces)) < SIZE
