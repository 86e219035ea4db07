"""Grants, which allow the broker to start one worker of one account."""

import hmac
from pathlib import Path
from typing import Protocol

from gatewright.core.errors import Unavailable

KEY_BYTES = 32


class Granter(Protocol):
    """Makes grants; its method blocks."""

    def grant(self, challenge: bytes, user: str) -> bytes:
        """Return the grant to start the worker of an account.

        ``challenge`` is what the broker has sent on the connection of the request.

        Raises
        ------
        GatewayError
            No grant can be made.
        """
        ...


class KeyGranter:
    """Makes grants with a key that this process reads itself.

    Whoever can read the key can start the worker of any account. The port exists so
    that a separate process can hold the key and make grants only for recent requests.

    Parameters
    ----------
    path
        File of the key, which ``gatewright broker`` creates.
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
