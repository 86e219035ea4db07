"""The first page of a folder of 100,000 files, against `ls` and SFTP.

Ours is 100 entries, sorted by name, through the whole gateway and the person's worker;
then the next page. The peers have no pages: over one warm SSH connection
(asyncssh's client and server), SFTP reads all attributes, and `ls -l` is run with its
output cut to 100 lines, which it still sorts. All are asked in turn.
"""

import asyncio
import json
import os
import tempfile
import time
from contextlib import ExitStack
from http.client import HTTPConnection
from pathlib import Path
from statistics import median
from urllib.parse import quote

import asyncssh

from bench.support.openssh import account
from bench.support.processes import cpu_seconds, free_port, python, server
from bench.support.whole_gateway import gateway

FILES = int(os.environ.get("GATEWRIGHT_BENCH_FILES", "100000"))
ROUNDS = int(os.environ.get("GATEWRIGHT_BENCH_ROUNDS", "5"))
PAGE = 100
WANTED_MS = 300
HOST = "127.0.0.1"


class Ours:
    """Pages of the gateway."""

    def __init__(self, port: int, token: str) -> None:
        self._connection = HTTPConnection(HOST, port, timeout=60)
        self._fields = {"Authorization": f"Bearer {token}"}

    def page(self, cursor: str = "") -> dict[str, object]:
        """Return a page of the folder."""
        target = f"/api/v1/files/local/many?limit={PAGE}"
        target += f"&cursor={quote(cursor)}" if cursor else ""
        self._connection.request("GET", target, headers=self._fields)
        response = self._connection.getresponse()
        body = response.read()
        if response.status != 200:
            raise RuntimeError(f"{response.status}: {body[:200]!r}")
        page: dict[str, object] = json.loads(body)
        expect(len(page["entries"]), PAGE)  # type: ignore[arg-type]  # JSON
        return page


def expect(found: object, wanted: object) -> None:
    """Raise an error if an answer is not right."""
    if found != wanted:
        raise RuntimeError(f"{found!r} instead of {wanted!r}")


async def measure(ours: Ours, port: int, key: Path, folder: Path, pid: int) -> None:
    """Measure all ways in turn, and print the medians and ratios."""
    ways: dict[str, list[float]] = {"first": [], "next": [], "sftp": [], "ls": []}
    used = 0.0
    async with (
        asyncssh.connect(
            HOST, port, username=account(), client_keys=[str(key)], known_hosts=None
        ) as connection,
        connection.start_sftp_client() as client,
    ):
        for repeat in range(ROUNDS + 1):
            times = {}
            before, began = cpu_seconds(pid), time.perf_counter()
            cursor = ours.page()["next"]
            times["first"] = time.perf_counter() - began
            spent = cpu_seconds(pid) - before
            began = time.perf_counter()
            ours.page(str(cursor))
            times["next"] = time.perf_counter() - began
            began = time.perf_counter()
            names = await client.readdir(str(folder / "many"))
            times["sftp"] = time.perf_counter() - began
            expect(len(names), FILES + 2)
            began = time.perf_counter()
            done = await connection.run(
                f"ls -l {folder / 'many'} | head -n {PAGE + 1}", check=True
            )
            times["ls"] = time.perf_counter() - began
            expect(len(str(done.stdout).splitlines()), PAGE + 1)
            if repeat:  # the first warms up
                used += spent
                for way, seconds in times.items():
                    ways[way].append(seconds)
    p50 = {way: 1000 * median(times) for way, times in ways.items()}
    print(
        f"first of {FILES // PAGE} pages: ours {p50['first']:.0f} ms (at most "
        f"{WANTED_MS}; {1000 * used / ROUNDS:.1f} ms of it CPU of the gateway), the "
        f"next {p50['next']:.0f} ms, ls {p50['ls']:.0f} ms, SFTP {p50['sftp']:.0f} ms"
    )
    print(
        f"first page: ours is {p50['ls'] / p50['first']:.1f} times as fast as ls and "
        f"{p50['sftp'] / p50['first']:.1f} times as fast as SFTP (wanted 1)"
    )


def main() -> None:
    """Run the benchmark."""
    with tempfile.TemporaryDirectory() as name, ExitStack() as stack:
        folder = Path(name)
        home = folder / "home"
        (home / "many").mkdir(parents=True)
        for number in range(FILES):
            os.mknod(home / "many" / f"file-{number * 7919 % FILES:06}.dat", 0o600)
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
        asyncio.run(measure(Ours(own_port, token), port, folder / "c", home, pid))


if __name__ == "__main__":
    main()
