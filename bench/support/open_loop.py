"""Requests at a fixed rate over many connections; prints how long each took.

It is an open loop: a request is due at its time whether earlier ones are answered or
not, and the time that it waits for a connection counts. A process of its own, so that
only the server delays the requests. It prints the share of a core that it used, too: if
that is near 1, it delayed them itself.
"""

import asyncio
import json
import sys
import time

HOST = "127.0.0.1"


class Load:
    """Requests of one target with a token, over connections that stay open."""

    def __init__(self, port: int, target: str, token: str) -> None:
        self.port = port
        self.request = (
            f"GET {target} HTTP/1.1\r\nHost: {HOST}:{port}\r\n"
            f"Authorization: Bearer {token}\r\n\r\n"
        ).encode()
        self.due: asyncio.Queue[float] = asyncio.Queue()
        self.times: list[float] = []
        self.left = 0
        self.done = asyncio.Event()

    async def connection(self) -> None:
        """Make the requests that are due, one after the other, until cancelled."""
        reader, writer = await asyncio.open_connection(HOST, self.port)
        while True:
            due = await self.due.get()
            writer.write(self.request)
            head = await reader.readuntil(b"\r\n\r\n")
            if not head.startswith(b"HTTP/1.1 200 "):
                raise RuntimeError(head[:200])
            _, _, rest = head.lower().partition(b"content-length: ")
            await reader.readexactly(int(rest.partition(b"\r\n")[0]))
            self.times.append(time.perf_counter() - due)
            self.left -= 1
            if not self.left:
                self.done.set()

    async def run(self, connections: int, rate: float, seconds: float) -> None:
        """Make ``rate`` requests a second for some seconds.

        Raises
        ------
        RuntimeError
            A response has another status than 200.
        """
        async with asyncio.TaskGroup() as group:
            tasks = [group.create_task(self.connection()) for _ in range(connections)]
            began, self.left = time.perf_counter(), round(rate * seconds)
            for number in range(self.left):
                due = began + number / rate
                await asyncio.sleep(due - time.perf_counter())
                self.due.put_nowait(due)
            await self.done.wait()
            for task in tasks:
                task.cancel()


def main() -> None:
    """Run the load of the arguments; print seconds and the used CPU share as JSON."""
    port, target, token, connections, rate, seconds = sys.argv[1:]
    load = Load(int(port), target, token)
    began, used = time.perf_counter(), time.process_time()
    asyncio.run(load.run(int(connections), float(rate), float(seconds)))
    share = (time.process_time() - used) / (time.perf_counter() - began)
    print(json.dumps({"seconds": load.times, "cpu": share}))


if __name__ == "__main__":
    main()
