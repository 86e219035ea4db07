"""Kills in the middle of uploads: what was acknowledged is there, and nothing is half.

``make soak`` does the same with larger files and more rounds.
"""

import hashlib
import os
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor, wait
from pathlib import Path

import httpx
import pytest
from tests.support.gateway import RunningGateway, command_here, running
from tests.support.worker_kills import kill_workers_below

ROUNDS = int(os.environ.get("GATEWRIGHT_SOAK_UPLOAD_ROUNDS", "2"))
UPLOADS = int(os.environ.get("GATEWRIGHT_SOAK_UPLOADS", "6"))
"""Uploads of one round, all at the same time."""
SIZE = int(os.environ.get("GATEWRIGHT_SOAK_UPLOAD_BYTES", str(8 << 20)))
BLOCK = 1 << 16


@pytest.fixture
def config(tmp_path: Path) -> Path:
    (tmp_path / "home").mkdir()
    config = tmp_path / "gatewright.toml"
    config.write_text(
        '[gateway]\nlisten = "127.0.0.1:0"\nstate = "state"\nfaces = ["api"]\n'
        '[identity]\nowner = "ada"\n'
        '[[systems]]\nname = "local"\nhome = "home"\nroot = "home"\n'
    )
    return config


def content(name: str) -> Iterator[bytes]:
    """Yield the content of a file, which its name decides."""
    seed = hashlib.sha256(name.encode()).digest()
    yield from (seed * (BLOCK // len(seed)) for _ in range(SIZE // BLOCK))


def digest(blocks: Iterator[bytes]) -> str:
    found = hashlib.sha256()
    for block in blocks:
        found.update(block)
    return found.hexdigest()


class Uploads:
    """Uploads of which some are held in their middle until the kill has come."""

    def __init__(self, gateway: RunningGateway, token: str) -> None:
        self._gateway = gateway
        self._token = token
        self.halfway = threading.Semaphore(0)
        self.gone_on = threading.Event()

    def _body(self, name: str, *, held: bool) -> Iterator[bytes]:
        for count, block in enumerate(content(name)):
            if held and count == SIZE // BLOCK // 2:
                self.halfway.release()
                assert self.gone_on.wait(300)
            yield block

    def upload(self, name: str, *, held: bool) -> bool:
        """Return whether the upload was acknowledged."""
        with self._gateway.client(self._token) as client:
            try:
                answer = client.put(
                    f"/api/v1/files/local/{name}",
                    content=self._body(name, held=held),
                    headers={"Content-Length": str(SIZE)},
                )
            except httpx.TransportError:
                return False
        assert answer.status_code in {200, 201, 503, 504}, answer.text
        return answer.is_success


def kill_gateway(gateway: RunningGateway) -> None:
    gateway.kill()


def kill_workers(gateway: RunningGateway) -> None:
    """Kill the processes that write files, and let the gateway live."""
    kill_workers_below(gateway.process.pid)


@pytest.mark.parametrize("kill", [kill_gateway, kill_workers])
def test_what_is_acknowledged_is_whole_and_nothing_else_is_visible(
    config: Path,
    kill: Callable[[RunningGateway], None],
    capsys: pytest.CaptureFixture[str],
) -> None:
    home = config.parent / "home"
    asked = ("token", "create", "--config", str(config), "--user", "ada")
    token = command_here(*asked).strip()
    arguments = ["serve", "--config", str(config)]
    acknowledged = cut_off = 0
    for turn in range(ROUNDS):
        names = [f"file-{turn}-{n}" for n in range(UPLOADS)]
        held = [n % 2 == 0 for n in range(UPLOADS)]
        with running(arguments, config.parent / "state") as gateway:
            uploads = Uploads(gateway, token)
            with ThreadPoolExecutor(UPLOADS) as threads:
                going: dict[str, Future[bool]] = {
                    name: threads.submit(uploads.upload, name, held=waits)
                    for name, waits in zip(names, held, strict=True)
                }
                for _ in range(sum(held)):
                    assert uploads.halfway.acquire(timeout=120)
                free = [going[n] for n, w in zip(names, held, strict=True) if not w]
                done, _ = wait(free, 300)
                assert len(done) == len(free), "uploads that nothing holds do not end"
                kill(gateway)
                uploads.gone_on.set()
                taken = {name for name, one in going.items() if one.result()}
        cut_off += UPLOADS - len(taken)
        acknowledged += len(taken)
        seen = {path.name for path in home.iterdir() if path.name.startswith("file-")}
        assert taken <= seen
        for name in seen:
            with (home / name).open("rb") as file:
                found = hashlib.file_digest(file, "sha256").hexdigest()
            assert found == digest(content(name)), name
            (home / name).unlink()  # many rounds of large files would fill the disk
    with running(arguments, config.parent / "state") as gateway:
        uploads = Uploads(gateway, token)
        again = f"file-{ROUNDS - 1}-0"
        assert uploads.upload(again, held=False)
        assert (home / again).stat().st_size == SIZE
    with capsys.disabled():
        print(  # noqa: T201  # counts that are worth knowing
            f"{kill.__name__}: {ROUNDS} kills, {acknowledged} uploads "
            f"acknowledged, {cut_off} cut off, none half visible"
        )
    # A worker that is killed has opened the file already, and another one names it.
    assert cut_off or kill is kill_workers
