"""``gatewright check``: explains a configuration file."""

from pathlib import Path

import click

from gatewright.cli.refusals import refusals, unreached_database
from gatewright.core.absent import STATE, absent, away
from gatewright.core.config import Config
from gatewright.core.config_file import ConfigurationError, load_config
from gatewright.core.config_text import reference


@click.command()
@click.argument(
    "config_file", required=False, type=click.Path(dir_okay=False, path_type=Path)
)
@click.option(
    "--config",
    "named",
    type=click.Path(dir_okay=False, path_type=Path),
    help="The same as CONFIG_FILE.",
)
@click.option("--reference", "show_reference", is_flag=True, help="Print all settings.")
def check(
    config_file: Path | None, named: Path | None, *, show_reference: bool
) -> None:
    """Print every mistake in CONFIG_FILE with its line, or a summary of the file.

    Whatever the start of the gateway would refuse is a mistake. It also prints folders,
    files and programs that do not exist or cannot be read, and a database that does not
    answer; the exit status is then 1. In multi-user mode it also tells whether broker
    and authn are running.
    """
    if show_reference:
        click.echo(reference(), nl=False)
        return
    path = config_file or named
    if path is None:
        raise click.UsageError("Name the configuration file.")
    config = load_config(path)
    if mistakes := [*refusals(config, path)]:
        raise ConfigurationError(path, mistakes)
    for line in summary(config):
        click.echo(line)
    for one in away(config):
        click.echo(f"not running: {one}", err=True)
    missing = [*absent(config)]
    for one in missing:
        click.echo(f"not there: {one}", err=True)
    if why := unreached_database(config):
        raise click.ClickException(f"{why} The gateway does not start without it.")
    if any(one.what == STATE for one in missing):
        raise click.ClickException("The gateway does not start without its folder.")
    if missing:
        raise click.ClickException(
            "The file has no mistakes, but some paths cannot be used. The gateway "
            "starts without those, and serves the rest."
        )
    click.echo("no mistakes")


def summary(config: Config) -> list[str]:
    """Return a summary of a configuration, in lines for the operator."""
    gateway = config.gateway
    return [
        f"{gateway.title} at {config.url}",
        f"state in {gateway.state}, database {gateway.database.partition(':')[0]}",
        f"{_names('system', [system.name for system in config.systems])}",
        f"{_names('data set', [source.id for source in config.datasets])}",
        f"{_names('survey', [source.id for source in config.surveys])}",
    ]


def _names(what: str, names: list[str]) -> str:
    plural = what if len(names) == 1 else what + "s"
    return f"{len(names)} {plural}" + (f": {', '.join(names)}" if names else "")
