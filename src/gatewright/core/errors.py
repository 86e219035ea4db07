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
status of 500 never shows its text (``gatewright.web.problems`` renders it). The second
paragraph of a class is what the person may do; the reference of errors is made of it.
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
    """The request cannot be understood.

    Mend the request: the text names the part that cannot be read.
    """

    code = "invalid-request"
    title = "Invalid request"
    status = 400


class UnsupportedMediaType(InvalidRequest):
    """The body is of a type that is not taken here.

    Send the body in the type that the text names, as ``Content-Type``.
    """

    code = "unsupported-media-type"
    title = "Unsupported media type"
    status = 415


class NotAcceptable(InvalidRequest):
    """No form of the answer is one that the client accepts.

    Leave ``Accept`` out, or name a type that the text lists.
    """

    code = "not-acceptable"
    title = "Not acceptable"
    status = 406


class RangeNotSatisfiable(InvalidRequest):
    """The range lies outside the content.

    Ask within the size that ``Content-Range`` tells.
    """

    code = "range-not-satisfiable"
    title = "Range not satisfiable"
    status = 416


class UriTooLong(InvalidRequest):
    """The URL is longer than the gateway reads.

    Ask for less at once, or send what is long in the body.
    """

    code = "uri-too-long"
    title = "URL too long"
    status = 414


class HeadersTooLarge(InvalidRequest):
    """The header section is larger than the gateway reads.

    Send fewer header fields or shorter ones; often it is cookies of other pages.
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
    """The request is well formed and its values are not right.

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
    """There is nothing of that name that the caller may see.

    Check the name; what one may not see is not there, so check who you are, too.
    """

    code = "not-found"
    title = "Not found"
    status = 404


class MethodNotAllowed(GatewayError):
    """The resource does not have this method.

    Use a method that ``Allow`` lists.
    """

    code = "method-not-allowed"
    title = "Method not allowed"
    status = 405


class Conflict(GatewayError):
    """The state of the resource does not admit the request.

    Read the resource again and decide anew.
    """

    code = "conflict"
    title = "Conflict"
    status = 409


class AlreadyExists(Conflict):
    """Something of that name is there already.

    Choose another name, or replace what is there.
    """

    code = "already-exists"
    title = "Already exists"


class PreconditionFailed(GatewayError):
    """The resource is not in the state that the client named (If-Match).

    Somebody changed it meanwhile: read it again, apply your change to that, and send
    the new ``ETag``.
    """

    code = "precondition-failed"
    title = "Precondition failed"
    status = 412


class TooLarge(GatewayError):
    """The request or its answer is above a limit.

    Ask for less, in parts, or as a job; the text tells the limit.
    """

    code = "too-large"
    title = "Too large"
    status = 413


class TooManyRequests(GatewayError):
    """The caller is above a rate.

    Wait for as long as ``Retry-After`` says.
    """

    code = "too-many-requests"
    title = "Too many requests"
    status = 429
    transient = True


class NotImplementedHere(GatewayError):
    """The protocol has this and this service does not.

    Use another way to the same end; the text names one where there is one.
    """

    code = "not-implemented"
    title = "Not implemented"
    status = 501


class BackendFailed(GatewayError):
    """Something behind the gateway answered wrongly.

    Tell the operator the ``request_id``; to repeat the request does not help.
    """

    code = "backend-failed"
    title = "Backend failed"
    status = 502


class Unavailable(GatewayError):
    """Something behind the gateway is away.

    Repeat the request after ``Retry-After``; if it lasts, tell the operator.
    """

    code = "unavailable"
    title = "Unavailable"
    status = 503
    transient = True


class TimedOut(GatewayError):
    """Something behind the gateway did not answer in time.

    Repeat the request later, or ask for less.
    """

    code = "timed-out"
    title = "Timed out"
    status = 504
    transient = True


class StorageFull(GatewayError):
    """There is no room for this: the disk or a quota is full.

    Delete something, or ask the operator for room.
    """

    code = "storage-full"
    title = "Storage full"
    status = 507


def error_class(code: str) -> type[GatewayError]:
    """Return the error class with a code; the root class for an unknown code."""
    classes = [GatewayError]
    for one in classes:
        if one.code == code:
            return one
        classes += one.__subclasses__()
    return GatewayError
