"""Keeps shared caches from storing responses that depend on the caller.

Without these headers a cache in front of the gateway may store a response to one user's
cookie and serve it to another user (RFC 9111, sections 3 and 4.1).
"""

from gatewright.web.exchange import Exchange
from gatewright.web.fields import Fields

_FOR_ONE = (b"cache-control", b"private, no-cache")


def keep_private(fields: Fields, exchange: Exchange) -> None:
    """Add ``Vary``, and ``Cache-Control: private, no-cache`` for a signed-in caller.

    A response with ``Cache-Control: public`` stays as it is, and so does one that was
    sent before authentication. Another ``Cache-Control`` of the response is kept.
    """
    if exchange.user is None:
        return
    kept = fields.get(b"cache-control")
    if b"public" not in kept.replace(b" ", b"").split(b","):
        fields.vary(b"Authorization")
        fields.vary(b"Cookie")
        if exchange.user and not kept:
            fields.add(*_FOR_ONE)
