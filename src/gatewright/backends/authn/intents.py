"""Grants for work that goes on after its person has left, such as a job to submit.

``authn`` signs a grant while the person sends requests. The grant names the intent, its
person, the time at which it ends, and the digests of the worker's requests that it
allows. The gateway stores it, and cannot alter it.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from hmac import compare_digest
from typing import Protocol

from gatewright.backends.worker import IntentTicket, Ticket
from gatewright.core.clock import Clock, system_clock
from gatewright.core.errors import InvalidRequest

INTENT_SECONDS = 7 * 86_400.0
"""Longest time for which a grant is valid, in seconds."""
_MOST_FRAMES = 8
_LONGEST_NAME = 64
_HEX = frozenset("0123456789abcdef")
_DIGEST_LETTERS = 64


@dataclass(frozen=True, slots=True)
class GrantedIntent:
    """What a grant says."""

    name: str
    """Name of the intent, which its person has once only."""
    user: str
    """Account of the person."""
    until: int
    """End of the grant, seconds since 1970 UTC."""
    frames: tuple[str, ...]
    """Digests of the requests that the person's worker carries out for it."""


class EndedIntents(Protocol):
    """The intents that have ended before their grants do."""

    async def add(self, ended: Sequence[GrantedIntent], now: float) -> None:
        """Store ended intents until their grants expire, and remove expired ones."""
        ...

    async def has(self, intent: GrantedIntent) -> bool:
        """Return whether an intent has ended."""
        ...


class Granter(Protocol):
    """Makes what the broker and the workers check; its methods read a small file."""

    def grant(self, challenge: bytes, user: str) -> bytes:
        """Return the grant to start the worker of an account."""
        ...

    def ticket(self, user: str, until: float) -> Ticket:
        """Return a ticket for the worker of an account."""
        ...

    def intent_tag(self, text: str) -> str:
        """Return the tag of an intent's grant."""
        ...

    def intent_ticket(
        self, user: str, until: float, frames: Sequence[str]
    ) -> IntentTicket:
        """Return a ticket for the requests of an intent."""
        ...


class IntentGrants:
    """Makes, checks and ends the grants of intents."""

    def __init__(
        self, granter: Granter, ended: EndedIntents, clock: Clock = system_clock
    ) -> None:
        self._granter = granter
        self._ended = ended
        self._clock = clock

    def sign(self, user: str, name: str, frames: Sequence[str]) -> str:
        """Return the grant of an intent.

        Raises
        ------
        InvalidRequest
            The name or a digest has another form, or there are too many.
        """
        if (
            not (name.isascii() and name.isalnum() and len(name) <= _LONGEST_NAME)
            or not 1 <= len(frames) <= _MOST_FRAMES
            or any(len(f) != _DIGEST_LETTERS or not _HEX.issuperset(f) for f in frames)
        ):
            raise InvalidRequest("An intent has a name, and digests of its requests.")
        until = int(self._clock() + INTENT_SECONDS)
        text = f"{name} {user} {until} {','.join(frames)}"
        return f"{text} {self._granter.intent_tag(text)}"

    def read(self, grant: str) -> GrantedIntent | None:
        """Return what a grant says; None if it was not made here."""
        text, _, tag = grant.rpartition(" ")
        if not grant.isascii() or not compare_digest(
            self._granter.intent_tag(text), tag
        ):
            return None
        name, user, until, frames = text.split(" ")
        return GrantedIntent(name, user, int(until), tuple(frames.split(",")))

    async def lasting(self, grant: str) -> GrantedIntent | None:
        """Return what a grant says; None if it is not valid or has ended."""
        intent = self.read(grant)
        if intent is None or self._clock() >= intent.until:
            return None
        return None if await self._ended.has(intent) else intent

    async def end(self, grants: Sequence[str]) -> None:
        """End the intents of grants; ignore texts that are no grants."""
        found = [intent for intent in map(self.read, grants) if intent is not None]
        await self._ended.add(found, self._clock())
