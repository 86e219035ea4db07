"""The URLs of DAP2: ``/dap/{data set}.{suffix}?{constraint}``."""

import contextlib
import hashlib
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from urllib.parse import quote

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response, StreamingResponse
from starlette.routing import Route
from starlette.types import ASGIApp

from gatewright import __version__
from gatewright.composition import Services
from gatewright.core.errors import BackendFailed, GatewayError, InvalidRequest
from gatewright.core.pages import MAXIMUM_LIMIT
from gatewright.domains.arrays import Dataset, Description, ElementType
from gatewright.faces.dap.dap2 import mapping, wire
from gatewright.faces.dap.dap2.answer import Data, Source, Text
from gatewright.faces.dap.dap2.constraint import parse, project
from gatewright.faces.dap.dap2.model import Projection
from gatewright.web.conditional import check_preconditions, not_modified, validators
from gatewright.web.context import request_context
from gatewright.web.problems import error_headers, exception_handlers, public_text

SERVER = {"XDODS-Server": "dods/3.7", "XDAP": "2.0"}
_TEXT_BYTES_PER_VALUE = 13
_SMALL = 65_536
_MOST_TEXTS = 65_536
_TEXTS_PER_CALL = 1024
"""Strings that a call of a reader costs at least."""

Answer = Callable[["Opened"], Awaitable[Response]]


class Opened:
    """A request for a data set that the caller may see."""

    def __init__(self, request: Request, source: Source) -> None:
        self.request = request
        self.source = source

    @property
    def description(self) -> Description:
        """Description of the data set's file."""
        return self.source.published.description

    @property
    def dataset(self) -> Dataset:
        """The published data set."""
        return self.source.published.dataset

    def projection(self) -> Projection:
        """Return the projection that the query selects.

        Raises
        ------
        InvalidRequest
            The query is not a valid constraint on this data set.
        """
        dataset = mapping.dataset(self.dataset.id, self.description)
        query = self.request.scope["query_string"].decode("latin-1")
        return project(dataset, parse(query))

    def validators(self) -> tuple[str, float]:
        """Return the response's entity tag, and the file's modification time."""
        version = self.description.version
        url = self.request.scope["raw_path"] + b"?" + self.request.scope["query_string"]
        digest = hashlib.sha256(f"{version} {__version__} ".encode() + url)
        return f'"{digest.hexdigest()[:32]}"', self.description.modified


def build(services: Services) -> ASGIApp:
    """Return DAP's ASGI application."""
    return Starlette(
        routes=[
            Route("/", catalogue, methods=["GET"]),
            Route("/{name:path}", dataset, methods=["GET"]),
        ],
        exception_handlers=exception_handlers(dap_error),
    )


def dap_error(error: GatewayError, request: Request) -> Response:
    """Return an error as a DAP2 Error object (ESE-RFC-004, section 7.2.4)."""
    headers = {**error_headers(error), **SERVER, "Content-Description": "dods-error"}
    body = wire.error(error.status, public_text(error))
    return Response(body, error.status, headers, media_type="text/plain")


async def catalogue(request: Request) -> Response:
    """Return the URLs of the data sets that the caller may see, one on each line."""
    context = request_context(request)
    base = f"{context.services.config.url}/dap"
    page = context.services.datasets.page(context.caller, MAXIMUM_LIMIT)
    lines = [f"{base}/{quote(found.id)}" for found in page.items]
    return PlainTextResponse("\n".join([*lines, ""]))


