"""Grants and tickets, which only a process with the broker's key can make.

A grant allows the broker to start one worker of one account. A ticket allows the worker
to act for some seconds. The grant of an intent stays valid when its person has gone;
with it, ``authn`` makes tickets for the few requests that it names.
"""

import hmac
from collections.abc import Sequence
from pathlib import Path
from typing import Protocol

from gatewright.backends.worker import IntentTicket, Ticket
from gatewright.backends.worker.program.permit import intent_text, tag_of
from gatewright.core.errors import Unavailable

KEY_BYTES = 32


_BOOT_ID = Path("/proc/sys/kernel/random/boot_id")


def boot_id() -> str:
    """Return the machine's boot id, which is new after each start (random(4)).

    The monotonic clock restarts with the machine. The boot id makes tickets from before
    a restart invalid, which would otherwise be valid again until that clock reaches
    their end.
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
        end = str(int(until * 1000))
        return Ticket(f"{end} {tag_of(self._key_of(user), end)}", until)

    def intent_tag(self, text: str) -> str:
        """Return the tag by which ``authn`` knows the text of an intent's grant.

        It stays valid after a restart of the machine. Workers do not accept it.
        """
        return hmac.digest(self._key(), f"intent {text}".encode(), "sha256").hex()

    def intent_ticket(
        self, user: str, until: float, frames: Sequence[str]
    ) -> IntentTicket:
        """Return a ticket for requests, by digest, to an account's worker.

        It is valid until a time of the machine's monotonic clock, in seconds.
        """
        end = str(int(until * 1000))
        tag = tag_of(self._key_of(user), intent_text(end, frames))
        return IntentTicket(f"{end} {tag}", tuple(frames))

    def _key_of(self, user: str) -> bytes:
        text = f"person {boot_id()} {user}".encode()
        return hmac.digest(self._key(), text, "sha256")

    def _key(self) -> bytes:
        try:
            return self._path.read_bytes()
        except OSError as error:
            raise Unavailable(
                "The key for starting workers cannot be read. The gateway's operator "
                "has to start “gatewright broker” first, and then “gatewright authn”.",
                retry_after=5,
            ) from error
