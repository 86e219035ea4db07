"""The native REST API: one file for each family of resources."""

from fastapi import APIRouter, Depends, FastAPI
from starlette.types import ASGIApp

from gatewright import __version__
from gatewright.composition import Services
from gatewright.core.caller import Scope
from gatewright.core.config import Config
from gatewright.core.errors import InvalidContent, InvalidRequest
from gatewright.faces.api import (
    accounting,
    admin,
    audit,
    candidate_claims,
    candidates,
    classifiers,
    colour,
    command,
    cutouts,
    datasets,
    events,
    files,
    filters,
    images,
    incidents,
    job_orders,
    job_output,
    jobs,
    labels,
    light_curve,
    object_changes,
    objects,
    place,
    products,
    queue,
    references,
    service,
    session,
    store,
    store_documents,
    surveys,
    tokens,
    user,
)
from gatewright.faces.api.document import complete_document
from gatewright.web.described_api import DescribedApi
from gatewright.web.face import Face
from gatewright.web.known_parameters import only_known_parameters
from gatewright.web.scopes import needs_any

_FILES = (Scope.FILES_READ, Scope.FILES_WRITE)
_JOBS = (Scope.JOBS_READ, Scope.JOBS_SUBMIT, Scope.JOBS_CANCEL)
_ACCOUNT = (Scope.ACCOUNT_READ, Scope.ACCOUNT_MANAGE)

ROUTERS: tuple[tuple[APIRouter, tuple[Scope, ...]], ...] = (
    (incidents.router, ()),
    (incidents.changing, (Scope.ADMIN,)),
    (service.router, ()),
    (session.router, ()),
    (tokens.router, _ACCOUNT),
    (user.router, _ACCOUNT),
    (admin.router, (Scope.ADMIN,)),
    (audit.router, (Scope.ADMIN,)),
    (accounting.router, (Scope.ACCOUNT_READ,)),
    (datasets.router, (Scope.DATA_READ,)),
    (images.router, (Scope.SKY_READ,)),
    (surveys.router, (Scope.SKY_READ,)),
    (cutouts.router, (Scope.SKY_READ,)),
    (colour.router, (Scope.SKY_READ,)),
    (place.router, (Scope.SKY_READ,)),
    (products.router, (Scope.SKY_READ,)),
    (references.router, (Scope.SKY_READ,)),
    (light_curve.router, (Scope.SKY_READ,)),
    (candidate_claims.router, (Scope.SKY_READ,)),
    (candidates.router, (Scope.SKY_READ,)),
    (filters.router, (Scope.SKY_READ,)),
    (labels.router, (Scope.SKY_READ,)),
    (classifiers.router, (Scope.SKY_READ,)),
    (objects.router, (Scope.SKY_READ,)),
    (object_changes.router, (Scope.SKY_READ,)),
    (jobs.router, _JOBS),
    (job_orders.router, _JOBS),
    (job_output.router, _JOBS),
    (queue.router, _JOBS),
    (events.router, ()),
    (files.router, _FILES),
    (command.router, (Scope.EXEC,)),
    (store.router, (Scope.STORE,)),
    (store_documents.router, (Scope.STORE,)),
)
"""The families of resources, each with scopes; a caller needs at least one of them."""

_SEARCHES = (datasets.router, images.router, surveys.router)
_QUERIES = only_known_parameters(InvalidRequest)
_FIELDS = only_known_parameters(InvalidContent)


def build(services: Services) -> ASGIApp:
    """Return the API's ASGI application."""
    return DescribedApi(application(services.config))


def application(config: Config) -> FastAPI:
    """Return the API's FastAPI application, whose OpenAPI document is complete."""
    app = FastAPI(
        title=config.gateway.title,
        version=__version__,
        docs_url=None,
        redoc_url=None,
    )
    for router, scopes in ROUTERS:
        needed = [Depends(_QUERIES if router in _SEARCHES else _FIELDS)]
        if scopes:
            needed.append(Depends(needs_any(*scopes)))
        app.include_router(router, dependencies=needed)
    complete_document(app, config)
    return app


face = Face(
    name="api",
    prefix="/api/v1",
    build=build,
    uploads=(("PUT", "/files/"),),
    open=("/datasets", "/surveys", "/images"),
)
