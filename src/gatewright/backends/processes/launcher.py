"""Starts detached processes and examines paths with the rights of a user."""

import os
from collections.abc import Mapping, Sequence
from typing import Protocol

import msgspec

from gatewright.backends.worker import Workers, latin


class Launcher(Protocol):
    """Starts processes that outlive the gateway, and examines paths, as a user."""

    async def launch(
        self,
        user: str,
        argv: Sequence[str],
        environment: Mapping[str, str],
        directory: str,
    ) -> int:
        """Start a process in its own session and return its process id.

        Raises
        ------
        GatewayError
            The process could not be started.
        """
        ...

    async def mode(self, user: str, path: str) -> int:
        """Return type and permissions (``st_mode``) of a path, links followed.

        Raises
        ------
        NotFound
            The path does not exist.
        GatewayError
            The path cannot be examined.
        """
        ...


class _Row(msgspec.Struct, array_like=True):
    """The first members of a worker's metadata of a file."""

    name: str
    mode: int


class WorkerLauncher:
    """Starts processes through the worker of the user."""

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
