"""The main loop of a reader process, which answers calls one after another."""

import logging
import mmap
import os
import socket
import sys
from collections.abc import Callable, Mapping
from types import ModuleType
from typing import Any

import msgspec

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
_FAILED = BackendFailed(
    "This file could not be read: it may be damaged, or use a feature that the "
    "gateway does not support. The gateway's log has the reason."
)
"""Error for the user when a program fails with an unexpected exception."""


class Reader:
    """Answers calls from one socket.

    Parameters
    ----------
    channel
        The reader's end of the socket pair.
    ring
        The shared memory, writable.
    programs
        Imported modules by name.
    memory
        File descriptor of ``/proc/self/statm``; None where it does not exist.
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
        """Answer calls until the gateway closes its end of the socket."""
        while True:
            data, descriptors, _, _ = socket.recv_fds(self._channel, MESSAGE_BYTES, 2)
            if not data:
                return
            request = decode_request(data)
            if request.mode != SHARE:
                self._channel.send(encode(self._answer(request, descriptors)))
                continue
            for handle in request.arguments["forget"]:
                del self._shared[handle]
            with os.fdopen(descriptors[0], "rb") as file:
                file.seek(0)
                self._shared[request.function] = decode_result(file.read())

    def _answer(self, request: Request, descriptors: list[int]) -> Answer:
        """Return the answer to a call; every 16th one includes the memory in use.

        An exception that is not a :class:`GatewayError` is logged.
        """
        try:
            answer = self._run(request, descriptors)
        except GatewayError as error:
            answer = Answer(request.id, ERROR, body=encode_fault(error))
        except Exception as error:  # noqa: BLE001  # a program may raise anything
            _log.warning("%s failed", request.function, exc_info=error)
            answer = Answer(request.id, FAILURE, body=encode_fault(_FAILED))
        self._calls += 1
        if self._memory is None or self._calls % _CALLS_PER_MEMORY_CHECK:
            return answer
        _, resident, shared, *_ = map(int, os.pread(self._memory, 128, 0).split())
        return msgspec.structs.replace(answer, memory=(resident - shared) * _PAGE)

    def _run(self, request: Request, descriptors: list[int]) -> Answer:
        """Call the function, and return its result or the place where it put it.

        Raises
        ------
        BackendFailed
            There is no such function.
        TooLarge
            The result is larger than a slot.
        """
        module_name, _, name = request.function.partition(":")
        module = self._programs.get(module_name)
        if module is None or name not in getattr(module, "__all__", ()):
            raise BackendFailed(f"There is no reader function “{request.function}”.")
        function: Function = getattr(module, name)
        slot = self._ring[request.offset : request.offset + request.size]
        output = Output(window=slot if request.mode == WINDOW else memoryview(b""))
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
        if request.mode != CALL:
            return Answer(request.id, INLINE, output.length, encode_result({}))
        body = encode_result(result)
        if len(body) <= INLINE_BYTES:
            return Answer(request.id, INLINE, body=body)
        if len(body) > len(slot):
            raise TooLarge("The answer is larger than a reader may give at once.")
        slot[: len(body)] = body
        return Answer(request.id, IN_SLOT, len(body))


def open_memory_record() -> int | None:
    """Return a descriptor of ``/proc/self/statm``, or None on other systems.

    It must be opened before Landlock forbids it.
    """
    if sys.platform != "linux":
        return None
    return os.open("/proc/self/statm", os.O_RDONLY | os.O_CLOEXEC)
