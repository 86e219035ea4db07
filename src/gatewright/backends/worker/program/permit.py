"""Whether the worker may carry out a request for its person.

Only ``authn`` can make tickets, and it does so while the person sends requests. So an
attacker in the gateway's process, who has the socket of a worker, can do little with it
afterwards: only the few requests of an intent that the person has left, such as a job
to submit. The ticket of an intent names each of these requests by a digest, so that
none of them can be altered and no other one is carried out.
"""

import errno
import json
import math
import os
import time
from _blake2 import blake2b  # hashlib would load OpenSSL, for megabytes in each worker
from _operator import _compare_digest
from collections.abc import Sequence

from gatewright.backends.worker.program.kinds import Any

KEY_BYTES = 32
_TAG_BYTES = 32
OF_INTENTS = frozenset({"run", "open"})
"""Operations that an intent may consist of."""
MOST_INPUT = 64 << 20
"""Longest standard input, in bytes, of a program that is run for an intent."""
HOLE = "\0"
"""Marks where a request's path and arguments get its ``word``. The digest does not
cover the word: it is the part of an intent's request that is new each time."""
NUMBER_HOLE = HOLE * 2
"""Where the ``number`` of a request stands in its arguments. The digest does not cover
it: a grant is made before the number of its job is known."""
_OPEN = ("word", "number")
_LETTERS = frozenset("@_0123456789abcdef")
_FIRST_LETTERS = frozenset("@_")
_LONGEST_WORD = 16
_DIGITS = frozenset("_0123456789")
_LONGEST_NUMBER = 24
_BLOCK = 1 << 20


def tag_of(key: bytes, until: str) -> str:
    """Return the tag of a ticket: BLAKE2b of its end with a person's key (RFC 7693)."""
    return blake2b(until.encode(), key=key, digest_size=_TAG_BYTES).hexdigest()


def intent_text(until: str, frames: Sequence[str]) -> str:
    """Return what the tag of an intent's ticket is made of.

    It has spaces, which the end of an ordinary ticket cannot have.
    """
    return f"intent {until} {','.join(frames)}"


def digest_of(request: dict[str, Any], content: bytes | None) -> str:
    """Return the digest of a request, and of its standard input (``content``)."""
    beside = {"id": 0, "descriptor": None, "stop": None}
    covered = request | beside | {one: "" for one in _OPEN if one in request}
    given = None if content is None else blake2b(content).hexdigest()
    text = json.dumps([covered, given], sort_keys=True, separators=(",", ":"))
    return blake2b(text.encode(), digest_size=_TAG_BYTES).hexdigest()


def filled(request: dict[str, Any]) -> dict[str, Any]:
    """Return a request with its word and its number in their places.

    The word is short and has few letters, so that it is no option and no path. It does
    not begin with a digit: that would be part of the size of a field of ``squeue``, so
    that the records do not end as ``only`` says, and none would be left out. A number
    has digits, and may have the index of an element of an array.
    """
    if "word" not in request:
        return request
    word, number = request["word"], request.get("number", "")
    if (
        len(word) > _LONGEST_WORD
        or not _LETTERS.issuperset(word)
        or not _FIRST_LETTERS.issuperset(word[:1])
        or len(number) > _LONGEST_NUMBER
        or not _DIGITS.issuperset(number)
    ):
        raise ValueError("a word or a number")
    changed: dict[str, Any] = {"path": request["path"].replace(HOLE, word)}
    for key in ("argv", "only"):
        changed[key] = [
            text.replace(NUMBER_HOLE, number).replace(HOLE, word)
            for text in request.get(key, ())
        ]
    return request | changed


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
        self._intended: dict[str, float] = {}

    def holds(self) -> bool:
        """Return whether the worker may act now."""
        return time.monotonic() < self._until

    def renew(self, arguments: dict[str, Any]) -> None:
        """Take a ticket, ``UNTIL TAG``; an earlier one with a later end still counts.

        ``UNTIL`` is the end in milliseconds of the machine's monotonic clock.
        """
        until, _, tag = str(arguments["ticket"]).partition(" ")
        self._check(until, tag)
        self._until = max(self._until, int(until) / 1000)

    def intend(self, arguments: dict[str, Any]) -> None:
        """Take the ticket of an intent, ``UNTIL TAG``, with the digests in ``frames``.

        Until its end, the requests that have these digests are carried out.
        """
        until, _, tag = str(arguments["ticket"]).partition(" ")
        frames = arguments["frames"]
        self._check(intent_text(until, frames), tag)
        now, end = time.monotonic(), int(until) / 1000
        kept = {digest: at for digest, at in self._intended.items() if at > now}
        self._intended = kept | dict.fromkeys(frames, end)

    def _check(self, text: str, tag: str) -> None:
        right = tag_of(self._key, text) if self._key is not None else ""
        if not _compare_digest(right.encode(), tag.encode("utf-8", "replace")):
            raise OSError(errno.EKEYREVOKED, os.strerror(errno.EKEYREVOKED))

    def admit(self, request: dict[str, Any]) -> dict[str, Any]:
        """Return a request as it is to be carried out.

        Raises
        ------
        OSError
            Neither does a ticket hold, nor is the request that of an intent.
        """
        if not self.holds():
            content = None
            if request["op"] in OF_INTENTS and request["descriptor"] is not None:
                content = _own_copy(request)
            end = self._intended.get(digest_of(request, content), -math.inf)
            if request["op"] not in OF_INTENTS or time.monotonic() >= end:
                raise OSError(errno.EKEYEXPIRED, os.strerror(errno.EKEYEXPIRED))
        return filled(request)


def _own_copy(request: dict[str, Any]) -> bytes:
    """Replace a request's descriptor by one of a copy, and return the content.

    The gateway could change its own file after the digest was made of it.
    """
    given, content = request["descriptor"], bytearray()
    while block := os.pread(given, _BLOCK, len(content)):
        content += block
        if len(content) > MOST_INPUT:
            raise OSError(errno.EFBIG, os.strerror(errno.EFBIG))
    request["descriptor"] = os.memfd_create("input", os.MFD_CLOEXEC)
    os.close(given)
    rest = memoryview(content)
    while rest:
        rest = rest[os.write(request["descriptor"], rest) :]
    os.lseek(request["descriptor"], 0, os.SEEK_SET)
    return bytes(content)
