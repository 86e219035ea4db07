"""NEWT's ``/status``: which systems are up."""

from starlette.requests import Request
from starlette.responses import PlainTextResponse

from gatewright import __version__
from gatewright.core.errors import NotFound
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
    configured = request_context(request).services.config.systems
    return [await _status(request, system.name) for system in configured]


async def one(request: Request) -> object:
    """Return whether a system is up."""
    name = request.path_params["system"]
    configured = request_context(request).services.config.systems
    if name not in {system.name for system in configured}:
        raise NotFound(f"There is no system “{name[:80]}”.")
    return await _status(request, name)


async def _status(request: Request, name: str) -> dict[str, str]:
    """Return a system's status; NEWT has only up and down, so “degraded” is up."""
    status = await request_context(request).services.health.system(name)
    return {"system": name, "status": "down" if status == "down" else "up"}


async def message_of_the_day(request: Request) -> object:
    """Return the operator's notice as text."""
    config = request_context(request).services.config
    return PlainTextResponse(config.gateway.message_of_the_day)
