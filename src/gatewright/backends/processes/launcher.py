"""How a detached process is started for a user, and what that user finds on disk."""

import os
from collections.abc import Mapping, Sequence
from typing import Protocol

import msgspec

from gatewright.backends.worker import Workers, latin


class Launcher(Protocol):
    """Starts processes that outlive the gateway, and looks at paths, as a user."""

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

    async def mode(self, user: str, path: str) -> int:
        """Return the type and the permissions of what an absolute path leads to.

        Raises
        ------
        NotFound
            Nothing is there.
        GatewayError
            It cannot be reached.
        """
        ...


class _Row(msgspec.Struct, array_like=True):
    """The beginning of what a worker tells of a file."""

    name: str
    mode: int


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

    async def mode(self, user: str, path: str) -> int:
        arguments = {"root": "/", "path": latin(os.fsencode(path)), "follow": True}
        return (await self._workers.of(user).call("stat", arguments, _Row)).mode
