"""Checks ID tokens (OpenID Connect Core 1.0, section 3.1.3.7)."""

import base64
import hashlib
import hmac
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any

from joserfc import jwt
from joserfc.errors import JoseError

from gatewright.backends.oidc.signed import FittingKeys, Untrusted, signed_claims
from gatewright.core.clock import LEEWAY_SECONDS, Clock

LONGEST_AGE = 600.0
"""A token is made when the gateway asks for it; an older one is another's."""
_LONGEST_SUBJECT = 255


@dataclass(frozen=True, slots=True)
class Expected:
    """What a token has to be made for."""

    issuer: str
    """Address of the provider."""
    client_id: str
    """The gateway, as the provider knows it."""
    nonce: str
    """What the gateway sent with the browser."""
    access_token: str
    """The access token that came with it."""


async def checked_claims(
    token: str,
    expected: Expected,
    algorithms: Collection[str],
    keys: FittingKeys,
    clock: Clock,
) -> Mapping[str, Any]:
    """Return the claims of an ID token after all checks.

    Parameters
    ----------
    token
        The token, in JWS compact form.
    expected
        The issuer, client, nonce and access token that it has to match.
    algorithms
        Algorithms with which the provider may sign.
    keys
        Returns the keys that may have made a signature, by key id and algorithm.
    clock
        Gives the time in seconds since 1970 UTC; a minute of difference is allowed.

    Raises
    ------
    Untrusted
        The signature is wrong, or the token is another issuer's, client's or sign-in's,
        or too old.
    """
    header, claims = await signed_claims(token, algorithms, keys)
    try:
        _check(claims, expected, clock())
        _check_hash(claims, header["alg"], expected.access_token)
    except (TypeError, ValueError, OverflowError) as error:
        raise Untrusted(f"a claim has a value of no use: {error!r}") from error
    return claims


def _check(claims: Mapping[str, Any], expected: Expected, now: float) -> None:
    registry = jwt.JWTClaimsRegistry(
        now=lambda: int(now),
        leeway=int(LEEWAY_SECONDS),
        iss={"essential": True, "value": expected.issuer},
        sub={"essential": True},
        aud={"essential": True, "value": expected.client_id},
        exp={"essential": True},
        iat={"essential": True},
    )
    try:
        registry.validate(dict(claims))
    except (JoseError, ValueError, TypeError) as error:
        raise Untrusted(f"the ID token does not hold: {error!r}") from error
    if now - claims["iat"] > LONGEST_AGE + LEEWAY_SECONDS:
        raise Untrusted("the ID token was made too long ago")
    others = claims["aud"] if isinstance(claims["aud"], list) else [claims["aud"]]
    party = claims.get("azp")
    if party not in {None, expected.client_id} or (party is None and len(others) > 1):
        raise Untrusted(f"the ID token is for {claims['aud']!r}, party {party!r}")
    nonce = claims.get("nonce")
    if not isinstance(nonce, str) or not hmac.compare_digest(
        nonce.encode("utf-8", "surrogatepass"), expected.nonce.encode()
    ):
        raise Untrusted("the ID token has the nonce of another sign-in")
    if len(claims["sub"]) > _LONGEST_SUBJECT or not claims["sub"].isprintable():
        raise Untrusted("the ID token names the person by too long or odd a text")


def _check_hash(claims: Mapping[str, Any], algorithm: str, access_token: str) -> None:
    """Check that ID and access token belong together, if there is an ``at_hash``."""
    told = claims.get("at_hash")
    if told is None:
        return
    # SHA-512 goes with Ed25519, which has no digits in its name that say so.
    name = f"sha{algorithm[2:]}" if algorithm[2:].isdigit() else "sha512"
    made = hashlib.new(name, access_token.encode()).digest()
    half = base64.urlsafe_b64encode(made[: len(made) // 2]).rstrip(b"=").decode()
    if not isinstance(told, str) or told.rstrip("=") != half:
        raise Untrusted("the ID token belongs to another access token")
