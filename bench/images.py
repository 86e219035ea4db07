"""Searching images through HTTP: long lists as JSON, and places in a few nights.

The gateway has a survey of a million images (GATEWRIGHT_BENCH_IMAGES) of 0.3 x 0.6
degrees, in 3,000 fields and some hundred nights. Lists have 1,000 and 10,000 images;
the peer fetches the same rows with sqlite3 and encodes them with json, in its own
process and without HTTP. Searches of a place within a time are each asked for another
place and night, and the median and the 99th percentile are printed, of the wall time
and of the CPU time of the gateway's processes, which other work on the machine changes
less.
GATEWRIGHT_BENCH_POSTGRESQL (the URL of an empty database) has all but the peer done
there.
"""

import asyncio
import json
import os
import sqlite3
import tempfile
import time
from http.client import HTTPConnection
from pathlib import Path
from statistics import median, quantiles
from urllib.parse import urlencode

from bench.image_index import FIELDS, IMAGES, fields, fill
from bench.support.processes import cpu_seconds, tell
from bench.support.whole_gateway import gateway
from gatewright.backends.postgresql import POSTGRESQL, PostgresqlDatabase
from gatewright.backends.sql.images import SqlImageIndex
from gatewright.backends.sql.migrations import migrate
from gatewright.backends.sqlite import SQLITE, SqliteDatabase
from gatewright.core.access import PUBLIC
from gatewright.domains.sky import Survey

HOST = "127.0.0.1"
REPEATS, SEARCHES = 15, 400
NEVER = 2e11
"""A moment in the far future; until then nobody looks for the survey's files."""
PLACES = {
    "cone of 10 arcsec": ("CIRCLE {0:.5f} {1:.5f} 0.0028", 0.0),
    "cone of 0.5 degrees": ("CIRCLE {0:.5f} {1:.5f} 0.5", 0.0),
    "cone of 3 degrees": ("CIRCLE {0:.5f} {1:.5f} 3", 0.0),
    "box of 0.2 x 0.2 degrees": ("RANGE {0:.5f} {2:.5f} {1:.5f} {3:.5f}", 0.2),
    "box of 3 x 3 degrees": ("RANGE {0:.5f} {2:.5f} {1:.5f} {3:.5f}", 3.0),
}
WINDOWS = {"1 hour": 1 / 24, "1 night": 1, "10 nights": 10, "100 nights": 100}


class Client:
    """Sends requests to a gateway over one connection, and measures them."""

    def __init__(self, port: int, pid: int, token: str) -> None:
        self._connection = HTTPConnection(HOST, port, timeout=600)
        self._pid = pid
        self._fields = {"authorization": f"Bearer {token}"}

    def get(self, **parameters: object) -> tuple[float, bytes]:
        """Return the seconds of a search, and the body."""
        target = f"/api/v1/images?{urlencode(parameters)}"
        began = time.perf_counter()
        self._connection.request("GET", target, headers=self._fields)
        answer = self._connection.getresponse()
        body = answer.read()
        assert answer.status == 200, (target, body)
        return time.perf_counter() - began, body

    def cpu(self) -> float:
        """Return the CPU seconds of the gateway's processes."""
        return cpu_seconds(self._pid)


async def prepare(folder: Path, url: str) -> None:
    """Put the images into the gateway's database."""
    if url:
        database: SqliteDatabase | PostgresqlDatabase
        database = await PostgresqlDatabase.open(url, seconds=600)
        await migrate(database, POSTGRESQL)
    else:
        (folder / "state").mkdir(mode=0o700, exist_ok=True)
        database = await SqliteDatabase.open(folder / "state" / "gateway.sqlite")
        await migrate(database, SQLITE)
    index = SqlImageIndex(database)
    if not (await index.coverage("bench")).images:
        await fill(database, fields())
        await index.save_survey(Survey("bench", "Bench", "/nowhere", PUBLIC))
        await index.claim("bench", "bench", 1.0, 2.0)
        await index.finish("bench", "bench", NEVER)
    await database.close()


def peer(path: Path, limit: int) -> tuple[float, int]:
    """Return the seconds to fetch and encode images without a gateway, and bytes."""
    connection = sqlite3.connect(path)
    connection.row_factory = sqlite3.Row
    began = time.perf_counter()
    text = "SELECT * FROM image WHERE survey = ? ORDER BY t, number LIMIT ?"
    rows = list(map(dict, connection.execute(text, ("bench", limit))))
    body = json.dumps({"images": rows})
    seconds = time.perf_counter() - began
    connection.close()
    return seconds, len(body)


def lists(client: Client, path: Path | None) -> None:
    """Ask for long lists, and print wall and CPU time of the gateway."""
    for limit in (1000, 10_000):
        ours, used, size = [], [], 0
        peers = []
        for _ in range(REPEATS):
            before = client.cpu()
            seconds, body = client.get(survey="bench", limit=limit)
            ours.append(1000 * seconds)
            used.append(1000 * (client.cpu() - before))
            size = len(body)
            if path is not None:
                peers.append(1000 * peer(path, limit)[0])
        name = f"{limit} images as JSON"
        print(
            f"{name}: {size / 1e6:.2f} MB, wall {median(ours):.1f} ms (least "
            f"{min(ours):.1f}), CPU {median(used):.1f} ms (least {min(used):.1f})",
            flush=True,
        )
        if peers:
            tell(name, ours, peers, "ms")


def searches(client: Client) -> None:
    """Search places within times, and print how long that takes."""
    places = fields()
    for place, (pattern, width) in PLACES.items():
        for window, nights in WINDOWS.items():
            took, used, found = [], [], 0
            for number in range(SEARCHES):
                ra, dec = places[number * 71 % FIELDS]
                ra, dec = min(ra + 0.05, 356.0), dec + 0.1
                night = 58000 + number * 7 % max(1, IMAGES // FIELDS)
                pos = pattern.format(ra, dec, ra + width, dec + width)
                time_ = f"{night} {night + nights}"
                before = client.cpu()
                seconds, body = client.get(pos=pos, time=time_, survey="bench")
                took.append(1000 * seconds)
                used.append(1000 * (client.cpu() - before))
                found += body.count(b'"observation":')
            wall, cpu = quantiles(took, n=100), quantiles(used, n=100)
            print(
                f"{place}, {window}: wall p50 {wall[49]:.1f} ms, p99 {wall[98]:.1f} "
                f"ms; CPU p50 {cpu[49]:.2f} ms, p99 {cpu[98]:.2f} ms; "
                f"{found / SEARCHES:.1f} images each",
                flush=True,
            )


def main() -> None:
    """Run the benchmark."""
    url = os.environ.get("GATEWRIGHT_BENCH_POSTGRESQL", "")
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(os.environ.get("GATEWRIGHT_BENCH_FOLDER", temporary))
        asyncio.run(prepare(folder, url))
        home = folder / "home"
        home.mkdir(exist_ok=True)
        path = None if url else folder / "state" / "gateway.sqlite"
        with gateway(folder, home, HOST, database=url or "sqlite") as served:
            client = Client(*served)
            lists(client, path)
            searches(client)


if __name__ == "__main__":
    main()
