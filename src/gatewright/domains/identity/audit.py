"""The audit log of every change, as a hash chain that reveals tampering.

Before a change is made, it is written to the log as an *intent*. When its outcome is
known, and before the answer is sent, it becomes a record of the chain. If the log
cannot be written, the change is refused. If the gateway dies in between, the intent
remains and later becomes a record without an outcome. So no change is missing.
"""

import hashlib
import json
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import replace

from gatewright.core.caller import Caller, Scope
from gatewright.core.clock import Clock, timestamp
from gatewright.core.errors import GatewayError, Unavailable
from gatewright.core.ids import new_id
from gatewright.core.pages import MAXIMUM_LARGE_LIMIT, Page, page_limit
from gatewright.domains.identity.model import (
    AuditEntry,
    AuditRecord,
    AuditSearch,
    AuditVerdict,
)
from gatewright.domains.identity.ports import AuditLog

START = "0" * 64
"""Takes the place of the previous hash in the first record."""
LOST_SECONDS = 86_400.0
"""Age in seconds at which an intent without an outcome counts as left by a gateway that
died."""

_PAGE = 1000
_LONGEST = 256
_LONGEST_PATH = 2048


def chained(before: str, number: int, entry: AuditEntry) -> AuditRecord:
    """Return an entry as the record that follows the one with the hash ``before``."""
    return AuditRecord(number, entry, chain_hash(before, number, entry))


def chain_hash(before: str, number: int, entry: AuditEntry) -> str:
    """Return the SHA-256 of a compact JSON array of a record's fields, in hexadecimal.

    The array is [hash of the record before, number, at, user, token, method, path,
    status, request_id, address, note, route, app], ASCII, without spaces; ``at`` is the
    shortest decimal that reads back as the same 64-bit float. It ends with the note if
    both the route and the app are empty, as they are in records of versions that had
    neither, so that the hashes of those stay valid.
    """
    later = [entry.route, entry.app] if entry.route or entry.app else []
    fields = [
        before,
        number,
        float(entry.at),
        entry.user,
        entry.token,
        entry.method,
        entry.path,
        entry.status,
        entry.request_id,
        entry.address,
        entry.note,
        *later,
    ]
    text = json.dumps(fields, separators=(",", ":"), ensure_ascii=True)
    return hashlib.sha256(text.encode()).hexdigest()


def plain(text: str, longest: int = _LONGEST) -> str:
    """Return text cut to a length, with unprintable characters replaced."""
    shown = text[:longest].encode("utf-8", "replace").decode()
    return "".join(c if c.isprintable() else "\N{REPLACEMENT CHARACTER}" for c in shown)


def plain_entry(entry: AuditEntry) -> AuditEntry:
    """Return an entry whose texts are cut to their lengths and printable."""
    return replace(
        entry,
        user=plain(entry.user),
        token=plain(entry.token),
        method=plain(entry.method),
        path=plain(entry.path, _LONGEST_PATH),
        request_id=plain(entry.request_id),
        address=plain(entry.address),
        note=plain(entry.note),
        route=plain(entry.route, _LONGEST_PATH),
        app=plain(entry.app),
    )


class AuditTrail:
    """Writes and verifies the audit log."""

    def __init__(self, log: AuditLog, clock: Clock) -> None:
        self._log = log
        self._clock = clock

    async def begin(self, entry: AuditEntry) -> str:
        """Record the intent of a change; return the intent's id.

        Raises
        ------
        Unavailable
            The log cannot be written, so the change must not be made.
        """
        intent = new_id()
        try:
            await self._log.begin(intent, self._dated(entry))
        except GatewayError as error:
            raise _unwritable() from error
        return intent

    async def record(self, entry: AuditEntry, *, intent: str = "") -> None:
        """Record the outcome of a change; the record is durable when this returns.

        With an intent only the status and the note count: who, what and from where are
        what the intent says, so that an outcome cannot replace it by something else.

        Raises
        ------
        Unavailable
            The log cannot be written.
        """
        try:
            await self._log.append(self._dated(entry), intent=intent)
        except GatewayError as error:
            raise _unwritable() from error

    def _dated(self, entry: AuditEntry) -> AuditEntry:
        return replace(plain_entry(entry), at=self._clock())

    async def recover(self) -> int:
        """Turn intents older than a day into records without an outcome.

        Returns their number.
        """
        lost = await self._log.intents(self._clock() - LOST_SECONDS)
        for intent, entry in lost:
            began = "begun at a time that cannot be read, outcome not known"
            with suppress(ValueError, OverflowError, OSError):
                began = f"begun at {timestamp(entry.at)}, outcome not known"
            await self.record(replace(entry, status=0, note=began), intent=intent)
        return len(lost)

    async def after(self, number: int) -> Sequence[AuditRecord]:
        """Return the next records after a number, oldest first; empty at the end."""
        return await self._log.after(number, _PAGE)

    async def last(self) -> AuditRecord | None:
        """Return the newest record; None if there is none."""
        found = await self._log.search(AuditSearch(), 1, None)
        return found.items[0] if found.items else None

    async def search(
        self,
        caller: Caller,
        wanted: AuditSearch,
        limit: int | None = None,
        cursor: str | None = None,
    ) -> Page[AuditRecord]:
        """Return a page of records, newest first; requires the scope ``admin``.

        A page looks at a limited part of the log, so it may have few records or none
        before the last page.
        """
        caller.require(Scope.ADMIN)
        cleaned = replace(
            wanted,
            user=None if wanted.user is None else plain(wanted.user),
            method=None if wanted.method is None else plain(wanted.method),
            path=plain(wanted.path, _LONGEST_PATH),
            route=None if wanted.route is None else plain(wanted.route, _LONGEST_PATH),
            app=plain(wanted.app),
        )
        most = page_limit(limit, MAXIMUM_LARGE_LIMIT)
        return await self._log.search(cleaned, most, cursor)

    async def verify(self, head: str = "", length: int = 0) -> AuditVerdict:
        """Read the whole log and check its hash chain.

        ``head`` and ``length`` are the hash and the number of records that an earlier
        check returned. The hash must still be in the chain, and the chain be as long;
        otherwise records were cut off at the end.
        """
        before, number, seen = START, 0, not head
        while records := await self.after(number):
            for record in records:
                due = number + 1
                fault = ""
                if record.number != due:
                    fault = f"Record {due} is gone; after it comes {record.number}."
                elif record.hash != chain_hash(before, due, record.entry):
                    fault = f"Record {due} or the one before it was changed."
                if fault:
                    return AuditVerdict(number, before, fault)
                before, number = record.hash, record.number
                seen = seen or before == head
        fault = ""
        if number < length:
            fault = f"Record {number + 1} is gone, with all up to {length}."
        elif not seen:
            fault = f"The record with the hash {plain(head)} is gone."
        return AuditVerdict(number, before, fault)


def _unwritable() -> Unavailable:
    return Unavailable(
        "The audit log cannot be written, and nothing is changed without it. "
        "Reading goes on; try again later.",
        retry_after=5,
    )
