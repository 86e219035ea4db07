"""`ls` of 100 entries, stat and head through HTTP, against commands and SFTP.

Ours is the whole gateway over one connection that stays open: token, the person's
worker, log. The peer is OpenSSH's server, which centres run, over one warm connection
of asyncssh's client: SFTP, with the attributes that `ls -l` shows, and a command for
each request (`ls -l`, `stat`, `head`), as FirecREST does. What is wanted is wanted
against it. Printed beside are the same two by asyncssh's own server, the same command
by the gateway's own call, as pages of NEWT list files, and the bare process, started
from here, without anything that takes it to its person. All are asked in turn. The
clients, all of them in Python, are part of each time; what CPU they use of it is
printed too.
"""

import asyncio
import json
import os
import subprocess
import tempfile
import time
from collections.abc import Awaitable, Callable, Mapping
from contextlib import AsyncExitStack, ExitStack
from dataclasses import dataclass, field
from http.client import HTTPConnection
from pathlib import Path
from statistics import median

import asyncssh

from bench.support.openssh import account, openssh
from bench.support.processes import (
    cpu_seconds,
    free_port,
    python,
    server,
    wait_until_idle,
)
from bench.support.whole_gateway import gateway

ENTRIES = 100
HEAD = 1024
ROUNDS = int(os.environ.get("GATEWRIGHT_BENCH_ROUNDS", "7"))
CALLS = int(os.environ.get("GATEWRIGHT_BENCH_CALLS", "200"))
COMMANDS = max(2, CALLS // 8)
WANTED_MS = 2.0
WANTED_RATIO = 10
HOST = "127.0.0.1"

Call = Callable[[], Awaitable[None]]


class Ours:
    """Requests to the gateway."""

    def __init__(self, port: int, token: str) -> None:
        self._connection = HTTPConnection(HOST, port, timeout=60)
        self._fields = {"Authorization": f"Bearer {token}"}

    def _get(self, target: str, **fields: str) -> bytes:
        self._connection.request("GET", target, headers=self._fields | fields)
        response = self._connection.getresponse()
        body = response.read()
        if response.status not in {200, 206}:
            raise RuntimeError(f"{response.status} of {target}: {body[:200]!r}")
        return body

    async def ls(self) -> None:
        body = json.loads(self._get(f"/api/v1/files/local/many?limit={ENTRIES}"))
        expect(len(body["entries"]), ENTRIES)

    async def stat(self) -> None:
        body = json.loads(self._get("/api/v1/files/local/file?view=stat"))
        expect(body["size"], HEAD * 64)

    async def head(self) -> None:
        target = "/api/v1/files/local/file"
        expect(len(self._get(target, Range=f"bytes=0-{HEAD - 1}")), HEAD)


class GatewayCommands:
    """A command for each request, by the gateway's call for commands."""

    def __init__(self, port: int, token: str) -> None:
        self._connection = HTTPConnection(HOST, port, timeout=60)
        self._fields = {
            "Authorization": f"Bearer {token}",
            "Content-Type": "application/json",
        }

    def _run(self, *argv: str) -> str:
        body = json.dumps({"command": argv})
        target = "/api/v1/command/local"
        self._connection.request("POST", target, body, headers=self._fields)
        response = self._connection.getresponse()
        outcome = json.loads(response.read())
        if response.status != 200 or outcome["exit_code"]:
            raise RuntimeError(f"{response.status} of a command: {outcome!r}")
        return str(outcome["stdout"])

    async def ls(self) -> None:
        expect(len(self._run("ls", "-l", "many").splitlines()), ENTRIES + 1)

    async def stat(self) -> None:
        expect(int(self._run("stat", "--format=%s", "file")), HEAD * 64)

    async def head(self) -> None:
        expect(len(self._run("head", "-c", str(HEAD), "file")), HEAD)


class Processes:
    """A process for each request, started from here."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def _run(self, *argv: str) -> bytes:
        done = subprocess.run(argv, cwd=self._folder, capture_output=True, check=True)
        return done.stdout

    async def ls(self) -> None:
        expect(len(self._run("ls", "-l", "many").splitlines()), ENTRIES + 1)

    async def stat(self) -> None:
        expect(int(self._run("stat", "--format=%s", "file")), HEAD * 64)

    async def head(self) -> None:
        expect(len(self._run("head", "-c", str(HEAD), "file")), HEAD)


class SshCommands:
    """A command for each request, over one SSH connection."""

    def __init__(self, connection: asyncssh.SSHClientConnection, folder: Path) -> None:
        self._connection = connection
        self._folder = folder

    async def _run(self, command: str) -> str:
        done = await self._connection.run(f"cd {self._folder} && {command}", check=True)
        return str(done.stdout)

    async def ls(self) -> None:
        expect(len((await self._run("ls -l many")).splitlines()), ENTRIES + 1)

    async def stat(self) -> None:
        expect(int(await self._run("stat --format=%s file")), HEAD * 64)

    async def head(self) -> None:
        expect(len(await self._run(f"head -c {HEAD} file")), HEAD)


class Sftp:
    """Requests over one SSH connection."""

    def __init__(self, client: asyncssh.SFTPClient, folder: Path) -> None:
        self._client = client
        self._folder = str(folder)

    async def ls(self) -> None:
        names = await self._client.readdir(f"{self._folder}/many")
        expect(len([one for one in names if one.filename not in {".", ".."}]), ENTRIES)

    async def stat(self) -> None:
        expect((await self._client.stat(f"{self._folder}/file")).size, HEAD * 64)

    async def head(self) -> None:
        async with self._client.open(f"{self._folder}/file", "rb") as file:
            expect(len(await file.read(HEAD)), HEAD)


def expect(found: object, wanted: object) -> None:
    """Raise an error if an answer is not right."""
    if found != wanted:
        raise RuntimeError(f"{found!r} instead of {wanted!r}")


@dataclass(slots=True)
class Way:
    """One way to ask for what a call asks for."""

    name: str
    """Name in the output."""
    through: object
    """Has a method for each call."""
    calls: int
    """How many calls are made in a round."""
    seconds: list[float] = field(default_factory=list)
    """Seconds of each measured call."""
    client_cpu: float = 0.0
    """CPU seconds of this process in all of them."""

    async def round(self, name: str, *, counts: bool) -> None:
        """Make the calls of one round; the times of a first one do not count."""
        call: Call = getattr(self.through, name)
        used = time.process_time()
        times = []
        for _ in range(self.calls):
            began = time.perf_counter()
            await call()
            times.append(time.perf_counter() - began)
        if counts:
            self.seconds += times
            self.client_cpu += time.process_time() - used

    @property
    def p50(self) -> float:
        """Median of the calls, milliseconds."""
        return 1000 * median(self.seconds)

    def __str__(self) -> str:
        """Return the median and the client's CPU time of a call."""
        client = 1000 * self.client_cpu / len(self.seconds)
        return f"{self.name} {self.p50:.2f} ms ({client:.2f} client CPU)"


async def ssh_ways(
    stack: AsyncExitStack, servers: Mapping[str, int], key: Path, folder: Path
) -> list[Way]:
    """Connect to SSH servers, given by name; return their commands and SFTP."""
    ways = []
    for name, port in servers.items():
        connection = await stack.enter_async_context(
            asyncssh.connect(
                HOST,
                port,
                username=account(),
                client_keys=[str(key)],
                known_hosts=None,
            )
        )
        client = await stack.enter_async_context(connection.start_sftp_client())
        commands = SshCommands(connection, folder)
        ways.append(Way(f"command by {name}", commands, COMMANDS))
        ways.append(Way(f"SFTP by {name}", Sftp(client, folder), CALLS))
    return ways


async def measure(
    through: Mapping[str, object],
    servers: Mapping[str, int],
    key: Path,
    folder: Path,
    pid: int,
) -> None:
    """Measure all calls by all ways in turn, and print the medians and ratios.

    The first of ``through`` is ours, whose process is ``pid``; the ratios are those to
    the first of the SSH servers.
    """
    for name in ("ls", "stat", "head"):
        async with AsyncExitStack() as stack:
            ours, *own = (
                Way(way, one, COMMANDS if number else CALLS)
                for number, (way, one) in enumerate(through.items())
            )
            command, sftp, *others = await ssh_ways(stack, servers, key, folder)
            used = 0.0
            for number in range(ROUNDS + 1):
                before = cpu_seconds(pid)
                await ours.round(name, counts=number > 0)
                used += (cpu_seconds(pid) - before) * (number > 0)
                for way in (command, sftp, *others, *own):
                    await way.round(name, counts=number > 0)
        print(
            f"{name}: {ours} (at most {WANTED_MS:g}; "
            f"{1000 * used / len(ours.seconds):.2f} ms of server CPU), "
            + ", ".join(map(str, (command, sftp, *others, *own)))
        )
        print(
            f"{name}: ours is {command.p50 / ours.p50:.1f} times as fast as a "
            f"{command.name} (wanted {WANTED_RATIO}), {sftp.p50 / ours.p50:.2f} times "
            f"as fast as {sftp.name} (wanted 1); beside: "
            + ", ".join(
                f"{way.p50 / ours.p50:.2f} times {way.name}" for way in (*others, *own)
            )
        )


def main() -> None:
    """Run the benchmark."""
    with tempfile.TemporaryDirectory() as name, ExitStack() as stack:
        folder = Path(name)
        home = folder / "home"
        (home / "many").mkdir(parents=True)
        for number in range(ENTRIES):
            (home / "many" / f"entry-{number:03}.txt").write_bytes(b"x" * number)
        (home / "file").write_bytes(b"\x5a" * HEAD * 64)
        keys = {one: asyncssh.generate_private_key("ssh-ed25519") for one in "hc"}
        for one, key in keys.items():
            key.write_private_key(str(folder / one))
            (folder / one).chmod(0o600)  # or sshd does not take it
        keys["c"].write_public_key(str(folder / "c.pub"))
        real = stack.enter_context(openssh(folder, folder / "h", folder / "c.pub"))
        servers = {} if real is None else {"OpenSSH": real}
        port = servers["asyncssh"] = free_port()
        words = (str(port), str(folder / "h"), str(folder / "c.pub"))
        stack.enter_context(
            server(python("-m", "bench.support.ssh_server", *words), port)
        )
        opened = gateway(folder, home, HOST)
        own_port, pid, token = stack.enter_context(opened)
        wait_until_idle(pid)  # as it begins, it starts a process that stands by
        through = {
            "ours": Ours(own_port, token),
            "command by the gateway": GatewayCommands(own_port, token),
            "process": Processes(home),
        }
        asyncio.run(measure(through, servers, folder / "c", home, pid))


if __name__ == "__main__":
    main()
