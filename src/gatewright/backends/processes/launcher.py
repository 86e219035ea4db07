"""How a detached process is started for a user."""

import asyncio
import subprocess
import threading
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
        try:
            child = subprocess.Popen(  # noqa: S603  # the gateway's own command
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
        # Somebody has to take its exit status, or it stays as a zombie.
        threading.Thread(target=child.wait, name="shepherd", daemon=True).start()
        return child.pid
