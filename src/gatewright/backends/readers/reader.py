"""A reader's loop: one call after another, until the gateway lets go."""

import logging
import mmap
import os
import socket
import sys
from collections.abc import Callable, Mapping
from types import ModuleType
from typing import Any

from gatewright.backends.readers.output import Output
from gatewright.backends.readers.protocol import (
    CALL,
    ERROR,
    FAILURE,
    FILE,
    IN_SLOT,
    INLINE,
    INLINE_BYTES,
    MESSAGE_BYTES,
    SHARE,
    WINDOW,
    Answer,
    Request,
    decode_request,
    decode_result,
    encode,
    encode_fault,
    encode_result,
)
from gatewright.core.errors import BackendFailed, GatewayError, TooLarge

Function = Callable[[dict[str, Any], Output], dict[str, Any]]
_log = logging.getLogger(__name__)
_CALLS_PER_MEMORY_CHECK = 16
_PAGE = os.sysconf("SC_PAGE_SIZE")


class Reader:
    """Answers calls from one socket.

    Parameters
    ----------
    channel
        The reader's end of the socket pair.
    ring
        The shared ring, writable.
    programs
        Imported modules by name.
    memory
        An open ``/proc/self/statm``, or None where there is none.
    """

    def __init__(
        self,
        channel: socket.socket,
        ring: mmap.mmap,
        programs: Mapping[str, ModuleType],
        memory: int | None = None,
    ) -> None:
        self._channel = channel
        self._ring = memoryview(ring)
        self._programs = programs
        self._memory = memory
        self._calls = -1
        self._shared: dict[str, dict[str, Any]] = {"": {}}

    def serve(self) -> None:
        """Answer calls until the gateway closes its end."""
        while True:
            data, descriptors, _, _ = socket.recv_fds(self._channel, MESSAGE_BYTES, 2)
            if not data:
                return
            request = decode_request(data)
            if request.mode == SHARE:
                self._keep(request, descriptors[0])
            else:
                self._channel.send(encode(self._answer(request, descriptors)))

    def _keep(self, request: Request, descriptor: int) -> None:
        """Keep arguments that later calls share, in place of others."""
        for handle in request.arguments["forget"]:
            del self._shared[handle]
        with os.fdopen(descriptor, "rb") as file:
            file.seek(0)
            self._shared[request.function] = decode_result(file.read())

    def _answer(self, request: Request, descriptors: list[int]) -> Answer:
        try:
            answer = self._run(request, descriptors)
        except GatewayError as error:
            answer = Answer(request.id, ERROR, body=encode_fault(error))
        except Exception as error:  # noqa: BLE001  # a program may raise anything
            _log.warning("%s failed", request.function, exc_info=error)
            answer = Answer(request.id, FAILURE, body=encode_fault(_failed()))
        self._calls += 1
        if self._calls % _CALLS_PER_MEMORY_CHECK:
            return answer
        return _with_memory(answer, self._private_bytes())

    def _run(self, request: Request, descriptors: list[int]) -> Answer:
        slot = self._ring[request.offset : request.offset + request.size]
        output = Output(window=slot if request.mode == WINDOW else memoryview(b""))
        function = self._function(request.function)
        arguments = self._shared[request.shared] | request.arguments
        if request.mode == FILE:
            file, scratch = descriptors
            with (
                os.fdopen(file, "w+b") as output.file,
                os.fdopen(scratch, "w+b") as output.scratch,
            ):
                result = function(arguments, output)
        else:
            result = function(arguments, output)
        if request.mode == CALL:
            return _small(request, result, slot)
        return Answer(request.id, INLINE, output.length, encode_result({}))

    def _function(self, name: str) -> Function:
        module_name, _, function = name.partition(":")
        module = self._programs.get(module_name)
        if module is None or function not in getattr(module, "__all__", ()):
            raise BackendFailed(f"There is no reader function “{name}” here.")
        found: Function = getattr(module, function)
        return found

    def _private_bytes(self) -> int:
        if self._memory is None:
            return 0
        fields = os.pread(self._memory, 128, 0).split()
        return (int(fields[1]) - int(fields[2])) * _PAGE


def _failed() -> BackendFailed:
    """Return what the person who asked is told; the log has the exception."""
    return BackendFailed(
        "This file could not be read: it may be damaged, or have something that the "
        "gateway does not read. Whoever runs the gateway finds the reason in its log."
    )


def _with_memory(answer: Answer, private: int) -> Answer:
    return Answer(answer.id, answer.kind, answer.length, answer.body, private)


def _small(request: Request, result: dict[str, Any], slot: memoryview) -> Answer:
    body = encode_result(result)
    if len(body) <= INLINE_BYTES:
        return Answer(request.id, INLINE, body=body)
    if len(body) > len(slot):
        raise TooLarge("The answer is larger than a reader may give at once.")
    slot[: len(body)] = body
    return Answer(request.id, IN_SLOT, len(body))


def open_memory_record() -> int | None:
    """Return a descriptor of this process's memory record, opened before Landlock."""
    if sys.platform != "linux":
        return None
    return os.open("/proc/self/statm", os.O_RDONLY | os.O_CLOEXEC)
