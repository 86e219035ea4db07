"""Writes a file through a descriptor that the worker passed."""

import asyncio
import contextlib
import os
from collections.abc import Sequence

from gatewright.backends.posix.rows import CommitAnswer, entry
from gatewright.backends.worker import LASTING_SECONDS, Worker, close_in_thread, meaning
from gatewright.core.errors import GatewayError
from gatewright.domains.files import Precondition, Stored

_AT_ONCE = 512
_CLOSING_SECONDS = 5.0


class PosixWriting:
    """Implements the port `Writing`."""

    def __init__(self, worker: Worker, token: str, descriptor: int, free: int) -> None:
        self.free = free
        self._worker = worker
        self._token = token
        self._descriptor: int | None = descriptor
        self._size = 0
        self._done = False
        self._last: asyncio.Future[None] | None = None
        # Held, since a loop holds no task: it goes on when who aborts is cancelled.
        self._closing: asyncio.Task[None] | None = None

    async def write(self, blocks: Sequence[bytes]) -> None:
        assert self._descriptor is not None  # noqa: S101  # not after the end
        loop = asyncio.get_running_loop()
        self._last = loop.run_in_executor(
            self._worker.threads, _write_all, self._descriptor, list(blocks)
        )
        try:
            await asyncio.shield(self._last)
        except OSError as error:
            raise meaning(error.errno or 0) from error
        self._size += sum(map(len, blocks))

    async def commit(
        self, condition: Precondition, modified_ns: int | None = None
    ) -> Stored:
        arguments = {
            "token": self._token,
            "size": self._size,
            "create": condition.create,
            "match": condition.match,
            "none_match": condition.none_match,
            "modified_ns": modified_ns,
        }
        descriptor, self._descriptor = self._descriptor, None
        assert descriptor is not None  # noqa: S101  # not after the end
        loop = asyncio.get_running_loop()
        closing = loop.run_in_executor(self._worker.threads, os.close, descriptor)
        try:
            # Some file systems write only then (close(2)).
            await asyncio.shield(closing)
        except OSError as error:
            raise meaning(error.errno or 0) from error
        self._done = True
        answer = await self._worker.call(
            "commit", arguments, CommitAnswer, seconds=LASTING_SECONDS
        )
        return Stored(entry(answer.row), answer.created)

    async def abort(self) -> None:
        if self._done:
            return
        self._done = True
        self._closing = asyncio.create_task(self._close())
        with contextlib.suppress(GatewayError):
            await asyncio.shield(
                self._worker.call("abort", {"token": self._token}, type(None))
            )
        # The file's space is free only when all descriptors are closed. Wait for it, so
        # that a client that is told of a full disk can try a smaller file at once.
        await asyncio.wait([self._closing], timeout=_CLOSING_SECONDS)

    async def _close(self) -> None:
        """Close the descriptor after the last write, whose thread may still use it."""
        if self._last is not None:
            await asyncio.wait([self._last])
        descriptor, self._descriptor = self._descriptor, None
        if descriptor is not None:
            await asyncio.wrap_future(close_in_thread(descriptor, self._worker.threads))


def _write_all(descriptor: int, blocks: list[bytes]) -> None:
    while blocks:
        written = os.writev(descriptor, blocks[:_AT_ONCE])
        while blocks and written >= len(blocks[0]):
            written -= len(blocks.pop(0))
        if blocks and written:
            blocks[0] = blocks[0][written:]
