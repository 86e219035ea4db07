"""Detached processes, started by the user's worker."""

from collections.abc import Mapping, Sequence

from gatewright.backends.posix.workers import Workers


class WorkerLauncher:
    """Starts processes that outlive worker and gateway, as the user."""

    def __init__(self, workers: Workers) -> None:
        self._workers = workers

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
        return await self._workers.of(user).launch(argv, environment, directory)
