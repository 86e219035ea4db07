"""What the gateway knows of one request and its answer, in one record.

It is filled in on the way in, and read by what adds header fields to the answer, counts
it and writes the log.
"""

import time
from dataclasses import dataclass, field
from typing import ClassVar

from starlette.requests import Request
from starlette.responses import Response
from starlette.types import Scope

from gatewright.core.errors import GatewayError
from gatewright.web.fields import Pair
from gatewright.web.problems import Renderer, problem


@dataclass(slots=True)
class Exchange:
    """One request and its answer; it stays one object when a scope is copied."""

    KEY: ClassVar[str] = "gatewright.exchange"

    scope: Scope
    """The request."""
    request_id: str = ""
    """Its id, which the answer and all log lines carry."""
    began: float = field(default_factory=time.perf_counter)
    """When it came, by the clock that only runs forward."""
    render: Renderer = problem
    """How the face that is asked tells errors."""
    public: bool = False
    """Whether the answer is the same for everybody."""
    open: bool = False
    """Whether pages of any origin may read the answer that a visitor gets."""
    upload: bool = False
    """Whether the body is a file's content."""
    user: str | None = None
    """Account behind the request, empty for a visitor; None while it is not known."""
    rate: tuple[Pair, ...] = ()
    """Header fields that tell what is left of the caller's rate."""
    prefix: str | None = None
    """Prefix of the face that answers; None while there is none."""
    inner: Scope | None = None
    """The scope that the face got, in which its router names the route."""
    refusal: GatewayError | None = None
    """An error of the request's body, which no answer of the face may hide."""
    status: int = 0
    """Status of the answer, 0 before it begins."""
    seconds: float = 0.0
    """Time until the answer began."""
    size: int = 0
    """Bytes of the answer's body that were sent."""
    ended: bool = False
    """Whether the answer was sent to its end."""

    @property
    def shared(self) -> bool:
        """Whether pages of any origin may read and show the answer.

        What an account is answered may be its own: a page of another origin that made a
        browser send its cookie does not get to show it.
        """
        return self.public or (self.open and not self.user)

    @property
    def route(self) -> str:
        """Template of the route that answers (``/api/v1/files/{system}``), if any.

        It has nothing in it that a client wrote.
        """
        if self.prefix is None:
            return ""
        path = getattr((self.inner or {}).get("route"), "path", None)
        return f"{self.prefix}/*" if path is None else f"{self.prefix}{path}"


def exchange_of(scope: Scope) -> Exchange:
    """Return the record of a request; begin one when there is none."""
    known = scope.get(Exchange.KEY)
    if known is None:
        known = scope[Exchange.KEY] = Exchange(scope)
    assert isinstance(known, Exchange)  # noqa: S101  # the key is ours
    return known


def refusal(error: GatewayError, request: Request) -> Response:
    """Return an error, raised before its face is reached, in the face's own form."""
    return exchange_of(request.scope).render(error, request)


def refuse_body(scope: Scope, error: GatewayError) -> GatewayError:
    """Note an error in reading the body, and return it to be raised.

    Frameworks turn what is raised while they read a body into an answer of their own;
    `Answers` puts this one in its place.
    """
    exchange_of(scope).refusal = error
    return error