async def dataset(request: Request) -> Response:
    """Return the response for a data set's URL."""
    name, _, suffix = request.path_params["name"].rpartition(".")
    context = request_context(request)
    datasets = context.services.datasets
    answer = ANSWERS.get(suffix)
    if answer is None:  # the URL without a suffix lists those with one
        name = request.path_params["name"]
        published = await datasets.open(context.caller, name)
        found = published.dataset.id
        base = f"{context.services.config.url}/dap/{quote(found)}"
        lines = [
            f"{found}: a data set for OPeNDAP clients (DAP2).",
            f"Open it by this URL: {base}",
            "",
            *(f"{base}.{known}" for known in ANSWERS),
            "",
        ]
        return PlainTextResponse("\n".join(lines), headers=SERVER)
    published = await datasets.open(context.caller, name)
    opened = Opened(request, Source(datasets, published))
    etag, modified_at = opened.validators()
    fields = {**SERVER, **validators(etag, modified_at)}
    if check_preconditions(request, etag, modified_at):
        return not_modified(etag, modified_at, SERVER)
    response = await answer(opened)
    response.headers.update(fields)
    return response


async def _dds(opened: Opened) -> Response:
    body = wire.dds(opened.projection().dataset)
    return _text(body, "dods-dds")


async def _das(opened: Opened) -> Response:
    lengths = await _lengths(opened)
    text = wire.das(mapping.attributes(opened.description, lengths))
    return _text(text.encode("utf-8", "surrogateescape"), "dods-das")


async def _lengths(opened: Opened) -> Mapping[str, int]:
    """Return the length of the longest value of each variable of strings, in bytes.

    Without it, netCDF-C cuts each string after 64 bytes. Variables after the first
    65,536 strings are left out, and those that cannot be read.
    """
    found: dict[str, int] = {}
    left = _MOST_TEXTS
    for array in mapping.dataset("", opened.description).arrays:
        variable = opened.description.variables[array.name]
        cost = max(array.size, _TEXTS_PER_CALL)
        if variable.type is not ElementType.STRING or cost > left:
            continue
        left -= cost
        with contextlib.suppress(BackendFailed):
            found[array.name] = await opened.source.longest(variable)
    return found


async def _dods(opened: Opened) -> Response:
    projection = opened.projection()
    if any(leaf.array.size > wire.MAXIMUM_ELEMENTS for leaf in projection.leaves):
        raise InvalidRequest("A DAP2 array can have at most 2147483647 values.")
    sizes = [wire.values_size(leaf.array) or 0 for leaf in projection.leaves]
    opened.source.datasets.check_size(sum(sizes))
    data = await Data.prepare(projection, opened.source)
    headers = {
        "Content-Type": "application/octet-stream",
        "Content-Description": "dods-data",
        "Content-Length": str(data.size),
    }
    if data.size <= _SMALL:
        body = b"".join([piece async for piece in data.pieces()])
        return Response(body, headers=headers)
    return StreamingResponse(await _begun(data.pieces()), headers=headers)


async def _ascii(opened: Opened) -> Response:
    projection = opened.projection()
    values = sum(leaf.array.size for leaf in projection.leaves)
    opened.source.datasets.check_size(values * _TEXT_BYTES_PER_VALUE)
    pieces = await _begun(Text(projection, opened.source).pieces())
    return StreamingResponse(pieces, headers=_description("dods-ascii"))


async def _begun(pieces: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    """Read the first piece, so that errors are raised before the response begins."""
    first = await anext(pieces)

    async def all_of_them() -> AsyncIterator[bytes]:
        yield first
        async for piece in pieces:
            yield piece

    return all_of_them()


def _text(body: str | bytes, description: str) -> Response:
    return Response(body, headers=_description(description))


def _description(description: str) -> Mapping[str, str]:
    return {
        "Content-Type": "text/plain; charset=utf-8",
        "Content-Description": description,
    }


async def _version(opened: Opened) -> Response:
    text = f"Core version: DAP/2.0\nServer version: Gatewright/{__version__}\n"
    return _text(text, "dods-version")


ANSWERS: Mapping[str, Answer] = {
    "dds": _dds,
    "das": _das,
    "dods": _dods,
    "ascii": _ascii,
    "asc": _ascii,
    "ver": _version,
}
"""Function that makes the response, by the suffix of the URL."""
