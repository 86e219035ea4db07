"""What a job's specification says of the token that the job asks for."""

from dataclasses import dataclass

from gatewright.core.errors import InvalidContent

MAXIMUM_SCOPES = 64
"""Largest number of scopes of one token."""


@dataclass(frozen=True, slots=True)
class TokenRequest:
    """A token that a job asks for: narrower and shorter than what submits the job."""

    scopes: tuple[str, ...]
    """Scopes, all of which the submitter has."""
    seconds: int | None = None
    """Lifetime in seconds from the submission; None for the longest possible."""


def check_token_request(request: TokenRequest) -> None:
    """Refuse a request for a token that nobody could be given.

    Raises
    ------
    InvalidContent
        It names no or too many scopes, or a lifetime below one second.
    """
    if not 1 <= len(request.scopes) <= MAXIMUM_SCOPES:
        raise InvalidContent(
            f"“token” needs from 1 to {MAXIMUM_SCOPES} “scopes”, such as files:read."
        )
    if request.seconds is not None and request.seconds < 1:
        raise InvalidContent("“seconds” of a “token” is 1 or more.")
