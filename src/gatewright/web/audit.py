"""Middleware that writes an audit record of every request that may change something.

:class:`AuditGate`, right in front of the faces, records what is about to be done; if it
cannot, it refuses the request with 503, so that nothing changes without a record.
:class:`AuditTrail`, outside of the authentication, records the status before the
response leaves.
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
from gatewright.domains.identity import AuditEntry, without_token_secrets
from gatewright.web.client_address import client_address
from gatewright.web.exchange import exchange_of, refusal
from gatewright.web.own_pages import SAFE_METHODS
from gatewright.web.templates import Templates

_KEY = "gatewright.audit"


@dataclass(slots=True)
class _Note:
    """The audit record of a request, filled in by middleware while it runs."""

    entry: AuditEntry
    """The entry to write to the audit log."""
    intent: str = ""
    """Id of the record that :class:`AuditGate` wrote before the request ran; empty
    before that."""
    done: bool = False
    """Whether the final record was written, or none will be."""
    refused: bool = False
    """Whether the response was replaced by a refusal, since its record could not be
    written."""


def note_caller(scope: Scope, caller: Caller) -> None:
    """Set the caller in the audit record of this request."""
    note = scope.get(_KEY)
    if note is not None:
        note.entry = replace(
            note.entry,
            user=caller.user,
            token=caller.token,
            app=caller.app,
            request_id=caller.request_id,
        )


def note_text(scope: Scope, text: str) -> None:
    """Set a sentence in the audit record of this request, if it gets a record."""
    note = scope.get(_KEY)
    if note is not None:
        note.entry = replace(note.entry, note=text)


def audit_entry(scope: Scope, caller: Caller | None = None) -> AuditEntry:
    """Return the audit entry of a request, without time and status."""
    raw = scope.get("raw_path") or quote(scope["path"]).encode()
    return AuditEntry(
        at=0.0,
        user=caller.user if caller else "",
        token=caller.token if caller else "",
        method=scope["method"],
        path=without_token_secrets(raw.partition(b"?")[0].decode("latin-1")),
        status=0,
        request_id=caller.request_id if caller else "",
        address=client_address(scope),
        route=exchange_of(scope).route,
        app=caller.app if caller else "",
    )


class AuditTrail:
    """ASGI middleware that writes one audit record for each request that is not safe.

    Safe methods (RFC 9110, section 9.2.1) change nothing and are not recorded.

    Parameters
    ----------
    templates
        Finds the route, which is in the record even if the request is refused before
        its face sees it.
    """

    def __init__(self, app: ASGIApp, services: Services, templates: Templates) -> None:
        self._app = app
        self._templates = templates
        self._audit = services.identity.audit

    def __call__(self, scope: Scope, receive: Receive, send: Send) -> Awaitable[None]:
        safe = scope["method"] in SAFE_METHODS
        answer = self._app if safe else self._recorded
        return answer(scope, receive, send)

    async def _recorded(self, scope: Scope, receive: Receive, send: Send) -> None:
        entry = replace(audit_entry(scope), route=self._templates.of(scope))
        note = scope[_KEY] = _Note(entry)

        async def record_and_send(message: Message) -> None:
            if message["type"] == "http.response.start":
                error = await self._record(note, message["status"])
                if error is not None:
                    await refusal(error, Request(scope))(scope, receive, send)
            if not note.refused:
                await send(message)

        deleting = GIVES_ROOM_BACK.set(scope["method"] == "DELETE")
        try:
            await self._app(scope, receive, record_and_send)
        except GatewayError as error:
            raise await self._record(note, error.status) or error from None
        except BaseException:
            await self._record(note, 500)
            raise
        else:
            # If there was no response, the client went away.
            await self._record(note, 0)
        finally:
            GIVES_ROOM_BACK.reset(deleting)

    async def _record(self, note: _Note, status: int) -> GatewayError | None:
        """Write the record; on failure return the error that replaces the response."""
        if note.done or (status == 429 and not note.intent):
            # A request above the rate limit did nothing; the access log has it.
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
    """ASGI middleware that refuses changes while the audit log cannot be written."""

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
