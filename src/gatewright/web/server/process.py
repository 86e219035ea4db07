"""One gateway process: the application on a listening socket that it is given.

Started by the supervisor as ``python -m gatewright.web.server.process``, with three
descriptors: the listening socket, a pipe to say that it answers, and a pipe whose end
means that the supervisor is gone.
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
from types import FrameType
from typing import Any

import uvicorn
import uvloop
from starlette.types import ASGIApp
from typing_extensions import override

from gatewright.core.config import Config
from gatewright.web.client_address import TrustedProxies
from gatewright.web.departure import STOPPING
from gatewright.web.server.logs import configure_logging
from gatewright.web.server.protocol import ConnectionLimits, GatewayProtocol, Shared

DRAIN_SECONDS = 30
ORPHAN_SECONDS = 2
KEEP_ALIVE_SECONDS = 75
READY = b"R"


class GatewayServer(uvicorn.Server):
    """Uvicorn's server, which says when it answers and how it stops.

    Parameters
    ----------
    config
        Uvicorn's configuration.
    on_started
        Called once requests are answered.
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
        """Stop on SIGTERM and SIGINT, and then end with status 0."""
        old = {s: signal.signal(s, self._stop) for s in (signal.SIGTERM, signal.SIGINT)}
        try:
            yield
        finally:
            for number, handler in old.items():
                signal.signal(number, handler)

    def _stop(self, number: int, frame: FrameType | None) -> None:
        self.should_exit = True


def uvicorn_config(app: ASGIApp, config: Config, shared: Shared) -> uvicorn.Config:
    """Return how uvicorn serves an application of ours."""
    protocol: Any = functools.partial(GatewayProtocol, shared)
    return uvicorn.Config(
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


def connection_limits(config: Config) -> ConnectionLimits:
    """Return the bounds on a connection that a configuration names."""
    return ConnectionLimits(
        header_seconds=config.limits.header_seconds, url_bytes=config.limits.url_bytes
    )


async def run(
    app: ASGIApp, config: Config, listener: socket.socket, ready: int, life: int
) -> bool:
    """Serve until a signal or the end of the supervisor; return whether it started."""
    proxies = TrustedProxies(config.gateway.trusted_proxies)
    shared = Shared(connection_limits(config), proxies)
    settings = uvicorn_config(app, config, shared)
    server = GatewayServer(settings, functools.partial(_say_ready, ready))
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


def _say_ready(ready: int) -> None:
    with suppress(BrokenPipeError):
        os.write(ready, READY)
    os.close(ready)


def load_factory(name: str) -> Callable[[Config], ASGIApp]:
    """Return the function ``module:function`` that makes the application."""
    module, _, function = name.partition(":")
    factory = getattr(importlib.import_module(module), function)
    assert callable(factory)  # noqa: S101  # a name of our own
    return factory  # type: ignore[no-any-return]  # loaded by name


def raise_file_limit() -> None:
    """Let this process have as many descriptors as the system admits."""
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="gatewright.web.server.process")
    parser.add_argument("--factory", required=True)
    for name in ("config", "listener", "ready", "life"):
        parser.add_argument(f"--{name}", type=int, required=True)
    return parser.parse_args()


def main() -> int:
    """Run one gateway process; the arguments are descriptors."""
    arguments = _arguments()
    configure_logging()
    raise_file_limit()
    with os.fdopen(arguments.config, "rb") as file:
        config = Config.model_validate_json(file.read())
    app = load_factory(arguments.factory)(config)
    listener = socket.socket(fileno=arguments.listener)
    listener.settimeout(0)
    started = uvloop.run(run(app, config, listener, arguments.ready, arguments.life))
    return 0 if started else 1


if __name__ == "__main__":
    sys.exit(main())
