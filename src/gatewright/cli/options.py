"""Options that several commands share."""

from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import click

from gatewright.core.config import Config
from gatewright.core.config_file import FILE_NAME, load_config

F = TypeVar("F", bound=Callable[..., Any])

_FILE = click.Path(dir_okay=False, path_type=Path)
_FOLDER = click.Path(file_okay=False, path_type=Path)


def gateway_options(command: F) -> F:
    """Add the options ``--config FILE`` and ``--state DIR``, which name a gateway."""
    command = click.option(
        "--state", "state", type=_FOLDER, help="State folder of a demo (see demo)."
    )(command)
    return click.option(
        "--config", "config_file", type=_FILE, help="Configuration of a gateway."
    )(command)


def config_option(command: F) -> F:
    """Add the required option ``--config FILE``."""
    return click.option(
        "--config",
        "config_file",
        required=True,
        type=_FILE,
        help="Configuration file.",
    )(command)


def chosen_config(config_file: Path | None, state: Path | None) -> Config:
    """Return the configuration that one of the two options names.

    Raises
    ------
    click.UsageError
        None or both of them are given, or no demo was started in that folder.
    """
    if (config_file is None) == (state is None):
        raise click.UsageError("Give one of --config FILE and --state DIR.")
    if config_file is not None:
        return load_config(config_file)
    assert state is not None  # noqa: S101  # exactly one of the two
    if not (state / FILE_NAME).exists():
        raise click.UsageError(
            f"There is no demo in “{state}”: “gatewright demo --state {state}” makes "
            "one. For a gateway with a configuration file, give --config FILE."
        )
    return load_config(state / FILE_NAME)
