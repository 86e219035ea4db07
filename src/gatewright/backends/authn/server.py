"""The server's side: who sends requests, and what the gateway may do for them."""

import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from inspect import signature
from typing import Any, get_type_hints

import msgspec

from gatewright.backends.authn.audit import KeptAudit
from gatewright.backends.authn.intents import EndedIntents, Granter, IntentGrants
from gatewright.backends.authn.messages import Call
from gatewright.backends.worker import IntentTicket, Ticket
from gatewright.core.caller import Caller, Role, Scope, visitor
from gatewright.core.clock import Clock, system_clock
from gatewright.core.errors import (
    InvalidRequest,
    NotAllowed,
    NotSignedIn,
    PersonAbsent,
)
from gatewright.domains.identity import LOCAL, Identity, operator, split_token

ASKED_SECONDS = 60.0
"""How long a request lets the gateway act for its person."""
_AS_PERSON = ("files:", "jobs:", Scope.EXEC)

_OPEN = frozenset(
    {
        "users.exists",
        "users.created_at",
        "users.group_exists",
        "tokens.end_delegated",
        "providers.log_out",
    }
)
_BY_CALLER = frozenset(
    {
        "users.get",
        "users.page",
        "users.set_disabled",
        "sessions.sign_in",
        "sessions.sign_in_by_link",
        "sessions.of",
        "sessions.current",
        "sessions.sign_out",
        "sessions.end",
        "providers.begin",
        "providers.finish",
        "providers.sign_out_address",
        "tokens.issue",
        "tokens.delegate",
        "tokens.page",
        "tokens.get",
        "tokens.end_of",
        "tokens.revoke",
        "audit.search",
    }
)
"""Methods of the services that are called with the caller whom the proof identifies."""


