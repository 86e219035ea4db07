"""Grants for the broker, made as another implementation makes them."""

import hashlib

from tests.broker.conftest import (
    RunningBroker,
)


def grant(broker: RunningBroker, challenge: bytes, name: str) -> bytes:
    """Return a grant as another implementation makes it (RFC 2104, by hand)."""
    text = b"worker " + challenge + b" " + name.encode()
    key = broker.key.ljust(64, b"\0")
    inner = hashlib.sha256(bytes(b ^ 0x36 for b in key) + text).digest()
    outer = hashlib.sha256(bytes(b ^ 0x5C for b in key) + inner)
    return outer.hexdigest().encode()
