"""The keys with which a provider signs (RFC 7517)."""

from collections.abc import Awaitable, Callable, Sequence
from typing import Any

from joserfc.errors import JoseError
from joserfc.jwk import JWKRegistry

from gatewright.backends.oidc.kept import Kept

UNKNOWN_SECONDS = 60.0
"""An unknown key makes the gateway ask for all keys again, once in so many seconds."""
MOST_KEYS = 100

_KINDS = {"RS": "RSA", "PS": "RSA", "ES": "EC", "Ed": "OKP"}


class Keys:
    """All keys of a provider, requested again when a key id is unknown.

    Parameters
    ----------
    fetch
        Returns the keys of the provider's JWK set as they are now.
    now
        Gives the time in seconds of a clock that is never set.
    """

    def __init__(
        self,
        fetch: Callable[[], Awaitable[Sequence[Any]]],
        now: Callable[[], float],
    ) -> None:
        self._kept = Kept(fetch, now)
        self._now = now
        self._asked_at = now() - UNKNOWN_SECONDS

    async def fitting(self, kid: str | None, algorithm: str) -> Sequence[Any]:
        """Return the keys that may have made a signature; empty if none is known.

        ``kid`` names one; None stands for a signature that names no key.

        Raises
        ------
        GatewayError
            There are no keys of the last day, and the provider gives none.
        """
        found = _fitting(await self._kept.get(), kid, algorithm)
        if not found and self._now() - self._asked_at >= UNKNOWN_SECONDS:
            self._asked_at = self._now()
            found = _fitting(await self._kept.refresh_now(), kid, algorithm)
        return found


def read_keys(document: object) -> Sequence[Any]:
    """Return the public keys for signatures in a JWK set, at most a hundred.

    Keys that cannot be read are left out, as are secret ones and those for encryption.
    """
    listed = document if isinstance(document, list) else []
    keys = []
    for one in listed[:MOST_KEYS]:
        if not isinstance(one, dict) or one.get("kty") not in _KINDS.values():
            continue
        if one.get("use", "sig") != "sig":
            continue
        try:
            keys.append(JWKRegistry.import_key(one))
        except (JoseError, ValueError, TypeError, KeyError):
            continue
    return keys


def _fitting(keys: Sequence[Any], kid: str | None, algorithm: str) -> Sequence[Any]:
    kind = _KINDS[algorithm[:2]]
    return [
        key
        for key in keys
        if key.key_type == kind
        and kid in {None, key.kid}
        and (key.get("alg") or algorithm) == algorithm
    ]
