"""The real worker process."""

import asyncio
import json
import os
import resource
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import AsyncIterator
from pathlib import Path

import msgspec
import pytest
from tests.support.descriptors import all_closed
from tests.support.workers import is_running, stop, wait_until

from gatewright.backends.processes import WorkerLauncher
from gatewright.backends.worker import (
    ChildStarter,
    OneWorker,
    RunningWorker,
    Worker,
    WorkerCommands,
    client,
    open_worker,
    starting,
)
from gatewright.core.errors import (
    GatewayError,
    InvalidRequest,
    NotFound,
    TimedOut,
    TooLarge,
    Unavailable,
)
from gatewright.domains.files import Command

AT_ROOT = {"root": "/", "path": "/"}


@pytest.fixture
async def worker() -> AsyncIterator[Worker]:
    async with open_worker() as worker:
        yield worker


async def status(worker: Worker, seconds: float = 60) -> list[object]:
    return await worker.call("stat", AT_ROOT, list[object], seconds=seconds)


async def pid_of(worker: Worker) -> int:
    await status(worker)
    assert worker.pid is not None
    return worker.pid


async def test_a_worker_starts_when_it_is_needed(worker: Worker) -> None:
    assert worker.pid is None
    first = await pid_of(worker)
    assert first == await pid_of(worker)
    assert is_running(first)


