"""The command ``gatewright``, whose subcommands are imported when they are used."""

import importlib
from collections.abc import Mapping
from typing import Any

import click
from typing_extensions import override

from gatewright import __version__
from gatewright.core.errors import GatewayError

COMMANDS: Mapping[str, str] = {
    "audit": "gatewright.cli.audit:audit",
    "authn": "gatewright.cli.authn:authn",
    "broker": "gatewright.cli.broker:broker",
    "check": "gatewright.cli.check:check",
    "demo": "gatewright.cli.demo:demo",
    "openapi": "gatewright.cli.openapi:openapi",
    "serve": "gatewright.cli.serve:serve",
    "survey": "gatewright.cli.survey:survey",
    "token": "gatewright.cli.token:token",
    "user": "gatewright.cli.user:user",
}
"""Module and function of each subcommand."""


class Commands(click.Group):
    """A click group that imports a subcommand's module only when it is used."""

    @override
    def list_commands(self, ctx: click.Context) -> list[str]:
        return sorted(COMMANDS)

    @override
    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        place = COMMANDS.get(cmd_name)
        if place is None:
            return None
        module, _, name = place.partition(":")
        command: click.Command = getattr(importlib.import_module(module), name)
        return command

    @override
    def invoke(self, ctx: click.Context) -> Any:
        try:
            return super().invoke(ctx)
        except GatewayError as error:
            raise click.ClickException(error.text) from error
        except BrokenPipeError:
            raise
        except OSError as error:
            reason = error.strerror or str(error)
            where = f"{error.filename}: " if error.filename else ""
            raise click.ClickException(f"{where}{reason}.") from error


@click.group(cls=Commands, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="gatewright")
def main() -> None:
    """Serve computing, climate archives and sky surveys by URL."""
