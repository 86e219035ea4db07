"""Digests that a client says of an upload, compared with what came."""

import asyncio
import hashlib
from collections.abc import Mapping, Sequence

from gatewright.core.errors import InvalidRequest
from gatewright.domains.files.model import Algorithm


class Digests:
    """Digests of bytes that come one after another.

    Parameters
    ----------
    expected
        What the client says that they are, by algorithm.
    """

    def __init__(self, expected: Mapping[Algorithm, bytes]) -> None:
        self._expected = dict(expected)
        self._found = {
            name: hashlib.new(name, usedforsecurity=False) for name in expected
        }

    async def add(self, blocks: Sequence[bytes]) -> None:
        """Take the next bytes into account, in a thread."""
        if not self._found:
            return
        given = list(blocks)

        def update() -> None:
            for found in self._found.values():
                for block in given:
                    found.update(block)

        await asyncio.to_thread(update)

    def check(self) -> None:
        """Refuse bytes that are not those that the client spoke of.

        Raises
        ------
        InvalidRequest
            A digest is another.
        """
        for name, expected in self._expected.items():
            if self._found[name].digest() != expected:
                raise InvalidRequest(
                    f"The bytes that came have another {name} than the request says, "
                    "so nothing was written; send the file again.",
                    algorithm=str(name),
                )
