"""The broker as a process, with real Unix accounts: whom it starts, and whom not."""

import hmac
import os
import random
import signal
import socket
import subprocess
import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from tests.broker.asking import grant
from tests.broker.conftest import (
    Account,
    Accounts,
    RunningBroker,
    acting_as,
    installed,
    run,
    running,
)
from tests.support.workers import is_running, stop, wait_until

from gatewright.backends.broker import program
from gatewright.backends.broker.asking import BrokerChild
from gatewright.core.errors import NotAllowed, Unavailable

Held = tuple[socket.socket, BrokerChild]


OF_PYTHON = sys.stdlib_module_names | {"__main__"}


MESSAGES = int(os.environ.get("GATEWRIGHT_SOAK_MESSAGES", "10000"))
"""Random messages; ``make soak`` sends more."""
MODULES = Path(__file__).with_name("modules.txt")


def status_of(pid: int) -> dict[str, str]:
    text = Path(f"/proc/{pid}/status").read_text(encoding="utf-8")
    return {k: v.strip() for k, v in (line.split(":", 1) for line in text.splitlines())}


def test_the_program_is_small_and_of_the_standard_library() -> None:
    lines = Path(program.__file__).read_text(encoding="utf-8").splitlines()
    assert len(lines) <= 300


def test_the_modules_that_it_has_loaded(gateway: Account, group: str) -> None:
    """Nothing of the gateway, no package of others, nothing of the network but sockets.

    ``modules.txt`` is the list for Python 3.11; who adds to it asks whether root needs
    it.
    """
    code = (
        "import sys\n"
        f"exec(open({program.__file__!r}).read(), {{'__name__': 'broker'}})\n"
        "print(*sys.version_info[:2], *sorted(sys.modules))\n"
    )
    major, minor, *names = run("python3", "-I", "-S", "-c", code).split()
    loaded = set(names)
    assert not loaded & {
        "asyncio",
        "ctypes",
        "pickle",
        "ssl",
        "subprocess",
        "threading",
    }
    if (major, minor) == ("3", "11"):
        assert loaded == set(MODULES.read_text(encoding="utf-8").split())
    assert {one.partition(".")[0] for one in loaded} <= OF_PYTHON


def test_a_worker_is_the_account_and_nothing_of_root(
    broker: RunningBroker, gateway: Account, ada: Account
) -> None:
    with acting_as(gateway):
        ours, worker = broker.client().worker(ada.name)
    with ours:
        assert ours.recv(4)
        found = status_of(worker.pid)
        assert found["Uid"].split() == [str(ada.uid)] * 4
        assert found["Gid"].split() == [str(ada.gid)] * 4
        groups = os.getgrouplist(ada.name, ada.gid)
        assert sorted(map(int, found["Groups"].split())) == sorted(groups)
        assert {int(found[name], 16) for name in ("CapPrm", "CapEff", "CapAmb")} == {0}
        environment = Path(f"/proc/{worker.pid}/environ").read_bytes()
        names = {one.partition(b"=")[0] for one in environment.split(b"\0") if one}
        assert names == {b"HOME", b"LOGNAME", b"PATH", b"SHELL", b"USER"}
        argv = Path(f"/proc/{worker.pid}/cmdline").read_bytes().split(b"\0")
        assert argv[1:3] == [b"-I", b"-S"]
    assert worker.ends_within(60)
    assert worker.code == 0
    wait_until(lambda: not is_running(worker.pid))


def test_a_worker_has_no_descriptor_of_the_broker(
    broker: RunningBroker, gateway: Account, ada: Account, bob: Account
) -> None:
    with acting_as(gateway):
        first, one = broker.client().worker(ada.name)
        second, other = broker.client().worker(bob.name)
    with first, second:
        assert first.recv(4)
        assert second.recv(4)
        folder = Path(f"/proc/{other.pid}/fd")
        targets = [str(entry.readlink()) for entry in folder.iterdir()]
        # Its own socket, and the null device, three times.
        assert sum(target.startswith("socket:") for target in targets) == 1
        assert targets.count("/dev/null") == 3
        assert len(targets) == 4, targets
    assert one.ends_within(60)
    assert other.ends_within(60)


def test_a_worker_that_ends_is_reaped_and_reported(
    broker: RunningBroker, gateway: Account, ada: Account
) -> None:
    with acting_as(gateway):
        ours, worker = broker.client().worker(ada.name)
    with ours:
        os.kill(worker.pid, signal.SIGKILL)
        assert worker.ends_within(60)
    assert worker.code == -signal.SIGKILL
    assert not Path(f"/proc/{worker.pid}").exists()
    assert worker.ends_within(0)


