"""Messages between the gateway, the zygote and the readers, without any I/O.

All are msgpack arrays in ``SOCK_SEQPACKET`` messages. The gateway does not trust a
reader: it checks types and limits of what a reader sends.
"""

from typing import Any

import msgspec

from gatewright.core import errors
from gatewright.core.errors import BackendFailed, GatewayError, TooLarge

INLINE_BYTES = 65_536
"""Largest answer within a message; larger ones go through shared memory."""
MESSAGE_BYTES = INLINE_BYTES + 4096
"""Largest message in either direction."""
TEXT_CHARACTERS = 2000
"""Longest message of an error, in characters."""


class Request(msgspec.Struct, array_like=True, frozen=True):
    """A call of a reader function."""

    id: int
    """Number that the answer repeats."""
    function: str
    """Function as ``module:name``."""
    arguments: dict[str, Any]
    """Arguments of the function."""
    offset: int
    """Start of the call's slot in the shared memory, in bytes."""
    size: int
    """Size of the slot in bytes."""
    mode: int
    """Kind of call: 0 (CALL) for a small answer, 1 (WINDOW) for shared memory, 2 (FILE)
    for a file, whose descriptor and that of a scratch file come with the message. 3
    (SHARE) is no call: a descriptor holds arguments that later calls share, and
    ``function`` is the handle of these."""
    shared: str = ""
    """Handle of the arguments that this call shares with others; empty for none."""


CALL, WINDOW, FILE, SHARE = 0, 1, 2, 3


class Answer(msgspec.Struct, array_like=True, frozen=True):
    """Answer to a call."""

    id: int
    """Number of the request."""
    kind: int
    """Kind of answer: INLINE, IN_SLOT, ERROR or FAILURE."""
    length: int = 0
    """Number of bytes in the slot."""
    body: bytes = b""
    """Result or error as msgpack."""
    memory: int = 0
    """Private memory of the reader in bytes; 0 if it was not measured."""


INLINE, IN_SLOT, ERROR, FAILURE = 0, 1, 2, 3


class Fault(msgspec.Struct, array_like=True, frozen=True):
    """A :class:`GatewayError` in a message."""

    kind: str
    """Name of the class."""
    text: str
    """Message for the user."""
    retry_after: float | None = None
    """Seconds after which the request may succeed."""
    details: dict[str, Any] = {}
    """Further members of the problem document."""


class Order(msgspec.Struct, array_like=True, frozen=True):
    """An order of the gateway to the zygote."""

    verb: str
    """``fork`` (with descriptors of socket and shared memory), ``kill`` or ``folders``.
    """
    number: int = 0
    """Number of the reader."""
    folders: list[bytes] = []
    """Folders that readers forked from now on may read."""


class Setup(msgspec.Struct, frozen=True):
    """The first message to the zygote."""

    programs: list[str]
    """Modules to import."""
    folders: list[bytes]
    """Folders and files that readers may read."""
    memory_bytes: int
    """Address space of a reader in bytes, without the shared memory."""
    file_bytes: int
    """Largest file that a reader may write, bytes."""


_encode = msgspec.msgpack.Encoder().encode
_decode_answer = msgspec.msgpack.Decoder(Answer).decode
_decode_fault = msgspec.msgpack.Decoder(Fault).decode
_decode_result = msgspec.msgpack.Decoder(dict[str, Any]).decode
_decode_request = msgspec.msgpack.Decoder(Request).decode
_decode_order = msgspec.msgpack.Decoder(Order).decode
_decode_setup = msgspec.msgpack.Decoder(Setup).decode


class Malformed(Exception):
    """A reader sent an invalid message, and has to be killed."""


def encode(message: Request | Answer | Order | Setup) -> bytes:
    """Return a message as bytes.

    Raises
    ------
    TooLarge
        It exceeds the largest size of a message.
    """
    data = _encode(message)
    if len(data) > MESSAGE_BYTES:
        raise TooLarge("The request is longer than a reader takes.")
    return data


def decode_request(data: bytes) -> Request:
    """Return a call that the gateway sent."""
    return _decode_request(data)


def decode_order(data: bytes) -> Order:
    """Return an order that the gateway sent to the zygote."""
    return _decode_order(data)


def decode_setup(data: bytes) -> Setup:
    """Return the zygote's first message."""
    return _decode_setup(data)


def decode_answer(data: bytes, expected_id: int, slot_bytes: int) -> Answer:
    """Return an answer after checking it.

    Raises
    ------
    Malformed
        It is not an answer to this request, or points outside of the slot.
    """
    try:
        answer = _decode_answer(data)
    except (msgspec.MsgspecError, ValueError, RecursionError) as error:
        raise Malformed("not an answer") from error
    if answer.id != expected_id:
        raise Malformed("an answer to another request")
    if not 0 <= answer.length <= slot_bytes:
        raise Malformed("an answer outside its slot")
    if answer.kind not in {INLINE, IN_SLOT, ERROR, FAILURE}:
        raise Malformed("an answer of an unknown kind")
    return answer


def encode_result(result: dict[str, Any]) -> bytes:
    """Return a function's result as bytes."""
    return _encode(result)


def decode_result(data: bytes | memoryview) -> dict[str, Any]:
    """Return a function's result.

    Raises
    ------
    Malformed
        The bytes are not a mapping of names to values.
    """
    try:
        return _decode_result(data)
    except (msgspec.MsgspecError, ValueError, RecursionError) as error:
        raise Malformed("not a result") from error


def _known_class(error: GatewayError) -> str:
    """Return the name of an error's class, or of the one above it that all know."""
    return next(
        one.__name__ for one in type(error).__mro__ if one.__module__ == errors.__name__
    )


def encode_fault(error: GatewayError) -> bytes:
    """Return an error that a function raised, as bytes."""
    fault = Fault(
        _known_class(error),
        error.text[:TEXT_CHARACTERS].encode("utf-8", "replace").decode(),
        error.retry_after,
        error.details,
    )
    return _encode(fault)


def decode_fault(data: bytes) -> GatewayError:
    """Return the error that a function raised, with its class and message.

    Raises
    ------
    Malformed
        The bytes are not an error.
    """
    try:
        fault = _decode_fault(data)
    except (msgspec.MsgspecError, ValueError, RecursionError) as error:
        raise Malformed("not an error") from error
    kind = getattr(errors, fault.kind, None)
    if not (isinstance(kind, type) and issubclass(kind, GatewayError)):
        kind = BackendFailed
    fault_again = kind(fault.text[:TEXT_CHARACTERS], retry_after=fault.retry_after)
    fault_again.details = fault.details
    return fault_again
