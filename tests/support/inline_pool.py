"""The reader pool without processes: a program's functions are called where they are.

For tests of programs and of what stands above the pool; the pool itself is tested with
real processes.
"""

import importlib
import os
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import msgspec
from typing_extensions import override

from gatewright.backends.readers import Output, ReaderPool, Shared, Weight
from gatewright.core.errors import BackendFailed, GatewayError

SLOT = 16 << 20


class InlinePool(ReaderPool):
    """Calls functions in this process, with values that went through msgpack."""

    def __init__(self) -> None:
        self.calls: list[str] = []

    @override
    async def call(
        self,
        function: str,
        arguments: dict[str, Any],
        *,
        key: str = "",
        seconds: float | None = None,
        shared: Shared | None = None,
        weight: Weight = Weight.SMALL,
        person: str = "",
    ) -> dict[str, Any]:
        return self._run(function, arguments, Output(), shared)

    @override
    @asynccontextmanager
    async def window(
        self,
        function: str,
        arguments: dict[str, Any],
        *,
        key: str = "",
        bulk: bool = False,
        seconds: float | None = None,
        shared: Shared | None = None,
    ) -> AsyncIterator[memoryview]:
        output = Output(window=memoryview(bytearray(SLOT)))
        self._run(function, arguments, output, shared)
        yield output.window[: output.length].toreadonly()

    @override
    async def file(
        self,
        function: str,
        arguments: dict[str, Any],
        *,
        key: str = "",
        seconds: float | None = None,
        shared: Shared | None = None,
        weight: Weight = Weight.LONG,
        person: str = "",
    ) -> tuple[int, int]:
        with tempfile.TemporaryFile() as file, tempfile.TemporaryFile() as scratch:
            output = Output(file=file, scratch=scratch)
            self._run(function, arguments, output, shared)
            file.flush()
            descriptor = os.dup(file.fileno())
        return descriptor, os.fstat(descriptor).st_size

    def _run(
        self,
        function: str,
        arguments: dict[str, Any],
        output: Output,
        shared: Shared | None,
    ) -> dict[str, Any]:
        self.calls.append(function)
        module, _, name = function.partition(":")
        found = getattr(importlib.import_module(module), name)
        values = msgspec.msgpack.decode(msgspec.msgpack.encode(arguments))
        if shared is not None:
            values |= msgspec.msgpack.decode(shared.data)
        try:
            result = found(values, output)
        except GatewayError:
            raise
        except Exception as error:
            raise BackendFailed(f"{type(error).__name__}: {error}") from error
        decoded: dict[str, Any] = msgspec.msgpack.decode(msgspec.msgpack.encode(result))
        return decoded
