"""A process beside the gateway that starts workers and passes their sockets.

``python outside_starter.py SOCKET PROGRAM``: on each connection it starts one worker,
sends its process id with the gateway's end of the worker's socket, and answers ``K``
(kill it) and ``W`` (has it ended?) with one byte, until the connection closes.
"""

import array
import socket
import subprocess
import sys


def serve_one(connection: socket.socket, program: str) -> None:
    ours, theirs = socket.socketpair()
    worker = subprocess.Popen(
        [sys.executable, "-I", "-S", program, str(theirs.fileno())],
        stdin=subprocess.DEVNULL,
        pass_fds=[theirs.fileno()],
        start_new_session=True,
    )
    theirs.close()
    rights = array.array("i", [ours.fileno()]).tobytes()
    connection.sendmsg(
        [worker.pid.to_bytes(4, "big")],
        [(socket.SOL_SOCKET, socket.SCM_RIGHTS, rights)],
    )
    ours.close()
    while order := connection.recv(1):
        if order == b"K":
            worker.kill()
        connection.sendall(b"-" if worker.poll() is None else b"E")
    worker.wait()


def main(path: str, program: str) -> None:
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(path)
        listener.listen()
        print("ready", flush=True)  # noqa: T201  # to the test that waits for it
        while True:
            connection, _ = listener.accept()
            with connection:
                serve_one(connection, program)


if __name__ == "__main__":
    main(*sys.argv[1:])
