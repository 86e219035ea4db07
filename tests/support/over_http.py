"""Serves an ASGI application on a port, for tests of responses that do not end."""

import asyncio
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import httpx
import uvicorn
from starlette.types import ASGIApp

SECONDS = 60.0
"""For what comes at once unless the machine is busy."""


@asynccontextmanager
async def over_http(app: ASGIApp) -> AsyncIterator[httpx.AsyncClient]:
    """Yield a client of an application that is served by uvicorn on a free port."""
    config = uvicorn.Config(app, log_level="warning", lifespan="off")
    server = uvicorn.Server(config)
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{listener.getsockname()[1]}"
        serving = asyncio.create_task(server.serve(sockets=[listener]))
        async with httpx.AsyncClient(base_url=url, timeout=SECONDS) as client:
            while not server.started:
                await asyncio.sleep(0.01)
            yield client
        server.should_exit = True
        await serving
