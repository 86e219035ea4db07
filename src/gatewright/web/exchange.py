"""The record of one request and its response, which all middleware share.

Middleware fills it in on the way in; header functions, metrics and logs read it on the
way out.
"""

import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import ClassVar

from starlette.requests import Request
from starlette.responses import Response
from starlette.types import Scope

from gatewright.core.errors import GatewayError
from gatewright.web.problems import Renderer, problem


@dataclass(slots=True)
class Exchange:
    """A request and its response; copies of the ASGI scope share one object."""

    KEY: ClassVar[str] = "gatewright.exchange"

    scope: Scope
    """ASGI scope of the request."""
    request_id: str = ""
    """Id of the request, which the response and all log lines carry."""
    began: float = field(default_factory=time.perf_counter)
    """Start of the request in seconds of ``time.perf_counter``."""
    render: Renderer = problem
    """Renders errors in the form of the face that the request is for."""
    public: bool = False
    """Whether the response is the same for everybody."""
    open: bool = False
    """Whether pages of any origin may read the response that a visitor gets."""
    upload: bool = False
    """Whether the request's body is the content of a file."""
    user: str | None = None
    """Account of the caller, empty for a visitor; None before the request is
    authenticated."""
    rate: Mapping[bytes, bytes] = field(default_factory=dict)
    """Headers that tell what is left of the caller's rate limit."""
    prefix: str | None = None
    """Prefix of the face that handles the request; None if none does."""
    inner: Scope | None = None
    """The scope that the face received, in which its router stores the route."""
    refusal: GatewayError | None = None
    """Error in reading the request's body; it replaces the face's response."""
    leads_to: str = ""
    """The one address elsewhere that a redirect may lead to, such as that of an
    identity provider; empty for none."""
    status: int = 0
    """Status of the response, 0 before it begins."""
    seconds: float = 0.0
    """Seconds until the response began."""
    size: int = 0
    """Number of bytes of the response's body that were sent."""
    ended: bool = False
    """Whether the response was sent completely."""

    @property
    def shared(self) -> bool:
        """Whether pages of any origin may read and show the response.

        A response to an account may be private: another origin's page that makes a
        browser send its cookie must not be able to show it.
        """
        return self.public or (self.open and not self.user)

    @property
    def route(self) -> str:
        """Template of the route, such as ``/api/v1/files/{system}``; may be empty.

        It contains no text from the client, so it is safe as a label of metrics. It is
        empty if no face has the path.
        """
        if self.prefix is None:
            return ""
        path = getattr((self.inner or {}).get("route"), "path", None)
        return f"{self.prefix}/*" if path is None else f"{self.prefix}{path}"


def exchange_of(scope: Scope) -> Exchange:
    """Return the record of a request, creating it if there is none."""
    known: Exchange | None = scope.get(Exchange.KEY)
    if known is None:
        known = scope[Exchange.KEY] = Exchange(scope)
    return known


def refusal(error: GatewayError, request: Request) -> Response:
    """Return the response for an error, in the form of the face that has the path.

    It is used for errors that are raised before the face is called.
    """
    return exchange_of(request.scope).render(error, request)


def refuse_body(scope: Scope, error: GatewayError) -> GatewayError:
    """Store an error in reading the body, and return it to be raised.

    Frameworks turn exceptions raised while they read a body into a response of their
    own; `Answers` replaces that response by this error.
    """
    exchange_of(scope).refusal = error
    return error
