"""Answers that depend on who asks are kept by no cache for anybody else.

A cache in front of the gateway that is told nothing may keep what a session's cookie
admitted, and give it to the next (RFC 9111, sections 3 and 4.1).
"""

from gatewright.web.exchange import Exchange
from gatewright.web.fields import Fields

_FOR_ONE = (b"cache-control", b"private, no-cache")


def keep_private(fields: Fields, exchange: Exchange) -> None:
    """Add ``Vary``, and ``Cache-Control`` to what a signed-in caller is told.

    An answer that says itself that it is public, or for how long it is kept, stays as
    it is; so does what was answered before anybody asked who the caller is.
    """
    if exchange.user is None:
        return
    kept = fields.get(b"cache-control")
    if b"public" not in kept.replace(b" ", b"").split(b","):
        fields.vary(b"Authorization")
        fields.vary(b"Cookie")
        if exchange.user and not kept:
            fields.add(*_FOR_ONE)
