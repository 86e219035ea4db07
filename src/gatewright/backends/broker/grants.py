"""Grants and tickets, which only a process with the broker's key can make.

A grant allows the broker to start one worker of one account. A ticket allows the worker
to act for some seconds.
"""

import hmac
from pathlib import Path
from typing import Protocol

from gatewright.backends.worker import Ticket
from gatewright.backends.worker.program.permit import tag_of
from gatewright.core.errors import Unavailable

KEY_BYTES = 32


_BOOT_ID = Path("/proc/sys/kernel/random/boot_id")


def boot_id() -> str:
    """Return a name of the machine's run since it was started (random(4)).

    The monotonic clock begins anew with each start of the machine. Without this name, a
    ticket from before could be valid again, for as long as the machine ran before.
    """
    return _BOOT_ID.read_text("ascii").strip()


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
    """Makes grants and tickets with a key that this process reads itself.

    Whoever can read the key can act for any account. So ``authn`` has it, and makes
    them for the gateway while a person's requests come in.

    Parameters
    ----------
    path
        File of the key, which ``gatewright broker`` creates.
    """

    def __init__(self, path: Path) -> None:
        self._path = path

    def grant(self, challenge: bytes, user: str) -> bytes:
        text = b"worker " + challenge + b" " + user.encode()
        return hmac.digest(self._key(), text, "sha256").hex().encode()

    def ticket(self, user: str, until: float) -> Ticket:
        """Return a ticket for an account's worker.

        It is valid until a time of the machine's monotonic clock, in seconds.
        """
        text = f"person {boot_id()} {user}".encode()
        person = hmac.digest(self._key(), text, "sha256")
        end = str(int(until * 1000))
        return Ticket(f"{end} {tag_of(person, end)}", until)

    def _key(self) -> bytes:
        try:
            return self._path.read_bytes()
        except OSError as error:
            raise Unavailable(
                "The key for starting workers cannot be read. The gateway's operator "
                "has to start “gatewright broker” first, and then “gatewright authn”.",
                retry_after=5,
            ) from error
