"""Whether the person for whom the worker acts has asked the gateway recently.

Only ``authn`` can make tickets. So a gateway that was taken over, and keeps the socket
of a worker, can do nothing with it once the person has stopped asking.
"""

import errno
import math
import os
import time
from _blake2 import blake2b  # hashlib would load OpenSSL, for megabytes in each worker
from _operator import _compare_digest
from typing import Any

KEY_BYTES = 32
_TAG_BYTES = 32


def tag_of(key: bytes, until: str) -> str:
    """Return the tag of a ticket: BLAKE2b of its end with a person's key (RFC 7693)."""
    return blake2b(until.encode(), key=key, digest_size=_TAG_BYTES).hexdigest()


class Permit:
    """Permission to act, until a time that the last ticket has set.

    Parameters
    ----------
    key
        The person's key, with which tickets are checked; None if none are needed, as
        for a worker of the gateway's own account.
    """

    def __init__(self, key: bytes | None) -> None:
        if key is not None and len(key) != KEY_BYTES:
            raise ValueError("the key of a person")
        self._key = key
        self._until = math.inf if key is None else -math.inf

    def holds(self) -> bool:
        """Return whether the worker may act now."""
        return time.monotonic() < self._until

    def renew(self, arguments: dict[str, Any]) -> None:
        """Take a ticket, ``UNTIL TAG``; an earlier one with a later end still counts.

        ``UNTIL`` is the end in milliseconds of the machine's monotonic clock.
        """
        until, _, tag = str(arguments["ticket"]).partition(" ")
        right = tag_of(self._key, until) if self._key is not None else ""
        if not _compare_digest(right.encode(), tag.encode("utf-8", "replace")):
            raise OSError(errno.EKEYREVOKED, os.strerror(errno.EKEYREVOKED))
        self._until = max(self._until, int(until) / 1000)
