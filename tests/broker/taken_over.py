"""A gateway that was taken over: what it tries for a person, as the gateway's account.

It is run with ``python -c``, with the folder of the centre, the person's name, a file
of theirs, and either whether it holds on to a worker that it gets, or another person,
whom it tries to reach with what the first has left behind. It prints one JSON object
for each that it tried: the outcome, or what refused it.
"""

import asyncio
import json
import socket
import sqlite3
import sys
import time
from collections.abc import Awaitable, Callable, Sequence
from functools import partial
from pathlib import Path

from gatewright.backends.authn import AuthnClient, AuthnGranter
from gatewright.backends.authn.audit import RemoteAudit
from gatewright.backends.broker import Broker, BrokerStarter, Granter, KeyGranter
from gatewright.backends.posix import PosixFileSystem
from gatewright.backends.worker import (
    Intent,
    IntentTicket,
    OneWorker,
    Ticket,
    Worker,
    WorkerCommands,
    digest_of,
)
from gatewright.core.caller import OWNER_SCOPES, Caller, Role
from gatewright.core.errors import GatewayError, PersonAbsent
from gatewright.domains.files import Command
from gatewright.domains.identity import AuditEntry, AuditSearch


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
        await tried("another record for what was begun", self.falsified)
        for method in ("audit.append", "audit.after"):
            await tried(method, partial(self.client.call, method, object))
        made = Caller(self.name, frozenset(map(str, OWNER_SCOPES)), role=Role.OWNER)
        for method in ("tokens.issue", "sessions.of", "users.page"):
            calling = partial(self.client.call, method, object, caller=made)
            await tried(method, calling)
        searching = partial(RemoteAudit(self.client).search, made, AuditSearch())
        await tried("audit.search", searching)
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

    async def falsified(self) -> str:
        """Begin a change of the person's, and tell another one as its outcome."""
        begun = AuditEntry(0, self.name, "", "PUT", "/begun", 0, "r1", "192.0.2.1")
        intent = await RemoteAudit(self.client).begin(begun)
        told = AuditEntry(0, "nobody", "", "GET", "/told", 404, "r2", "192.0.2.2")
        await RemoteAudit(self.client).record(told, intent=intent)
        return "told"

    async def database(self) -> object:
        where = self.folder / "authn" / "state" / "gateway.sqlite"
        try:
            with sqlite3.connect(f"file:{where}?mode=ro", uri=True) as found:
                return found.execute("SELECT count(*) FROM session").fetchone()[0]
        except sqlite3.OperationalError as error:
            raise PermissionError from error


class LeftBehind:
    """What it tries with the grant of an intent, when the person is absent."""

    def __init__(self, attack: Attack, other: str) -> None:
        self.attack = attack
        self.other = other
        self.call = attack.client.call
        self.own = Command((b"id", b"-un"), b"/")
        self.grant = ""

    async def sign(self, name: str, frames: Sequence[str]) -> str:
        arguments = {"user": self.attack.name, "name": name, "frames": list(frames)}
        made: str = await self.call("intents.sign", str, arguments)
        return made

    async def ticket(self, grant: str) -> IntentTicket:
        asked = {"grant": grant}
        made: IntentTicket = await self.call("intents.ticket", IntentTicket, asked)
        return made

    async def end(self, grants: Sequence[str]) -> None:
        await self.call("intents.end", type(None), {"grants": list(grants)})

    async def run(self) -> None:
        request = WorkerCommands(OneWorker(Worker()), b"/").request(self.own)
        frame = digest_of({"op": "run", "word": "", **request}, b"")
        self.grant = await self.sign("left", [frame])
        tell("signed", "while the person asks")
        sys.stdin.readline()
        while not await self.absent():
            await asyncio.sleep(0.1)
        name, reading = self.attack.name, (b"cat", self.attack.path.encode())
        await tried("the very request", lambda: self.asked(name, self.own))
        other = Command(reading, b"/")
        await tried("another command", lambda: self.asked(name, other))
        piped = Command(self.own.argv, b"/", stdin=b"x")
        await tried("another input", lambda: self.asked(name, piped))
        await tried("a file", lambda: self.asked(name, None))
        await tried("another person", lambda: self.asked(self.other, self.own))
        kept, self.grant = self.grant, self.grant.replace(name, self.other, 1)
        await tried("a grant in another name", lambda: self.asked(self.other, self.own))
        self.grant = kept
        await self.end([kept])
        await tried("after the end", lambda: self.asked(name, self.own))
        await self.attack.client.close()

    async def absent(self) -> bool:
        try:
            await self.attack.ticket()
        except PersonAbsent:
            return True
        return False

    async def asked(self, name: str, command: Command | None) -> str:
        """Return what a command prints, or the file, by a new worker of an account."""
        starter = BrokerStarter(Broker(self.attack.broker, self.attack.granter), name)

        async def ticketer() -> Ticket:
            asked = {"user": name}
            got: Ticket = await self.call("ticket", Ticket, asked)
            return got

        worker = Worker(starter, ticketer=ticketer, intents=self)
        commands = WorkerCommands(OneWorker(worker), b"/")
        intent = Intent(self.grant)
        try:
            if command is None:
                return await read(worker, self.attack.path)
            outcome = await commands.run(name, command, intent=intent)
            return outcome.stdout.decode().strip()
        finally:
            await worker.close()


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
    folder, name, path, *more = sys.argv[1:]
    attack = Attack(Path(folder), name, path, hold=more == ["hold"])
    if more and not attack.hold:
        await LeftBehind(attack, more[0]).run()
    else:
        await attack.run()


if __name__ == "__main__":
    asyncio.run(main())
