"""Runs one job and records how it ended; it outlives the gateway.

The job's folder holds ``job.json`` (what to run), perhaps ``script``, and gets

``lock``
    Locked (flock) as long as a runner is alive. Unlike a process id, the lock cannot
    belong to another process later.
``started``
    Created once, before the job's first process, so that a job never starts twice.
``running.json``
    When the job started, and the boot id of the machine.
``final.json``
    How the job ended, written atomically.
``control``
    A named pipe; a byte tells the runner to check for the file ``cancel``.

The runner is the subreaper of its job (prctl(2)): a process that leaves its parent, its
process group and its session becomes a child of the runner and is ended with the rest.

A full disk ends no job. What has to be written before the start or after the end waits
for space, and the other files are written as soon as there is some.
"""

import ctypes
import json
import os
import resource
import select
import signal
import subprocess
import time
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from gatewright.backends.processes.program.disk import (
    NO_ROOM,
    boot_id,
    lock,
    poke,
    sync,
    when_there_is_room,
    write_json,
    write_whole,
)
from gatewright.backends.processes.program.tree import descendants, memory_of

PR_SET_CHILD_SUBREAPER = 36
LOCK_SECONDS = 2.0
LEFTOVER_SECONDS = 2.0
KEEP_SECONDS = 0.25
_REASONS = {
    "CANCELLED": "Canceled on request.",
    "TIMEOUT": "Ran into its time limit of {duration} seconds.",
    "OUT_OF_MEMORY": "Used more than the {memory} bytes of memory that it asked for.",
    "STOPPED": "The process that runs the job was told to end, as when the machine "
    "shuts down.",
}


def interpreter(script: bytes) -> list[str]:
    """Return the interpreter and its argument from a script's ``#!`` line, or sh."""
    first = script.partition(b"\n")[0]
    if not first.startswith(b"#!") or not first[2:].strip():
        return ["/bin/sh"]
    return [os.fsdecode(part) for part in first[2:].strip().split(maxsplit=1)]


@dataclass
class Meter:
    """Resources that the job's processes have used so far."""

    cpu_seconds: float = 0.0
    peak_bytes: int = 0
    own_peak: int = 0

    def add(self, usage: Any) -> None:
        """Count a process that has ended, with the children that it waited for."""
        self.cpu_seconds += usage.ru_utime + usage.ru_stime
        # A process begins with its parent's memory, and keeps that as its peak even
        # when it has become another program: below it the figure says nothing.
        if usage.ru_maxrss > self.own_peak:
            self.peak_bytes = max(self.peak_bytes, usage.ru_maxrss * 1024)

    def sample(self, processes: list[int]) -> int:
        """Measure living processes; return their current memory in bytes."""
        now = memory_of(processes)
        self.peak_bytes = max(self.peak_bytes, now)
        return now


