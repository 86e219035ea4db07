"""Requests one small response repeatedly until its standard input ends.

It prints the times. It is a process of its own, so that only the server delays it.
"""

import json
import select
import sys
import time
from http.client import HTTPConnection

PAUSE = 0.005


def main() -> None:
    """Request a path on a port, both arguments; print the seconds as a JSON list."""
    connection = HTTPConnection("127.0.0.1", int(sys.argv[1]), timeout=120)
    times = []
    while not select.select([sys.stdin], [], [], PAUSE)[0]:
        began = time.perf_counter()
        connection.request("GET", sys.argv[2])
        response = connection.getresponse()
        response.read()
        times.append(time.perf_counter() - began)
        if response.status != 200:
            raise RuntimeError(f"{response.status} of a ping")
    print(json.dumps(times))


if __name__ == "__main__":
    main()
