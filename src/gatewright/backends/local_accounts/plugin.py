"""The plug-in ``local``: the gateway's own accounts."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from gatewright.backends.local_accounts.accounts import LocalAccounts
from gatewright.backends.plugin import IdentityPlugin, IdentitySetting
from gatewright.core.config import Section
from gatewright.domains.identity import Directory


class LocalOptions(Section):
    """Settings of the gateway's own accounts, which ``gatewright user`` manages."""


@asynccontextmanager
async def open_accounts(
    setting: IdentitySetting[LocalOptions],
) -> AsyncIterator[Directory]:
    """Yield the directory of the gateway's own accounts."""
    yield LocalAccounts(setting.users, setting.hasher)


plugin = IdentityPlugin(LocalOptions, open_accounts)
