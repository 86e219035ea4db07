"""NEWT's ``/status``: which systems are up."""

from collections.abc import Sequence

from starlette.requests import Request
from starlette.responses import PlainTextResponse

from gatewright import __version__
from gatewright.core.clock import timestamp
from gatewright.core.errors import NotFound
from gatewright.domains.status import Announcement, Phase, status_of
from gatewright.faces.newt.answers import Answer
from gatewright.web.context import request_context


async def about(request: Request) -> object:
    """Return name and version of the service, as classic NEWT does."""
    return {"text": "NEWT on Gatewright", "version": __version__}


async def second_about(request: Request) -> object:
    """Return name and version of the service, as NEWT 2.0 does."""
    return Answer({"text": "NEWT 2.0 on Gatewright", "version": __version__})


async def systems(request: Request) -> object:
    """List all systems and whether they are up."""
    services = request_context(request).services
    current = await services.announcements.shown()
    names = [system.name for system in services.config.systems]
    return [await _status(request, name, current) for name in names]


async def one(request: Request) -> object:
    """Return whether a system is up."""
    name = request.path_params["system"]
    services = request_context(request).services
    if name not in {system.name for system in services.config.systems}:
        raise NotFound(f"There is no system “{name[:80]}”.")
    return await _status(request, name, await services.announcements.shown())


async def _status(
    request: Request, name: str, current: Sequence[Announcement]
) -> dict[str, str]:
    """Return a system's status; NEWT has only up and down, so “degraded” is up."""
    probed = await request_context(request).services.health.system(name)
    status = status_of(name, probed, current)
    return {"system": name, "status": "down" if status == "down" else "up"}


async def message_of_the_day(request: Request) -> object:
    """Return the operator's notice as text, and what is announced after it."""
    services = request_context(request).services
    told = await services.announcements.shown(Phase.CURRENT, Phase.PLANNED)
    lines = [services.config.gateway.message_of_the_day, *map(_line, told)]
    return PlainTextResponse("\n".join(filter(None, lines)))


def _line(announcement: Announcement) -> str:
    """Return an announcement as one line: kind, systems, times in UTC, and title."""
    ends = announcement.ends_at
    times = f"from {timestamp(announcement.begins_at)}"
    times += "" if ends is None else f" to {timestamp(ends)}"
    concerned = ", ".join((*announcement.systems, *announcement.services))
    where = f" ({concerned})" if concerned else ""
    return f"{announcement.kind.capitalize()}{where} {times}: {announcement.title}"
