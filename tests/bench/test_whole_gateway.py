"""The gateway that benchmarks start, on a new folder and on that of an earlier run."""

from pathlib import Path

import httpx
from bench.support.whole_gateway import gateway

HOST = "127.0.0.1"


def test_a_gateway_starts_again_on_the_folder_of_an_earlier_run(tmp_path: Path) -> None:
    (tmp_path / "state").mkdir(mode=0o700)
    home = tmp_path / "home"
    home.mkdir()
    for _ in range(2):
        with gateway(tmp_path, home, HOST) as (port, _, token):
            answer = httpx.get(
                f"http://{HOST}:{port}/api/v1/session",
                headers={"authorization": f"Bearer {token}"},
                timeout=60,
            )
            assert answer.json()["user"] == "ada"
