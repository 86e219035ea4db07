"""The way to sign in ``pam``: the system's accounts."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from gatewright.backends.broker.asking import Broker
from gatewright.backends.broker.directory import PamDirectory
from gatewright.backends.broker.grants import KeyGranter
from gatewright.backends.plugin import IdentityPlugin, IdentitySetting
from gatewright.core.config import Name, Section
from gatewright.core.errors import InvalidRequest
from gatewright.domains.identity import Directory


class PamOptions(Section):
    """Unix accounts, whose passwords PAM checks; for ``mode = "multi-user"``."""

    admins: Name | None = None
    """Group of those who administer the gateway; nobody, if not said."""


@asynccontextmanager
async def open_pam(setting: IdentitySetting[PamOptions]) -> AsyncIterator[Directory]:
    """Yield the accounts of the system."""
    settings = setting.broker
    if settings is None:
        raise InvalidRequest(
            'Signing in by “pam” needs mode = "multi-user" in [identity]: otherwise '
            "everybody would act as the one who runs the gateway."
        )
    directory = PamDirectory(
        Broker(settings.socket, KeyGranter(settings.key)),
        settings.group,
        settings.minimum_uid,
        setting.options.admins,
    )
    try:
        yield directory
    finally:
        directory.close()


plugin = IdentityPlugin(PamOptions, open_pam)
