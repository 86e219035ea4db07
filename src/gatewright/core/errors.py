"""The tree of all errors that a request may end with.

::

    GatewayError 500 internal-error
    +-- InvalidRequest 400 invalid-request
    |   +-- UnsupportedMediaType 415 unsupported-media-type
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
    |   `-- PersonAbsent 503 person-absent, transient
    +-- TimedOut 504 timed-out, transient
    `-- StorageFull 507 storage-full

Each class has a stable ``code``, an HTTP ``status``, and a flag ``transient`` that says
whether the same request may succeed later. The text of an error is for the person who
made the request: what went wrong and what to do next, and no internals of the machine.
The text of an error with status 500 is never shown (``gatewright.web.problems`` renders
errors). The second paragraph of each class's docstring says what the person can do; the
reference page of errors is generated from it.
"""

from collections.abc import Mapping
from typing import ClassVar

Detail = object
"""A JSON value that is added to the error response beside the text."""


class GatewayError(Exception):
    """The root of the tree: any error that ends a request.

    Parameters
    ----------
    text
        One or two sentences for the person who made the request.
    retry_after
        Seconds after which the request may succeed; only for transient errors.
    headers
        HTTP headers that the error response must carry.
    details
        JSON values that are added to the problem document as members.
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


class InvalidRequest(GatewayError):
    """The request cannot be understood.

    Correct the part of the request that the text names.
    """

    code = "invalid-request"
    title = "Invalid request"
    status = 400


class UnsupportedMediaType(InvalidRequest):
    """The media type of the request's body is not accepted here.

    Send the body in a type that the text names, with that type as ``Content-Type``.
    """

    code = "unsupported-media-type"
    title = "Unsupported media type"
    status = 415


class RangeNotSatisfiable(InvalidRequest):
    """The byte range lies outside the content.

    Ask for bytes within the size that ``Content-Range`` gives.
    """

    code = "range-not-satisfiable"
    title = "Range not satisfiable"
    status = 416


class UriTooLong(InvalidRequest):
    """The URL is longer than the limit.

    Ask for less at once, or send long parameters in the body.
    """

    code = "uri-too-long"
    title = "URL too long"
    status = 414


class HeadersTooLarge(InvalidRequest):
    """The header section of the request is larger than the limit.

    Send fewer or shorter headers; often cookies of other pages are the cause.
    """

    code = "headers-too-large"
    title = "Header fields too large"
    status = 431


class RequestTimeout(InvalidRequest):
    """The client took too long to send its request.

    Send it again, over a steadier connection.
    """

    code = "request-timeout"
    title = "Request timeout"
    status = 408


class InvalidContent(InvalidRequest):
    """The request is well formed, but one of its values is not valid.

    Change the value that the text names.
    """

    code = "invalid-content"
    title = "Invalid content"
    status = 422


class NotSignedIn(GatewayError):
    """The request needs a session or a token.

    Sign in, or send a token: ``Authorization: Bearer TOKEN``.
    """

    code = "not-signed-in"
    title = "Not signed in"
    status = 401


class NotAllowed(GatewayError):
    """The caller may not do this.

    Ask the owner for the right, or make a token with the scope that the text names.
    """

    code = "not-allowed"
    title = "Not allowed"
    status = 403


class NotFound(GatewayError):
    """Nothing with that name exists, or the caller may not see it.

    Check the name, and check which account you use.
    """

    code = "not-found"
    title = "Not found"
    status = 404


class MethodNotAllowed(GatewayError):
    """The resource does not support the HTTP method.

    Use a method that ``Allow`` lists.
    """

    code = "method-not-allowed"
    title = "Method not allowed"
    status = 405


class Conflict(GatewayError):
    """The request does not fit the current state of the resource.

    Read the resource again and decide anew.
    """

    code = "conflict"
    title = "Conflict"
    status = 409


class AlreadyExists(Conflict):
    """Something with that name exists already.

    Choose another name, or replace what exists.
    """

    code = "already-exists"
    title = "Already exists"


class PreconditionFailed(GatewayError):
    """The resource is not in the state that a precondition such as ``If-Match`` names.

    Somebody changed it meanwhile: read it again, apply your change to the new state,
    and send its ``ETag``.
    """

    code = "precondition-failed"
    title = "Precondition failed"
    status = 412


class TooLarge(GatewayError):
    """The request or its response is above a size limit.

    Ask for less, in parts, or as a job; the message gives the limit.
    """

    code = "too-large"
    title = "Too large"
    status = 413


class TooManyRequests(GatewayError):
    """The caller makes more requests than a limit allows.

    Wait for as long as ``Retry-After`` says.
    """

    code = "too-many-requests"
    title = "Too many requests"
    status = 429
    transient = True


class NotImplementedHere(GatewayError):
    """The protocol defines this operation, but the gateway does not implement it.

    Use another way to the same end; the text names one where there is one.
    """

    code = "not-implemented"
    title = "Not implemented"
    status = 501


class BackendFailed(GatewayError):
    """A system behind the gateway gave a wrong answer.

    Tell the operator the ``request_id``; repeating the request does not help.
    """

    code = "backend-failed"
    title = "Backend failed"
    status = 502


class Unavailable(GatewayError):
    """A system behind the gateway is unavailable.

    Repeat the request after ``Retry-After``; if the error lasts, tell the operator.
    """

    code = "unavailable"
    title = "Unavailable"
    status = 503
    transient = True


class PersonAbsent(Unavailable):
    """The gateway may act for the person only while their requests come in.

    Sign in, or send any request with your token: what waits for you goes on.
    """

    code = "person-absent"
    title = "The person is absent"


class TimedOut(GatewayError):
    """A system behind the gateway did not answer in time.

    Repeat the request later, or ask for less.
    """

    code = "timed-out"
    title = "Timed out"
    status = 504
    transient = True


class StorageFull(GatewayError):
    """The disk or a quota is full.

    Delete something, or ask the operator for space.
    """

    code = "storage-full"
    title = "Storage full"
    status = 507


def error_class(code: str) -> type[GatewayError]:
    """Return the error class with a code; :class:`GatewayError` for an unknown code."""
    classes = [GatewayError]
    for one in classes:
        if one.code == code:
            return one
        classes += one.__subclasses__()
    return GatewayError
