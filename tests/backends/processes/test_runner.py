"""The parts of the runner, without a job."""

import errno
import os
import resource
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from tests.support.workers import wait_until

from gatewright.backends.processes import proc
from gatewright.backends.processes.program import disk, runner, tree
from gatewright.core.ids import new_id


@pytest.mark.parametrize(
    ("script", "command"),
    [
        (b"echo\n", ["/bin/sh"]),
        (b"", ["/bin/sh"]),
        (b"#!\necho", ["/bin/sh"]),
        (b"#!/bin/bash\necho", ["/bin/bash"]),
        (b"#! /usr/bin/env -S python3 -u \nx", ["/usr/bin/env", "-S python3 -u"]),
        (b"#!/bin/\xff", ["/bin/\udcff"]),
    ],
)
def test_interpreters(script: bytes, command: list[str]) -> None:
    assert runner.interpreter(script) == command


def test_descendants_either_way(monkeypatch: pytest.MonkeyPatch) -> None:
    program = "import subprocess; subprocess.run(['sleep', '300'])"
    with subprocess.Popen([sys.executable, "-c", program]) as child:
        try:
            wait_until(lambda: bool(tree.descendants(child.pid)))
            # Of what else this process has started some may end meanwhile.
            family = {child.pid, *tree.descendants(child.pid)}
            assert family <= set(tree.descendants(os.getpid()))
            monkeypatch.setattr(tree, "HAS_CHILDREN", False)
            assert {child.pid, *tree.descendants(child.pid)} == family
            assert family <= set(tree.descendants(os.getpid()))
            assert tree.memory_of([*family, 0]) > 1_000_000
        finally:
            for process in tree.descendants(child.pid):
                os.kill(process, signal.SIGKILL)
            child.kill()
    assert tree.children(child.pid) == []


def test_files_are_whole(tmp_path: Path) -> None:
    path = tmp_path / "a.json"
    disk.write_json(path, {"a": "ü"})
    assert path.read_text() == '{"a": "\\u00fc"}'
    assert [p.name for p in tmp_path.iterdir()] == ["a.json"]


def test_a_poke_without_a_listener_is_nothing(tmp_path: Path) -> None:
    disk.poke(tmp_path / "none")
    os.mkfifo(tmp_path / "pipe")
    disk.poke(tmp_path / "pipe")
    descriptor = os.open(tmp_path / "pipe", os.O_RDWR | os.O_NONBLOCK)
    disk.poke(tmp_path / "pipe")
    assert os.read(descriptor, 10) == b"."
    while True:
        try:
            os.write(descriptor, b"x" * 4096)
        except BlockingIOError:
            break
    disk.poke(tmp_path / "pipe")
    os.close(descriptor)


def test_a_lock_is_held_by_one(tmp_path: Path) -> None:
    first = disk.lock(tmp_path / "lock", 0.0)
    assert first is not None
    assert disk.lock(tmp_path / "lock", 0.05) is None
    os.close(first)
    again = disk.lock(tmp_path / "lock", 0.0)
    assert again is not None
    os.close(again)


def test_a_job_is_claimed_once(tmp_path: Path) -> None:
    assert runner.claim(tmp_path)
    assert not runner.claim(tmp_path)
    (tmp_path / "started").unlink()
    (tmp_path / "final.json").touch()
    assert not runner.claim(tmp_path)


def test_a_record_waits_for_a_full_disk(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
) -> None:
    write, fails = disk.write_json, [OSError(errno.ENOSPC, "full")] * 2

    def reluctant(path: Path, value: dict[str, Any]) -> None:
        if fails:
            raise fails.pop()
        write(path, value)

    monkeypatch.setattr(runner, "write_json", reluctant)
    monkeypatch.setattr(time, "sleep", lambda _: None)
    held = disk.lock(tmp_path / "lock", 0.0)
    assert held is not None
    runner.keep(tmp_path, {"a": 1}, held)
    os.close(held)
    assert (tmp_path / "final.json").exists()
    assert capfd.readouterr().err.count("full") == 2


def test_a_record_waits_for_an_unreachable_disk_but_not_for_a_removed_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder, away = tmp_path / "job", tmp_path / "away"
    folder.mkdir()
    held = disk.lock(folder / "lock", 0.0)
    assert held is not None
    folder.rename(away)
    monkeypatch.setattr(time, "sleep", lambda _: away.rename(folder))
    runner.keep(folder, {"a": 1}, held)
    assert (folder / "final.json").exists()
    shutil.rmtree(folder)
    runner.keep(folder, {"a": 1}, held)
    os.close(held)
    assert not folder.exists()


def test_usage_below_the_runners_own_memory_says_nothing() -> None:
    meter = runner.Meter(own_peak=10_000)

    def usage(kilobytes: int) -> resource.struct_rusage:
        return resource.struct_rusage([0.25, 0.5, kilobytes, *[0] * 13])

    meter.add(usage(9_999))
    assert (meter.cpu_seconds, meter.peak_bytes) == (0.75, 0)
    meter.add(usage(10_001))
    assert meter.peak_bytes == 10_001 * 1024


@contextmanager
def left_behind(mark: str) -> Iterator["subprocess.Popen[bytes]"]:
    """Yield a process of a job of this name."""
    environment = {**os.environ, proc.MARK: mark}
    with subprocess.Popen(["sleep", "300"], env=environment) as child:
        try:
            # For a moment after its exec(2) a process shows no environment.
            wait_until(lambda: proc.marked(mark) == [child.pid])
            yield child
        finally:
            child.kill()


def test_what_is_left_of_a_job_is_found_by_its_name() -> None:
    mark = new_id()
    with left_behind(mark) as child:
        assert proc.marked(mark[:-1]) == []
        proc.end_marked(mark)
        assert child.wait() == -signal.SIGKILL
    proc.end_marked(mark)


def test_what_is_left_of_a_job_is_ended_however_late() -> None:
    mark = new_id()
    with left_behind(mark) as child:
        proc.end_marked(mark, seconds=0.0)
        assert child.wait() == -signal.SIGKILL
