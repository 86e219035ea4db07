"""A real PostgreSQL, one server for the test session, fresh tables for each test.

The server sorts text as English readers do (ICU), so that a table that relies on the
order of bytes has to say so.
"""

import os
import pwd
import shutil
import signal
import subprocess
import tempfile
import time
import uuid
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import asyncpg
import pytest
from tests.support import needs

_SUPERUSER = "gatewright"
_SECONDS = 60


class Server:
    """A PostgreSQL server in a temporary folder, reached through a Unix socket."""

    def __init__(self, programs: Path, folder: Path) -> None:
        self._programs = programs
        self._folder = folder
        self._user = _unprivileged()
        self._process: subprocess.Popen[bytes] | None = None
        if self._user:
            shutil.chown(folder, self._user)
        self._initialise()
        self.start()

    def url(self, database: str = "postgres") -> str:
        return f"postgresql://{_SUPERUSER}@/{database}?host={self._folder}"

    def start(self) -> None:
        """Start the server and wait until it answers."""
        self._process = subprocess.Popen(
            [
                self._programs / "postgres",
                *("-D", self._folder / "data", "-k", self._folder),
                *("-c", "listen_addresses=", "-c", "fsync=off"),
                *("-c", "max_connections=200", "-c", "shared_buffers=32MB"),
                *("-c", "autovacuum=off", "-c", "full_page_writes=off"),
            ],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            cwd=self._folder,
            user=self._user,
            start_new_session=True,
        )
        self._wait()

    def stop(self) -> None:
        """Stop the server at once, cutting off its clients."""
        if self._process is not None:
            self._process.send_signal(signal.SIGINT)
            self._process.wait(_SECONDS)
            self._process = None

    def _initialise(self) -> None:
        subprocess.run(
            [
                self._programs / "initdb",
                *("-D", self._folder / "data", "-U", _SUPERUSER, "-A", "trust"),
                *("-E", "UTF8", "--locale=C.UTF-8", "--no-sync"),
                *("--locale-provider=icu", "--icu-locale=en-US"),
            ],
            check=True,
            stdout=subprocess.DEVNULL,
            cwd=self._folder,
            user=self._user,
        )

    def _wait(self) -> None:
        deadline = time.monotonic() + _SECONDS
        ready: list[str | Path] = [
            self._programs / "pg_isready",
            "-q",
            "-h",
            self._folder,
        ]
        while subprocess.run(ready, check=False).returncode:
            assert time.monotonic() < deadline, "PostgreSQL does not start"
            time.sleep(0.05)


def _unprivileged() -> str | None:
    """Return the user to run as; PostgreSQL refuses root."""
    if os.geteuid() != 0:
        return None
    names = {entry.pw_name for entry in pwd.getpwall()}
    return "postgres" if "postgres" in names else "nobody"


def _programs() -> Path:
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin"))
    if not found:
        needs.missing("PostgreSQL's server (Debian package postgresql)")
    return found[-1]


@pytest.fixture(scope="session")
def postgresql_server() -> Iterator[Server]:
    """Yield the session's server."""
    programs = _programs()
    folder = Path(tempfile.mkdtemp(prefix="gw-pg-", dir="/tmp"))
    server = Server(programs, folder)
    yield server
    server.stop()
    shutil.rmtree(folder)


@pytest.fixture
async def postgresql_url(postgresql_server: Server) -> AsyncIterator[str]:
    """Yield the URL of a fresh, empty place for tables.

    It is a schema of its own, a hundred times quicker to make than a database.
    """
    name = f"test_{uuid.uuid4().hex}"
    await _administer(postgresql_server, f"CREATE SCHEMA {name}")
    yield f"{postgresql_server.url()}&search_path={name}"
    await _administer(postgresql_server, f"DROP SCHEMA {name} CASCADE")


async def _administer(server: Server, command: str) -> None:
    connection = await asyncpg.connect(server.url())
    try:
        await connection.execute(command)
    finally:
        await connection.close()
