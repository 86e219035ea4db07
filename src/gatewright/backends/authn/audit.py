"""The audit log of the gateway's requests, which ``authn`` keeps.

The gateway may add to it and, for administrators, search it. It has no way to change or
remove what was recorded.
"""

import logging
from dataclasses import dataclass, replace

from gatewright.backends.authn.client import AuthnClient
from gatewright.core.caller import Caller
from gatewright.core.disk import GIVES_ROOM_BACK
from gatewright.core.pages import Page
from gatewright.domains.identity import (
    AuditEntry,
    AuditRecord,
    AuditSearch,
    AuditTrail,
    plain_entry,
)

_EACH_SECONDS = 3600.0
_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class RemoteAudit:
    """Implements :class:`gatewright.domains.identity.RequestedAudit` by ``authn``."""

    client: AuthnClient
    """Calls ``authn``."""

    async def begin(self, entry: AuditEntry) -> str:
        # Cut to its lengths here already, since the length of a call is bounded.
        arguments = {"entry": plain_entry(entry)}
        return str(await self.client.call("audit.begin", str, arguments))

    async def record(self, entry: AuditEntry, *, intent: str = "") -> None:
        arguments = {"entry": plain_entry(entry), "intent": intent}
        await self.client.call("audit.record", type(None), arguments)

    async def search(
        self,
        caller: Caller,
        wanted: AuditSearch,
        limit: int | None = None,
        cursor: str | None = None,
    ) -> Page[AuditRecord]:
        arguments = {"wanted": wanted, "limit": limit, "cursor": cursor}
        found: Page[AuditRecord] = await self.client.call(
            "audit.search", Page[AuditRecord], arguments, caller=caller
        )
        return found


@dataclass(frozen=True, slots=True)
class KeptAudit:
    """Adds what the gateway says of its requests to the log of ``authn``.

    The time is that of ``authn``. All else is the gateway's word, so a gateway that was
    taken over can add what is not true, in the order in which it is added.
    """

    audit: AuditTrail
    """The log."""

    async def begin(self, entry: AuditEntry) -> str:
        """Store the intent of a change and return its id."""
        with_room = GIVES_ROOM_BACK.set(entry.method == "DELETE")
        try:
            return await self.audit.begin(replace(entry, status=0))
        finally:
            GIVES_ROOM_BACK.reset(with_room)

    async def record(self, entry: AuditEntry, intent: str) -> None:
        """Store the outcome of a change."""
        with_room = GIVES_ROOM_BACK.set(entry.method == "DELETE")
        try:
            await self.audit.record(entry, intent=intent)
        finally:
            GIVES_ROOM_BACK.reset(with_room)

    async def look_after(self) -> float:
        """Record changes whose outcome never came, and log the end of the chain.

        The log of the process is kept elsewhere than the chain, so it shows whether
        records were cut off at the end. Returns seconds until this is due again.
        """
        await self.audit.recover()
        last = await self.audit.last()
        if last is not None:
            _log.info("The audit log has %d records, head %s", last.number, last.hash)
        return _EACH_SECONDS
