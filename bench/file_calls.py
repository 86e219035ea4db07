"""`ls` of 100 entries, stat and head through HTTP, against commands and SFTP.

Ours is the whole gateway over one connection that stays open: token, the person's
worker, log. The peers are asyncssh's client and server over one warm connection, each
in a process of its own: SFTP, with the attributes that `ls -l` shows, and a command for
each request (`ls -l`, `stat`, `head`), as FirecREST does. Printed beside are the same
command by the gateway's own call, as pages of NEWT list files, and the bare process,
started from here, without anything that takes it to its person. All are asked in turn.
"""

import asyncio
import json
import os
import subprocess
import tempfile
import time
from collections.abc import Awaitable, Callable
from contextlib import ExitStack
from http.client import HTTPConnection
from pathlib import Path
from statistics import median

import asyncssh

from bench.support.processes import (
    cpu_seconds,
    free_port,
    python,
    server,
    wait_until_idle,
)
from bench.support.ssh_server import USER
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


async def seconds_of(call: Call, count: int) -> list[float]:
    """Return the seconds of some calls, one after the other."""
    times = []
    for _ in range(count):
        began = time.perf_counter()
        await call()
        times.append(time.perf_counter() - began)
    return times


async def measure(
    ours: Ours, own: GatewayCommands, port: int, key: Path, folder: Path, pid: int
) -> None:
    """Measure all calls by all ways in turn, and print the medians and ratios."""
    async with (
        asyncssh.connect(
            HOST, port, username=USER, client_keys=[str(key)], known_hosts=None
        ) as connection,
        connection.start_sftp_client() as client,
    ):
        ways = (
            ("ours", ours, CALLS),
            ("command", SshCommands(connection, folder), COMMANDS),
            ("command by the gateway", own, COMMANDS),
            ("process", Processes(folder), COMMANDS),
            ("sftp", Sftp(client, folder), CALLS),
        )
        for name in ("ls", "stat", "head"):
            found: dict[str, list[float]] = {way: [] for way, _, _ in ways}
            used = 0.0
            for repeat in range(ROUNDS + 1):
                for way, through, count in ways:
                    before = cpu_seconds(pid)
                    times = await seconds_of(getattr(through, name), count)
                    if repeat:  # the first warms up
                        found[way] += times
                        used += (cpu_seconds(pid) - before) * (way == "ours")
            p50 = {way: 1000 * median(times) for way, times in found.items()}
            print(
                f"{name}: ours {p50['ours']:.2f} ms (at most {WANTED_MS:g}; "
                f"{1000 * used / (ROUNDS * CALLS):.2f} ms of server CPU), "
                + ", ".join(f"{way} {p50[way]:.2f} ms" for way, _, _ in ways[1:])
            )
            print(
                f"{name}: ours is {p50['command'] / p50['ours']:.1f} times as fast as "
                f"a command by SSH (wanted {WANTED_RATIO}), "
                f"{p50['command by the gateway'] / p50['ours']:.1f} times as fast as "
                "one by the gateway, and "
                f"{p50['sftp'] / p50['ours']:.2f} times as fast as SFTP (wanted 1)"
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
        keys["c"].write_public_key(str(folder / "c.pub"))
        port = free_port()
        words = (str(port), str(folder / "h"), str(folder / "c.pub"))
        stack.enter_context(
            server(python("-m", "bench.support.ssh_server", *words), port)
        )
        opened = gateway(folder, home, HOST)
        own_port, pid, token = stack.enter_context(opened)
        wait_until_idle(pid)  # as it begins, it starts a process that stands by
        ours, own = Ours(own_port, token), GatewayCommands(own_port, token)
        asyncio.run(measure(ours, own, port, folder / "c", home, pid))


if __name__ == "__main__":
    main()
