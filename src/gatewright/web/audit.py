"""The audit record of every request that may change something, whatever the face.

:class:`AuditGate` stands right before the faces: it writes down what is about to be
done, and where that cannot be written, nothing is done (503). :class:`AuditTrail`
stands outside of the authentication: it writes the record, with the status, before the
answer leaves.
"""

from collections.abc import Awaitable
from dataclasses import dataclass, replace
from urllib.parse import quote

from starlette.requests import Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from gatewright.composition import Services
from gatewright.core.caller import Caller
from gatewright.core.disk import GIVES_ROOM_BACK
from gatewright.core.errors import GatewayError
from gatewright.domains.identity import AuditEntry
from gatewright.web.client_address import client_address
from gatewright.web.exchange import refusal
from gatewright.web.own_pages import SAFE_METHODS

_KEY = "gatewright.audit"


@dataclass(slots=True)
class _Note:
    """What is known of a request while it runs."""

    entry: AuditEntry
    """What the record will say."""
    intent: str = ""
    """Id of what was written down before, once it was."""
    done: bool = False
    """Whether the record was written, or will not be."""
    refused: bool = False
    """Whether the answer had to give way to a refusal, since there is no record."""


def note_caller(scope: Scope, caller: Caller) -> None:
    """Say in the record of this request who makes it."""
    note = scope.get(_KEY)
    if note is not None:
        note.entry = replace(
            note.entry,
            user=caller.user,
            token=caller.token,
            request_id=caller.request_id,
        )


def note_text(scope: Scope, text: str) -> None:
    """Add a sentence to the record of this request, if it gets one."""
    note = scope.get(_KEY)
    if note is not None:
        note.entry = replace(note.entry, note=text)


def audit_entry(scope: Scope, caller: Caller | None = None) -> AuditEntry:
    """Return what the audit log says of a request, without its outcome."""
    raw = scope.get("raw_path") or quote(scope["path"]).encode()
    return AuditEntry(
        at=0.0,
        user=caller.user if caller else "",
        token=caller.token if caller else "",
        method=scope["method"],
        path=raw.partition(b"?")[0].decode("latin-1"),
        status=0,
        request_id=caller.request_id if caller else "",
        address=client_address(scope),
    )


class AuditTrail:
    """ASGI middleware that records each request that may change something, once."""

    def __init__(self, app: ASGIApp, services: Services) -> None:
        self._app = app
        self._audit = services.identity.audit

    def __call__(self, scope: Scope, receive: Receive, send: Send) -> Awaitable[None]:
        safe = scope["method"] in SAFE_METHODS
        answer = self._app if safe else self._recorded
        return answer(scope, receive, send)

    async def _recorded(self, scope: Scope, receive: Receive, send: Send) -> None:
        deleting = GIVES_ROOM_BACK.set(scope["method"] == "DELETE")
        try:
            await self._noted(scope, receive, send)
        finally:
            GIVES_ROOM_BACK.reset(deleting)

    async def _noted(self, scope: Scope, receive: Receive, send: Send) -> None:
        note = scope[_KEY] = _Note(audit_entry(scope))

        async def record_and_send(message: Message) -> None:
            if message["type"] == "http.response.start":
                error = await self._record(note, message["status"])
                if error is not None:
                    await refusal(error, Request(scope))(scope, receive, send)
            if not note.refused:
                await send(message)

        try:
            await self._app(scope, receive, record_and_send)
        except GatewayError as error:
            raise await self._record(note, error.status) or error from None
        except BaseException:
            await self._record(note, 500)
            raise
        # An answer that never came, since the client went away.
        await self._record(note, 0)

    async def _record(self, note: _Note, status: int) -> GatewayError | None:
        """Write the record; return why the answer may not leave, if it may not."""
        if note.done or (status == 429 and not note.intent):
            # Above the rate nothing was begun; the access log has it.
            return None
        note.done = True
        try:
            entry = replace(note.entry, status=status)
            await self._audit.record(entry, intent=note.intent)
        except GatewayError as error:
            note.refused = True
            return error
        return None


class AuditGate:
    """ASGI middleware that lets nothing be changed while the log cannot be written."""

    def __init__(self, app: ASGIApp, services: Services) -> None:
        self._app = app
        self._audit = services.identity.audit

    def __call__(self, scope: Scope, receive: Receive, send: Send) -> Awaitable[None]:
        answer = self._app if scope.get(_KEY) is None else self._intended
        return answer(scope, receive, send)

    async def _intended(self, scope: Scope, receive: Receive, send: Send) -> None:
        note = scope[_KEY]
        try:
            note.intent = await self._audit.begin(note.entry)
        except GatewayError as error:
            note.done = True
            await refusal(error, Request(scope))(scope, receive, send)
            return
        await self._app(scope, receive, send)