async def test_a_worker_is_hidden_limited_and_knows_nothing(
    worker: Worker, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GATEWRIGHT_SECRET", "canary")
    pid = await pid_of(worker)
    folder = Path(f"/proc/{pid}")
    assert b"canary" not in (folder / "environ").read_bytes()
    assert resource.prlimit(pid, resource.RLIMIT_CORE)[0] == 0
    assert resource.prlimit(pid, resource.RLIMIT_NOFILE)[0] <= 1024
    assert folder.stat().st_uid == 0  # as not dumpable, whoever runs it
    targets = [str(link.readlink()) for link in (folder / "fd").iterdir()]
    assert sum(target.startswith("socket:") for target in targets) == 1
    assert {t for t in targets if not t.startswith("socket:")} <= {"/dev/null"}


async def test_the_program_imports_the_standard_library_only() -> None:
    code = (
        "import os, runpy, sys\n"
        "sys.argv = ['worker', str(os.open('/dev/null', os.O_RDONLY))]\n"
        "try: runpy.run_path(sys.orig_argv[-1], run_name='__main__')\n"
        "except OSError: pass\n"
        "names = {m.partition('.')[0] for m in sys.modules}\n"
        "print(sorted(names - set(sys.stdlib_module_names) - {'__main__'}))\n"
        "import gatewright; print(gatewright.__path__)"
    )
    command = [sys.executable, "-I", "-S", "-c", code, str(starting.PROGRAM)]
    found = subprocess.run(command, capture_output=True, text=True, check=True)
    assert found.stdout.splitlines() == ["['gatewright']", "[]"]


async def test_a_worker_ends_with_the_gateway(worker: Worker) -> None:
    pid = await pid_of(worker)
    await worker.launch(["true"], None, "/")  # by a launcher, which ends too
    tasks = Path(f"/proc/{pid}/task").iterdir()
    children = "".join((task / "children").read_text() for task in tasks).split()
    await worker.close()
    assert children
    wait_until(lambda: not is_running(pid))
    wait_until(lambda: not any(is_running(int(child)) for child in children))
    assert not is_running(pid)


async def test_the_next_call_after_a_death_has_another_worker(worker: Worker) -> None:
    pid = await pid_of(worker)
    os.kill(pid, signal.SIGKILL)
    wait_until(lambda: not is_running(pid))
    async with asyncio.timeout(60):
        while True:
            try:
                await status(worker)
                break
            except Unavailable:
                continue
    assert await pid_of(worker) != pid


async def test_calls_fail_when_their_worker_dies(worker: Worker) -> None:
    pid = await pid_of(worker)
    stop(pid)
    calls = [asyncio.create_task(status(worker)) for _ in range(5)]
    await asyncio.sleep(0)
    os.kill(pid, signal.SIGKILL)
    for call in calls:
        with pytest.raises(Unavailable):
            await call


async def test_a_worker_that_hangs_is_ended_and_started_again(worker: Worker) -> None:
    pid = await pid_of(worker)
    stop(pid)
    with pytest.raises(TimedOut):
        await worker.call("stat", AT_ROOT, list[object], seconds=0.2)
    assert await pid_of(worker) != pid
    wait_until(lambda: not is_running(pid))


async def test_a_slow_operation_does_not_stop_others(
    worker: Worker, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(client, "_PROBE_SECONDS", 60.0)
    commands = WorkerCommands(OneWorker(worker), b"/")
    os.mkfifo(tmp_path / "go")
    command = Command((b"sh", b"-c", b"read line < go"), os.fsencode(tmp_path))
    await status(worker)
    slow = asyncio.create_task(commands.run("ada", command))
    for _ in range(20):
        await status(worker)
    assert not slow.done()
    with pytest.raises(TimedOut):
        await worker.call(
            "run",
            {
                **AT_ROOT,
                "argv": ["sleep", "5"],
                "seconds": 1,
                "output_bytes": 1,
                "environment": {},
            },
            list[object],
            seconds=0.1,
        )
    await asyncio.to_thread((tmp_path / "go").write_text, "now\n")
    assert (await slow).exit_code == 0


async def test_a_worker_that_keeps_ending_is_not_started_for_ever(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(client, "_STARTS_SECONDS", 600.0)
    async with open_worker(ChildStarter(["true"])) as worker:
        for _ in range(client._STARTS):
            with pytest.raises(Unavailable):
                await status(worker)
        with pytest.raises(Unavailable) as caught:
            await status(worker)
        assert caught.value.retry_after == 600


async def test_a_worker_whose_first_call_is_given_up_ends() -> None:
    begun, go = threading.Event(), threading.Event()
    started: list[RunningWorker] = []

    class Waiting:
        def start(self) -> tuple[socket.socket, RunningWorker]:
            begun.set()
            go.wait(60)
            ours, running = ChildStarter().start()
            started.append(running)
            return ours, running

    async with all_closed(), open_worker(Waiting()) as worker:
        call = asyncio.create_task(status(worker))
        assert await asyncio.to_thread(begun.wait, 60)
        call.cancel()
        with pytest.raises(asyncio.CancelledError):
            await call
        go.set()
        await status(worker)
    assert [is_running(process.pid) for process in started] == [False, False]


async def test_a_request_above_a_message_is_refused(worker: Worker) -> None:
    arguments = {**AT_ROOT, "more": "x" * (1 << 20)}
    with pytest.raises(TooLarge):
        await worker.call("stat", arguments, list[object])


async def test_an_answer_of_another_shape_ends_the_worker(worker: Worker) -> None:
    pid = await pid_of(worker)
    with pytest.raises(GatewayError):
        await worker.call("stat", AT_ROOT, int)
    assert await pid_of(worker) != pid


async def test_unknown_and_malformed_requests_are_errors(worker: Worker) -> None:
    with pytest.raises(GatewayError):
        await worker.call("none", {}, list[object])
    with pytest.raises(InvalidRequest):
        await worker.call("stat", {}, list[object])
    with pytest.raises(InvalidRequest):
        await worker.call("stat", {"root": "/", "path": "/\0"}, list[object])
    with pytest.raises(InvalidRequest):
        await worker.call("stat", {"root": "/tmp", "path": "/\0"}, list[object])
    await status(worker)


async def test_thousands_of_calls_at_once(worker: Worker) -> None:
    calls = [status(worker, 150) for _ in range(2000)]
    rows = await asyncio.gather(*calls)
    assert all(row[1] == Path("/").stat().st_mode for row in rows)


async def test_cancelled_calls_leak_no_descriptor(
    worker: Worker, tmp_path: Path
) -> None:
    (tmp_path / "file").write_text("content")
    arguments = {"root": "/", "path": str(tmp_path / "file")}
    await status(worker)
    async with all_closed():
        for _ in range(50):
            call = asyncio.create_task(
                worker.call_for_descriptor("open", arguments, list[object])
            )
            await asyncio.sleep(0.0005)
            call.cancel()
            try:
                _, descriptor = await call
            except asyncio.CancelledError:
                continue
            assert descriptor is not None
            os.close(descriptor)
        await status(worker)


LAUNCHED = """
import json, os, resource, sys
told = {
    "pid": os.getpid(), "session": os.getsid(0), "group": os.getpgrp(),
    "parent": os.getppid(), "folder": os.getcwd(), "environment": dict(os.environ),
    "files": resource.getrlimit(resource.RLIMIT_NOFILE),
    "core": resource.getrlimit(resource.RLIMIT_CORE),
    "space": resource.getrlimit(resource.RLIMIT_AS),
    "open": sorted(os.readlink(f"/proc/self/fd/{n}") for n in range(3)),
    "more": [n for n in range(3, 50) if os.path.exists(f"/proc/self/fd/{n}")],
}
open("told", "w").write(json.dumps(told))
os.rename("told", "done")
__import__("time").sleep(300)
"""


async def test_what_is_launched_outlives_the_worker(
    worker: Worker, tmp_path: Path
) -> None:
    argv = [sys.executable, "-I", "-S", "-c", LAUNCHED]
    launcher = WorkerLauncher(OneWorker(worker))
    pid = await launcher.launch("ada", argv, {"ONLY": "é"}, str(tmp_path))
    try:
        wait_until((tmp_path / "done").exists)
        told = json.loads((tmp_path / "done").read_text())
        assert told["pid"] == told["session"] == told["group"] == pid
        assert told["folder"] == str(tmp_path)
        assert told["environment"].pop("ONLY") == "é"
        assert set(told["environment"]) <= {"LC_CTYPE"}
        assert told["open"] == ["/dev/null"] * 3
        assert told["more"] == []
        for name, kind in (
            ("files", resource.RLIMIT_NOFILE),
            ("core", resource.RLIMIT_CORE),
            ("space", resource.RLIMIT_AS),
        ):
            assert told[name] == list(resource.getrlimit(kind))
        worker_pid = worker.pid
        await worker.close()
        assert worker_pid is not None
        wait_until(lambda: not is_running(worker_pid))
        assert is_running(pid)
    finally:
        os.kill(pid, signal.SIGKILL)


async def test_a_launch_that_fails_says_why(worker: Worker, tmp_path: Path) -> None:
    with pytest.raises(NotFound):
        await worker.launch(["no-such-program"], None, tmp_path)
    with pytest.raises(NotFound):
        await worker.launch(["true"], None, tmp_path / "none")
    assert await worker.launch(["true"], None, tmp_path) > 1


async def test_launches_at_once(worker: Worker, tmp_path: Path) -> None:
    script = "echo $$ > $0.txt"
    calls = [
        worker.launch(["/bin/sh", "-c", script, f"{n}"], None, tmp_path)
        for n in range(20)
    ]
    pids = await asyncio.gather(*calls)
    assert len(set(pids)) == 20
    wait_until(lambda: len([p for p in tmp_path.iterdir() if p.stat().st_size]) == 20)
    found = {int(path.read_text()) for path in tmp_path.iterdir()}
    assert found == set(pids)


async def test_the_hello_of_another_version_is_refused(
    tmp_path: Path,
) -> None:
    code = (
        "import socket, sys, time; s = socket.socket(fileno=int(sys.argv[1]));"
        "b = b'{\"protocol\":2,\"pid\":1}'; s.sendall(len(b).to_bytes(4, 'big') +"
        " b'\\0' + b); s.recv(1)"
    )
    starter = ChildStarter([sys.executable, "-I", "-S", "-c", code])
    async with open_worker(starter) as worker:
        with pytest.raises(Unavailable):
            await status(worker)


def test_raw_json_of_the_wire_is_typed() -> None:
    with pytest.raises(msgspec.ValidationError):
        msgspec.json.decode(b'{"pid": "x"}', type=client._Launched)
