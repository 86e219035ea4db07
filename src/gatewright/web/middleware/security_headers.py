"""Headers that restrict what browsers do with a response."""

from urllib.parse import urlsplit

from gatewright.web.exchange import Exchange
from gatewright.web.fields import Fields

_ALWAYS = {
    b"x-content-type-options": b"nosniff",
    b"x-frame-options": b"DENY",
    b"referrer-policy": b"same-origin",
    b"cross-origin-opener-policy": b"same-origin",
    b"cross-origin-resource-policy": b"same-origin",
    b"permissions-policy": b"camera=(), geolocation=(), microphone=(), payment=()",
    b"content-security-policy": b"default-src 'none'; frame-ancestors 'none'",
}
_HTTPS = {b"strict-transport-security": b"max-age=31536000"}
_SHARED = {b"cross-origin-resource-policy": b"cross-origin"}


class SecurityFields:
    """Adds the security headers that a response does not set itself.

    It also reduces the ``Location`` of redirects to a path on this host, except for the
    address that the handler has noted as ``Exchange.leads_to``.

    Parameters
    ----------
    secure
        Whether the gateway's public URL is https.
    """

    def __init__(self, *, secure: bool) -> None:
        self._own = _ALWAYS | (_HTTPS if secure else {})
        self._shared = self._own | _SHARED

    def __call__(self, fields: Fields, exchange: Exchange) -> None:
        """Add the headers to one response."""
        if 300 <= exchange.status < 400:
            # Starlette's redirects have the scheme and host of the connection. Behind a
            # proxy those differ from the public URL, and would lead from https to http.
            elsewhere = exchange.leads_to.encode()
            fields.pairs = [
                (
                    name,
                    _path(value)
                    if name == b"location" and value != elsewhere
                    else value,
                )
                for name, value in fields.pairs
            ]
        fields.set_if_missing(self._shared if exchange.shared else self._own)


def _path(location: bytes) -> bytes:
    """Return the path and query of a ``Location``, without scheme and host."""
    parts = urlsplit(location)
    path = b"/" + parts.path.lstrip(b"/\\")  # after two slashes comes a host name
    return path + (b"?" + parts.query if parts.query else b"")
