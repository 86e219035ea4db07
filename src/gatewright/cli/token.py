"""``gatewright token``: creates, lists and revokes personal tokens."""

import re
from functools import partial
from pathlib import Path
from typing import Any

import click
from typing_extensions import override

from gatewright.cli.identity import change, look
from gatewright.cli.options import gateway_options
from gatewright.core.caller import Caller
from gatewright.core.clock import optional_timestamp, timestamp
from gatewright.core.pages import pages
from gatewright.domains.identity import Identity, NewToken, Token

_UNITS = {"s": 1, "m": 60, "h": 3600, "d": 86_400, "w": 604_800}
_DURATION = re.compile(r"([0-9]{1,9})([smhdw])", re.ASCII)


class Duration(click.ParamType[float]):
    """Click parameter type of a time such as ``7d``, converted to seconds."""

    name = "duration"

    @override
    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> float:
        match = _DURATION.fullmatch(str(value))
        if match is None:
            self.fail(f"“{value}” is not a time such as 30m, 12h, 7d or 4w.")
        return float(int(match[1]) * _UNITS[match[2]])


@click.group()
def token() -> None:
    """Create, list and revoke personal tokens."""


@token.command()
@gateway_options
@click.option("--user", "name", required=True, help="Account that it acts for.")
@click.option(
    "--scope",
    "scopes",
    multiple=True,
    help="Scope of the token (may be repeated); by default all of the user's.",
)
@click.option(
    "--expires", type=Duration(), help="Lifetime: 12h, 7d, 4w. [default: 90d]"
)
@click.option("--label", default="", help="Name for the token.")
def create(
    config_file: Path | None,
    state: Path | None,
    name: str,
    scopes: tuple[str, ...],
    expires: float | None,
    label: str,
) -> None:
    """Create a token and print only the token; it is shown only once."""

    async def action(identity: Identity, caller: Caller) -> NewToken:
        return await identity.tokens.issue(
            caller, user=name, label=label, scopes=scopes or None, seconds=expires
        )

    what = " ".join(["token create --user", name, *(f"--scope {s}" for s in scopes)])
    click.echo(change(config_file, state, what, action).text)


@token.command("list")
@gateway_options
def list_tokens(config_file: Path | None, state: Path | None) -> None:
    """List all tokens: key, user, expiry, last use, scopes, label."""

    async def action(identity: Identity, caller: Caller) -> list[Token]:
        every = pages(partial(identity.tokens.page, caller, None, everyone=True))
        return [one async for page in every for one in page.items]

    for one in look(config_file, state, action):
        used = optional_timestamp(one.used_at) or "never"
        scopes = ",".join(sorted(one.scopes))
        columns = [one.key, one.user, timestamp(one.expires_at), used, scopes]
        label = f"{one.label} (of a job)" if one.delegated else one.label
        click.echo("\t".join([*columns, label]))


@token.command()
@gateway_options
@click.argument("key")
def revoke(config_file: Path | None, state: Path | None, key: str) -> None:
    """Revoke the token KEY and those that were created with it."""

    async def action(identity: Identity, caller: Caller) -> int:
        return await identity.tokens.revoke(caller, key, anyone=True)

    ended = change(config_file, state, f"token revoke {key}", action)
    click.echo(f"{ended} revoked.")
