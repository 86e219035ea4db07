"""What the gateway knows of one request and its answer, in one record.

It is filled in on the way in, and read on the way out by what adds header fields,
counts and writes the log.
"""

from dataclasses import dataclass
from typing import ClassVar

from starlette.requests import Request
from starlette.responses import Response
from starlette.types import ASGIApp, Receive, Scope, Send

from gatewright.core.errors import GatewayError
from gatewright.web.face import Faces
from gatewright.web.problems import Renderer, problem


@dataclass(slots=True)
class Exchange:
    """One request and its answer; it stays one object when a scope is copied."""

    KEY: ClassVar[str] = "gatewright.exchange"

    render: Renderer = problem
    """How the face that is asked tells errors."""
    public: bool = False
    """Whether pages of any origin may read the answer without credentials."""
    upload: bool = False
    """Whether the body is a file's content."""
    user: str = ""
    """Account behind the request, empty for a visitor."""
    route: str = ""
    """Template of the route that answered, such as ``/api/v1/files/{system}``."""


def exchange_of(scope: Scope) -> Exchange:
    """Return the record of a request; begin one when there is none."""
    known = scope.get(Exchange.KEY)
    if known is None:
        known = scope[Exchange.KEY] = Exchange()
    assert isinstance(known, Exchange)  # noqa: S101  # the key is ours
    return known


def refusal(error: GatewayError, request: Request) -> Response:
    """Return an error, raised before its face is reached, in the face's own form."""
    return exchange_of(request.scope).render(error, request)


class AskedFace:
    """Writes down what the face that has the path says of itself.

    Parameters
    ----------
    faces
        All faces of the gateway.
    """

    def __init__(self, app: ASGIApp, faces: Faces) -> None:
        self._app = app
        self._faces = faces

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle one request."""
        exchange = exchange_of(scope)
        path = scope["path"]
        face = self._faces.at(path)
        if face is not None:
            exchange.render = face.error
            exchange.public = face.is_public(path)
            exchange.upload = face.is_upload(scope["method"], path)
        await self._app(scope, receive, send)
