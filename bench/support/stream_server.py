"""Bare event streams under the gateway's server, which only send a comment at times."""

import asyncio
import sys
from collections.abc import AsyncIterator

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse
from starlette.routing import Route

from gatewright.core.config import Config
from gatewright.web.server.supervisor import serve

MODULE = "bench.support.stream_server"


async def _beats() -> AsyncIterator[bytes]:
    while True:
        yield b": heartbeat\n\n"
        await asyncio.sleep(15)


async def _events(request: Request) -> Response:
    return StreamingResponse(_beats(), media_type="text/event-stream")


async def _small(request: Request) -> Response:
    return Response("{}", media_type="application/json")


def create(config: Config) -> Starlette:
    """Return an ASGI application with the gateway's paths of streams and sessions."""
    return Starlette(
        routes=[Route("/api/v1/events", _events), Route("/api/v1/session", _small)]
    )


if __name__ == "__main__":
    sys.exit(
        serve(
            lambda: Config.model_validate_json(sys.argv[1]),
            lambda url: None,  # noqa: ARG005  # the port is known
            factory=f"{MODULE}:create",
        )
    )
