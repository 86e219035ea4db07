"""A worker that acts only with tickets: what it does before, with, and after one."""

import asyncio
import errno
import os
import socket
import subprocess
import sys
import time
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from gatewright.backends.broker import KeyGranter, grants
from gatewright.backends.worker import RunningWorker, Ticket, Worker
from gatewright.backends.worker.program.permit import Permit, tag_of
from gatewright.backends.worker.starting import PROGRAM, Child
from gatewright.core.errors import NotSignedIn, PersonAbsent, Unavailable

KEY = b"k" * 32
PERSON = "ada"


class BrokersStarter:
    """Starts a worker as the broker does: its person's key waits in the socket."""

    def __init__(self, key: bytes) -> None:
        self._key = key

    def start(self) -> tuple[socket.socket, RunningWorker]:
        ours, theirs = socket.socketpair()
        ours.send(self._key)
        with theirs:
            process = subprocess.Popen(
                [sys.executable, "-I", "-S", PROGRAM, str(theirs.fileno()), "tickets"],
                pass_fds=[theirs.fileno()], cwd="/",
            )  # fmt: skip
        return ours, Child(process)


class Tickets:
    """Gives the tickets of a key; counts them, and may have none."""

    def __init__(self, granter: KeyGranter) -> None:
        self.granter = granter
        self.seconds = 60.0
        self.given = 0
        self.absent = False

    async def __call__(self) -> Ticket:
        if self.absent:
            raise PersonAbsent
        self.given += 1
        return self.granter.ticket(PERSON, time.monotonic() + self.seconds)


@pytest.fixture
def tickets(tmp_path: Path) -> Tickets:
    (tmp_path / "key").write_bytes(KEY)
    return Tickets(KeyGranter(tmp_path / "key"))


@pytest.fixture
async def worker(tickets: Tickets) -> AsyncIterator[Worker]:
    import hashlib
    import hmac

    boot = Path("/proc/sys/kernel/random/boot_id").read_text().strip()
    text = f"person {boot} {PERSON}".encode()
    key = hmac.new(KEY, text, hashlib.sha256).digest()
    worker = Worker(BrokersStarter(key), ticketer=tickets)
    yield worker
    await worker.close()


async def look(worker: Worker) -> Any:
    arguments = {"root": "/", "path": "tmp", "follow": True}
    return await worker.call("stat", arguments, list[Any], seconds=60)


async def test_it_acts_with_a_ticket_and_is_given_few(
    worker: Worker, tickets: Tickets
) -> None:
    for _ in range(20):
        await look(worker)
    assert tickets.given == 2  # one to start it, one for it


async def test_nothing_is_begun_for_who_is_absent(
    worker: Worker, tickets: Tickets
) -> None:
    tickets.absent = True
    with pytest.raises(PersonAbsent):
        await look(worker)
    assert worker.pid is None
    tickets.absent = False
    await look(worker)


@pytest.mark.parametrize("operation", ["stat", "run", "launch", "begin", "remove", "x"])
async def test_it_does_nothing_after_the_end_of_its_ticket(
    worker: Worker, tickets: Tickets, operation: str
) -> None:
    """Though the gateway, which was taken over, keeps its socket and sends on."""
    tickets.seconds = 1.0
    await look(worker)
    connection = worker._connection
    assert connection is not None

    async def ended() -> bool:
        answer = await connection.request({"op": operation}, None)
        return answer.errno == 127  # EKEYEXPIRED

    async with asyncio.timeout(60):
        while not await ended():
            await asyncio.sleep(0.1)
    for free in ("ping", "in_hand"):
        assert (await connection.request({"op": free}, None)).errno == 0
    tickets.seconds = 60.0
    await look(worker)


async def test_a_request_of_a_person_who_has_gone_says_so(
    worker: Worker, tickets: Tickets
) -> None:
    tickets.seconds = 1.0
    await look(worker)
    connection = worker._connection
    assert connection is not None
    tickets.absent = True
    connection.permitted_until = time.monotonic() + 600
    await asyncio.sleep(1.1)  # until the ticket has ended for the worker
    with pytest.raises(NotSignedIn, match="has ended"):
        await look(worker)


async def test_tickets_of_others_are_refused(tickets: Tickets, worker: Worker) -> None:
    """Of another person, with another end, of another key, and of no form at all."""
    await look(worker)
    connection = worker._connection
    assert connection is not None
    later = str(int((time.monotonic() + 600) * 1000))
    right = (await tickets()).text
    for text in (
        tickets.granter.ticket("bob", time.monotonic() + 60).text,
        f"{later} {right.split()[1]}",
        f"{later} {tag_of(b'x' * 32, later)}",
        "",
        "1",
        " ",
        f"{later} \u00e9",
        right + "0",
    ):
        answer = await connection.request({"op": "ticket", "ticket": text}, None)
        assert answer.errno, text
    odds: tuple[object, ...] = (None, 1, [], {})
    for odd in odds:
        answer = await connection.request({"op": "ticket", "ticket": odd}, None)
        assert answer.errno
    answer = await connection.request({"op": "ticket", "ticket": right}, None)
    assert answer.errno == 0


async def test_a_ticket_from_before_the_machine_was_restarted_is_refused(
    tickets: Tickets, worker: Worker, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its end may lie far ahead: the monotonic clock has begun anew."""
    with monkeypatch.context() as before:
        before.setattr(grants, "boot_id", lambda: "another run of the machine")
        old = tickets.granter.ticket(PERSON, time.monotonic() + 86_400)
    await look(worker)
    connection = worker._connection
    assert connection is not None
    answer = await connection.request({"op": "ticket", "ticket": old.text}, None)
    assert answer.errno == errno.EKEYREVOKED


async def test_another_key_than_the_broker_s_is_the_operator_s_to_mend(
    tmp_path: Path, tickets: Tickets
) -> None:
    worker = Worker(BrokersStarter(b"o" * 32), ticketer=tickets)
    with pytest.raises(Unavailable, match="different keys"):
        await look(worker)
    await worker.close()


def test_a_key_that_is_cut_off_is_none() -> None:
    """Or a ticket without any key would do."""
    for key in (b"", b"k" * 31):
        with pytest.raises(ValueError, match="key"):
            Permit(key)
    with pytest.raises(OSError, match=os.strerror(128)):
        Permit(None).renew({"ticket": "1 x"})
    assert Permit(None).holds()
