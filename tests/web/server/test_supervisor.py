"""The gateway's processes: ready, killed, orphaned, stopped."""

import contextlib
import http.client
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from tests.support.serving import Serving, serving

from gatewright.core.config import Config
from gatewright.core.errors import Unavailable
from gatewright.web.server import listening
from gatewright.web.server.supervisor import serve

FACTORY = "tests.support.plain_app:create"
OVERTIME = "timeout graceful shutdown exceeded"
"""What uvicorn writes when requests do not end within the time that they are given."""


def get(server: Serving, target: str) -> tuple[int, bytes]:
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=60)
    try:
        connection.request("GET", target)
        response = connection.getresponse()
        return response.status, response.read()
    finally:
        connection.close()


def until(condition: Callable[[], bool], seconds: float = 60) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "it did not come to that in time"
        time.sleep(0.02)


def is_alive(pid: int) -> bool:
    try:
        state = Path(f"/proc/{pid}/stat").read_text(encoding="ascii").split()[2]
    except (FileNotFoundError, ProcessLookupError):
        return False
    return state != "Z"


def kill(pid: int) -> None:
    """Kill a process, and wait until it can take no connection any more."""
    os.kill(pid, signal.SIGKILL)
    until(lambda: not is_alive(pid))


def test_a_killed_process_is_replaced(tmp_path: Path) -> None:
    with serving(tmp_path, FACTORY, processes=2) as server:
        first = set(server.children())
        assert len(first) == 2
        victim = min(first)
        os.kill(victim, signal.SIGKILL)
        until(lambda: len(set(server.children()) - {victim}) == 2)
        assert get(server, "/about")[0] == 200
        new = next(iter(set(server.children()) - first))
        os.kill(new, signal.SIGKILL)
        until(lambda: len(set(server.children()) - {victim, new}) == 2)
        assert server.terminate() == 0
    assert "ended with status -9" in server.log.read_text()


def test_the_process_that_stands_by_takes_the_place_of_one_that_died(
    tmp_path: Path,
) -> None:
    with serving(tmp_path, FACTORY) as server:
        for _ in range(3):
            until(lambda: len(server.standby()) == 1)
            [standby] = server.standby()
            [victim] = server.children()
            kill(victim)
            assert get(server, "/about")[0] == 200  # though none listened, perhaps
            assert server.children() == [standby]
        assert server.terminate() == 0


def test_no_connection_is_refused_in_twenty_kills(tmp_path: Path) -> None:
    with serving(tmp_path, FACTORY) as server:
        for _ in range(20):
            until(lambda: len(server.children()) == 1)
            [victim] = server.children()
            kill(victim)
            waiting = [
                http.client.HTTPConnection("127.0.0.1", server.port, timeout=120)
                for _ in range(30)
            ]
            for connection in waiting:
                connection.connect()
            statuses = []
            for connection in waiting:
                connection.request("GET", "/about")
                statuses.append(connection.getresponse().status)
                connection.close()
            assert statuses == [200] * 30


def test_a_process_that_stands_by_and_dies_is_replaced(tmp_path: Path) -> None:
    with serving(tmp_path, FACTORY) as server:
        serves = server.children()
        until(lambda: len(server.standby()) == 1)
        [victim] = server.standby()
        os.kill(victim, signal.SIGKILL)
        until(lambda: server.standby() not in ([], [victim]))
        assert server.children() == serves
        [standby] = server.standby()
        server.process.kill()
        server.process.wait(60)
        until(lambda: not is_alive(standby))


def test_an_address_that_a_killed_gateway_still_holds_is_waited_for(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(listening, "PATIENCE", 60)
    holder = socket.create_server(("127.0.0.1", 0))
    address = f"127.0.0.1:{holder.getsockname()[1]}"
    letting_go = threading.Timer(0.3, holder.close)
    letting_go.start()
    with listening.listen(address) as listener:
        assert address.endswith(str(listener.getsockname()[1]))
    letting_go.join()


def test_processes_end_when_their_parent_is_killed(tmp_path: Path) -> None:
    with serving(tmp_path, FACTORY, processes=2) as server:
        children = server.children()
        server.process.kill()
        server.process.wait(60)
        until(lambda: not any(map(is_alive, children)))
        with pytest.raises(ConnectionRefusedError):
            get(server, "/about")


def test_what_is_under_way_is_finished_on_sigterm(tmp_path: Path) -> None:
    with serving(tmp_path, FACTORY, processes=2) as server:
        mark = marked(tmp_path)
        answers: list[tuple[int, bytes]] = []
        load = [
            threading.Thread(
                target=lambda: answers.append(
                    get(server, f"/slow?seconds=1.5&mark={mark}")
                )
            )
            for _ in range(20)
        ]
        for thread in load:
            thread.start()
        until(lambda: mark.stat().st_size == len(load))
        assert server.terminate() == 0
        for thread in load:
            thread.join()
        with pytest.raises(ConnectionRefusedError):
            get(server, "/about")
    assert [status for status, _ in answers] == [200] * 20


def test_event_streams_end_whole_on_sigterm(tmp_path: Path) -> None:
    with serving(tmp_path, FACTORY) as server:
        connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=60)
        connection.request("GET", "/events")
        response = connection.getresponse()
        assert response.headers["Content-Type"].startswith("text/event-stream")
        assert response.readline() == b"id: 1\n"
        server.process.send_signal(signal.SIGTERM)
        rest = response.read()  # raises unless the end mark comes
        assert rest.endswith(b"\n\n")
        assert server.process.wait(90) == 0
        connection.close()
        assert OVERTIME not in server.log.read_text()


