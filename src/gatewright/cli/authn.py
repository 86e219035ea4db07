"""``gatewright authn``: keeps sessions and tokens apart from the gateway."""

import asyncio
import os
import pwd
import signal
from pathlib import Path

import click

from gatewright.cli.options import config_option
from gatewright.composition.authn import open_authn
from gatewright.core.config import Config
from gatewright.core.config_file import load_config
from gatewright.core.errors import InvalidRequest, NotAllowed
from gatewright.web.server.logs import configure_logging


@click.command()
@config_option
def authn(config_file: Path) -> None:
    """Keep accounts, sessions and tokens, for a gateway in multi-user mode.

    It runs as a Unix account of its own (account in [authn]), and lets the gateway act
    only for people whose requests come in.
    """
    config = load_config(config_file)
    if not config.multi_user:
        raise InvalidRequest(
            'authn is for mode = "multi-user" in [identity] of the configuration.'
        )
    if not is_account(config.authn.account):
        raise NotAllowed(
            f"authn runs as the Unix account “{config.authn.account}” (account in "
            "[authn]; useradd --system makes it)."
        )
    configure_logging()
    asyncio.run(_serve(config))


def is_account(name: str) -> bool:
    """Return whether this process runs as the Unix account of a name."""
    try:
        return pwd.getpwnam(name).pw_uid == os.geteuid()
    except KeyError:
        return False


async def _serve(config: Config) -> None:
    ending = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, ending.set)
    async with open_authn(config):
        print(f"authn is ready at {config.authn.socket}", flush=True)
        await ending.wait()
