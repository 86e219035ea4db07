"""Commands through the worker's loop in a thread, where it is measured."""

import asyncio
import os
import time
from collections.abc import AsyncIterator
from pathlib import Path
from types import SimpleNamespace

import pytest
from tests.support.workers import in_thread, is_running, wait_until

from gatewright.backends.worker import OneWorker, Worker, WorkerCommands, open_worker
from gatewright.backends.worker.program import commands as program
from gatewright.core.errors import GatewayError, NotFound
from gatewright.domains.files import Command, Outcome


@pytest.fixture
async def worker() -> AsyncIterator[Worker]:
    async with open_worker(in_thread()) as worker:
        yield worker


async def run(worker: Worker, folder: Path, *argv: str, **more: object) -> Outcome:
    commands = WorkerCommands(OneWorker(worker), b"/")
    given = tuple(os.fsencode(argument) for argument in argv)
    command = Command(given, os.fsencode(folder), **more)  # type: ignore[arg-type]
    return await commands.run("ada", command)


async def test_output_errors_and_input(worker: Worker, tmp_path: Path) -> None:
    script = "cat; echo $X >&2; pwd; exit 7"
    more = {"stdin": b"\xffin\n", "environment": {b"X": b"\xfe"}}
    found = await run(worker, tmp_path, "sh", "-c", script, **more)
    assert found == Outcome(7, b"\xffin\n%b\n" % os.fsencode(tmp_path), b"\xfe\n")


async def test_caps(worker: Worker, tmp_path: Path) -> None:
    script = "head -c 3000000 /dev/zero; head -c 10 /dev/zero >&2"
    found = await run(worker, tmp_path, "sh", "-c", script, output_bytes=10)
    assert (found.stdout, found.stdout_truncated) == (bytes(10), True)
    assert (found.stderr, found.stderr_truncated) == (bytes(10), False)


async def test_time(
    worker: Worker, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    passed = 0.0

    def now() -> float:
        nonlocal passed
        if (tmp_path / "pid").exists():
            passed += 50.0
        return passed

    # Time passes from when the command has said what shall end with it.
    clock = SimpleNamespace(monotonic=now, sleep=time.sleep)
    monkeypatch.setattr(program, "time", clock)
    script = "sleep 300 & echo $! > new; mv new pid; sleep 300"
    found = await run(worker, tmp_path, "sh", "-c", script, seconds=100)
    assert (found.exit_code, found.timed_out) == (137, True)
    pid = int((tmp_path / "pid").read_text())
    wait_until(lambda: not is_running(pid))


async def test_a_command_that_closes_its_output(worker: Worker, tmp_path: Path) -> None:
    script = "exec >&- 2>&-; sleep 0.1; exit 4"
    assert (await run(worker, tmp_path, "sh", "-c", script)).exit_code == 4


async def test_what_stays_behind_is_killed(worker: Worker, tmp_path: Path) -> None:
    script = "sleep 300 & echo $! > pid"
    async with asyncio.timeout(60):  # it is not waited for
        found = await run(worker, tmp_path, "sh", "-c", script, seconds=200)
    assert (found.exit_code, found.timed_out) == (0, False)
    pid = int((tmp_path / "pid").read_text())
    wait_until(lambda: not is_running(pid))


async def test_what_cannot_be_run(worker: Worker, tmp_path: Path) -> None:
    with pytest.raises(NotFound):
        await run(worker, tmp_path, "no-such-program")
    with pytest.raises(NotFound):
        await run(worker, tmp_path / "none", "true")
    with pytest.raises(GatewayError):
        await run(worker, tmp_path, str(tmp_path))


async def test_the_end_of_the_gateway_ends_a_command(
    worker: Worker, tmp_path: Path
) -> None:
    script = "echo $$ > new; mv new pid; sleep 300"
    running = asyncio.create_task(run(worker, tmp_path, "sh", "-c", script))
    while not (tmp_path / "pid").exists():
        await asyncio.sleep(0.01)
    await worker.close()
    with pytest.raises(GatewayError):
        await running
    pid = int((tmp_path / "pid").read_text())
    wait_until(lambda: not is_running(pid))
