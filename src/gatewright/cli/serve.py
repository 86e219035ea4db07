"""``gatewright serve``: the gateway of a configuration file."""

import sys
from pathlib import Path

import click

from gatewright.composition.identity import warn_if_root
from gatewright.core.config_file import load_config
from gatewright.web.server.supervisor import serve as serve_gateway


@click.command()
@click.option(
    "--config",
    "config_file",
    required=True,
    type=click.Path(dir_okay=False, path_type=Path),
    help="Configuration file.",
)
def serve(config_file: Path) -> None:
    """Serve what the configuration names until SIGTERM or SIGINT."""
    config = load_config(config_file)
    warn_if_root()
    sys.exit(serve_gateway(config, announce))


def announce(url: str) -> None:
    """Print the line that scripts wait for."""
    print(f"Gatewright is ready at {url}", flush=True)
