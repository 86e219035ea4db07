"""Opens the identity providers that the configuration names."""

import asyncio
from contextlib import AsyncExitStack

from gatewright.core.account_template import parse_template
from gatewright.core.clock import Clock
from gatewright.core.config import Config, IdentityProvider
from gatewright.domains.identity import AccountMap, OfferedProvider, Rule, Rules

RETURN_PATH = "/sign-in/with/{name}/done"
"""Path to which a provider sends browsers back."""
SIGNED_OUT_PATH = "/sign-in"


async def open_providers(
    config: Config, clock: Clock, stack: AsyncExitStack
) -> dict[str, OfferedProvider]:
    """Return the providers by name; the stack closes their connections.

    A provider is first contacted when somebody signs in, so that the gateway starts
    even if a provider cannot be reached.

    Raises
    ------
    InvalidRequest
        The secret of a provider cannot be read, or others can read it.
    """
    offered: dict[str, OfferedProvider] = {}
    for settings in config.identity.providers:
        offered[settings.name] = await _open(settings, config, clock, stack)
    return offered


async def _open(
    settings: IdentityProvider, config: Config, clock: Clock, stack: AsyncExitStack
) -> OfferedProvider:
    # Only with a provider: libraries of HTTP and cryptography take a while to load.
    from gatewright.backends.oidc import (
        AccountProgram,
        Client,
        Http,
        OidcProvider,
        read_secret,
    )

    secret = ""
    if settings.client_secret_file is not None:
        secret = await asyncio.to_thread(read_secret, settings.client_secret_file)
    client = Client(
        issuer=settings.issuer,
        client_id=settings.client_id,
        secret=secret,
        return_address=config.url + RETURN_PATH.format(name=settings.name),
        sign_out_return_address=config.url + SIGNED_OUT_PATH,
        scopes=settings.scopes,
        algorithms=settings.algorithms,
        userinfo=settings.userinfo,
    )
    http = Http(settings.shown, settings.issuer, settings.hosts)
    stack.push_async_callback(http.close)
    accounts: AccountMap
    if settings.program:
        accounts = AccountProgram(settings.program, settings.program_seconds)
    else:
        accounts = Rules(
            [
                Rule(
                    parse_template(rule.account),
                    {
                        name: wanted if isinstance(wanted, list) else [wanted]
                        for name, wanted in rule.where.items()
                    },
                )
                for rule in settings.accounts
            ]
        )
    return OfferedProvider(settings.shown, OidcProvider(client, http, clock), accounts)
