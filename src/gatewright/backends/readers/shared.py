"""Arguments that many calls share, and that each reader receives only once.

A call is limited to 64 KiB, but a source of arrays may consist of thousands of files.
Calls refer to such arguments by a short handle.
"""

import hashlib
import os
from collections import OrderedDict
from dataclasses import dataclass
from typing import Any, Self

from gatewright.backends.readers.protocol import encode_result

_MOST = 1024
_MOST_BYTES = 32 << 20


@dataclass(frozen=True, slots=True)
class Shared:
    """Arguments that calls share."""

    handle: str
    """Short unique name."""
    data: bytes
    """The arguments as msgpack."""

    @classmethod
    def of(cls, handle: str, arguments: dict[str, Any]) -> Self:
        """Return shared arguments with this handle."""
        return cls(handle, encode_result(arguments))

    @classmethod
    def named_by_content(cls, arguments: dict[str, Any]) -> Self:
        """Return shared arguments whose handle is the hash of their bytes."""
        data = encode_result(arguments)
        return cls(hashlib.sha256(data).hexdigest(), data)

    def descriptor(self) -> int:
        """Return a descriptor of anonymous memory that holds the data."""
        made = os.memfd_create("gatewright-shared", os.MFD_CLOEXEC)
        try:
            left = memoryview(self.data)
            while left:
                left = left[os.write(made, left) :]
        except BaseException:
            os.close(made)
            raise
        return made


class Known:
    """The shared arguments that one reader holds.

    The least recently used are dropped.
    """

    def __init__(self, most: int = _MOST, most_bytes: int = _MOST_BYTES) -> None:
        self._most = most
        self._most_bytes = most_bytes
        self._sizes: OrderedDict[str, int] = OrderedDict()
        self._held = 0

    def use(self, shared: Shared) -> list[str] | None:
        """Return None if the reader has these arguments, else handles to drop."""
        if shared.handle in self._sizes:
            self._sizes.move_to_end(shared.handle)
            return None
        forgotten = []
        size = len(shared.data)
        while self._sizes and (
            len(self._sizes) >= self._most or self._held + size > self._most_bytes
        ):
            handle, gone = self._sizes.popitem(last=False)
            self._held -= gone
            forgotten.append(handle)
        self._sizes[shared.handle] = size
        self._held += size
        return forgotten
