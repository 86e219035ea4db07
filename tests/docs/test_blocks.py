"""What the pages say to type is typed, against a real demo, and does what they say."""

import os
import re
import shlex
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from tests.docs.blocks import RUN, Block, blocks_of, is_printed
from tests.support.gateway import SOURCE, RunningGateway, demo
from tests.support.needs import program

from gatewright.core.config_file import parse_config

ROOT = Path(__file__).resolve().parents[2]
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]
RUNNABLE = [page for page in PAGES if any(one.is_run for one in blocks_of(page))]
PROGRAMS = {"curl": "curl", "ncdump": "netcdf-bin", "ncks": "nco"}
PRINTED_ADDRESS = "127.0.0.1:8000"
_PROBLEM = re.compile(r'"status": ?([45]\d\d)\b')
_SECONDS = 300
_IMAGES = 18
_AT_A_DESK = """
shopt -s expand_aliases
set -E
trap 'echo "FAILED: $?"' ERR
timeout() { command timeout "$((10 * $1))" "${@:2}"; }  # it may be slow here
"""


def name_of(page: Path) -> str:
    return str(page.relative_to(ROOT))


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("reader's home")


@pytest.fixture(scope="module")
def gateway(home: Path) -> Iterator[RunningGateway]:
    """A demo where a reader has it, so that the printed commands find it."""
    state = home / ".local" / "state" / "gatewright-demo"
    state.parent.mkdir(parents=True)
    with demo(state) as running:
        wait_for_all_parts(running)
        yield running


def wait_for_all_parts(gateway: RunningGateway) -> None:
    """Wait for what begins with its first use, and for the survey to be read."""
    deadline = time.monotonic() + 60
    with gateway.client() as client:
        while not is_all_there(client):
            assert time.monotonic() < deadline, "a part of the demo does not answer"
            time.sleep(0.1)


def is_all_there(client: httpx.Client) -> bool:
    ready = client.get("/health/ready").json()["status"] == "ready"
    return ready and len(client.get("/api/v1/images").json()["images"]) == _IMAGES


def desk(folder: Path, home: Path) -> dict[str, str]:
    """Make a folder with the commands as pages call them; return its environment."""
    scripts = folder / ".venv" / "bin"
    scripts.mkdir(parents=True)
    command = scripts / "gatewright"
    command.write_text(f'#!/bin/sh\nexec {sys.executable} -m gatewright "$@"\n')
    command.chmod(0o755)
    (scripts / "python").symlink_to(sys.executable)
    path = f"{scripts}:{Path(sys.executable).parent}:{os.environ['PATH']}"
    named = {"HOME": str(home), "PATH": path, "PYTHONPATH": str(SOURCE)}
    return {**os.environ, **named, "PYTHONWARNINGS": "ignore"}


def session(blocks: list[Block], folder: Path, address: str) -> str:
    """Return a script that pastes the blocks into one shell, each with its output."""
    lines = [_AT_A_DESK]
    for number, block in enumerate(blocks):
        source = folder / f"block-{number}.{block.language}"
        source.write_text(block.text.replace(PRINTED_ADDRESS, address))
        out = folder / f"block-{number}.out"
        run = "." if block.language == "sh" else shlex.quote(sys.executable)
        lines.append(f"{run} {source} > {out} 2>&1")
    return "\n".join(lines)


@pytest.mark.timeout(360)
@pytest.mark.parametrize("page", RUNNABLE, ids=name_of)
def test_a_page_does_what_it_says(
    page: Path, gateway: RunningGateway, home: Path, tmp_path: Path
) -> None:
    blocks = [one for one in blocks_of(page) if one.is_run]
    for name, package in PROGRAMS.items():
        if any(re.search(rf"\b{name}\b", one.text) for one in blocks):
            program(name, package)
    work = tmp_path / "desk"
    environment = desk(work, home)
    address = gateway.url.removeprefix("http://")
    script = session(blocks, tmp_path, address)
    done = subprocess.run(
        ["bash", "-c", script], cwd=work, env=environment, stdin=subprocess.DEVNULL,
        capture_output=True, text=True, timeout=_SECONDS, check=False,
    )  # fmt: skip
    assert done.stderr == ""
    for number, block in enumerate(blocks):
        printed = (tmp_path / f"block-{number}.out").read_text()
        printed = printed.replace(address, PRINTED_ADDRESS)
        assert "FAILED" not in printed, f"{block.text}\n{printed}"
        assert "Traceback" not in printed, f"{block.text}\n{printed}"
        for status in _PROBLEM.findall(printed):
            assert status in block.text, f"{block.text}\n{printed}"
        if block.prints is not None:
            assert is_printed(block.prints, printed), f"{block.text}\n{printed}"


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_a_configuration_is_one(page: Path) -> None:
    """One with a title is a file of a package, which has a test of its own."""
    for block in blocks_of(page):
        if block.language == "toml" and not block.title:
            assert parse_config(block.text) != parse_config(""), block.text


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_a_block_that_is_not_run_says_why(page: Path) -> None:
    text = page.read_text(encoding="utf-8")
    marked = text.count("<!-- not run: ")
    blocks = blocks_of(page)
    assert marked == sum(1 for one in blocks if one.reason)
    assert all(one.language in RUN for one in blocks if one.reason)