def test_a_second_signal_ends_it_at_once(tmp_path: Path) -> None:
    with serving(tmp_path, FACTORY) as server:
        [child] = server.children()
        pending = threading.Thread(
            target=_ignore_errors, args=(server, marked(tmp_path))
        )
        pending.start()
        until(lambda: (tmp_path / "mark").stat().st_size == 1)
        server.process.send_signal(signal.SIGINT)
        until(lambda: not _listens(server))
        server.process.send_signal(signal.SIGINT)
        server.process.wait(60)
        assert not is_alive(child)
        pending.join()
        assert OVERTIME not in server.log.read_text()


def marked(folder: Path) -> Path:
    """Return a file that gets a byte for each slow request that has begun."""
    (folder / "mark").touch()
    return folder / "mark"


def _ignore_errors(server: Serving, mark: Path) -> None:
    with contextlib.suppress(OSError, http.client.HTTPException):
        get(server, f"/slow?seconds=90&mark={mark}")


def _listens(server: Serving) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", server.port)) == 0


def test_an_application_that_does_not_start_ends_the_server(tmp_path: Path) -> None:
    with (
        pytest.raises(RuntimeError, match="no such dataset"),
        serving(tmp_path, "tests.support.plain_app:broken"),
    ):
        pass


def test_the_first_process_has_begun_when_the_configuration_is_read() -> None:
    begun: list[int] = []

    def load() -> Config:
        begun.extend(gateway_processes())
        raise Unavailable("the configuration has a mistake")

    with pytest.raises(Unavailable, match="a mistake"):
        serve(load, pytest.fail, factory=FACTORY)
    [pid] = begun
    assert not is_alive(pid)


def gateway_processes() -> list[int]:
    """Return the gateway processes that this one has started."""
    own = Path(f"/proc/self/task/{threading.get_native_id()}/children")
    return [
        int(pid)
        for pid in own.read_text(encoding="ascii").split()
        if FACTORY.encode() in Path(f"/proc/{pid}/cmdline").read_bytes()
    ]


def test_a_taken_port_is_an_error_that_says_so(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(listening, "PATIENCE", 0)
    with socket.create_server(("127.0.0.1", 0)) as taken:
        address = f"127.0.0.1:{taken.getsockname()[1]}"
        with pytest.raises(Unavailable, match=address):
            listening.listen(address)


@pytest.mark.parametrize("address", ["127.0.0.1:no", "127.0.0.1:70000", "192.0.2.1:80"])
def test_an_address_that_is_none_is_an_error(address: str) -> None:
    with pytest.raises(Unavailable, match="Cannot listen"):
        listening.listen(address)


def test_ipv6_is_listened_on() -> None:
    with listening.listen("[::1]:0") as listener:
        assert listener.family == socket.AF_INET6
        config = Config.model_validate({"gateway": {"listen": "[::1]:0"}})
        bound = listening.with_bound_port(config, listener)
        assert bound.url == f"http://[::1]:{listener.getsockname()[1]}"


def test_the_process_program_says_what_it_needs() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "gatewright.web.server.process"],
        capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip
    assert done.returncode == 2
    assert "--go" in done.stderr


@pytest.mark.parametrize(
    ("address", "paced"),
    [("127.0.0.1:0", False), ("localhost:0", False), ("0.0.0.0:0", True)],
)
def test_clients_on_this_machine_are_not_paced(address: str, *, paced: bool) -> None:
    plain = socket.socket()
    with plain, listening.listen(address) as listener:
        option = socket.IPPROTO_TCP, socket.TCP_CONGESTION, 16
        expected = plain.getsockopt(*option) if paced else b"reno".ljust(16, b"\0")
        assert listener.getsockopt(*option) == expected
