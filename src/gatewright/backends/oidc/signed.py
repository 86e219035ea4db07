"""Reads tokens that a provider has signed (RFC 7515 and 7519)."""

from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from typing import Any

from joserfc import jws, jwt
from joserfc.errors import JoseError

_LONGEST = 65_536

FittingKeys = Callable[[str | None, str], Awaitable[Sequence[Any]]]
"""Returns the keys that may have made a signature, by key id and algorithm."""


class Untrusted(Exception):
    """A token that is not to be trusted; the text is for the log."""


async def signed_claims(
    token: str, algorithms: Collection[str], keys: FittingKeys
) -> tuple[Mapping[str, Any], dict[str, Any]]:
    """Return header and claims of a token, whose signature fits a key.

    Raises
    ------
    Untrusted
        The token cannot be read, or no key of the provider has signed it.
    """
    if len(token) > _LONGEST:
        raise Untrusted("the token is too long")
    try:
        header = jws.extract_compact(token.encode()).headers()
    except (JoseError, ValueError, TypeError, RecursionError) as error:
        raise Untrusted(f"the token cannot be read: {error!r}") from error
    algorithm, kid = header.get("alg"), header.get("kid")
    if not isinstance(algorithm, str) or algorithm not in algorithms:
        raise Untrusted(f"the token is signed by {algorithm!r}")
    if not isinstance(kid, str | None):
        raise Untrusted("the token names no key")
    fault: Exception | None = None
    for key in await keys(kid, algorithm):
        try:
            claims: dict[str, Any] = jwt.decode(
                token, key, algorithms=[algorithm]
            ).claims
        except (JoseError, ValueError, TypeError, RecursionError) as error:
            fault = error
        else:
            return header, claims
    raise Untrusted(f"no key of the provider fits the token: {fault!r}")
