"""The accounts of people, which ``authn`` keeps."""

from dataclasses import dataclass

from gatewright.backends.authn.client import AuthnClient
from gatewright.core.caller import Caller
from gatewright.core.pages import Page
from gatewright.domains.identity import User, is_name


@dataclass(frozen=True, slots=True)
class RemoteUsers:
    """Implements :class:`gatewright.domains.identity.RequestedUsers`."""

    client: AuthnClient
    """Calls ``authn``."""

    async def get(self, caller: Caller, name: str) -> User:
        found: User = await self.client.call(
            "users.get", User, {"name": name}, caller=caller
        )
        return found

    async def exists(self, name: str) -> bool:
        if not is_name(name):
            return False
        return bool(await self.client.call("users.exists", bool, {"name": name}))

    async def created_at(self, name: str) -> float | None:
        """Return when the account of this name was created; None if there is none."""
        if not is_name(name):
            return None
        arguments = {"name": name}
        found: float | None = await self.client.call(
            "users.created_at", float | None, arguments
        )
        return found

    async def group_exists(self, name: str) -> bool:
        if not is_name(name):
            return False
        return bool(await self.client.call("users.group_exists", bool, {"name": name}))

    async def page(
        self, caller: Caller, limit: int | None = None, cursor: str | None = None
    ) -> Page[User]:
        arguments = {"limit": limit, "cursor": cursor}
        found: Page[User] = await self.client.call(
            "users.page", Page[User], arguments, caller=caller
        )
        return found

    async def set_disabled(self, caller: Caller, name: str, *, disabled: bool) -> User:
        arguments = {"name": name, "disabled": disabled}
        found: User = await self.client.call(
            "users.set_disabled", User, arguments, caller=caller
        )
        return found
