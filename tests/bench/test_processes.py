"""The CPU time that benches measure."""

import subprocess
import sys
from collections.abc import Iterator

import pytest
from bench.support.processes import cpu_seconds_during

_PARENT = """
import subprocess, sys
for line in sys.stdin:
    child = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
    print("begun", flush=True)
    sys.stdin.readline()
    child.communicate(b"\\n")
    print("ended", flush=True)
"""


class Parent:
    """A process that has children on request."""

    def __init__(self, process: "subprocess.Popen[str]") -> None:
        self._process = process
        self.pid = process.pid

    def turn(self) -> str:
        """Begin a child, or end the one that there is."""
        assert self._process.stdin
        assert self._process.stdout
        self._process.stdin.write("\n")
        self._process.stdin.flush()
        return self._process.stdout.readline().strip()


@pytest.fixture
def parent() -> Iterator[Parent]:
    with subprocess.Popen(
        [sys.executable, "-c", _PARENT],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        yield Parent(process)


def test_a_measurement_in_which_a_process_ended_is_repeated(parent: Parent) -> None:
    assert parent.turn() == "begun"
    done: list[int] = []

    def work() -> int:
        if not done:
            assert parent.turn() == "ended"
        done.append(sum(range(1000)))
        return len(done)

    result, seconds = cpu_seconds_during(parent.pid, work)
    assert result == 2
    assert seconds >= 0


def test_it_gives_up_if_a_process_ends_each_time(parent: Parent) -> None:
    assert parent.turn() == "begun"

    def work() -> None:
        assert parent.turn() == "ended"
        assert parent.turn() == "begun"

    with pytest.raises(RuntimeError, match="ended in each measurement"):
        cpu_seconds_during(parent.pid, work)


def test_a_process_that_begins_meanwhile_is_counted(parent: Parent) -> None:
    _, seconds = cpu_seconds_during(parent.pid, parent.turn)
    assert seconds > 0
    assert parent.turn() == "ended"
