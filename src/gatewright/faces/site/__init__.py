"""The portal, the files of the kit, the operator's pages, and the sign-in link."""

from pathlib import Path

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route
from starlette.types import ASGIApp

import gatewright
from gatewright.composition import Services
from gatewright.faces.site import provider_sign_out
from gatewright.faces.site.assets import load_assets
from gatewright.faces.site.own_pages import OwnPages
from gatewright.faces.site.portal import Portal
from gatewright.faces.site.provider_sign_in import ProviderSignIn
from gatewright.faces.site.sign_in import SignIn
from gatewright.web.face import Face
from gatewright.web.problems import Handler, exception_handlers

KIT = Path(gatewright.__file__).parent / "kit"


def build(services: Services) -> ASGIApp:
    """Return the site's ASGI application."""
    config = services.config
    system = config.systems[0].name if config.systems else "local"
    portal = Portal(load_assets(KIT), config.gateway.title, config.prefix, system)
    routes = [
        Route("/sign-in", SignIn(portal).answer),
        *ProviderSignIn(portal, config.prefix).routes(),
        provider_sign_out.ROUTE,
        *OwnPages(config.gateway.state).routes(),
        *portal.routes(),
    ]
    return Starlette(routes=routes, exception_handlers=_handlers(portal))


def _handlers(portal: Portal) -> dict[int | type[Exception], Handler]:
    """Return the shared exception handlers, with a page for a browser's 404."""
    handlers = exception_handlers()
    plain = handlers[HTTPException]

    async def handle(request: Request, exception: HTTPException) -> Response:
        wants_page = "text/html" in request.headers.get("accept", "")
        if exception.status_code == 404 and wants_page:
            return portal.lost(request)
        return await plain(request, exception)

    return {**handlers, HTTPException: handle}


face = Face(name="site", prefix="", build=build, public=("/kit/",))
