"""Runs the gateway as operators start it: with configuration, owner and token."""

import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from bench.support.processes import free_port, python, server

_OWNER = "ada"
_FILE = "gatewright.toml"
_PASSWORD = "a password of the bench"  # of an account that ends with it
_CONFIGURATION = """
[gateway]
listen = "{host}:{port}"
state = "{folder}/state"
database = "{database}"

[identity]
owner = "{owner}"

[[systems]]
name = "local"
home = "{home}"
root = "{home}"

[limits]
requests_per_second = 1e6
streams_per_user = 10000
requests_burst = 1_000_000_000
"""


@contextmanager
def gateway(
    folder: Path, home: Path, host: str, more: str = "", database: str = "sqlite"
) -> Iterator[tuple[int, int, str]]:
    """Run a gateway on the files in ``home``; yield its port, its pid and a token.

    ``more`` is appended to its configuration, and ``database`` may be a URL. The folder
    or the database may be those of an earlier run, which has the account already.
    """
    port = free_port()
    settings = folder / _FILE
    settings.write_text(
        _CONFIGURATION.format(
            host=host,
            port=port,
            folder=folder,
            database=database,
            owner=_OWNER,
            home=home,
        )
        + more,
        encoding="utf-8",
    )
    accounts = _run("user", "list", *_config(settings)).splitlines()
    if _OWNER not in (line.split()[0] for line in accounts if line.strip()):
        add = ("user", "add", *_config(settings), _OWNER, "--password-stdin")
        _run(*add, "--role", "owner", text=_PASSWORD)
    token = _run("token", "create", *_config(settings), "--user", _OWNER).strip()
    with server(serve_command(folder), port) as pid:
        yield port, pid, token


def serve_command(folder: Path) -> list[str]:
    """Return the command that serves the configuration in a folder."""
    return python("-m", "gatewright", "serve", *_config(folder / _FILE))


def _config(settings: Path) -> tuple[str, str]:
    return "--config", str(settings)


def _run(*arguments: str, text: str = "") -> str:
    command = python("-m", "gatewright", *arguments)
    done = subprocess.run(
        command, input=text, capture_output=True, text=True, check=True
    )
    return done.stdout
