"""The gateway's server with a route that sends a file by the zero-copy extension."""

import os
import sys
from urllib.parse import parse_qs

from starlette.types import ASGIApp, Receive, Scope, Send

from gatewright.core.config import Config
from gatewright.web.server.supervisor import serve


async def _send_file(scope: Scope, receive: Receive, send: Send) -> None:
    if scope["type"] != "http":
        await _lifespan(receive, send)
        return
    path = parse_qs(scope["query_string"].decode())["path"][0]
    file = os.open(path, os.O_RDONLY)
    size = os.fstat(file).st_size
    headers = [(b"content-length", str(size).encode())]
    try:
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        message = {"type": "http.response.zerocopysend", "file": file, "offset": 0}
        await send({**message, "count": size})
    finally:
        os.close(file)


async def _lifespan(receive: Receive, send: Send) -> None:
    for event in ("startup", "shutdown"):
        await receive()
        await send({"type": f"lifespan.{event}.complete"})


def create(config: Config) -> ASGIApp:
    """Return the application."""
    return _send_file


def main() -> int:
    """Serve on the address that the argument names."""
    gateway = {"listen": sys.argv[1]}
    config = Config.model_validate({"gateway": gateway})
    factory = "bench.support.download_server:create"
    return serve(config, lambda url: None, factory=factory)  # noqa: ARG005


if __name__ == "__main__":
    sys.exit(main())
