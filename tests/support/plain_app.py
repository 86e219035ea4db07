"""A small application for tests of the server itself: files, bodies, streams."""

import asyncio
import os
import threading
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from urllib.parse import parse_qs

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import (
    JSONResponse,
    PlainTextResponse,
    Response,
    StreamingResponse,
)
from starlette.routing import Route
from starlette.types import ASGIApp, Receive, Scope, Send

from gatewright.core.config import Config
from gatewright.core.events import Event
from gatewright.web.disconnect import STOPPING, Stopping
from gatewright.web.events import event_stream
from gatewright.web.middleware.answers import Answers, add_request_id
from gatewright.web.middleware.sizes import Sizes
from gatewright.web.middleware.timeouts import BodyTimeout


class File:
    """Sends ``?path=&offset=&count=`` by the zero-copy extension."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle one request."""
        query = {k: v[0] for k, v in parse_qs(scope["query_string"].decode()).items()}
        descriptor = os.open(query["path"], os.O_RDONLY)
        offset = int(query.get("offset", 0))
        count = int(query.get("count", os.fstat(descriptor).st_size - offset))
        parts = int(query.get("parts", 1))
        promised = int(query.get("promised", count))
        length = (b"content-length", str(promised).encode())
        start = {"type": "http.response.start", "status": 200, "headers": [length]}
        try:
            await send(start)
            await _in_parts(send, descriptor, offset, promised, parts)
        finally:
            os.close(descriptor)


async def _in_parts(send: Send, file: int, offset: int, count: int, parts: int) -> None:
    step = -(-count // parts) or 1
    for begin in range(0, max(count, 1), step):
        await send(
            {
                "type": "http.response.zerocopysend",
                "file": file,
                "offset": offset + begin,
                "count": min(step, count - begin),
                "more_body": begin + step < count,
            }
        )


async def _echo(request: Request) -> Response:
    return JSONResponse({"size": len(await request.body())})


async def _slow(request: Request) -> Response:
    if mark := request.query_params.get("mark"):
        with Path(mark).open("ab") as begun:
            begun.write(b"x")
    await asyncio.sleep(float(request.query_params.get("seconds", "0.2")))
    return PlainTextResponse(f"slept in {os.getpid()}")


async def _about(request: Request) -> Response:
    names = [name for name in os.environ if name.startswith("MALLOC_")]
    return JSONResponse(
        {
            "pid": os.getpid(),
            "extensions": list(request.scope["extensions"]),
            "malloc": sorted(names),
            "threads": threading.active_count(),
        }
    )


async def _events(request: Request) -> Response:
    async def ticks() -> AsyncIterator[Event | None]:
        number = 0
        while True:
            number += 1
            yield Event(number, 0.0, "tick", "ticks/1", "ada", {"text": "a\nb"})
            await asyncio.sleep(0.05)

    return event_stream(ticks())


async def _parts(request: Request) -> Response:
    """Send two parts without a length, and then fail if that is asked for."""

    async def parts() -> AsyncIterator[bytes]:
        yield b"first,"
        yield b"second"
        if "fail" in request.query_params:
            raise RuntimeError("a secret of the machine")

    return StreamingResponse(parts(), media_type="text/plain")


async def _fail(request: Request) -> Response:
    raise RuntimeError("a secret of the machine")


@asynccontextmanager
async def _lifespan(app: Starlette) -> AsyncIterator[dict[str, object]]:
    yield {STOPPING: Stopping()}


def create(config: Config) -> ASGIApp:
    """Return the application."""
    routes = [
        Route("/file", File(), methods=["GET", "HEAD"]),
        Route("/echo", _echo, methods=["POST"]),
        Route("/slow", _slow),
        Route("/about", _about),
        Route("/events", _events),
        Route("/fail", _fail),
        Route("/parts", _parts),
    ]
    app = Starlette(routes=routes, lifespan=_lifespan)
    limits = config.limits
    timed = BodyTimeout(Sizes(app, limits), limits.body_stall_seconds)
    http = Answers(timed, fields=(add_request_id,))

    async def entry(scope: Scope, receive: Receive, send: Send) -> None:
        await (http if scope["type"] == "http" else app)(scope, receive, send)

    return entry


def broken(config: Config) -> ASGIApp:
    """Fail as an application does whose configuration is wrong."""
    raise ValueError("no such dataset")


def write_sparse(path: Path, size: int, marks: dict[int, bytes]) -> None:
    """Write a file of zeros with the marks at their offsets."""
    with path.open("wb") as file:
        file.truncate(size)
        for offset, mark in marks.items():
            file.seek(offset)
            file.write(mark)
