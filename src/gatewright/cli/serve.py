"""``gatewright serve``: runs the gateway of a configuration file."""

import logging
import sys
import threading
from pathlib import Path

import click

from gatewright.cli.options import config_option
from gatewright.cli.root import warn_if_root
from gatewright.core.absent import absent
from gatewright.core.config import Config
from gatewright.core.config_file import load_config
from gatewright.web.server.logs import configure_logging
from gatewright.web.server.supervisor import serve as serve_gateway

_log = logging.getLogger(__name__)


@click.command()
@config_option
def serve(config_file: Path) -> None:
    """Serve what the configuration names until SIGTERM or SIGINT.

    On SIGHUP the file is read anew, and its settings are used without a request being
    refused; a file with mistakes changes nothing.
    """
    configure_logging()

    def load() -> Config:
        config = load_config(config_file)
        warn_if_root()
        warn_of_absent(config)
        return config

    sys.exit(serve_gateway(load, announce))


def warn_of_absent(config: Config) -> None:
    """Log paths of the configuration that do not exist, from a thread.

    A network file system that does not answer blocks the thread, but not the start.
    """

    def look() -> None:
        for one in absent(config):
            _log.warning("This path cannot be used: %s", one)

    threading.Thread(target=look, name="absent", daemon=True).start()


def announce(url: str) -> None:
    """Print that the gateway is ready, a line that scripts can wait for."""
    print(f"Gatewright is ready at {url}", flush=True)