@dataclass
class Runner:
    """Runs one job from start to end."""

    folder: Path
    job: dict[str, Any]
    meter: Meter = field(default_factory=Meter)
    main: int = 0
    status: int | None = None
    began: float = 0.0
    started_at: float = 0.0
    said: bool = False
    ending: str = ""
    kill_at: float = 0.0
    pipes: list[int] = field(default_factory=list)

    def run(self) -> dict[str, Any]:
        """Run the job and return its final record."""
        # Become the parent of the job's orphans (prctl(2)), and listen for signals.
        ctypes.CDLL(None, use_errno=True).prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)
        reading, writing = os.pipe2(os.O_NONBLOCK | os.O_CLOEXEC)
        signal.set_wakeup_fd(writing, warn_on_full_buffer=False)
        for number in (signal.SIGCHLD, signal.SIGHUP, signal.SIGINT):
            signal.signal(number, lambda *_: None)
        signal.signal(signal.SIGTERM, lambda *_: self._end("STOPPED", time.monotonic()))
        control = self.folder / "control"
        if not control.exists():
            when_there_is_room(lambda: os.mkfifo(control, 0o600))
        # Open for both, so that it never reads as ended.
        self.pipes = [reading, os.open(control, os.O_RDWR | os.O_NONBLOCK)]
        self.began = time.monotonic()
        self.started_at = time.time()
        try:
            process = self._start()
        except OSError as error:
            name = error.filename if error.filename is not None else "The program"
            return {
                **self._record("failed", "NOT_STARTED"),
                "reason": f"{os.fsdecode(name)} cannot be used: {error.strerror}.",
                "exit_code": 127 if isinstance(error, FileNotFoundError) else 126,
            }
        self.main = process.pid
        self._say_running()
        while self._reap():
            self._look()
            self._wait()
        return self._final()

    def _start(self) -> "subprocess.Popen[bytes]":
        job = self.job
        command = [job["executable"], *job["arguments"]]
        if job["executable"] is None:
            script = self.folder / "script"
            program = interpreter(script.read_bytes()[:4096])
            command = [*program, str(script), *job["arguments"]]
        source = self._open(job["stdin_path"], os.O_RDONLY)
        output = self._create(job["stdout_path"])
        joined = job["stderr_path"] == job["stdout_path"]
        error = output if joined else self._create(job["stderr_path"])
        try:
            return subprocess.Popen(  # noqa: S603  # to run it is what a job is for
                command,
                stdin=source,
                stdout=output,
                stderr=error,
                cwd=job["directory"],
                env=job["environment"],
                start_new_session=True,
            )
        finally:
            for descriptor in {source, output, error}:
                os.close(descriptor)

    def _create(self, path: str) -> int:
        return self._open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_APPEND)

    def _open(self, path: str, flags: int) -> int:
        # Without blocking, so that a pipe without another end fails at once.
        place = Path(self.job["directory"]) / path
        descriptor = os.open(place, flags | os.O_NONBLOCK, 0o666)
        os.set_blocking(descriptor, True)  # the standard library's own
        return descriptor

    def _say_running(self) -> None:
        """Write when the job started; on a full disk this is repeated later."""
        record = {
            "pid": self.main,
            "started_at": self.started_at,
            "boot_id": boot_id(),
        }
        try:
            write_whole(self.folder / "running.json", json.dumps(record).encode())
        except OSError as error:
            if error.errno not in NO_ROOM:
                note(f"The start could not be written down: {error}")
            return
        self.said = True
        poke(Path(self.job["wake_path"]))

    def _reap(self) -> bool:
        """Collect ended processes; return whether any process of the job is alive."""
        while True:
            try:
                process, status, usage = os.wait4(-1, os.WNOHANG)
            except ChildProcessError:
                return False
            if process == 0:
                return True
            self.meter.add(usage)
            if process == self.main:
                self.status = status
                if not self.ending:
                    self._end("LEFTOVERS", time.monotonic(), LEFTOVER_SECONDS)

    def _look(self) -> None:
        """Measure the resources used, and end the job if a limit is exceeded."""
        if not self.said:
            self._say_running()
        memory = self.meter.sample(descendants(os.getpid()))
        limit = self.job["memory"]
        if limit is not None and memory > limit:
            self._end("OUT_OF_MEMORY", 0.0)
        now = time.monotonic()
        if (self.folder / "cancel").exists():
            self._end("CANCELLED", now)
        duration = self.job["duration"]
        if duration is not None and now - self.began >= duration:
            self._end("TIMEOUT", now)
        if self.ending and now >= self.kill_at:
            self._signal(signal.SIGKILL)

    def _end(self, why: str, now: float, grace: float | None = None) -> None:
        """Begin to end the job: SIGTERM now, SIGKILL after the grace period."""
        if self.ending:
            return
        self.ending = why
        self.kill_at = now + (self.job["grace_seconds"] if grace is None else grace)
        self._signal(signal.SIGTERM)
        self._signal(signal.SIGCONT)

    def _signal(self, number: int) -> None:
        for process in descendants(os.getpid()):
            try:
                os.kill(process, number)
            except OSError:
                continue

    def _wait(self) -> None:
        """Sleep until an event or until the next measurement is due."""
        now = time.monotonic()
        pause = min(1.0 if self.said else KEEP_SECONDS, 0.05 + (now - self.began) / 10)
        if self.ending:
            pause = min(pause, 0.1, max(0.01, self.kill_at - now))
        elif self.job["duration"] is not None:
            pause = min(pause, max(0.0, self.began + self.job["duration"] - now))
        ready, _, _ = select.select(self.pipes, [], [], pause)
        for descriptor in ready:
            os.read(descriptor, 4096)

    def _final(self) -> dict[str, Any]:
        code = number = None
        if self.status is not None:
            code = os.waitstatus_to_exitcode(self.status)
            if code < 0:
                code, number = 128 - code, -code
        if self.ending in _REASONS:
            state = "canceled" if self.ending == "CANCELLED" else "failed"
            record = self._record(state, self.ending)
            reason = _REASONS[self.ending].format(**self.job)
        elif code == 0:
            record, reason = self._record("completed", "COMPLETED"), ""
        else:
            record = self._record("failed", "FAILED")
            reason = f"Ended with exit code {code}."
            if number is not None:
                names = {one.value: one.name for one in signal.Signals}
                name = names.get(number, "real-time")
                reason = f"Ended by signal {number} ({name})."
        return {**record, "reason": reason, "exit_code": code, "signal": number}

    def _record(self, state: str, native_state: str) -> dict[str, Any]:
        return {
            "state": state,
            "native_state": native_state,
            "started_at": self.started_at,
            "ended_at": time.time(),
            "wall_seconds": time.monotonic() - self.began,
            "cpu_seconds": self.meter.cpu_seconds,
            "peak_memory_bytes": self.meter.peak_bytes,
        }