def test_a_worker_that_hangs_is_killed_on_request(
    broker: RunningBroker, gateway: Account, ada: Account
) -> None:
    with acting_as(gateway):
        ours, worker = broker.client().worker(ada.name)
    with ours:
        assert ours.recv(4)
        stop(worker.pid)
        assert not worker.ends_within(0.1)
        worker.kill()
        assert worker.ends_within(60)
        worker.kill()
    assert worker.code == -signal.SIGKILL


def test_a_worker_whose_gateway_is_gone_is_killed(
    gateway: Account, group: str, ada: Account, tmp_path: Path
) -> None:
    """A broker that gives it one second to end, instead of ten."""
    hasty = with_seconds(tmp_path, "30, 15, 60, 1")
    with running(gateway.uid, group, program=hasty) as broker:
        with acting_as(gateway):
            ours, worker = broker.client().worker(ada.name)
        assert ours.recv(4)
        stop(worker.pid)
        ours.close()
        worker._asking.close()
        wait_until(lambda: not is_running(worker.pid))


def with_seconds(folder: Path, seconds: str) -> Path:
    """Return a copy of the program with other times for challenge, starts and end."""
    text = Path(program.__file__).read_text(encoding="utf-8")
    assert text.count("= 30, 15, 60, 10\n") == 1
    copy = folder / "program.py"
    copy.write_text(text.replace("= 30, 15, 60, 10", f"= {seconds}"), encoding="utf-8")
    return copy


def test_the_broker_answers_only_the_gateway(
    broker: RunningBroker, gateway: Account, ada: Account
) -> None:
    with acting_as(gateway):
        asking, challenge = broker.connected()
        assert challenge
        asking.close()
    with acting_as(ada), pytest.raises(PermissionError):
        broker.connected()
    asking, challenge = broker.connected()  # root may connect, and is told nothing
    with asking:
        assert challenge == b""


def refused(
    broker: RunningBroker, gateway: Account, made: Callable[[bytes], bytes], name: str
) -> bytes:
    with acting_as(gateway):
        asking, challenge = broker.connected()
    with asking:
        asking.send(b"worker " + name.encode() + b" " + made(challenge))
        return asking.recv(4096)


def test_a_grant_is_for_one_account(
    broker: RunningBroker, gateway: Account, ada: Account, bob: Account
) -> None:
    made = refused(broker, gateway, lambda c: grant(broker, c, bob.name), ada.name)
    assert made == b"no grant"


def test_a_grant_is_for_one_connection(
    broker: RunningBroker, gateway: Account, ada: Account
) -> None:
    with acting_as(gateway):
        first, challenge = broker.connected()
    first.close()
    made = grant(broker, challenge, ada.name)
    assert refused(broker, gateway, lambda _: made, ada.name) == b"no grant"


def test_a_grant_of_another_key_is_refused(
    broker: RunningBroker, gateway: Account, ada: Account
) -> None:
    def made(challenge: bytes) -> bytes:
        text = b"worker " + challenge + b" " + ada.name.encode()
        return hmac.new(bytes(32), text, "sha256").hexdigest().encode()

    assert refused(broker, gateway, made, ada.name) == b"no grant"
    assert refused(broker, gateway, lambda _: b"", ada.name) == b"no grant"


def test_a_grant_ends_with_its_time(
    gateway: Account, group: str, ada: Account, tmp_path: Path
) -> None:
    """A broker whose challenges have ended before they are sent takes no grant."""
    short = with_seconds(tmp_path, "0.5, 15, 60, 10")
    with running(gateway.uid, group, program=short) as broker:
        with acting_as(gateway):
            asking, challenge = broker.connected()
        with asking:
            made = grant(broker, challenge, ada.name)
            assert asking.recv(4096) == b"", "it waits for no longer"
            with pytest.raises(BrokenPipeError):
                asking.send(b"worker " + ada.name.encode() + b" " + made)


def test_one_account_has_so_many_workers(
    gateway: Account, group: str, ada: Account, bob: Account
) -> None:
    with running(gateway.uid, group, per_user=2) as broker:
        client = broker.client()
        with acting_as(gateway):
            held = [client.worker(ada.name) for _ in range(2)]
            with pytest.raises(Unavailable, match="this account"):
                client.worker(ada.name)
            held.append(client.worker(bob.name))
            held[0][0].close()
            assert held[0][1].ends_within(60)
            held.append(client.worker(ada.name))
        release(held)


