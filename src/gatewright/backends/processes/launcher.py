"""How a detached process is started for a user."""

import asyncio
import subprocess
from collections.abc import Mapping, Sequence
from typing import Protocol

from gatewright.core.errors import BackendFailed


class Launcher(Protocol):
    """Starts a process that outlives the gateway."""

    async def launch(
        self,
        user: str,
        argv: Sequence[str],
        environment: Mapping[str, str],
        directory: str,
    ) -> int:
        """Start a process in a session of its own and return its id.

        Raises
        ------
        GatewayError
            It could not be started.
        """
        ...


class LocalLauncher:
    """Starts processes from this one, as whoever it runs as."""

    def __init__(self) -> None:
        self._children: list[subprocess.Popen[bytes]] = []

    async def launch(
        self,
        user: str,
        argv: Sequence[str],
        environment: Mapping[str, str],
        directory: str,
    ) -> int:
        return await asyncio.to_thread(self._launch, argv, environment, directory)

    def _launch(
        self, argv: Sequence[str], environment: Mapping[str, str], directory: str
    ) -> int:
        # The ended ones are taken, so that they do not stay as zombies.
        self._children = [c for c in self._children if c.poll() is None]
        try:
            child = subprocess.Popen(
                argv,
                env=environment,
                cwd=directory,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                start_new_session=True,
            )
        except OSError as error:
            raise BackendFailed("A process could not be started.") from error
        self._children.append(child)
        return child.pid