def note(text: str) -> None:
    """Write a line to the log; ignore that its disk is full."""
    with suppress(OSError):
        os.write(2, f"{text}\n".encode("utf-8", "replace"))


def claim(folder: Path) -> bool:
    """Return whether this runner may start the job; wait while the disk is full."""
    if (folder / "final.json").exists():
        return False
    flags = os.O_CREAT | os.O_EXCL | os.O_WRONLY
    try:
        made = when_there_is_room(lambda: os.open(folder / "started", flags, 0o600))
    except FileExistsError:
        return False
    os.close(made)
    when_there_is_room(lambda: sync(folder))
    return True


def keep(folder: Path, record: dict[str, Any], held: int) -> None:
    """Write the final record; try again while the disk is full or unreachable.

    ``held`` is the open lock. If its file was removed, the job's folder is gone and the
    record is not needed any more.
    """
    while os.fstat(held).st_nlink:
        try:
            write_json(folder / "final.json", record)
        except OSError as error:
            note(f"The record waits: {error}")
            time.sleep(KEEP_SECONDS)
        else:
            return


def main(name: str) -> int:
    """Run the job in a folder, unless it was run before."""
    folder = Path(name).resolve()
    held = when_there_is_room(lambda: lock(folder / "lock", LOCK_SECONDS))
    try:
        job = json.loads((folder / "job.json").read_bytes())
    except (OSError, ValueError, RecursionError):
        job = None
    # The gateway sees the same of a record that is damaged, and ends the job.
    if held is None or not isinstance(job, dict) or not claim(folder):
        return 1
    try:
        log = os.open(folder / "log", os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    except OSError:
        log = os.open(os.devnull, os.O_WRONLY)
    os.dup2(log, 2)
    runner = Runner(folder, job)
    runner.meter.own_peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    keep(folder, runner.run(), held)
    poke(Path(job["wake_path"]))
    return 0
