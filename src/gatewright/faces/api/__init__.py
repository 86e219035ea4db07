"""The native REST API: one file for each family of resources."""

from fastapi import APIRouter, FastAPI
from starlette.types import ASGIApp

from gatewright import __version__
from gatewright.composition import Services
from gatewright.faces.api import (
    command,
    datasets,
    events,
    files,
    images,
    job_output,
    jobs,
    queue,
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

ROUTERS: tuple[APIRouter, ...] = (
    session.router,
    tokens.router,
    user.router,
    datasets.router,
    images.router,
    surveys.router,
    jobs.router,
    job_output.router,
    queue.router,
    events.router,
    files.router,
    command.router,
    store.router,
    store_documents.router,
)


def build(services: Services) -> ASGIApp:
    """Return the API as one application."""
    app = FastAPI(
        title=services.config.gateway.title,
        version=__version__,
        docs_url=None,
        redoc_url=None,
        exception_handlers=exception_handlers(),
    )
    for router in ROUTERS:
        app.include_router(router)
    document_security(app, services.config)
    return app


face = Face(name="api", prefix="/api/v1", build=build)
