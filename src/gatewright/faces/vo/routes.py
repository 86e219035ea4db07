"""The routes of the image search: ``/vo/sia/query`` and its VOSI resources."""

import asyncio
from collections.abc import Iterable
from urllib.parse import parse_qsl

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route
from starlette.types import ASGIApp

from gatewright.composition import Services
from gatewright.core.errors import GatewayError, Unavailable, UnsupportedMediaType
from gatewright.domains.sky import Image
from gatewright.domains.status import Phase, Service
from gatewright.domains.status import availability as announced
from gatewright.faces.vo.obscore import COLUMNS, row
from gatewright.faces.vo.parquet import parquet_document
from gatewright.faces.vo.sia import (
    PARAMETERS,
    STANDARD,
    SiaRequest,
    collect,
    sia_request,
)
from gatewright.faces.vo.vosi import wire as vosi
from gatewright.faces.vo.votable import wire
from gatewright.web import parquet_table
from gatewright.web.context import request_context
from gatewright.web.problems import error_headers, exception_handlers, public_text

_MEDIA = {
    "votable": "application/x-votable+xml",
    "csv": "text/csv; charset=utf-8",
    "tsv": "text/tab-separated-values; charset=utf-8",
    "parquet": parquet_table.MEDIA_TYPE,
}
_FORM = "application/x-www-form-urlencoded"
_PAGE = 1000
_PAGES = 400
_FIELDS = 256


def build(services: Services) -> ASGIApp:
    """Return the face's ASGI application."""
    return Starlette(
        routes=[
            Route("/sia/query", query, methods=["GET", "POST"]),
            Route("/sia/capabilities", capabilities),
            Route("/sia/availability", availability),
        ],
        exception_handlers=exception_handlers(error_table),
    )


def error_table(error: GatewayError, request: Request) -> Response:
    """Return an error as a VOTable (DALI 1.1, section 4.4.2; labels of SIA 2.0)."""
    return Response(
        wire.error_document(f"{fault(error)}: {public_text(error)}"),
        status_code=error.status,
        headers=error_headers(error),
        media_type=_MEDIA["votable"],
    )


def fault(error: GatewayError) -> str:
    """Return SIA 2.0's label of an error."""
    if error.transient:
        return "TransientFault"
    if error.status >= 500:
        return "FatalFault"
    return "UsageFault" if error.status in {400, 413, 415, 422} else "DefaultFault"


async def query(request: Request) -> Response:
    """Return the table of the images that match a query."""
    asked = sia_request(collect(await parameters(request)))
    found, more = await _find(request, asked)
    body = await asyncio.to_thread(_body, request, asked, found, more)
    return Response(body, media_type=_MEDIA[asked.form])


async def parameters(request: Request) -> Iterable[tuple[str, str]]:
    """Return the parameters in the URL and in a form.

    Raises
    ------
    UnsupportedMediaType
        The body is not a URL-encoded form.
    """
    pairs = request.query_params.multi_items()
    body = await request.body() if request.method == "POST" else b""
    if not body:
        return pairs
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind != _FORM:
        raise UnsupportedMediaType(f"Send a query by POST as {_FORM}.")
    try:
        form = parse_qsl(
            body.decode("ascii"), keep_blank_values=True, max_num_fields=_FIELDS
        )
    except ValueError as error:
        raise UnsupportedMediaType("The form cannot be read.") from error
    return [*pairs, *form]


async def _find(request: Request, asked: SiaRequest) -> tuple[list[Image], bool]:
    """Return the images, and whether there are more than MAXREC."""
    if asked.records == 0:
        return [], True
    context = request_context(request)
    sky, cursor = context.services.images.sky, None
    found: list[Image] = []
    for _ in range(_PAGES):
        limit = min(_PAGE, asked.records - len(found))
        page = await sky.search(context.caller, asked.query, limit=limit, cursor=cursor)
        found += page.items
        cursor = page.next
        if cursor is None or len(found) >= asked.records:
            break
    return found, cursor is not None


def _body(request: Request, asked: SiaRequest, found: list[Image], more: bool) -> bytes:
    base = _base(request)
    rows = [row(image, f"{base}/api/v1") for image in found]
    if asked.form == "parquet":
        return parquet_document(COLUMNS, rows, overflow=more)
    if asked.form != "votable":
        separator = "," if asked.form == "csv" else "\t"
        return wire.separated(COLUMNS, rows, separator)
    meta = wire.self_description(f"{base}/vo/sia/query", STANDARD, PARAMETERS)
    return wire.document(COLUMNS, wire.table_rows(rows), overflow=more, meta=meta)


def _base(request: Request) -> str:
    """Return the gateway's URL: as configured, or else as the client addressed it."""
    config = request_context(request).services.config
    if config.gateway.url:
        return config.url
    return f"{request.url.scheme}://{request.url.netloc}"


async def capabilities(request: Request) -> Response:
    """Return the VOSI capabilities document."""
    body = vosi.capabilities(f"{_base(request)}/vo/sia")
    return Response(body, media_type="text/xml")


async def availability(request: Request) -> Response:
    """Return the VOSI availability document.

    It has notes of what administrators announce about images, and one if a survey
    cannot be read.
    """
    services = request_context(request).services
    now = services.announcements.now()
    told = await services.announcements.shown(Phase.CURRENT, Phase.PLANNED)
    found = announced(told, Service.IMAGES, now)
    notes = list(found.notes)
    try:
        await services.images.surveys.ready()
    except Unavailable as error:
        notes.append(error.text)
    body = vosi.availability(
        notes,
        available=found.available,
        down_at=found.down_at,
        back_at=found.back_at,
    )
    return Response(body, media_type="text/xml")
