"""Messages between the gateway and ``authn``: JSON objects, each after its length.

JSON by the standard library, since names and passwords may have lone surrogates, which
msgspec does not encode.
"""

import asyncio
import json
import struct
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import msgspec

from gatewright.core import errors
from gatewright.core.errors import GatewayError, TooLarge

MOST_REQUEST = 1 << 16
MOST_REPLY = 1 << 25
ASKING_ELSEWHERE = frozenset(
    {
        "sessions.sign_in",
        "providers.begin",
        "providers.finish",
        "providers.log_out",
        "providers.sign_out_address",
    }
)
"""Methods that may wait for PAM or for an identity provider."""
_LENGTH = struct.Struct(">I")
_KINDS: Mapping[str, type[GatewayError]] = {
    kind.code: kind
    for kind in vars(errors).values()
    if isinstance(kind, type) and issubclass(kind, GatewayError)
}
"""The classes of the tree of errors; others that have a code of theirs become them."""


@dataclass(frozen=True, slots=True)
class Call:
    """A request of the gateway."""

    id: int
    """Number that the reply repeats."""
    method: str
    """What is requested, such as ``sessions.sign_in``."""
    proof: str = field(default="", repr=False)
    """Token or session secret of the caller; empty for a visitor."""
    address: str = ""
    """IP address of the client."""
    request_id: str = ""
    """Id of the HTTP request."""
    arguments: dict[str, Any] = field(default_factory=dict, repr=False)
    """Arguments by name."""


@dataclass(frozen=True, slots=True)
class Failure:
    """A `GatewayError` in a reply."""

    code: str
    """Code of its class."""
    text: str
    """Its text."""
    retry_after: float | None = None
    """Seconds after which the request may succeed."""
    details: dict[str, Any] = field(default_factory=dict)
    """JSON values beside the text."""

    @classmethod
    def of(cls, error: GatewayError) -> "Failure":
        """Return the failure for an error."""
        return cls(error.code, error.text, error.retry_after, error.details)

    def error(self) -> GatewayError:
        """Return the error again."""
        kind = _KINDS.get(self.code, GatewayError)
        return kind(self.text, retry_after=self.retry_after, **self.details)


@dataclass(frozen=True, slots=True)
class Reply:
    """The answer to a call."""

    id: int
    """Number of the call."""
    value: Any = field(default=None, repr=False)
    """The result, in JSON values."""
    failure: Failure | None = None
    """The error instead."""


class MalformedMessage(Exception):
    """A message is too long, or is not what is expected."""


def packed(message: Call | Reply, most: int) -> bytes:
    """Return a message with its length.

    Raises
    ------
    TooLarge
        It has more than ``most`` bytes.
    """
    body = json.dumps(msgspec.to_builtins(message)).encode("ascii")
    if len(body) > most:
        raise TooLarge("The request is too large.")
    return _LENGTH.pack(len(body)) + body


async def received(
    reader: asyncio.StreamReader, kind: type[Call] | type[Reply], most: int
) -> Any:
    """Return the next message.

    Raises
    ------
    MalformedMessage
        It has more than ``most`` bytes, or is not of this kind.
    asyncio.IncompleteReadError, OSError
        The connection has ended.
    """
    (length,) = _LENGTH.unpack(await reader.readexactly(_LENGTH.size))
    if length > most:
        raise MalformedMessage("too long")
    body = await reader.readexactly(length)
    try:
        return msgspec.convert(json.loads(body), kind)
    except (ValueError, RecursionError) as error:
        raise MalformedMessage("of another form") from error
