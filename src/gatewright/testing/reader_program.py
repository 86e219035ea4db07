"""Reader functions that answer, fail, hang or crash, for tests of the pool."""

import ctypes
import os
import pathlib
import resource
import socket
import threading
import time
from collections.abc import Callable
from typing import Any

from gatewright.core.errors import NotFound

__all__ = [
    "allocate",
    "crash",
    "crash_once",
    "echo",
    "fault",
    "fill",
    "forbidden",
    "large",
    "log_process",
    "nap",
    "not_values",
    "read",
    "refuse",
    "thread",
    "write",
]


def echo(arguments: dict[str, Any], output: Any) -> dict[str, Any]:
    """Return the arguments and the process id."""
    return {**arguments, "process": os.getpid()}


def log_process(arguments: dict[str, Any], output: Any) -> dict[str, Any]:
    """Return the process id, the parent's id and the environment."""
    return {"process": os.getpid(), "parent": os.getppid(), "env": dict(os.environ)}


def large(arguments: dict[str, Any], output: Any) -> dict[str, Any]:
    """Return ``size`` bytes."""
    return {"data": b"x" * arguments["size"]}


def fill(arguments: dict[str, Any], output: Any) -> dict[str, Any]:
    """Fill the window with ``size`` bytes of value ``value``."""
    output.write(bytes([arguments["value"]]) * arguments["size"])
    return {}


def write(arguments: dict[str, Any], output: Any) -> dict[str, Any]:
    """Write ``data`` to the file."""
    output.required_files()[0].write(arguments["data"])
    return {}


def nap(arguments: dict[str, Any], output: Any) -> dict[str, Any]:
    """Sleep for ``seconds``."""
    time.sleep(arguments["seconds"])
    return {"process": os.getpid()}


def crash(arguments: dict[str, Any], output: Any) -> dict[str, Any]:
    """Crash the process with a segmentation fault."""
    ctypes.memmove(0, b"x", 1)
    return {}


def crash_once(arguments: dict[str, Any], output: Any) -> dict[str, Any]:
    """End the process if its id is ``process``."""
    if os.getpid() == arguments["process"]:
        os._exit(3)
    return {"process": os.getpid()}


def refuse(arguments: dict[str, Any], output: Any) -> dict[str, Any]:
    """Raise an error of ``core.errors``."""
    raise NotFound("There is no such thing.", what="thing")


def fault(arguments: dict[str, Any], output: Any) -> dict[str, Any]:
    """Raise an exception that is not an error of ``core.errors``."""
    raise RuntimeError("unexpected\udcff")


def not_values(arguments: dict[str, Any], output: Any) -> dict[str, Any]:
    """Return an object that msgpack cannot encode."""
    return {"object": object()}


def allocate(arguments: dict[str, Any], output: Any) -> dict[str, Any]:
    """Allocate ``size`` bytes of memory."""
    return {"size": len(bytearray(arguments["size"]))}


def read(arguments: dict[str, Any], output: Any) -> dict[str, Any]:
    """Return the first 64 bytes of a file."""
    with pathlib.Path(os.fsdecode(arguments["path"])).open("rb") as file:
        return {"data": file.read(64)}


def thread(arguments: dict[str, Any], output: Any) -> dict[str, Any]:
    """Start a thread, which the sandbox must allow."""
    done: list[int] = []
    worker = threading.Thread(target=lambda: done.append(1))
    worker.start()
    worker.join()
    return {"done": done}


def forbidden(arguments: dict[str, Any], output: Any) -> dict[str, Any]:
    """Return which forbidden actions the sandbox allowed."""
    admitted = []
    for name, action in _ACTIONS.items():
        try:
            action(arguments)
        except OSError:
            continue
        admitted.append(name)
    return {"admitted": admitted}


def _fork(_: dict[str, Any]) -> None:
    child = os.fork()
    if not child:
        os._exit(0)
    os.waitpid(child, 0)


_ACTIONS: dict[str, Callable[[dict[str, Any]], object]] = {
    "socket": lambda _: socket.socket().close(),
    "udp": lambda _: socket.socket(socket.AF_INET, socket.SOCK_DGRAM).close(),
    "socketpair": lambda _: socket.socketpair()[0].close(),
    "fork": _fork,
    "spawn": lambda _: os.posix_spawn("/bin/true", ["true"], {}),
    "kill": lambda arguments: os.kill(arguments["victim"], 0),
    "write": lambda arguments: os.open(
        os.fsdecode(arguments["folder"]) + "/new", os.O_CREAT | os.O_WRONLY
    ),
    "read": lambda _: os.open("/etc/passwd", os.O_RDONLY),
    "chmod": lambda arguments: os.chmod(_data(arguments), 0o666),  # noqa: PTH101, S103  # a call of the kernel
    "chown": lambda arguments: os.chown(_data(arguments), -1, -1),
    "utime": lambda arguments: os.utime(_data(arguments), (0, 0)),
    "setxattr": lambda arguments: os.setxattr(_data(arguments), b"user.a", b"b"),
    "truncate": lambda arguments: os.truncate(_data(arguments), 0),
    "prlimit": lambda arguments: resource.prlimit(
        arguments["victim"], resource.RLIMIT_CORE
    ),
    "setpriority": lambda arguments: os.setpriority(
        os.PRIO_PROCESS, arguments["victim"], 19
    ),
    "affinity": lambda arguments: os.sched_setaffinity(
        arguments["victim"], os.sched_getaffinity(0)
    ),
}


def _data(arguments: dict[str, Any]) -> bytes:
    return bytes(arguments["folder"]) + b"/data"