def test_all_together_have_so_many_workers(
    gateway: Account, group: str, ada: Account, bob: Account
) -> None:
    with running(gateway.uid, group, workers=2) as broker:
        client = broker.client()
        with acting_as(gateway):
            held = [client.worker(one.name) for one in (ada, bob)]
            with pytest.raises(Unavailable, match="as many people"):
                client.worker(ada.name)
        release(held)


def test_so_many_are_started_in_a_second(
    gateway: Account, group: str, ada: Account
) -> None:
    """Eight ask at once, however long a worker takes to begin on a slow machine.

    The machine may stall between any two of them, so that they ask until one is
    refused.
    """

    def begin_and_end(_: int) -> Unavailable | None:
        try:
            held = broker.client().worker(ada.name)
        except Unavailable as refusal:
            return refusal
        release([held])
        return None

    with (
        running(gateway.uid, group, per_second=1, per_user=8) as broker,
        acting_as(gateway),
        ThreadPoolExecutor(8) as threads,
    ):
        refused: list[Unavailable] = []
        while not refused:
            refused = [one for one in threads.map(begin_and_end, range(8)) if one]
    assert all("begin to work" in one.text for one in refused)


def release(held: list[Held]) -> None:
    for sock, worker in held:
        sock.close()
        assert worker.ends_within(60)


def test_connections_are_bounded(gateway: Account, group: str) -> None:
    with running(gateway.uid, group, workers=1) as broker:
        most = 1 + program.SIGN_INS + program.WAITING
        with acting_as(gateway):
            held = [broker.connected() for _ in range(most)]
            assert all(challenge for _, challenge in held)
            one_more, challenge = broker.connected()
        assert challenge == b""
        for sock in (one_more, *(sock for sock, _ in held)):
            sock.close()


def test_descriptors_that_are_sent_to_it_go(
    broker: RunningBroker, gateway: Account
) -> None:
    folder = Path(f"/proc/{broker.process.pid}/fd")
    before = len(list(folder.iterdir()))
    with acting_as(gateway):
        for _ in range(50):
            asking, _ = broker.connected()
            with asking, Path(os.devnull).open() as null:
                socket.send_fds(asking, [b"worker a b"], [null.fileno()] * 20)
                assert asking.recv(4096) == b"no grant"
    wait_until(lambda: len(list(folder.iterdir())) == before)


def test_it_bears_any_message(
    broker: RunningBroker, gateway: Account, ada: Account
) -> None:
    """Random and mutated messages start no worker and do not end the broker."""
    chance = random.Random(7)
    words = [b"worker", b"sign-in", b"kill", ada.name.encode(), b"root", b"a" * 64, b""]
    counts: dict[bytes, int] = {}
    with acting_as(gateway):
        for number in range(MESSAGES):
            if number % 2:
                message = chance.randbytes(chance.choice([1, 7, 64, 512, 513, 4000]))
            else:
                some = [chance.choice(words) for _ in range(chance.randrange(1, 6))]
                message = chance.choice([b" ", b"\0", b"\n"]).join(some) or b" "
            if message == b"sign-in":
                continue
            asking, _ = broker.connected()
            with asking:
                asking.send(message)
                answer = asking.recv(4096)
                counts[answer] = counts.get(answer, 0) + 1
        assert not any(answer.startswith(b"ok") for answer in counts), counts
        ours, worker = broker.client().worker(ada.name)
    ours.close()
    assert worker.ends_within(60)


def test_what_the_client_says_of_refusals(
    broker: RunningBroker, gateway: Account, accounts: Accounts
) -> None:
    outside = accounts.user(None).name
    with acting_as(gateway):
        with pytest.raises(NotAllowed, match="not in the group"):
            broker.client().worker(outside)
        with pytest.raises(NotAllowed, match="no Unix account"):
            broker.client().worker("gwt-nobody-here")


def test_a_missing_broker_has_a_clear_message(gateway: Account, group: str) -> None:
    with running(gateway.uid, group) as broker:
        client = broker.client()
        broker.path.unlink()
        with pytest.raises(Unavailable, match="broker does not run") as caught:
            client.worker("ada")
    assert caught.value.retry_after


def test_it_runs_as_root_alone(gateway: Account) -> None:
    file = str(installed().of(program.__file__))
    argv = ["/usr/bin/python3", "-I", "-S", file, '{"gateway": 1}']
    done = subprocess.run(argv, user=gateway.uid, capture_output=True, check=False)
    assert done.returncode == 1
    assert b"runs as root" in done.stderr
