"""The worker's main loop: threads take turns to read requests and answer them.

The leader reads a request, executes it and reads on. If it is busy for milliseconds
or more requests have come, the next thread leads and reads (`leader_followers`), so a
slow file system delays only its own requests. Operations that can take long run in
separate threads, whose number is limited, and get a `Stop` that tells them when the
request was cancelled.
"""

import contextlib
import errno
import json
import os
import socket
import threading
from collections.abc import Callable, Mapping, Sequence

from gatewright.backends.worker.program.frames import (
    PROTOCOL,
    Assembler,
    Frame,
    FrameError,
    pack,
)
from gatewright.backends.worker.program.kinds import Any
from gatewright.backends.worker.program.leader_followers import LeaderFollowers
from gatewright.backends.worker.program.permit import Permit
from gatewright.backends.worker.program.sockets import receive, rights
from gatewright.backends.worker.program.stopping import Stop

Operation = Callable[[dict[str, Any]], Any]
"""Executes a request; returns a JSON value, or a tuple of one and a descriptor to pass.

Besides the members that were sent, the request has the ``descriptor`` that came with
it, and ``stop`` (a `Stop`) for a long operation."""

_READERS = 8
LASTING_AT_ONCE = 16
"""Number of long operations of one group that the gateway requests at the same time."""
_SLOTS = 2 * LASTING_AT_ONCE  # a thread sends its answer before it is free


class Server:
    """Serves one socket until the gateway closes it."""

    def __init__(
        self,
        sock: socket.socket,
        quick: Mapping[str, Operation],
        lasting: Sequence[Mapping[str, Operation]],
        stopping: threading.Event,
        permit: Permit | None = None,
    ) -> None:
        self._socket = sock
        self._permit = permit or Permit(None)
        self._free = {
            "in_hand": lambda _: len(self._stops),
            "ping": lambda _: None,
            "ticket": self._permit.renew,
            "intent": self._permit.intend,
        }
        self._quick = quick
        self._slots = [threading.BoundedSemaphore(_SLOTS) for _ in lasting]
        self._lasting = {
            name: (operation, slots)
            for group, slots in zip(lasting, self._slots, strict=True)
            for name, operation in group.items()
        }
        self._stopping = stopping
        self._stops: dict[int, Stop] = {}
        self._frames = Assembler()
        self._leadership = LeaderFollowers()
        self._ended = False
        self._writing = threading.Lock()

    def serve(self) -> None:
        """Send the version, answer requests, and return when all are done."""
        self._send({"protocol": PROTOCOL, "pid": os.getpid()}, None)

        def read_on() -> None:
            leads = False
            try:
                while not self._ended:
                    leads = leads or self._leadership.await_own()
                    request = self._next_request()
                    if request is None:
                        self._ended = True  # for the other threads too
                        break
                    self._leadership.begin(more=self._frames.has_bytes)
                    self._take(request)
                    leads = self._leadership.end()
            finally:
                self._leadership.resign()
            self._stopping.set()

        readers = [threading.Thread(target=read_on) for _ in range(_READERS)]
        for thread in readers:
            thread.start()
        for thread in readers:
            thread.join()
        for slots in self._slots:  # all are free when nothing lasts any more
            for _ in range(_SLOTS):
                slots.acquire()
        for descriptor in self._frames.leftover():
            os.close(descriptor)

    def _next_request(self) -> dict[str, Any] | None:
        """Return the next request to answer; None at the end.

        A long operation can be cancelled from the moment its request is read.
        """
        while not self._ended and (frame := self._received()) is not None:
            request = {**json.loads(frame[0]), "descriptor": frame[1]}
            if request["op"] in self._lasting:
                request["stop"] = self._stops[request["id"]] = Stop(self._stopping)
            if request["op"] != "cancel":
                return request
            if request["id"] in self._stops:
                self._stops[request["id"]].set()
        return None

    def _received(self) -> Frame | None:
        try:
            while (frame := self._frames.take()) is None:
                data, descriptors = receive(self._socket)
                self._frames.feed(data, descriptors)
                if not data:
                    return None
        except (OSError, FrameError):
            return None
        return frame

    def _take(self, request: dict[str, Any]) -> None:
        if request["op"] in self._free:
            self._carry_out(request, self._free[request["op"]])
            return
        try:
            request = self._permit.admit(request)
        except OSError as error:
            self._refuse(request, error.errno or errno.EINVAL)
            return
        except (ValueError, TypeError, LookupError, AttributeError, RecursionError):
            self._refuse(request, errno.EINVAL)
            return
        if request["op"] not in self._lasting:
            self._carry_out(
                request, self._quick.get(request["op"], _refusal(errno.ENOSYS))
            )
            return
        operation, slots = self._lasting[request["op"]]
        if not slots.acquire(blocking=False):
            self._refuse(request, errno.EAGAIN)
            return
        arguments = (request, operation, slots)
        threading.Thread(target=self._carry_out_slowly, args=arguments).start()

    def _refuse(self, request: dict[str, Any], number: int) -> None:
        self._stops.pop(request["id"], None)
        self._carry_out(request, _refusal(number))

    def _carry_out_slowly(
        self,
        request: dict[str, Any],
        operation: Operation,
        slots: threading.BoundedSemaphore,
    ) -> None:
        try:
            self._carry_out(request, operation)
        finally:
            del self._stops[request["id"]]
            slots.release()

    def _carry_out(self, request: dict[str, Any], operation: Operation) -> None:
        descriptor: int | None = None
        try:
            result = operation(request)
            if isinstance(result, tuple):
                result, descriptor = result
            answer = {"id": request["id"], "ok": result}
        except OSError as error:
            answer = {"id": request["id"], "errno": error.errno or errno.EINVAL}
        except (ValueError, TypeError, LookupError, RecursionError):
            answer = {"id": request["id"], "errno": errno.EINVAL}
        finally:
            _close(request["descriptor"])
        self._send(answer, descriptor)

    def _send(self, message: dict[str, Any], descriptor: int | None) -> None:
        """Send a frame; ignore that the gateway has closed the socket."""
        try:
            frame = pack(message, int(descriptor is not None))
        except FrameError:
            frame = pack({"id": message["id"], "errno": errno.EMSGSIZE})
        with self._writing:
            with contextlib.suppress(OSError):
                sent = self._socket.sendmsg([frame], rights(descriptor))
                if sent < len(frame):
                    self._socket.sendall(memoryview(frame)[sent:])
            # Before the next answer: whoever is told then that a file is gone finds its
            # room on the disk free.
            _close(descriptor)


def _close(descriptor: int | None) -> None:
    if descriptor is not None:
        os.close(descriptor)


def _refusal(number: int) -> Operation:
    """Return an operation that fails with an ``errno``."""

    def refuse(request: dict[str, Any]) -> None:
        raise OSError(number, os.strerror(number))

    return refuse
