"""A gateway process: serves the application on a listening socket that it is given.

The supervisor starts it as ``python -m gatewright.web.server.process`` with three
descriptors: a Unix socket that delivers the configuration and then the listening
socket, a pipe to report that requests are answered, and a pipe that closes when the
supervisor is gone. The process imports all that it needs before it waits for either.
"""

import argparse
import asyncio
import functools
import gc
import importlib
import os
import resource
import signal
import socket
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from types import FrameType
from typing import Any

import uvicorn
import uvloop
from starlette.types import ASGIApp
from typing_extensions import override

from gatewright.core.config import Config
from gatewright.web.client_address import TrustedProxies
from gatewright.web.disconnect import STOPPING
from gatewright.web.server.logs import configure_logging
from gatewright.web.server.patience import DRAIN_SECONDS, ORPHAN_SECONDS
from gatewright.web.server.protocol import ConnectionLimits, GatewayProtocol, Shared

KEEP_ALIVE_SECONDS = 75
READY = b"R"


class GatewayServer(uvicorn.Server):
    """Uvicorn's server with a callback on start and the gateway's way of stopping.

    Parameters
    ----------
    config
        Uvicorn's configuration.
    on_started
        Called when requests are answered.
    """

    def __init__(self, config: uvicorn.Config, on_started: Callable[[], None]) -> None:
        super().__init__(config)
        self._on_started = on_started

    @override
    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        if self.started:
            gc.collect()
            gc.freeze()
            gc.enable()  # main() disables it for the start
            self._on_started()

    @override
    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        stopping = self.lifespan.state.get(STOPPING)
        if stopping is not None:
            stopping.set()
        await super().shutdown(sockets)

    @override
    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Stop on SIGTERM and SIGINT, and then exit with status 0."""

        def stop(number: int, frame: FrameType | None) -> None:
            self.should_exit = True

        old = {s: signal.signal(s, stop) for s in (signal.SIGTERM, signal.SIGINT)}
        try:
            yield
        finally:
            for number, handler in old.items():
                signal.signal(number, handler)


async def run(
    app: ASGIApp, config: Config, listener: socket.socket, ready: int, life: int
) -> bool:
    """Serve until a signal, or until the supervisor ends; return whether it started.

    Parameters
    ----------
    app
        The gateway's application.
    config
        The gateway's configuration.
    listener
        The listening socket.
    ready
        Pipe on which to report that requests are answered.
    life
        Pipe that is readable when the supervisor has ended.
    """
    proxies = TrustedProxies(config.gateway.trusted_proxies)
    limits = ConnectionLimits(
        header_seconds=config.limits.header_seconds, url_bytes=config.limits.url_bytes
    )
    shared = Shared(limits, proxies)
    protocol: Any = functools.partial(GatewayProtocol, shared)
    settings = uvicorn.Config(
        app,
        loop="uvloop",
        http=protocol,
        ws="none",
        lifespan="on",
        interface="asgi3",
        log_config=None,
        access_log=False,
        proxy_headers=False,
        server_header=False,
        timeout_keep_alive=KEEP_ALIVE_SECONDS,
        timeout_graceful_shutdown=DRAIN_SECONDS,
    )

    def say_ready() -> None:
        with suppress(BrokenPipeError):
            os.write(ready, READY)
        os.close(ready)

    server = GatewayServer(settings, say_ready)
    loop = asyncio.get_running_loop()

    def orphaned() -> None:
        loop.remove_reader(life)
        settings.timeout_graceful_shutdown = ORPHAN_SECONDS
        server.should_exit = True

    loop.add_reader(life, orphaned)
    try:
        await server.serve([listener])
    finally:
        loop.remove_reader(life)
        shared.cold.close()
    return server.started


def name_process(name: str) -> None:
    """Set the name of this process, at most 15 bytes (proc(5))."""
    with suppress(OSError):
        Path("/proc/self/comm").write_text(name, encoding="ascii")


def descriptor_of(told: socket.socket) -> int | None:
    """Wait for a descriptor on a Unix socket; return None if the socket is closed."""
    _, descriptors, _, _ = socket.recv_fds(told, 1, 1)
    return descriptors[0] if descriptors else None


def main() -> int:
    """Run one gateway process; the arguments are file descriptors."""
    parser = argparse.ArgumentParser(prog="gatewright.web.server.process")
    parser.add_argument("--factory", required=True, metavar="MODULE:FUNCTION")
    for name in ("go", "ready", "life"):
        parser.add_argument(f"--{name}", type=int, required=True)
    arguments = parser.parse_args()
    # Garbage collection would take a fifth of the start, and finds almost nothing.
    gc.disable()
    # A terminal sends these to all processes; only the supervisor acts on them.
    for number in (signal.SIGINT, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)
    configure_logging()
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    module, _, function = arguments.factory.partition(":")
    make_app = getattr(importlib.import_module(module), function)
    with socket.socket(fileno=arguments.go) as told:
        settings = descriptor_of(told)
        if settings is None:  # the supervisor is gone
            return 0
        with os.fdopen(settings, "rb") as file:
            config = Config.model_validate_json(file.read())
        app = make_app(config)
        # "ps -o comm" tells a process on standby from one that answers requests.
        name_process("gw-standby")
        listening = descriptor_of(told)
    name_process("gatewright")
    if listening is None:
        return 0
    listener = socket.socket(fileno=listening)
    listener.settimeout(0)
    started = uvloop.run(run(app, config, listener, arguments.ready, arguments.life))
    return 0 if started else 1


if __name__ == "__main__":
    sys.exit(main())
