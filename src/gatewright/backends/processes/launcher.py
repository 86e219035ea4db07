"""How a detached process is started for a user."""

from collections.abc import Mapping, Sequence
from typing import Protocol

from gatewright.backends.worker import Workers


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


class WorkerLauncher:
    """Starts processes from the worker of the user."""

    def __init__(self, workers: Workers) -> None:
        self._workers = workers

    async def launch(
        self,
        user: str,
        argv: Sequence[str],
        environment: Mapping[str, str],
        directory: str,
    ) -> int:
        return await self._workers.of(user).launch(argv, environment, directory)
