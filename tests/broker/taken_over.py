"""A gateway that was taken over: what it tries for a person, as the gateway's account.

It is run with ``python -c``, with the folder of the centre, the person's name, a file
of theirs, and whether it holds on to a worker that it gets. It prints one JSON object
for each that it tried: the outcome, or what refused it.
"""

import asyncio
import json
import socket
import sqlite3
import sys
import time
from collections.abc import Awaitable, Callable
from functools import partial
from pathlib import Path

from gatewright.backends.authn import AuthnClient, AuthnGranter
from gatewright.backends.broker import Broker, BrokerStarter, Granter, KeyGranter
from gatewright.backends.posix import PosixFileSystem
from gatewright.backends.worker import OneWorker, Ticket, Worker
from gatewright.core.caller import OWNER_SCOPES, Caller, Role
from gatewright.core.errors import GatewayError


def tell(what: str, outcome: object) -> None:
    sys.stdout.write(json.dumps({what: outcome}) + "\n")
    sys.stdout.flush()


async def tried(what: str, action: Callable[[], Awaitable[object]]) -> None:
    """Tell the outcome of an attempt."""
    try:
        tell(what, await action())
    except GatewayError as error:
        tell(what, f"refused: {error.code}")
    except OSError as error:
        tell(what, f"refused: {type(error).__name__}")


async def read(worker: Worker, path: str) -> str:
    files = PosixFileSystem(OneWorker(worker), b"/")
    file = await files.open("anybody", path.encode())
    try:
        return (await file.read(0, 1000)).decode()
    finally:
        file.close()


class Attack:
    """What it tries for one person, and a file of theirs."""

    def __init__(self, folder: Path, name: str, path: str, *, hold: bool) -> None:
        self.folder = folder
        self.name = name
        self.path = path
        self.hold = hold
        self.broker = folder / "broker.sock"
        self.client = AuthnClient(folder / "authn" / "socket")
        self.granter = AuthnGranter(self.client, asyncio.get_running_loop())

    async def run(self) -> None:
        await tried("worker with a ticket", self.with_ticket)
        if self.hold:
            return
        await tried("worker without a ticket", lambda: self.without(self.granter))
        key = KeyGranter(self.folder / "grants.key")
        await tried("the key of the grants", lambda: self.without(key))
        grant = b"worker " + self.name.encode() + b" " + b"0" * 64
        await tried("a grant of its own", lambda: self.told(grant))
        await tried("the check of passwords", lambda: self.told(b"sign-in"))
        await tried("the database of authn", self.database)
        made = Caller(self.name, frozenset(map(str, OWNER_SCOPES)), role=Role.OWNER)
        for method in ("tokens.issue", "sessions.of", "users.page"):
            calling = partial(self.client.call, method, object, caller=made)
            await tried(method, calling)
        await self.client.close()

    async def ticket(self) -> Ticket:
        got: Ticket = await self.client.call("ticket", Ticket, {"user": self.name})
        return got

    async def with_ticket(self) -> str:
        starter = BrokerStarter(Broker(self.broker, self.granter), self.name)
        worker = Worker(starter, ticketer=self.ticket)
        content = await read(worker, self.path)
        if self.hold:
            await held(worker, self.path)
        await worker.close()
        return content

    async def without(self, granter: Granter) -> str:
        starter = BrokerStarter(Broker(self.broker, granter), self.name)
        return await read(Worker(starter), self.path)

    async def told(self, message: bytes) -> str:
        """Return what the broker answers to a message."""
        with socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET) as asking:
            asking.connect(str(self.broker))
            asking.recv(512)
            asking.send(message)
            return asking.recv(512).decode()

    async def database(self) -> object:
        where = self.folder / "authn" / "state" / "gateway.sqlite"
        try:
            with sqlite3.connect(f"file:{where}?mode=ro", uri=True) as found:
                return found.execute("SELECT count(*) FROM session").fetchone()[0]
        except sqlite3.OperationalError as error:
            raise PermissionError from error


async def held(worker: Worker, path: str) -> None:
    """Read on with a worker and its one ticket, until that is refused."""
    connection = worker._connection
    assert connection is not None
    connection.permitted_until = time.monotonic() + 3600  # so none is fetched
    tell("got", await read(worker, path))
    sys.stdin.readline()
    while True:
        try:
            await read(worker, path)
        except GatewayError as error:
            tell("held", f"refused: {error.code}")
            return
        await asyncio.sleep(0.1)


async def main() -> None:
    folder, name, path = sys.argv[1:4]
    await Attack(Path(folder), name, path, hold=sys.argv[4:] == ["hold"]).run()


if __name__ == "__main__":
    asyncio.run(main())
