"""Grants: what lets the broker start one worker of one person."""

import hmac
from pathlib import Path
from typing import Protocol

from gatewright.core.errors import Unavailable

KEY_BYTES = 32


class Granter(Protocol):
    """Says that a worker may be started. Its method blocks."""

    def grant(self, challenge: bytes, user: str) -> bytes:
        """Return the grant for the worker of an account.

        ``challenge`` is what the broker sent on the connection that asks.

        Raises
        ------
        GatewayError
            There is none.
        """
        ...


class KeyGranter:
    """Grants of a process that has the key itself.

    Whoever may read the key may start the worker of anybody. The port is there so that
    a process of its own can have the key, and grant for those who have just asked.

    Parameters
    ----------
    path
        The file of the key, as ``gatewright broker`` makes it.
    """

    def __init__(self, path: Path) -> None:
        self._path = path

    def grant(self, challenge: bytes, user: str) -> bytes:
        try:
            key = self._path.read_bytes()
        except OSError as error:
            raise Unavailable(
                "The gateway cannot read its key for starting workers. Its operator "
                "has to start “gatewright broker” first."
            ) from error
        text = b"worker " + challenge + b" " + user.encode()
        return hmac.new(key, text, "sha256").hexdigest().encode()
