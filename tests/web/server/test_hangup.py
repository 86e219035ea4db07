"""SIGHUP: the processes are replaced, and what is under way is finished."""

import os
import pty
import signal
import threading
from pathlib import Path

import pytest
from tests.support.serving import serving
from tests.web.server.test_supervisor import FACTORY, get, is_alive, marked, until

pytestmark = [
    pytest.mark.timeout(600),  # each starts several processes, one by one
    pytest.mark.usefixtures("hangups"),
]


@pytest.mark.parametrize("processes", [1, 2])
def test_all_processes_are_replaced_and_finish_their_requests(
    tmp_path: Path, processes: int
) -> None:
    with serving(tmp_path, FACTORY, processes=processes) as server:
        first = set(server.children())
        mark = marked(tmp_path)
        answers: list[tuple[int, bytes]] = []

        def ask() -> None:
            answers.append(get(server, f"/slow?seconds=2&mark={mark}"))

        load = [threading.Thread(target=ask) for _ in range(20)]
        for thread in load:
            thread.start()
        until(lambda: mark.stat().st_size == len(load))
        server.process.send_signal(signal.SIGHUP)
        until(lambda: not any(map(is_alive, first)), 300)
        for thread in load:
            thread.join()
        until(lambda: len(server.children()) == processes)  # the last may be a zombie
        assert get(server, "/about")[0] == 200
        assert server.terminate() == 0
    assert [status for status, _ in answers] == [200] * 20


def test_a_second_hangup_and_a_stop_in_between_are_no_trouble(tmp_path: Path) -> None:
    with serving(tmp_path, FACTORY, processes=2) as server:
        first = set(server.children())
        for _ in range(2):
            server.process.send_signal(signal.SIGHUP)
        until(lambda: not any(map(is_alive, first)), 300)
        assert get(server, "/about")[0] == 200
        server.process.send_signal(signal.SIGHUP)
        assert server.terminate() == 0


def test_a_process_that_dies_while_it_is_replaced(tmp_path: Path) -> None:
    with serving(tmp_path, FACTORY) as server:
        [victim] = server.children()
        until(lambda: len(server.standby()) == 1)
        server.process.send_signal(signal.SIGHUP)
        os.kill(victim, signal.SIGKILL)
        until(lambda: not is_alive(victim))
        until(lambda: len(server.children()) == 1)
        assert get(server, "/about")[0] == 200


def test_a_terminal_that_is_gone_ends_it(tmp_path: Path) -> None:
    """There SIGHUP is no wish of an operator."""
    terminal, end = pty.openpty()
    try:
        with serving(tmp_path, FACTORY, stdin=end) as server:
            children = server.children()
            server.process.send_signal(signal.SIGHUP)
            assert server.process.wait(90) == 0
            assert not any(map(is_alive, children))
    finally:
        os.close(terminal)
        os.close(end)
