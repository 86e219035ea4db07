"""Asks for one small answer again and again, until its input ends; prints the times.

A process of its own, so that nothing but the server holds it up.
"""

import json
import select
import sys
import time
from http.client import HTTPConnection

PAUSE = 0.005


def main() -> None:
    """Ask the port and path of the arguments; print seconds as a list of JSON."""
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
