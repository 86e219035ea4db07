"""The gateway's own accounts as a plug-in."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from gatewright.backends.local_accounts.accounts import LocalAccounts
from gatewright.backends.plugin import IdentityPlugin, IdentitySetting
from gatewright.core.config import Section
from gatewright.domains.identity import Directory


class LocalOptions(Section):
    """Accounts that ``gatewright user`` makes."""


@asynccontextmanager
async def open_accounts(
    setting: IdentitySetting[LocalOptions],
) -> AsyncIterator[Directory]:
    """Yield the accounts."""
    yield LocalAccounts(setting.users, setting.hasher)


plugin = IdentityPlugin(LocalOptions, open_accounts)
