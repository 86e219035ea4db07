"""The native REST API: one file for each family of resources."""

from fastapi import APIRouter, Depends, FastAPI
from fastapi.routing import APIRoute
from starlette.types import ASGIApp

from gatewright import __version__
from gatewright.composition import Services
from gatewright.core.caller import Scope
from gatewright.core.config import Config
from gatewright.faces.api import (
    command,
    datasets,
    events,
    files,
    images,
    job_output,
    jobs,
    queue,
    service,
    session,
    store,
    store_documents,
    surveys,
    tokens,
    user,
)
from gatewright.faces.api.security import document_security
from gatewright.web.face import Face
from gatewright.web.problems import exception_handlers
from gatewright.web.scopes import needs_any

_FILES = (Scope.FILES_READ, Scope.FILES_WRITE)
_JOBS = (Scope.JOBS_READ, Scope.JOBS_SUBMIT, Scope.JOBS_CANCEL)
_ACCOUNT = (Scope.ACCOUNT_READ, Scope.ACCOUNT_MANAGE)

ROUTERS: tuple[tuple[APIRouter, tuple[Scope, ...]], ...] = (
    (service.router, ()),
    (session.router, ()),
    (tokens.router, _ACCOUNT),
    (user.router, _ACCOUNT),
    (datasets.router, (Scope.DATA_READ,)),
    (images.router, (Scope.SKY_READ,)),
    (surveys.router, (Scope.SKY_READ,)),
    (jobs.router, _JOBS),
    (job_output.router, _JOBS),
    (queue.router, _JOBS),
    (events.router, ()),
    (files.router, _FILES),
    (command.router, (Scope.EXEC,)),
    (store.router, (Scope.STORE,)),
    (store_documents.router, (Scope.STORE,)),
)
"""The families of resources, each with the scopes of which one is needed."""


def build(services: Services) -> ASGIApp:
    """Return the API as one application."""
    return application(services.config)


def application(config: Config) -> FastAPI:
    """Return the API of a configuration, with its OpenAPI document."""
    app = FastAPI(
        title=config.gateway.title,
        version=__version__,
        docs_url=None,
        redoc_url=None,
        exception_handlers=exception_handlers(),
    )
    for router, scopes in ROUTERS:
        needed = [Depends(needs_any(*scopes))] if scopes else []
        app.include_router(_heads(router), dependencies=needed)
        app.include_router(router, dependencies=needed)
    document_security(app, config)
    return app


def _heads(router: APIRouter) -> APIRouter:
    """Return HEAD for what has GET and no HEAD of its own (RFC 9110, 9.1)."""
    routes = [route for route in router.routes if isinstance(route, APIRoute)]
    own = {route.path for route in routes if "HEAD" in (route.methods or ())}
    heads = APIRouter()
    for route in routes:
        if "GET" in (route.methods or ()) and route.path not in own:
            heads.add_api_route(
                route.path,
                route.endpoint,
                methods=["HEAD"],
                response_model=route.response_model,
                status_code=route.status_code,
                include_in_schema=False,
            )
    return heads


face = Face(name="api", prefix="/api/v1", build=build)
