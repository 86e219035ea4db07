"""The one tree of errors.

::

    GatewayError 500 internal-error
    +-- InvalidRequest 400 invalid-request
    |   +-- UnsupportedMediaType 415 unsupported-media-type
    |   +-- NotAcceptable 406 not-acceptable
    |   +-- RangeNotSatisfiable 416 range-not-satisfiable
    |   +-- UriTooLong 414 uri-too-long
    |   +-- HeadersTooLarge 431 headers-too-large
    |   +-- RequestTimeout 408 request-timeout
    |   `-- InvalidContent 422 invalid-content
    +-- NotSignedIn 401 not-signed-in
    +-- NotAllowed 403 not-allowed
    +-- NotFound 404 not-found
    +-- MethodNotAllowed 405 method-not-allowed
    +-- Conflict 409 conflict
    |   `-- AlreadyExists 409 already-exists
    +-- PreconditionFailed 412 precondition-failed
    +-- TooLarge 413 too-large
    +-- TooManyRequests 429 too-many-requests, transient
    +-- NotImplementedHere 501 not-implemented
    +-- BackendFailed 502 backend-failed
    +-- Unavailable 503 unavailable, transient
    +-- TimedOut 504 timed-out, transient
    `-- StorageFull 507 storage-full

A class has a stable ``code``, an HTTP ``status``, and says whether the same request
may succeed later (``transient``). The text of an error is for the person who made the
request: what went wrong and what to do next, nothing of the machine's insides. A
status of 500 never shows its text (``gatewright.web.problems`` renders it).
"""

from collections.abc import Mapping
from typing import ClassVar, Self

Detail = object
"""A JSON value that goes into the answer beside the text."""


class GatewayError(Exception):
    """Anything that ends a request without its answer.

    Parameters
    ----------
    text
        One or two sentences for the person who asked.
    retry_after
        Seconds after which the request may succeed; only said of transient errors.
    headers
        Header fields that the answer must carry.
    details
        Members that are added to the rendered problem, JSON values only.
    """

    code: ClassVar[str] = "internal-error"
    title: ClassVar[str] = "Internal error"
    status: ClassVar[int] = 500
    transient: ClassVar[bool] = False

    def __init__(
        self,
        text: str = "",
        *,
        retry_after: float | None = None,
        headers: Mapping[str, str] | None = None,
        **details: Detail,
    ) -> None:
        super().__init__(text or self.title)
        self.text = text or self.title
        self.retry_after = retry_after
        self.headers = dict(headers or {})
        self.details = details

    def with_headers(self, **headers: str) -> Self:
        """Return the same error with more header fields (``_`` stands for ``-``)."""
        self.headers |= {k.replace("_", "-"): v for k, v in headers.items()}
        return self


class InvalidRequest(GatewayError):
    """The request cannot be understood."""

    code = "invalid-request"
    title = "Invalid request"
    status = 400


class UnsupportedMediaType(InvalidRequest):
    """The body is of a type that is not taken here."""

    code = "unsupported-media-type"
    title = "Unsupported media type"
    status = 415


class NotAcceptable(InvalidRequest):
    """No form of the answer is one that the client accepts."""

    code = "not-acceptable"
    title = "Not acceptable"
    status = 406


class RangeNotSatisfiable(InvalidRequest):
    """The range lies outside the content."""

    code = "range-not-satisfiable"
    title = "Range not satisfiable"
    status = 416


class UriTooLong(InvalidRequest):
    """The URL is longer than the gateway reads."""

    code = "uri-too-long"
    title = "URL too long"
    status = 414


class HeadersTooLarge(InvalidRequest):
    """The header section is larger than the gateway reads."""

    code = "headers-too-large"
    title = "Header fields too large"
    status = 431


class RequestTimeout(InvalidRequest):
    """The client took too long to send its request."""

    code = "request-timeout"
    title = "Request timeout"
    status = 408


class InvalidContent(InvalidRequest):
    """The request is well formed and its values are not right."""

    code = "invalid-content"
    title = "Invalid content"
    status = 422


class NotSignedIn(GatewayError):
    """The request needs a session or a token."""

    code = "not-signed-in"
    title = "Not signed in"
    status = 401


class NotAllowed(GatewayError):
    """The caller may not do this."""

    code = "not-allowed"
    title = "Not allowed"
    status = 403


class NotFound(GatewayError):
    """There is nothing of that name that the caller may see."""

    code = "not-found"
    title = "Not found"
    status = 404


class MethodNotAllowed(GatewayError):
    """The resource does not have this method."""

    code = "method-not-allowed"
    title = "Method not allowed"
    status = 405


class Conflict(GatewayError):
    """The state of the resource does not admit the request."""

    code = "conflict"
    title = "Conflict"
    status = 409


class AlreadyExists(Conflict):
    """Something of that name is there already."""

    code = "already-exists"
    title = "Already exists"


class PreconditionFailed(GatewayError):
    """The resource is not in the state that the client named (If-Match)."""

    code = "precondition-failed"
    title = "Precondition failed"
    status = 412


class TooLarge(GatewayError):
    """The request or its answer is above a limit."""

    code = "too-large"
    title = "Too large"
    status = 413


class TooManyRequests(GatewayError):
    """The caller is above a rate."""

    code = "too-many-requests"
    title = "Too many requests"
    status = 429
    transient = True


class NotImplementedHere(GatewayError):
    """The protocol has this and this service does not."""

    code = "not-implemented"
    title = "Not implemented"
    status = 501


class BackendFailed(GatewayError):
    """Something behind the gateway answered wrongly."""

    code = "backend-failed"
    title = "Backend failed"
    status = 502


class Unavailable(GatewayError):
    """Something behind the gateway is away."""

    code = "unavailable"
    title = "Unavailable"
    status = 503
    transient = True


class TimedOut(GatewayError):
    """Something behind the gateway did not answer in time."""

    code = "timed-out"
    title = "Timed out"
    status = 504
    transient = True


class StorageFull(GatewayError):
    """There is no room for this: the disk or a quota is full."""

    code = "storage-full"
    title = "Storage full"
    status = 507
