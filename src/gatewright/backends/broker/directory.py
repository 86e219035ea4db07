"""A directory of the system's Unix accounts, whose passwords PAM checks."""

import asyncio
import socket
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

from gatewright.backends.broker.asking import Broker
from gatewright.backends.broker.program import SIGN_IN_SECONDS, SIGN_INS
from gatewright.backends.broker.sign_in import (
    MOST_BYTES,
    NOT_LET_IN,
    PASSWORD_EXPIRED,
    RIGHT,
    WRONG,
)
from gatewright.backends.broker.unix import unix_account
from gatewright.core.caller import Role
from gatewright.core.errors import BackendFailed, NotAllowed, Unavailable
from gatewright.domains.identity import Person, Proof, is_name

T = TypeVar("T")

_WAITING = 32
_NOBODY = "no account has this name"
"""Replaces names that no account can have, so that checking them takes as long."""


class PamDirectory:
    """Implements :class:`gatewright.domains.identity.Directory` with PAM.

    Parameters
    ----------
    broker
        Starts the process that checks a password, as root.
    group
        Group whose members may use the gateway; other accounts are unknown here.
    minimum_uid
        Smallest uid of a person; accounts below it are unknown here.
    admins
        Group whose members administer the gateway; None for nobody.
    """

    def __init__(
        self, broker: Broker, group: str, minimum_uid: int, admins: str | None
    ) -> None:
        self._broker = broker
        self._group = group
        self._minimum_uid = minimum_uid
        self._admins = admins
        self._checks = ThreadPoolExecutor(SIGN_INS, "sign-in")
        self._lookups = ThreadPoolExecutor(2, "accounts")
        self._checking = 0

    async def check(self, name: str, password: str) -> Proof | None:
        code = await self._checked(name, password)
        person = await self.find(name) if code == RIGHT else None
        return None if person is None else Proof(person)

    async def admit(self, name: str) -> None:
        """Refuse a person whose account PAM would not let in with any password.

        Raises
        ------
        NotAllowed
            The account is closed, or its password has expired.
        """
        if await self._checked(name, None) == WRONG:
            raise NotAllowed("Your Unix account cannot be used. Ask the centre.")

    async def _checked(self, name: str, password: str | None) -> int:
        """Return PAM's answer: ``RIGHT`` or ``WRONG``; raise its other refusals."""
        if self._checking >= SIGN_INS + _WAITING:
            raise Unavailable(
                "Very many people are signing in. Try again in a moment.",
                retry_after=5,
            )
        self._checking += 1
        try:
            code = await self._in(self._checks, lambda: self._code(name, password))
        finally:
            self._checking -= 1
        if code == PASSWORD_EXPIRED:
            raise NotAllowed(
                "Your password has expired. Change it by SSH or at the centre, then "
                "sign in here."
            )
        if code == NOT_LET_IN:
            raise NotAllowed(
                "Your account is closed, or may not sign in now. Ask the centre."
            )
        if code not in {RIGHT, WRONG}:
            raise BackendFailed(
                "Passwords cannot be checked: PAM has no service for the gateway, or "
                "failed. Its operator has to look."
            )
        return code

    async def find(self, name: str) -> Person | None:
        if not is_name(name):
            return None
        account = await self._in(self._lookups, lambda: unix_account(name))
        if account is None or account.name != name or account.uid < self._minimum_uid:
            return None
        if self._group not in account.groups:
            return None
        role = Role.OWNER if self._admins in account.groups else Role.USER
        groups = frozenset(filter(is_name, account.groups))
        return Person(name, groups, role, subject=f"uid {account.uid}")

    def close(self) -> None:
        """Shut the threads down."""
        self._checks.shutdown(wait=False, cancel_futures=True)
        self._lookups.shutdown(wait=False, cancel_futures=True)

    def _code(self, name: str, password: str | None) -> int | None:
        """Return the exit code of the check; this blocks as long as PAM does."""
        text = (name if is_name(name) else _NOBODY).encode()
        if password is not None:
            text += b"\0" + password.encode("utf-8", "surrogatepass")
        ours, process = self._broker.sign_in()
        with ours:
            ours.sendall(text[: MOST_BYTES + 1])
            ours.shutdown(socket.SHUT_WR)
            if not process.ends_within(SIGN_IN_SECONDS + 5):
                process.kill()
        return process.code

    async def _in(self, threads: ThreadPoolExecutor, work: Callable[[], T]) -> T:
        return await asyncio.get_running_loop().run_in_executor(threads, work)
