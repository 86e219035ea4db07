"""Conditional requests: entity tags, dates and preconditions (RFC 9110, section 13)."""

import re
from collections.abc import Mapping
from datetime import UTC
from email.utils import formatdate, parsedate_to_datetime

from starlette.requests import HTTPConnection
from starlette.responses import Response

from gatewright.core.errors import InvalidRequest, PreconditionFailed

_TAG = re.compile(r'(?:W/)?"[\x21\x23-\x7e\x80-\xff]*"')
_TAG_LIST = re.compile(rf"[\s,]*{_TAG.pattern}(?:\s*,[\s,]*{_TAG.pattern})*[\s,]*")
_SAFE = frozenset({"GET", "HEAD"})


def entity_tags(field: str) -> list[str]:
    """Return the entity tags in an ``If-Match`` or ``If-None-Match`` header.

    Raises
    ------
    InvalidRequest
        The header is not a list of quoted tags.
    """
    if not _TAG_LIST.fullmatch(field):
        raise InvalidRequest(
            "“If-Match” and “If-None-Match” hold “*” or tags in double quotes."
        )
    return _TAG.findall(field)


def tag_matches(field: str, etag: str | None, *, weak: bool) -> bool:
    """Return whether a resource's entity tag matches the header ``field``.

    ``etag`` is None for a resource that does not exist; ``*`` matches any that does.
    The weak comparison ignores the prefix ``W/``; in the strong comparison a weak tag
    matches nothing (RFC 9110, section 8.8.3.2).
    """
    if field.strip() == "*":
        return etag is not None
    tags = entity_tags(field)
    if etag is None:
        return False
    if weak:
        return etag.removeprefix("W/") in {tag.removeprefix("W/") for tag in tags}
    return not etag.startswith("W/") and etag in tags


def check_preconditions(
    connection: HTTPConnection, etag: str | None, modified_at: float | None = None
) -> bool:
    """Evaluate a request's preconditions; return True if the response is 304.

    The order is that of RFC 9110, section 13.2.2.

    Parameters
    ----------
    connection
        The request.
    etag
        Entity tag of the resource; None if the resource does not exist.
    modified_at
        Time of the last change in seconds since 1970-01-01 UTC, if known.

    Raises
    ------
    PreconditionFailed
        The resource is not in the state that the client named.
    InvalidRequest
        A header with entity tags is malformed.
    """
    headers = connection.headers
    safe = connection.scope["method"] in _SAFE
    _check_state(headers, etag, modified_at)
    field = headers.get("if-none-match")
    if field is not None:
        if not tag_matches(field, etag, weak=True):
            return False
        if safe:
            return True
        raise PreconditionFailed(
            "Something with that name exists already."
            if field.strip() == "*"
            else "The resource is in the state that you wished to avoid."
        )
    since = headers.get("if-modified-since")
    if since is None or modified_at is None or not safe:
        return False
    moment = _http_date(since)
    return moment is not None and int(modified_at) <= moment


def _check_state(
    headers: Mapping[str, str], etag: str | None, modified_at: float | None
) -> None:
    """Evaluate ``If-Match``, or without it ``If-Unmodified-Since``."""
    field = headers.get("if-match")
    if field is not None:
        if not tag_matches(field, etag, weak=False):
            raise PreconditionFailed(
                "The resource has changed since you read it; read it again.",
                headers={} if etag is None else {"ETag": etag},
            )
        return
    moment = _http_date(headers.get("if-unmodified-since", ""))
    if moment is not None and modified_at is not None and int(modified_at) > moment:
        raise PreconditionFailed("The resource was changed after that time.")


def _http_date(field: str) -> int | None:
    """Return an HTTP date as seconds since 1970-01-01 UTC; None if malformed.

    The old form of asctime, which names no zone, is in UTC as the others are (RFC 9110,
    section 5.6.7).
    """
    try:
        moment = parsedate_to_datetime(field)
        return int(
            (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()
        )
    except (ValueError, OverflowError, TypeError, IndexError):
        return None


def http_date(seconds: float) -> str:
    """Return seconds since 1970-01-01 UTC as an HTTP date (RFC 9110, section 5.6.7)."""
    return formatdate(int(seconds), usegmt=True)


def validators(etag: str | None, modified_at: float | None = None) -> dict[str, str]:
    """Return the headers ``ETag`` and ``Last-Modified`` of a resource."""
    fields = {} if etag is None else {"ETag": etag}
    if modified_at is not None:
        fields["Last-Modified"] = http_date(modified_at)
    return fields


def not_modified(
    etag: str | None,
    modified_at: float | None = None,
    headers: Mapping[str, str] | None = None,
) -> Response:
    """Return a 304 response with the resource's validators."""
    fields = validators(etag, modified_at) | dict(headers or {})
    return Response(status_code=304, headers=fields)
