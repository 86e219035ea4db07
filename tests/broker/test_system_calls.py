"""What the broker asks the kernel for, as strace reports it.

While it refuses requests it opens no file, starts nothing and changes no identity. For
a worker it gives up all rights of root before it runs the one program that it may run.
"""

import random
import re
import signal
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.broker.asking import grant
from tests.broker.conftest import Account, RunningBroker, acting_as
from tests.support import needs
from tests.support.workers import wait_until

MESSAGES = 500
ANSWERING = {
    *("accept4", "getsockopt", "setsockopt", "sendmsg", "recvfrom", "recvmsg"),
    *("epoll_wait", "epoll_ctl", "close", "fcntl", "ioctl", "write", "read"),
    *("getsockname", "getrandom", "wait4", "brk", "mmap", "munmap", "madvise"),
    *("mremap", "clock_gettime", "restart_syscall", "rt_sigreturn", "futex", "getpid"),
}
"""System calls of a process that reads messages, answers them and writes a log."""


@contextmanager
def traced(broker: RunningBroker, *options: str) -> Iterator[Path]:
    """Yield the file in which the broker's system calls are recorded meanwhile."""
    record = broker.folder / "calls"
    strace = needs.program("strace", "strace")
    command = [strace, "-o", str(record), "-p", str(broker.process.pid), *options]
    with (broker.folder / "strace").open("wb") as told:
        tracing = subprocess.Popen(command, stderr=told)
    try:
        attached = broker.folder / "strace"
        wait_until(lambda: "attached" in attached.read_text())
        yield record
    finally:
        tracing.send_signal(signal.SIGINT)
        tracing.wait(60)


def test_requests_that_are_refused_reach_no_file_and_start_nothing(
    broker: RunningBroker, gateway: Account, ada: Account
) -> None:
    chance = random.Random(11)
    with traced(broker) as record, acting_as(gateway):
        for number in range(MESSAGES):
            asking, challenge = broker.connected()
            with asking:
                right = grant(broker, challenge, "root")
                asking.send(
                    [
                        b"worker " + ada.name.encode() + b" " + b"0" * 64,
                        b"worker " + ada.name.encode() + b" " + right,
                        b"worker /bin/sh " + right,
                        b"worker ../../etc/shadow " + right,
                        chance.randbytes(200),
                    ][number % 5]
                )
                assert not asking.recv(4096).startswith(b"ok")
    calls = called(record)
    assert sum(calls.values()) > MESSAGES
    assert set(calls) <= ANSWERING, sorted(set(calls) - ANSWERING)


def called(record: Path) -> dict[str, int]:
    """Return how often each system call is in a record."""
    counts: dict[str, int] = {}
    for name in re.findall(r"^(\w+)\(", record.read_text(), re.MULTILINE):
        counts[name] = counts.get(name, 0) + 1
    return counts


def test_a_worker_has_given_up_root_before_its_program_runs(
    broker: RunningBroker, gateway: Account, ada: Account
) -> None:
    changes = "trace=setgroups,setresgid,setresuid,execve"
    with traced(
        broker, "-f", "-s", "500", "-e", changes, "-e", "signal=none"
    ) as record:
        with acting_as(gateway):
            ours, worker = broker.client().worker(ada.name)
        wait_until(lambda: "execve(" in record.read_text())
        ours.close()
        assert worker.ends_within(60)
    lines = re.findall(r"^\d+ +(\w+)\((.*)\) += 0$", record.read_text(), re.MULTILINE)
    assert [name for name, _ in lines[:4]] == [
        "setgroups", "setresgid", "setresuid", "execve",
    ]  # fmt: skip
    arguments = dict(lines[:4])
    assert arguments["setresgid"] == ", ".join([str(ada.gid)] * 3)
    assert arguments["setresuid"] == ", ".join([str(ada.uid)] * 3)
    program, worker_program = broker.settings["python"], broker.settings["worker"]
    assert arguments["execve"].startswith(
        f'"{program}", ["{program}", "-I", "-S", "{worker_program}", '
    )
    # The worker starts no other program by itself.
    assert [name for name, _ in lines].count("execve") == 1
