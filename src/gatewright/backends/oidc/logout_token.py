"""Checks logout tokens (OpenID Connect Back-Channel Logout 1.0, sections 2.4, 2.6)."""

from collections.abc import Collection, Mapping
from typing import Any

from joserfc import jwt
from joserfc.errors import JoseError

from gatewright.backends.oidc.signed import FittingKeys, Untrusted, signed_claims
from gatewright.core.clock import LEEWAY_SECONDS, Clock
from gatewright.domains.identity import LoggedOut

EVENT = "http://schemas.openid.net/event/backchannel-logout"
LONGEST_AGE = 600.0
"""A logout token is sent when it is made; an older one was kept by somebody."""
_TYPES = frozenset({"logout+jwt", "jwt"})
_LONGEST_NAME = 255


async def checked_logout(
    token: str,
    issuer: str,
    client_id: str,
    algorithms: Collection[str],
    keys: FittingKeys,
    clock: Clock,
) -> LoggedOut:
    """Return what a logout token says, after all checks but that of its first use.

    Raises
    ------
    Untrusted
        The signature is wrong, or the token is no logout token, another issuer's or
        client's, too old, or says neither who nor which session.
    """
    header, claims = await signed_claims(token, algorithms, keys)
    kind = header.get("typ", "JWT")
    if not isinstance(kind, str) or kind.lower().removeprefix("application/") not in (
        _TYPES
    ):
        raise Untrusted(f"a token of the type {kind!r} is no logout token")
    registry = jwt.JWTClaimsRegistry(
        now=lambda: int(clock()),
        leeway=int(LEEWAY_SECONDS),
        iss={"essential": True, "value": issuer},
        aud={"essential": True, "value": client_id},
        iat={"essential": True},
        exp={"essential": True},
        jti={"essential": True},
    )
    try:
        registry.validate(dict(claims))
        if clock() - claims["iat"] > LONGEST_AGE + LEEWAY_SECONDS:
            raise Untrusted("the logout token was made too long ago")
    except (JoseError, ValueError, TypeError, OverflowError) as error:
        raise Untrusted(f"the logout token does not hold: {error!r}") from error
    events = claims.get("events")
    if not isinstance(events, dict) or not isinstance(events.get(EVENT), dict):
        raise Untrusted("the token says nothing of a logout")
    if "nonce" in claims:  # an ID token has one, and must not end sessions
        raise Untrusted("a logout token has no nonce")
    subject, sid = _name(claims, "sub"), _name(claims, "sid")
    if not subject and not sid:
        raise Untrusted("the logout token says neither who nor which session")
    # Whoever keeps it may send it again until both bounds have passed.
    until = min(claims["exp"], claims["iat"] + LONGEST_AGE)
    return LoggedOut(
        _name(claims, "jti"), until + 2 * LEEWAY_SECONDS, subject=subject, sid=sid
    )


def _name(claims: Mapping[str, Any], claim: str) -> str:
    """Return a claim that is a name; empty if it is missing."""
    name = claims.get(claim, "")
    if not isinstance(name, str) or not name.isprintable() or len(name) > _LONGEST_NAME:
        raise Untrusted(f"the claim {claim!r} is too long or odd a text")
    return name
