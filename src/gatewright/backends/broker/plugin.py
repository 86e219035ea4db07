"""The plug-in ``pam``: people sign in with their Unix accounts."""

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
    """Settings of sign-in with Unix accounts through PAM.

    For ``mode = "multi-user"``.
    """

    admins: Name | None = None
    """Group whose members administer the gateway; by default nobody."""


@asynccontextmanager
async def open_pam(setting: IdentitySetting[PamOptions]) -> AsyncIterator[Directory]:
    """Yield the directory of the system's Unix accounts."""
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