class Authority:
    """Answers the calls of the gateway.

    Parameters
    ----------
    identity
        Accounts, sessions and tokens.
    granter
        Makes grants and tickets.
    ended
        The intents that have ended.
    asked_seconds
        How long a request lets the gateway act for its person.
    clock
        Gives the time in seconds since 1970 UTC.
    service
        Unix account that reads the queues of batch systems; empty for none.
    """

    def __init__(
        self,
        identity: Identity,
        granter: Granter,
        ended: EndedIntents,
        asked_seconds: float = ASKED_SECONDS,
        clock: Clock = system_clock,
        service: str = "",
    ) -> None:
        self._identity = identity
        self._granter = granter
        self._audit = KeptAudit(identity.audit)
        self._intents = IntentGrants(granter, ended, clock)
        self._asked_seconds = asked_seconds
        self._service = service
        self._asked: dict[str, float] = {}
        self._intended: dict[str, float] = {}

    async def answer(self, call: Call) -> Any:
        """Return the result of a call.

        Raises
        ------
        GatewayError
            The call is refused.
        """
        if call.method == "ping":
            return None
        if call.method in {"caller", "caller_again"}:
            return await self._caller(call, is_use=call.method == "caller")
        if call.method in {"ticket", "grant"}:
            arguments = _converted(call.arguments, {"user": str, "challenge": str})
            return await self._permission(**arguments)
        own: Mapping[str, Callable[..., Awaitable[Any]]] = {
            "audit.begin": self._audit.begin,
            "audit.record": self._audit.record,
            "intents.sign": self._sign,
            "intents.ticket": self._intent_ticket,
            "intents.end": self._intents.end,
            "service.grant": self._service_grant,
            "service.ticket": self._service_ticket,
        }
        if call.method in own:
            method = own[call.method]
            return await method(**_converted(call.arguments, get_type_hints(method)))
        if call.method not in _OPEN | _BY_CALLER:
            raise InvalidRequest("There is no such method.")
        service, _, name = call.method.partition(".")
        method = getattr(getattr(self._identity, service), name)
        types = {
            key: get_type_hints(method)[key] for key in signature(method).parameters
        }
        caller = types.pop("caller", None)
        arguments = _converted(call.arguments, types)
        if caller is None:
            return await method(**arguments)
        return await method(await self._known(call), **arguments)

    async def _caller(self, call: Call, *, is_use: bool = True) -> Caller | None:
        """Return the caller whom a proof identifies, and note that they ask now.

        If ``is_use`` is false, this does not prolong the session.

        Raises
        ------
        NotSignedIn
            The proof is a token that is not valid.
        """
        has_token = split_token(call.proof) is not None
        kind = self._identity.tokens if has_token else self._identity.sessions
        caller = await kind.caller(
            call.proof, address=call.address, request_id=call.request_id, is_use=is_use
        )
        if caller is not None and any(s.startswith(_AS_PERSON) for s in caller.scopes):
            now = time.monotonic()
            self._asked.pop(caller.user, None)  # so that the oldest stays first
            self._asked[caller.user] = now
            while now - next(iter(self._asked.values())) > self._asked_seconds:
                del self._asked[next(iter(self._asked))]
        return caller

    async def _known(self, call: Call) -> Caller:
        if not call.proof:
            return visitor(address=call.address, request_id=call.request_id)
        caller = await self._caller(call)
        if caller is None:
            raise NotSignedIn("The session has ended. Sign in again.")
        return caller

    async def _permission(self, user: str, challenge: str = "") -> Any:
        """Return a grant for a challenge, or else a ticket, if the person has asked.

        A worker may also be started for an intent: without a ticket it does nothing.

        Raises
        ------
        PersonAbsent
            The person has not asked for some time, or the account is disabled.
        NotAllowed
            The account has no Unix account.
        """
        intended = self._intended.get(user, 0.0) if challenge else 0.0
        until = intended if time.monotonic() < intended else self._asked_until(user)
        await self._check_acts(user)
        if challenge:
            return self._granter.grant(
                challenge.encode("ascii", "replace"), user
            ).decode()
        return self._granter.ticket(user, until)

    def _asked_until(self, user: str) -> float:
        until = self._asked.get(user, float("-inf")) + self._asked_seconds
        if time.monotonic() >= until:
            raise PersonAbsent(
                "Nothing is done for a person who has not asked just now. It goes on "
                "with their next request.",
                retry_after=5,
            )
        return until

    async def _service_grant(self, challenge: str) -> str:
        """Return the grant to start the worker of the service account."""
        name = self._service_account()
        return self._granter.grant(challenge.encode("ascii", "replace"), name).decode()

    async def _service_ticket(self) -> Ticket:
        """Return a ticket for the worker of the service account."""
        until = time.monotonic() + self._asked_seconds
        return self._granter.ticket(self._service_account(), until)

    def _service_account(self) -> str:
        if not self._service:
            raise NotAllowed("[broker] names no service_account.")
        return self._service

    async def _check_acts(self, user: str) -> None:
        account = await self._identity.users.of(operator(user))
        if (
            account is None
            or account.source == LOCAL
            or account.role is Role.GUEST
            or user == self._service
        ):
            raise NotAllowed("This account is the gateway's own, and acts as nobody.")
        if account.disabled:
            raise PersonAbsent(
                "This account is disabled. What it has left behind goes on when an "
                "administrator enables it.",
                retry_after=60,
            )

    async def _sign(self, user: str, name: str, frames: Sequence[str]) -> str:
        """Return the grant of an intent whose person has asked."""
        self._asked_until(user)
        await self._check_acts(user)
        return self._intents.sign(user, name, frames)

    async def _intent_ticket(self, grant: str) -> IntentTicket:
        """Return a ticket for the requests that a grant names.

        Raises
        ------
        PersonAbsent
            The grant does not hold, or not any more, so it waits for its person, or
            the account is disabled.
        """
        intent = await self._intents.lasting(grant)
        if intent is None:
            raise PersonAbsent(
                "What its person has left behind has ended. It goes on with their next "
                "request.",
                retry_after=5,
            )
        await self._check_acts(intent.user)
        now = time.monotonic()
        until = now + self._asked_seconds
        self._intended = {u: at for u, at in self._intended.items() if at > now}
        self._intended[intent.user] = until
        return self._granter.intent_ticket(intent.user, until, intent.frames)


def _converted(
    arguments: Mapping[str, Any], types: Mapping[str, Any]
) -> dict[str, Any]:
    """Return arguments by name in the types that a method takes.

    Raises
    ------
    InvalidRequest
        There is no such argument, or it has another type.
    """
    try:
        return {
            name: msgspec.convert(value, types[name])
            for name, value in arguments.items()
        }
    except (KeyError, ValueError) as error:
        raise InvalidRequest("The method takes other arguments.") from error
